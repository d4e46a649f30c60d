"""The decision is pure and total, and in doubt it covers the face."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceguard.policy.engine import AgeAssessment, DecisionContext, assess_age, decide, decide_assessed
from faceguard.policy.load import PRESETS, load_policy
from faceguard.types import (
    AgeAnswer,
    AgeCalibrationFigures,
    AgeEstimate,
    AgeStatus,
    AgeUnknown,
    AgeUnknownReason,
    ConsentFinding,
    ConsentGiver,
    Decision,
    Effect,
    GuardianLevel,
    Reason,
    Subject,
)
from policies import (
    ADULT,
    BLURRED,
    CHILD,
    IN_PLACE,
    NOW,
    RELEASE,
    context,
    estimate,
    guardian_finding,
    notice,
    own_finding,
    subject,
)

ALWAYS_CONSENT = {"us-il-bipa", "in-dpdp", "strictest"}
CONTEXTS = {(name, purpose): context(name, purpose) for name in PRESETS for purpose in (IN_PLACE, RELEASE)}


def effect(age: AgeAnswer, *findings: ConsentFinding, policy: str = "jp-appi-2026", purpose: str = IN_PLACE) -> Effect:
    return decide(subject(age), CONTEXTS[policy, purpose], findings).effect


# ------------------------------------------------------------------------------------- the judged behaviour


def test_in_the_shop_adults_are_kept_and_children_redacted() -> None:
    """jp-appi-2026, purpose in_store_safety."""
    assert effect(ADULT) is Effect.KEEP
    assert effect(CHILD) is Effect.REDACT
    assert effect(BLURRED) is Effect.REDACT


def test_for_publication_both_are_redacted_unless_consent_says_otherwise() -> None:
    """jp-appi-2026, purpose publication."""
    assert effect(ADULT, purpose=RELEASE) is Effect.REDACT
    assert effect(CHILD, purpose=RELEASE) is Effect.REDACT
    assert effect(ADULT, own_finding(), purpose=RELEASE) is Effect.KEEP
    assert effect(CHILD, guardian_finding(), purpose=RELEASE) is Effect.KEEP


@pytest.mark.parametrize("purpose", [IN_PLACE, RELEASE])
@pytest.mark.parametrize("age", [ADULT, CHILD, BLURRED, estimate(99.0, lower=90.0)])
def test_strictest_keeps_nobody_without_a_valid_consent(age: AgeAnswer, purpose: str) -> None:
    """FG-P02, FG-R07."""
    assert effect(age, policy="strictest", purpose=purpose) is Effect.REDACT


# ----------------------------------------------------------------------------------- age: rules 2 and 3


@pytest.mark.parametrize("reason", AgeUnknownReason)
@pytest.mark.parametrize("name", PRESETS)
def test_every_unknown_age_counts_as_a_possible_minor(name: str, reason: AgeUnknownReason) -> None:
    """FG-A01: no estimator configured is one of them."""
    decision = decide(subject(AgeUnknown(reason)), CONTEXTS[name, IN_PLACE])
    assert decision.effect is Effect.REDACT
    assert decision.age_status is AgeStatus.UNKNOWN
    assert decision.age_unknown_reason is reason


@pytest.mark.parametrize(
    ("years", "lower", "status"),
    [
        (21.0, 0.0, AgeStatus.ADULT_CLEAR),
        (math.nextafter(21.0, 0), 0.0, AgeStatus.MINOR_POSSIBLE),
        (20.0, 16.0, AgeStatus.ADULT_CLEAR),
        (20.0, math.nextafter(16.0, 0), AgeStatus.MINOR_POSSIBLE),
        (15.0, 16.0, AgeStatus.MINOR_POSSIBLE),  # a bound above its own estimate is none
        (16.0, 16.0, AgeStatus.ADULT_CLEAR),
    ],
)
def test_adult_means_challenge_age_reached_or_bound_at_threshold(years: float, lower: float, status: AgeStatus) -> None:
    """FG-A02: around both boundaries, equality included."""
    assert decide(subject(estimate(years, lower)), CONTEXTS["jp-appi-2026", IN_PLACE]).age_status is status


@pytest.mark.parametrize("calibration_id", ["", "another"])
def test_a_lower_bound_from_elsewhere_clears_nobody(calibration_id: str) -> None:
    """FG-A02: the bound has to come from the calibration whose figures are in force."""
    face = estimate(20.0, 19.0, calibration_id)
    assert decide(subject(face), CONTEXTS["jp-appi-2026", IN_PLACE]).effect is Effect.REDACT


def test_a_model_measured_for_a_laxer_policy_only_clears_nobody_by_its_bound() -> None:
    """FG-A02, FG-A03: its figures don't answer this policy, so it counts as uncalibrated."""
    laxer = AgeCalibrationFigures("fitted", ("model",), ((16.0, 0.05, 20.0),))
    in_force = DecisionContext.of(CONTEXTS["jp-appi-2026", IN_PLACE].bound, figures=laxer, moment=NOW)
    assert decide(subject(estimate(24.9, lower=20.0)), in_force).effect is Effect.REDACT
    assert decide(subject(estimate(25.0, lower=0.0)), in_force).effect is Effect.KEEP


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_an_estimate_that_is_no_number_is_unknown(value: float) -> None:
    """FG-A01."""
    for face in (
        AgeEstimate(value, 4, 30, "m", "fitted"),
        AgeEstimate(40, value, 30, "m"),
        AgeEstimate(40, 4, value, "m"),
    ):
        decision = decide(subject(face), CONTEXTS["jp-appi-2026", IN_PLACE])
        assert decision.effect is Effect.REDACT
        assert decision.age_status is AgeStatus.UNKNOWN


