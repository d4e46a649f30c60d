"""Does this consent hold for this use, now? Pure: a record, what happened to it, a policy and a use; no clock, no file.

    1. State       what was said last is that consent is given (FG-C10), and nobody has revoked it or objected (FG-C08)
    2. Period      it has begun, has not ended, and is not longer than the policy allows (FG-C09)
    3. Expression  it was said by an act that the policy accepts (FG-C11), after the notice that is in force (FG-C12)
    4. Use         this purpose, this place and picture, and release if it is for release (FG-C07, FG-C13)
    5. Giver       the person, or a guardian who is of age, checked well enough, asked by another, not objected to, not
                   over the limit of children, and whose time has not passed (FG-C04, FG-C05, FG-C06, FG-C09)

Every rule is asked, and each that fails gives its reason, in this order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from faceguard.policy.consent import ConsentEvent, ConsentRecord, Guardian, Revocation, Scope
from faceguard.policy.consent_terms import STATES_GIVEN, RevocationReason
from faceguard.policy.document import Policy
from faceguard.policy.policy_terms import RedactWhen
from faceguard.types import ConsentGiver, Disclosure, DocumentRef, Reason

_EARLIEST_ZONE = timedelta(hours=14)
_LATEST_ZONE = timedelta(hours=12)
"""A birthday comes up to 14 hours before it does in UTC, or 12 hours after, depending on where the person lives."""


@dataclass(frozen=True, slots=True)
class ConsentUse:
    """What is about to be done with a face: a consent must name each of these.

    `notice` is the one bound now and `notice_from` the moment from which it was published; both None if there is none.
    `asset_sha256` is the digest of the input file's bytes; the others are the operator's own names.
    """

    purpose: str
    disclosure: Disclosure
    moment: datetime
    notice: DocumentRef | None
    notice_from: datetime | None
    asset_sha256: str | None = None
    event: str | None = None
    collection: str | None = None
    place: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What the register knows beside the record: who revoked it, and for how many children its guardian speaks."""

    revocations: tuple[Revocation, ...] = ()
    children_of_guardian: int = 0


def failures(record: ConsentRecord, standing: Standing, use: ConsentUse, policy: Policy) -> tuple[Reason, ...]:
    """Every reason why `record` does not hold for `use`, in the order of the rules; empty if it holds."""
    event = record.event_at(use.moment)
    reasons: list[Reason] = [*_state(event, standing, use)]  # 1
    if event is not None:
        reasons += _period(record, event, use, policy)  # 2
        reasons += _expression(record, event, use, policy)  # 3
    reasons += _use(record, event, use, policy)  # 4
    if giver_of(record, use.moment) is ConsentGiver.GUARDIAN and record.guardian is not None:  # 5
        reasons += _guardian(record, record.guardian, event, standing, use, policy)
    elif may_need_guardian(record, use.moment, policy):
        reasons.append(Reason.NO_GUARDIAN_CONSENT)
    return tuple(dict.fromkeys(reasons))


def giver_of(record: ConsentRecord, moment: datetime) -> ConsentGiver:
    """Who expressed what holds at `moment`."""
    event = record.event_at(moment) or record.events[0]
    by_guardian = record.guardian is not None and event.indicated_by == record.guardian.id
    return ConsentGiver.GUARDIAN if by_guardian else ConsentGiver.SELF


def may_need_guardian(record: ConsentRecord, moment: datetime, policy: Policy) -> bool:
    """Whether the person may, by the record, still be under the age up to which a guardian decides."""
    subject, today = record.data_subject, (moment - _LATEST_ZONE).date()
    if subject.birth_year_month is not None:
        return not subject.surely_is(policy.age.guardian_consent_age_years.value, today)
    return subject.is_child and (subject.threshold_date is None or today < subject.threshold_date)


def is_minor(record: ConsentRecord, moment: datetime, policy: Policy) -> bool:
    """Whether the person is, by the record, one whose best interests come first (FG-T04)."""
    subject = record.data_subject
    if subject.birth_year_month is None:
        return subject.is_child
    return not subject.surely_is(policy.age.best_interests_age_years.value, (moment - _LATEST_ZONE).date())


def ends_at(record: ConsentRecord, event: ConsentEvent) -> datetime:
    """When the consent given in `event` ends by itself."""
    return min(record.scope.valid_to, event.time_utc + event.duration)


