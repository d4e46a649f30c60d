"""What no policy may say, whoever wrote it: floors this package promises, and caps that a law sets.

A schema can check one value; these rules are about how values stand to each other and to a jurisdiction.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from faceguard.policy.document import Policy
from faceguard.policy.merge import rules_of
from faceguard.policy.policy_terms import ALWAYS_REDACT_WHEN, NoticeItem
from faceguard.types import GuardianLevel, RedactionClass

STALE_AFTER_DAYS = 180
"""FG-P01: laws move; a policy that nobody has looked at for this long is warned about."""

EU_ORIGINALS_HOURS = 72
"""EDPB Guidelines 3/2019: keeping footage beyond 72 hours needs more argument."""

_DAYS_3Y = 3 * 365
"""740 ILCS 14/15(a): destroy when the purpose is met, or within 3 years of the last interaction."""

_DAYS_1Y = 365
"""Tex. Bus. & Com. Code 503.001(c)(3): destroy within a year after the purpose ends."""

_ORIGINALS_CAP_DAYS = {"US-IL": _DAYS_3Y, "US-TX": _DAYS_1Y}
_CONSENT_CAP_DAYS = {"US-IL": _DAYS_3Y}
_ALWAYS_REQUIRED_ITEMS = frozenset({NoticeItem.CONTROLLER_NAME, NoticeItem.PURPOSES, NoticeItem.FUNCTIONS})


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that can't stand: its key in the file, what is wrong, and what to do."""

    key: str
    problem: str
    remedy: str


def breaches(policy: Policy) -> tuple[Breach, ...]:
    """All that is wrong with `policy` beyond its schema; empty when it can be used."""
    return (*_ages(policy), *_floors(policy), *_caps(policy), *_sources(policy))


def _ages(policy: Policy) -> Iterator[Breach]:
    age = policy.age
    least = age.guardian_consent_age_years.value + age.min_buffer_years.value
    calibrated, uncalibrated = age.challenge_age_calibrated_years.value, age.challenge_age_uncalibrated_years.value
    if calibrated < least:  # FG-A03
        yield Breach(
            "age.challenge_age_calibrated_years",
            f"{calibrated:g} is below the guardian-consent age plus buffer, {least:g}",
            f"set it to {least:g} or more",
        )
    if uncalibrated < calibrated:
        yield Breach(
            "age.challenge_age_uncalibrated_years",
            f"{uncalibrated:g} is below the challenge age of a calibrated model, {calibrated:g}",
            f"set it to {calibrated:g} or more",
        )
    if age.best_interests_age_years.value < age.guardian_consent_age_years.value:
        yield Breach(
            "age.best_interests_age_years",
            "it is below the guardian-consent age",
            f"set it to {age.guardian_consent_age_years.value} or more",
        )


def _floors(policy: Policy) -> Iterator[Breach]:
    for condition in sorted(ALWAYS_REDACT_WHEN - set(policy.redact_when)):
        yield Breach(f"redact_when.{condition}", "no policy can do without this condition", "put it back")
    for item in sorted(_ALWAYS_REQUIRED_ITEMS - set(policy.notice.required_items)):
        yield Breach(f"notice.required_items.{item}", "no notice can do without this item", "put it back")
    if not policy.notice.placements_required.value:
        yield Breach("notice.placements_required", "a notice must be shown somewhere", "name at least one placement")
    if not policy.notice.locales.value:
        yield Breach("notice.locales", "a notice needs a language", "name at least one of `ja`, `en`")
    consent = policy.consent
    if consent.min_guardian_level.value < GuardianLevel.G1:
        yield Breach("consent.min_guardian_level", "G0, a ticked box, proves nothing", "ask for G1 or more")
    if consent.min_guardian_level_release.value < consent.min_guardian_level.value:
        yield Breach(
            "consent.min_guardian_level_release",
            "release can't ask for less than use in place",
            f"ask for {consent.min_guardian_level.value} or more",
        )
    if policy.redaction.redaction_class.value is RedactionClass.COSMETIC:
        yield Breach("redaction.class", "`cosmetic` covers nothing that matters", "use `irreversible`")


def _caps(policy: Policy) -> Iterator[Breach]:
    """FG-T01."""
    hours = policy.retention.originals_hours.value
    for place, days in _ORIGINALS_CAP_DAYS.items():
        if place in policy.jurisdictions and hours > days * 24:
            yield Breach("retention.originals_hours", f"{place} allows {days * 24} hours at most", "keep less")
    for place, days in _CONSENT_CAP_DAYS.items():
        if place in policy.jurisdictions and policy.consent.max_duration_days.value > days:
            yield Breach("consent.max_duration_days", f"{place} allows {days} days at most", "shorten it")
    in_europe = {"EU", "GB"} & set(policy.jurisdictions)
    if in_europe and hours > EU_ORIGINALS_HOURS and not policy.retention.originals_reason.strip():
        yield Breach(
            "retention.originals_hours",
            f"more than {EU_ORIGINALS_HOURS} hours needs a reason in {' and '.join(sorted(in_europe))}",
            "say why in `retention.originals_reason`, or keep less",
        )


def _sources(policy: Policy) -> Iterator[Breach]:
    known = {source.id for source in policy.sources}
    if len(known) != len(policy.sources):
        yield Breach("sources", "two sources share an id", "give each its own")
    for entry in rules_of(policy):
        for unknown in sorted(set(entry.provenance.source) - known):
            yield Breach(entry.key, f"its source `{unknown}` is not among `[[sources]]`", "add it there")


def stale_warning(policy: Policy, moment: datetime) -> str | None:
    """That nobody has held `policy` against its law for more than `STALE_AFTER_DAYS`; None while it is fresh."""
    age_days = (moment.date() - policy.last_verified).days
    if age_days <= STALE_AFTER_DAYS:
        return None
    return (
        f"`{policy.policy_id}` was last verified {age_days} days ago, on {policy.last_verified}; "
        "check the law and its `last_verified`"
    )


def warnings_of(policy: Policy, moment: datetime) -> tuple[str, ...]:
    """What an operator should know before relying on `policy` at `moment`."""
    today = moment.date()
    stale = stale_warning(policy, moment)
    warnings = [] if stale is None else [stale]
    if policy.last_verified > today:
        warnings.append(f"`{policy.policy_id}` says it was verified in the future, on {policy.last_verified}")
    if not isinstance(policy.in_force_from, date) or policy.in_force_from > today:
        warnings.append(f"the law of `{policy.policy_id}` is not in force yet ({policy.legal_status})")
    warnings.extend(f"weakened from preset: {key}" for key in policy.weakened_from_preset)
    return tuple(warnings)
