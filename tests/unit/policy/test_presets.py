"""The nine presets say what section 10 of the requirements says, each rule with what it rests on."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from faceguard.policy.limits import breaches, warnings_of
from faceguard.policy.load import DEFAULT_POLICY, PRESETS, load_policy
from faceguard.policy.merge import at_least_as_strict, merge_policies, rules_of
from faceguard.policy.policy_terms import NoticeItem, RedactWhen
from faceguard.resources import resource_dir

EIGHT = [name for name in PRESETS if name != "strictest"]

# preset: guardian age, best-interests age, challenge calibrated, uncalibrated, rate, level, level for release, days
TABLE = {
    "jp-appi-2026": (16, 18, 21, 25, 0.04, "G2", "G3", 365),
    "jp-appi-current": (16, 18, 21, 25, 0.05, "G1", "G1", 365),
    "eu-gdpr": (16, 18, 21, 25, 0.05, "G1", "G3", 365),
    "uk": (13, 18, 18, 22, 0.05, "G1", "G3", 365),
    "us-coppa": (13, 13, 18, 22, 0.05, "G2", "G2", 365),
    "us-il-bipa": (18, 18, 23, 27, 0.05, "G2", "G2", 1095),
    "kr-pipa": (14, 14, 19, 23, 0.05, "G2", "G2", 365),
    "in-dpdp": (18, 18, 25, 28, 0.02, "G3", "G3", 365),
    "strictest": (18, 18, 25, 28, 0.02, "G3", "G3", 365),
}


JAPAN_2026_ITEMS = {
    NoticeItem.CONTROLLER_NAME,
    NoticeItem.CONTACT,
    NoticeItem.PURPOSES,
    NoticeItem.FACE_DATA_STATEMENT,
    NoticeItem.SOURCE_FEATURE,
    NoticeItem.FUNCTIONS,
    NoticeItem.CAPTURE_PLACE_RANGE,
    NoticeItem.IMAGE_DISCARD,
    NoticeItem.RETENTION,
    NoticeItem.THIRD_PARTIES,
    NoticeItem.CESSATION_PROCEDURE,
    NoticeItem.ACCESS_PROCEDURE,
    NoticeItem.COMPLAINT,
    NoticeItem.MINORS_STATEMENT,
}


def test_there_are_exactly_nine_and_japan_2026_is_the_default() -> None:
    files = {path.stem for path in resource_dir("policies").glob("*.toml")}
    assert files == set(PRESETS) == set(TABLE)
    assert DEFAULT_POLICY == "jp-appi-2026"
    assert all(load_policy(name).policy_id == name for name in PRESETS)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_has_the_figures_of_its_row(name: str) -> None:
    """Section 10, and the 4 % of the default, which is stricter than the table."""
    policy = load_policy(name)
    age, consent = policy.age, policy.consent
    assert TABLE[name] == (
        age.guardian_consent_age_years.value,
        age.best_interests_age_years.value,
        age.challenge_age_calibrated_years.value,
        age.challenge_age_uncalibrated_years.value,
        age.max_false_adult_rate.value,
        consent.min_guardian_level.value,
        consent.min_guardian_level_release.value,
        consent.max_duration_days.value,
    )


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_covers_heads_for_good_and_keeps_no_originals(name: str) -> None:
    """Section 10; FG-R01, FG-A09, FG-T01, FG-T03."""
    policy = load_policy(name)
    assert policy.redaction.redaction_class.value == "irreversible"
    assert policy.redaction.method.value == "solid"
    assert policy.redaction.region.value == ("face" if name == "us-il-bipa" else "head")
    assert policy.redaction.when_tracking_lost.value == ("hold" if name == "strictest" else "widen")
    assert policy.redaction.metadata.value == "strip"
    assert policy.retention.originals_hours.value == 0
    assert policy.biometrics.embedding_allowed.value is False
    assert policy.biometrics.identification_allowed.value is False
    assert policy.release.opt_out_allowed.value is False
    assert policy.detection.tier.value == ("thorough" if name == "strictest" else "balanced")


@pytest.mark.parametrize("name", PRESETS)
def test_every_rule_says_what_it_rests_on(name: str) -> None:
    """FG-P01: basis, source and in-force date for each rule, sources that exist, a day of verification."""
    policy = load_policy(name)
    rules = list(rules_of(policy))
    sources = {source.id for source in policy.sources}
    assert len(rules) > 70
    for rule in rules:
        assert rule.provenance.basis, rule.key
        assert rule.provenance.source, rule.key
        assert set(rule.provenance.source) <= sources, rule.key
        assert rule.provenance.in_force_from == "not_set" or isinstance(rule.provenance.in_force_from, date), rule.key
    assert breaches(policy) == ()


def test_the_default_says_that_its_law_is_not_in_force() -> None:
    policy = load_policy("jp-appi-2026")
    assert policy.legal_status == "enacted_not_in_force"
    assert policy.in_force_from == "not_set"
    assert policy.latest_in_force == date(2028, 7, 17)
    required = set(policy.notice.required_items)
    assert required >= JAPAN_2026_ITEMS
    assert set(policy.notice.placements_required.value) == {"near_sensor", "web"}


def test_who_needs_consent_in_place() -> None:
    """Section 10, "who consents": everyone under BIPA (in writing) and DPDP, adults elsewhere only for release."""
    always = {name for name in PRESETS if load_policy(name).redacts_when(RedactWhen.ADULT_WITHOUT_CONSENT)}
    written = {name for name in PRESETS if load_policy(name).redacts_when(RedactWhen.WITHOUT_WRITTEN_RELEASE)}
    assert always == {"us-il-bipa", "in-dpdp", "strictest"}
    assert written == {"us-il-bipa", "strictest"}
    assert all(load_policy(name).redacts_when(RedactWhen.RELEASE_WITHOUT_CONSENT) for name in PRESETS)


def test_strictest_is_at_least_as_strict_as_every_other_and_as_all_of_them() -> None:
    """FG-P02."""
    strictest = load_policy("strictest")
    assert len(EIGHT) == 8
    assert all(at_least_as_strict(strictest, load_policy(name)) for name in EIGHT)
    assert at_least_as_strict(strictest, merge_policies(*map(load_policy, EIGHT)))
    assert strictest.redacts_when(RedactWhen.LOW_CONFIDENCE_DETECTION)
    assert strictest.weakened_from_preset == ()


@pytest.mark.parametrize(("days", "is_stale"), [(180, False), (181, True)])
def test_a_policy_that_nobody_looked_at_for_180_days_is_warned_about(days: int, is_stale: bool) -> None:
    """FG-P01."""
    policy = load_policy("us-coppa")
    moment = datetime.combine(policy.last_verified, datetime.min.time(), UTC) + timedelta(days=days)
    assert any("last verified" in warning for warning in warnings_of(policy, moment)) is is_stale