def test_a_declared_age_lowers_and_never_raises() -> None:
    """FG-A07: 30 on a child, 14 on an adult."""
    in_shop = CONTEXTS["jp-appi-2026", IN_PLACE]
    assert decide(subject(CHILD, declared_age=30), in_shop).effect is Effect.REDACT
    assert decide(subject(BLURRED, declared_age=30), in_shop).effect is Effect.REDACT
    lowered = decide(subject(ADULT, declared_age=14), in_shop)
    assert lowered.effect is Effect.REDACT
    assert lowered.age_status is AgeStatus.MINOR
    assert lowered.reasons == (Reason.MINOR_DECLARED, Reason.NO_GUARDIAN_CONSENT)


@pytest.mark.parametrize(
    ("declared", "reasons"),
    [
        (15, (Reason.MINOR_DECLARED, Reason.NO_GUARDIAN_CONSENT)),
        (16, (Reason.NO_BEST_INTERESTS_REFERENCE,)),
        (17, (Reason.NO_BEST_INTERESTS_REFERENCE,)),
        (18, (Reason.ADULT_IN_PLACE,)),
    ],
)
def test_guardians_decide_under_16_and_best_interests_come_first_under_18(
    declared: int, reasons: tuple[Reason, ...]
) -> None:
    """Section 0.6: two ages, both of them the first year that is past them."""
    assert decide(subject(ADULT, declared_age=declared), CONTEXTS["jp-appi-2026", IN_PLACE]).reasons == reasons


def test_a_record_lowers_and_never_raises() -> None:
    """FG-A07: a record that says child counts even if it does not hold; one that says adult proves nothing."""
    lapsed = guardian_finding(valid=False, reasons=(Reason.CONSENT_EXPIRED,))
    assert effect(ADULT, lapsed) is Effect.REDACT
    assert effect(CHILD, own_finding(subject_is_minor=False)) is Effect.REDACT


def test_every_decision_carries_the_limits_in_force() -> None:
    """FG-A04."""
    for (name, _), in_force in CONTEXTS.items():
        decision = decide(subject(CHILD), in_force)
        age = load_policy(name).age
        assert decision.threshold == age.guardian_consent_age_years.value
        assert decision.challenge_age == age.challenge_age_calibrated_years.value


def test_no_decision_holds_an_age() -> None:
    """FG-A08, FG-D02: the estimate 27.125 is nowhere in it."""
    assert "27.125" not in repr(decide(subject(estimate(27.125, 19.5)), CONTEXTS["jp-appi-2026", IN_PLACE]))