def begins_at(day: date) -> datetime:
    """When `day` begins on Earth: at its midnight in the zone where it comes first."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) - _EARLIEST_ZONE


# ----------------------------------------------------------------------------------------------------- the rules


_REASON_OF_END = {
    RevocationReason.GUARDIAN_OBJECTION: Reason.CONSENT_GUARDIAN_OBJECTION,
    RevocationReason.CONSENT_EXPIRED: Reason.CONSENT_EXPIRED,
}


def _state(event: ConsentEvent | None, standing: Standing, use: ConsentUse) -> Iterator[Reason]:
    if event is None:
        yield Reason.CONSENT_NOT_YET_VALID
    elif event.state not in STATES_GIVEN:
        yield Reason.CONSENT_STATE_NOT_GIVEN
    for revocation in standing.revocations:
        if use.moment >= revocation.time_utc:
            yield _REASON_OF_END.get(revocation.reason, Reason.CONSENT_REVOKED)


def _period(record: ConsentRecord, event: ConsentEvent, use: ConsentUse, policy: Policy) -> Iterator[Reason]:
    end = ends_at(record, event)
    if use.moment < record.scope.valid_from:
        yield Reason.CONSENT_NOT_YET_VALID
    if use.moment >= end:
        yield Reason.CONSENT_EXPIRED
    if end - event.time_utc > timedelta(days=policy.consent.max_duration_days.value):
        yield Reason.CONSENT_TOO_LONG
    if record.reaffirm_by is not None and _earliest_today(use.moment) >= record.reaffirm_by:
        yield Reason.CONSENT_REAFFIRM_REQUIRED


def _expression(record: ConsentRecord, event: ConsentEvent, use: ConsentUse, policy: Policy) -> Iterator[Reason]:
    if event.indication_method not in policy.consent.allowed_methods.value:
        yield Reason.CONSENT_METHOD_NOT_ALLOWED
    shown = DocumentRef(record.notice.id, record.notice.version, record.notice.sha256)
    if use.notice != shown or use.notice_from is None or use.notice_from > event.time_utc:
        yield Reason.CONSENT_NOTICE_MISMATCH


def _use(record: ConsentRecord, event: ConsentEvent | None, use: ConsentUse, policy: Policy) -> Iterator[Reason]:
    if record.process_for(use.purpose) is None:
        yield Reason.CONSENT_OTHER_PURPOSE
    if not _in_scope(record.scope, use):
        yield Reason.CONSENT_OUT_OF_SCOPE
    if use.disclosure is Disclosure.THIRD_PARTY and not covers_release(record, use.purpose, policy):
        yield Reason.CONSENT_NOT_FOR_RELEASE
    release = record.written_release
    if policy.redacts_when(RedactWhen.WITHOUT_WRITTEN_RELEASE) and (release is None or release.term is None):
        yield Reason.WRITTEN_RELEASE_REQUIRED
    term = None if release is None else release.term
    if event is not None and term is not None and use.moment >= event.time_utc + term:
        yield Reason.CONSENT_EXPIRED


def _in_scope(scope: Scope, use: ConsentUse) -> bool:
    return (
        (not scope.asset_sha256 or use.asset_sha256 in scope.asset_sha256)
        and scope.event in (None, use.event)
        and scope.collection in (None, use.collection)
        and scope.place in (None, use.place)
    )


def covers_release(record: ConsentRecord, purpose: str, policy: Policy) -> bool:
    """Whether the record lets the picture go to third parties for `purpose`, asked for apart if the policy says so."""
    process = record.process_for(purpose)
    asked_apart = record.separate_disclosure_consent or not policy.consent.separate_disclosure.value
    return process is not None and process.third_party_disclosure and asked_apart


def _guardian(
    record: ConsentRecord,
    guardian: Guardian,
    event: ConsentEvent | None,
    standing: Standing,
    use: ConsentUse,
    policy: Policy,
) -> Iterator[Reason]:
    rules = policy.consent
    for_release = use.disclosure is Disclosure.THIRD_PARTY
    if guardian.level < (rules.min_guardian_level_release if for_release else rules.min_guardian_level).value:
        yield Reason.CONSENT_GUARDIAN_LEVEL_TOO_LOW
    evidence = guardian.adult_evidence
    if (
        evidence is None
        or evidence.age_at_least_years < rules.guardian_adult_age_years.value
        or (event is not None and guardian.verified_at > event.time_utc)
        or record.requested_by == guardian.id
        or standing.children_of_guardian > rules.max_children_per_guardian.value
    ):
        yield Reason.CONSENT_GUARDIAN_INVALID
    today = _earliest_today(use.moment)
    subject = record.data_subject
    of_age = subject.could_be(policy.age.guardian_consent_age_years.value, today)
    if of_age or (subject.threshold_date is not None and today >= subject.threshold_date):
        yield Reason.CONSENT_REAFFIRM_REQUIRED


def _earliest_today(moment: datetime) -> date:
    return (moment + _EARLIEST_ZONE).date()