# ------------------------------------------------------------------------------------ minors: rule 4


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("age", [CHILD, BLURRED])
def test_a_possible_minor_needs_a_guardian(name: str, age: AgeAnswer) -> None:
    """FG-C01: age by consent by preset."""
    for purpose in (IN_PLACE, RELEASE):
        assert effect(age, policy=name, purpose=purpose) is Effect.REDACT
        assert effect(age, own_finding(), policy=name, purpose=purpose) is Effect.REDACT
        assert effect(age, guardian_finding(), policy=name, purpose=purpose) is Effect.KEEP
        revoked = guardian_finding(valid=False, reasons=(Reason.CONSENT_REVOKED,))
        assert effect(age, revoked, policy=name, purpose=purpose) is Effect.REDACT


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("purpose", [IN_PLACE, RELEASE])
@pytest.mark.parametrize("level", GuardianLevel)
def test_the_guardian_was_checked_as_well_as_the_policy_asks(name: str, purpose: str, level: GuardianLevel) -> None:
    """FG-C04: asked again by the engine."""
    rules = load_policy(name).consent
    least = rules.min_guardian_level if purpose == IN_PLACE else rules.min_guardian_level_release
    expected = Effect.KEEP if level >= least.value else Effect.REDACT
    assert effect(CHILD, guardian_finding(guardian_level=level), policy=name, purpose=purpose) is expected
    assert effect(CHILD, guardian_finding(guardian_level=None), policy=name, purpose=purpose) is Effect.REDACT


@pytest.mark.parametrize("reference", [None, "", "  "])
@pytest.mark.parametrize("name", PRESETS)
def test_a_minor_is_shown_only_with_a_best_interests_reference(name: str, reference: str | None) -> None:
    """FG-T04."""
    decision = decide(subject(CHILD), CONTEXTS[name, IN_PLACE], [guardian_finding(best_interests_ref=reference)])
    assert decision.effect is Effect.REDACT
    assert Reason.NO_BEST_INTERESTS_REFERENCE in decision.reasons


def test_somebody_of_17_is_a_minor_though_no_guardian_decides() -> None:
    """FG-T04: guardian-consent age 16, best-interests age 18."""
    in_shop = CONTEXTS["jp-appi-2026", IN_PLACE]
    teenager = subject(ADULT, declared_age=17)
    assert decide(teenager, in_shop).reasons == (Reason.NO_BEST_INTERESTS_REFERENCE,)
    own = own_finding(subject_is_minor=True, best_interests_ref="bia-2")
    kept = decide(teenager, in_shop, [own])
    assert (kept.effect, kept.age_status, kept.best_interests_ref) == (Effect.KEEP, AgeStatus.MINOR, "bia-2")
    assert decide(teenager, in_shop, [replace(own, best_interests_ref=None)]).effect is Effect.REDACT


# ------------------------------------------------------------------------------------ adults: rule 5


@pytest.mark.parametrize("name", PRESETS)
def test_release_needs_a_consent_that_covers_release(name: str) -> None:
    """FG-C07: consent to use in place is not consent to release."""
    assert effect(ADULT, policy=name, purpose=RELEASE) is Effect.REDACT
    assert effect(ADULT, own_finding(covers_release=False), policy=name, purpose=RELEASE) is Effect.REDACT
    assert effect(CHILD, guardian_finding(covers_release=False), policy=name, purpose=RELEASE) is Effect.REDACT
    assert effect(ADULT, own_finding(), policy=name, purpose=RELEASE) is Effect.KEEP


@pytest.mark.parametrize("name", PRESETS)
def test_adults_in_place_need_consent_where_the_law_says_everyone_does(name: str) -> None:
    """Section 10: BIPA, DPDP, strictest."""
    expected = Effect.REDACT if name in ALWAYS_CONSENT else Effect.KEEP
    assert effect(ADULT, policy=name) is expected
    assert effect(ADULT, own_finding(), policy=name) is Effect.KEEP


@pytest.mark.parametrize("name", ["us-il-bipa", "strictest"])
@pytest.mark.parametrize(("age", "finding"), [(ADULT, own_finding()), (CHILD, guardian_finding())])
def test_bipa_asks_for_a_written_release_at_any_age(name: str, age: AgeAnswer, finding: ConsentFinding) -> None:
    """FG-C13."""
    decision = decide(subject(age), CONTEXTS[name, IN_PLACE], [replace(finding, written_release=False)])
    assert decision.effect is Effect.REDACT
    assert Reason.WRITTEN_RELEASE_REQUIRED in decision.reasons


@pytest.mark.parametrize("state", ["ConsentRefused", "ConsentWithdrawn", "ConsentRevoked"])
def test_whoever_refused_or_withdrew_is_covered_in_place_too(state: str) -> None:
    """Section 10: objection (eu-gdpr, uk), refusal shown (kr-pipa); everywhere by choice."""
    refusal = own_finding(valid=False, reasons=(Reason.CONSENT_STATE_NOT_GIVEN,), state=state)
    assert effect(ADULT, refusal) is Effect.REDACT
    assert effect(ADULT, refusal, own_finding()) is Effect.KEEP
    expired = own_finding(valid=False, reasons=(Reason.CONSENT_EXPIRED,), state="ConsentExpired")
    assert effect(ADULT, expired) is Effect.KEEP


def test_a_purpose_that_rests_on_consent_needs_it_in_place_too() -> None:
    """Section 10, eu-gdpr: no legal basis, no picture."""
    purposes = [{**use, "legal_basis": "consent"} for use in notice().content["purposes"]]
    by_consent = context("eu-gdpr", with_notice=notice(purposes=purposes))
    assert decide(subject(ADULT), by_consent).reasons == (Reason.NO_CONSENT,)
    assert decide(subject(ADULT), by_consent, [own_finding()]).effect is Effect.KEEP


def test_a_guardian_does_not_decide_for_a_grown_person() -> None:
    assert effect(ADULT, guardian_finding(subject_is_minor=False), policy="in-dpdp") is Effect.REDACT


# -------------------------------------------------------------------------------- rule 1, doubt and error


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("age", [ADULT, CHILD, BLURRED])
def test_a_request_to_stop_wins_over_every_consent(name: str, age: AgeAnswer) -> None:
    """FG-T02."""
    stop = ConsentFinding("r", ConsentGiver.SELF, valid=False, reasons=(Reason.CESSATION_REQUESTED,), cessation=True)
    decision = decide(subject(age), CONTEXTS[name, IN_PLACE], [own_finding(), guardian_finding(), stop])
    assert decision.effect is Effect.REDACT
    assert decision.reasons == (Reason.CESSATION_REQUESTED,)


def test_a_doubtful_detection_is_covered_by_strictest_whatever_was_consented() -> None:
    """FG-R07."""
    doubtful = AgeUnknown(AgeUnknownReason.LOW_CONFIDENCE)
    decision = decide(subject(doubtful), CONTEXTS["strictest", IN_PLACE], [guardian_finding()])
    assert decision.reasons == (Reason.LOW_CONFIDENCE_DETECTION,)
    assert effect(doubtful) is Effect.REDACT
    assert effect(doubtful, guardian_finding()) is Effect.KEEP


@pytest.mark.parametrize(
    "broken",
    [None, "face", Subject(3, None), Subject(3, ADULT, declared_age="ten"), Subject(3, estimate("x"))],  # type: ignore[arg-type]
)
def test_an_error_while_deciding_is_an_answer(broken: Subject) -> None:
    """FG-R07: never an exception, always REDACT."""
    decision = decide(broken, CONTEXTS["jp-appi-2026", IN_PLACE])
    assert decision.effect is Effect.REDACT
    assert decision.reasons == (Reason.ERROR,)


def test_a_broken_finding_is_an_error_too() -> None:
    """FG-R07."""
    decision = decide(subject(ADULT), CONTEXTS["jp-appi-2026", IN_PLACE], ["yes"])  # type: ignore[list-item]
    assert (decision.effect, decision.reasons) == (Effect.REDACT, (Reason.ERROR,))


def test_the_path_names_the_rules_in_the_order_in_which_they_were_asked() -> None:
    """FG-D03."""
    path = decide(subject(CHILD), CONTEXTS["jp-appi-2026", IN_PLACE]).rule_path
    assert path == ("1.cessation=no", "2.age_known=yes", "3.possible_minor=yes", "4.guardian_consent=no")


# ------------------------------------------------------------------------------------------------ for all

AGES = st.one_of(
    st.builds(
        AgeEstimate,
        st.floats(allow_nan=True),
        st.floats(0, 30),
        st.floats(allow_nan=True),
        st.just("m"),
        st.sampled_from(["", "fitted", "x"]),
    ),
    st.builds(estimate, st.floats(0, 90), st.floats(0, 90)),
    st.builds(AgeUnknown, st.sampled_from(AgeUnknownReason)),
)
WHY_NOT = [reason for reason in Reason if reason.startswith("consent_") and reason is not Reason.CONSENT_VALID]


@st.composite
def findings(draw: st.DrawFn) -> ConsentFinding:
    valid = draw(st.booleans())
    return ConsentFinding(
        record_id=draw(st.sampled_from(["a", "b", ""])),
        given_by=draw(st.sampled_from(ConsentGiver)),
        valid=valid,
        reasons=() if valid else tuple(draw(st.lists(st.sampled_from(WHY_NOT), min_size=1, max_size=3, unique=True))),
        state=draw(st.none() | st.sampled_from(["ConsentGiven", "ConsentRefused", "ConsentRevoked"])),
        guardian_level=draw(st.none() | st.sampled_from(GuardianLevel)),
        covers_release=draw(st.booleans()),
        written_release=draw(st.booleans()),
        best_interests_ref=draw(st.none() | st.just("bia")),
        subject_is_minor=draw(st.none() | st.booleans()),
        cessation=draw(st.booleans()) and not valid,
    )


FACES = st.builds(Subject, st.integers(0, 9), AGES, st.none(), st.none() | st.integers(0, 99))
PLACES = st.sampled_from(sorted(CONTEXTS))
OFFERS = st.lists(findings(), max_size=4)
MANY = settings(max_examples=150, deadline=None)


@MANY
@given(FACES, PLACES, OFFERS)
def test_every_question_has_an_answer_and_asking_again_gives_the_same(
    face: Subject, place: tuple[str, str], offered: list[ConsentFinding]
) -> None:
    """Pure and total."""
    decision = decide(face, CONTEXTS[place], offered)
    assert isinstance(decision, Decision)
    assert decision == decide(face, CONTEXTS[place], offered)
    assert decision.index == face.index
    assert Reason.ERROR not in decision.reasons


@MANY
@given(FACES, PLACES, OFFERS)
def test_a_face_is_shown_only_for_one_of_three_reasons(
    face: Subject, place: tuple[str, str], offered: list[ConsentFinding]
) -> None:
    """FG-C01: clear adult in place, own valid consent, or a guardian's."""
    in_force = CONTEXTS[place]
    decision = decide(face, in_force, offered)
    if decision.effect is Effect.REDACT:
        return
    assert not any(finding.cessation for finding in offered)
    assert len(decision.reasons) == 1
    reason = decision.reasons[0]
    if reason is Reason.ADULT_IN_PLACE:
        assert place[1] == IN_PLACE
        assert place[0] not in ALWAYS_CONSENT
        assert decision.age_status is AgeStatus.ADULT_CLEAR
        return
    giver = {Reason.CONSENT_VALID: ConsentGiver.SELF, Reason.GUARDIAN_CONSENT_VALID: ConsentGiver.GUARDIAN}[reason]
    assert any(
        finding.valid
        and finding.state in (None, "ConsentGiven")
        and finding.given_by is giver
        and finding.record_id == (decision.consent_id or "")
        and (finding.covers_release or place[1] == IN_PLACE)
        for finding in offered
    )
    if decision.age_status is not AgeStatus.ADULT_CLEAR:
        assert decision.best_interests_ref


@MANY
@given(FACES, PLACES, OFFERS, st.integers(0, 99))
def test_a_declared_age_never_shows_a_face_that_was_covered(
    face: Subject, place: tuple[str, str], offered: list[ConsentFinding], declared: int
) -> None:
    """FG-A07: except that a guardian may decide for somebody who is said to be a child."""
    silent = decide(replace(face, declared_age=None), CONTEXTS[place], offered)
    said = decide(replace(face, declared_age=declared), CONTEXTS[place], offered)
    if silent.effect is Effect.REDACT and said.effect is Effect.KEEP:
        assert said.reasons == (Reason.GUARDIAN_CONSENT_VALID,)
        assert said.age_status is AgeStatus.MINOR


@MANY
@given(FACES, PLACES, OFFERS)
def test_a_stricter_policy_never_shows_what_a_laxer_one_covers(
    face: Subject, place: tuple[str, str], offered: list[ConsentFinding]
) -> None:
    """FG-P02: what `strictest` shows of a face without consents, every preset shows."""
    strict = decide(face, CONTEXTS["strictest", place[1]], offered)
    if strict.effect is Effect.KEEP and strict.reasons != (Reason.GUARDIAN_CONSENT_VALID,):
        assert decide(face, CONTEXTS[place], offered).effect is Effect.KEEP


@MANY
@given(FACES, PLACES, OFFERS)
def test_a_decision_can_be_made_again_without_the_age(
    face: Subject, place: tuple[str, str], offered: list[ConsentFinding]
) -> None:
    """FG-D03: status and findings are enough."""
    in_force: DecisionContext = CONTEXTS[place]
    first = decide(face, in_force, offered)
    assessed = assess_age(face.age, face.declared_age, in_force, offered)
    kept = AgeAssessment(first.age_status, assessed.under_guardian_age, first.age_unknown_reason)
    assert decide_assessed(first.index, first.subject, kept, in_force, offered) == first
