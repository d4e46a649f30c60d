"""Claims about when a consent holds: one thing is wrong in each test, and it alone is given as the reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from consents import (
    CHILD,
    EVENT,
    GIVEN_AT,
    GUARDIAN,
    GUARDIAN_BLOCK,
    NOTICE,
    NOTICE_FROM,
    NOW,
    OTHER_RECORD_ID,
    PROCESS,
    RECORD_ID,
    adult_consent,
    changed,
    event,
    guardian_consent,
    load,
    register_bytes,
    use,
)

from faceguard.policy.consent import (
    AdultEvidence,
    Cessation,
    ConsentRecord,
    DataSubject,
    NoticeRef,
    Revocation,
    Scope,
    WrittenRelease,
)
from faceguard.policy.consent_terms import (
    STATES_GIVEN,
    Actor,
    AuthorityBasis,
    ConsentState,
    RevocationReason,
    VerificationMethod,
)
from faceguard.policy.load import load_policy
from faceguard.policy.validity import ConsentUse
from faceguard.types import ConsentFinding, ConsentGiver, Disclosure, DocumentRef, GuardianLevel, Reason

TICK = timedelta(microseconds=1)
DAY = timedelta(days=1)


def finding(
    record: ConsentRecord, *more: object, how: ConsentUse | None = None, policy: str = "jp-appi-2026"
) -> ConsentFinding:
    """What is found of `record`, which stands first in the register."""
    register = load(register_bytes(record, *more))
    found = register.findings(record.data_subject.id, use=how or use(), policy=load_policy(policy))
    return next(one for one in found if one.record_id == record.record_id)


def revocation(
    at: datetime, by: Actor = Actor.GUARDIAN, why: RevocationReason = RevocationReason.EMERGENCY
) -> Revocation:
    return Revocation(record_id=RECORD_ID, time_utc=at, by=by, reason=why)


# ------------------------------------------------------------------------------------------------ what holds


def test_a_guardians_consent_holds_for_what_it_names() -> None:
    """FG-C01"""
    assert finding(guardian_consent()) == ConsentFinding(
        record_id=RECORD_ID,
        given_by=ConsentGiver.GUARDIAN,
        valid=True,
        state="ConsentGiven",
        guardian_level=GuardianLevel.G4,
        covers_release=True,
        best_interests_ref="bia-2026-4",
        subject_is_minor=True,
    )


def test_an_adults_own_consent_holds() -> None:
    found = finding(adult_consent())
    assert (found.valid, found.given_by, found.subject_is_minor) == (True, ConsentGiver.SELF, False)


def test_nothing_is_found_of_others() -> None:
    """FG-C14: a consent belongs to the key that the operator named, and to no face."""
    register = load(register_bytes(guardian_consent()))
    policy = load_policy("jp-appi-2026")
    assert register.findings("ward-8", use=use(), policy=policy) == ()
    assert register.findings(None, use=use(), policy=policy) == ()


# ---------------------------------------------------------------------------------------------------- state


@pytest.mark.parametrize("state", list(ConsentState))
def test_only_given_and_renewed_count(state: ConsentState) -> None:
    """FG-C10"""
    found = finding(changed(guardian_consent(), events=(event(state=state),)))
    assert found.valid is (state in STATES_GIVEN)
    assert found.reasons == (() if state in STATES_GIVEN else (Reason.CONSENT_STATE_NOT_GIVEN,))
    assert found.state == state


def test_what_was_said_last_counts() -> None:
    """FG-C10"""
    refused = (event(), event(state=ConsentState.REFUSED, at=NOW - DAY))
    assert finding(changed(guardian_consent(), events=refused)).reasons == (Reason.CONSENT_STATE_NOT_GIVEN,)
    renewed = (*refused, event(state=ConsentState.RENEWED, at=NOW - TICK))
    assert finding(changed(guardian_consent(), events=renewed)).valid


@pytest.mark.parametrize(
    ("by", "why", "reason", "state"),
    [
        (Actor.GUARDIAN, RevocationReason.EMERGENCY, Reason.CONSENT_REVOKED, "ConsentRevoked"),
        (Actor.SUBJECT, RevocationReason.WITHDRAWN, Reason.CONSENT_REVOKED, "ConsentWithdrawn"),
        (Actor.COURT, RevocationReason.COURT_ORDER, Reason.CONSENT_REVOKED, "ConsentRevoked"),
        (Actor.CO_GUARDIAN, RevocationReason.GUARDIAN_OBJECTION, Reason.CONSENT_GUARDIAN_OBJECTION, "ConsentRevoked"),
    ],
)
def test_a_revocation_takes_effect_at_its_very_moment(
    by: Actor, why: RevocationReason, reason: Reason, state: str
) -> None:
    """FG-C08; FG-C05: a second guardian's objection blocks."""
    before = finding(guardian_consent(), revocation(NOW + TICK, by, why))
    assert before.valid
    after = finding(guardian_consent(), revocation(NOW, by, why))
    assert (after.reasons, after.state) == ((reason,), state)


def test_a_revocation_of_another_record_changes_nothing() -> None:
    other = Revocation(
        record_id=OTHER_RECORD_ID, time_utc=GIVEN_AT, by=Actor.SUBJECT, reason=RevocationReason.WITHDRAWN
    )
    assert finding(guardian_consent(), other).valid


@pytest.mark.parametrize("by", list(Actor))
def test_a_request_to_stop_comes_first_and_is_marked(by: Actor) -> None:
    """FG-T02"""
    request = Cessation(request_id=OTHER_RECORD_ID, subject_id=CHILD, time_utc=NOW, by=by)
    register = load(register_bytes(guardian_consent(), request))
    policy = load_policy("jp-appi-2026")
    stopped, consent = register.findings(CHILD, use=use(), policy=policy)
    assert (stopped.cessation, stopped.valid, stopped.reasons) == (True, False, (Reason.CESSATION_REQUESTED,))
    assert (consent.cessation, consent.valid) == (False, True)
    assert [f.cessation for f in register.findings(CHILD, use=use(NOW - TICK), policy=policy)] == [False]


# --------------------------------------------------------------------------------------------------- period


def test_a_consent_holds_from_its_beginning_to_just_before_its_end() -> None:
    """FG-C09"""
    start, end = NOW - DAY, NOW + DAY
    record = changed(guardian_consent(), scope=Scope(event=EVENT, valid_from=start, valid_to=end))
    expected = {
        start - TICK: (Reason.CONSENT_NOT_YET_VALID,),
        start: (),
        end - TICK: (),
        end: (Reason.CONSENT_EXPIRED,),
    }
    for moment, reasons in expected.items():
        assert finding(record, how=use(moment)).reasons == reasons


def test_the_duration_that_was_said_ends_it_too() -> None:
    """FG-C09"""
    record = changed(guardian_consent(), events=(event(duration=NOW - GIVEN_AT),))
    found = finding(record)
    assert (found.reasons, found.state) == ((Reason.CONSENT_EXPIRED,), "ConsentExpired")
    assert finding(record, how=use(NOW - TICK)).valid


def test_before_anything_was_said_nothing_holds() -> None:
    found = finding(guardian_consent(), how=use(GIVEN_AT - TICK))
    assert (found.valid, found.reasons, found.state) == (False, (Reason.CONSENT_NOT_YET_VALID,), "ConsentUnknown")


@pytest.mark.parametrize(("days", "valid"), [(365, True), (366, False)])
def test_a_consent_longer_than_the_policy_allows_does_not_hold(days: int, valid: bool) -> None:
    """FG-C09"""
    scope = Scope(event=EVENT, valid_from=GIVEN_AT, valid_to=GIVEN_AT + timedelta(days=days))
    found = finding(changed(guardian_consent(), scope=scope, events=(event(duration=timedelta(days=days)),)))
    assert found.reasons == (() if valid else (Reason.CONSENT_TOO_LONG,))


@pytest.mark.parametrize(("policy", "age"), [("jp-appi-2026", 16), ("us-coppa", 13), ("kr-pipa", 14), ("in-dpdp", 18)])
def test_a_guardians_word_ends_when_the_child_may_have_its_birthday(policy: str, age: int) -> None:
    """FG-C09: from the first day of the month of birth, in the zone where that comes first."""
    born = f"{2026 - age}-12"
    record = changed(guardian_consent(), data_subject=DataSubject(id=CHILD, is_child=True, birth_year_month=born))
    birthday = datetime(2026, 11, 30, 10, tzinfo=UTC)  # 1 December, 00:00, at UTC+14
    for moment, reasons in ((birthday - TICK, ()), (birthday, (Reason.CONSENT_REAFFIRM_REQUIRED,))):
        register = load(register_bytes(record, issued_at=moment), moment=moment)
        (found,) = register.findings(CHILD, use=use(moment), policy=load_policy(policy))
        assert found.reasons == reasons


def test_a_guardians_word_ends_on_the_threshold_date() -> None:
    """FG-C09"""
    for day, reasons in ((date(2026, 11, 22), (Reason.CONSENT_REAFFIRM_REQUIRED,)), (date(2026, 11, 23), ())):
        subject = DataSubject(id=CHILD, is_child=True, threshold_date=day)
        assert finding(changed(guardian_consent(), data_subject=subject)).reasons == reasons


def test_a_consent_to_be_reaffirmed_holds_only_until_then() -> None:
    """FG-C09"""
    assert finding(changed(guardian_consent(), reaffirm_by=date(2026, 11, 23))).valid
    overdue = changed(guardian_consent(), reaffirm_by=date(2026, 11, 22))
    assert finding(overdue).reasons == (Reason.CONSENT_REAFFIRM_REQUIRED,)


def test_a_child_who_has_grown_up_speaks_for_itself() -> None:
    """FG-C09: the day after the last on which the birthday can be, in the zone where that comes last."""
    subject = DataSubject(id=CHILD, is_child=True, birth_year_month="2010-10")
    record = changed(adult_consent(), data_subject=subject)
    for moment, reasons in (
        (datetime(2026, 11, 1, 11, 59, tzinfo=UTC), (Reason.NO_GUARDIAN_CONSENT,)),
        (datetime(2026, 11, 1, 12, 0, tzinfo=UTC), ()),
    ):
        found = finding(record, how=use(moment))
        assert found.reasons == reasons
        assert found.subject_is_minor is True


def test_from_the_threshold_date_on_the_person_speaks_alone() -> None:
    """FG-C09: from the beginning of that day in the zone where it comes last."""
    subject = DataSubject(id=CHILD, is_child=True, threshold_date=date(2026, 11, 21))
    record = changed(adult_consent(), data_subject=subject)
    noon = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
    assert finding(record, how=use(noon - TICK)).reasons == (Reason.NO_GUARDIAN_CONSENT,)
    assert finding(record, how=use(noon)).valid


# ----------------------------------------------------------------------------------------------- expression


@pytest.mark.parametrize("method", [None, "silence", "pre_ticked_box", "sms", "no_such_method"])
def test_only_the_acts_that_the_policy_names_express_anything(method: str | None) -> None:
    """FG-C11"""
    found = finding(changed(guardian_consent(), events=(event(method=method),)))
    assert found.reasons == (Reason.CONSENT_METHOD_NOT_ALLOWED,)


@pytest.mark.parametrize("field", ["id", "version", "sha256"])
def test_another_notice_than_the_one_shown_is_a_mismatch(field: str) -> None:
    """FG-C12"""
    shown = {"id": NOTICE.id, "version": NOTICE.version, "sha256": NOTICE.sha256, "language": "ja"}
    shown[field] = "c" * 64
    found = finding(changed(guardian_consent(), notice=NoticeRef(**shown)))
    assert found.reasons == (Reason.CONSENT_NOTICE_MISMATCH,)


def test_a_notice_published_after_the_consent_can_not_have_been_read() -> None:
    """FG-C12"""
    assert finding(guardian_consent(), how=replace(use(), notice_from=GIVEN_AT)).valid
    for late in (GIVEN_AT + TICK, None):
        found = finding(guardian_consent(), how=replace(use(), notice_from=late))
        assert found.reasons == (Reason.CONSENT_NOTICE_MISMATCH,)
    no_notice = replace(use(), notice=None)
    assert finding(guardian_consent(), how=no_notice).reasons == (Reason.CONSENT_NOTICE_MISMATCH,)


# ------------------------------------------------------------------------------------------------------ use


def test_a_consent_for_one_purpose_is_none_for_another() -> None:
    """FG-C07"""
    found = finding(guardian_consent(), how=replace(use(), purpose="publication"))
    assert found.reasons == (Reason.CONSENT_OTHER_PURPOSE,)


@pytest.mark.parametrize(
    ("scope", "how"),
    [
        ({"event": EVENT}, {"event": "other"}),
        ({"event": EVENT}, {"event": None}),
        ({"collection": "album"}, {"collection": "other", "event": EVENT}),
        ({"asset_sha256": ("a" * 64,)}, {"asset_sha256": "b" * 64}),
        ({"asset_sha256": ("a" * 64,)}, {"asset_sha256": None}),
        ({"event": EVENT, "place": "hall"}, {"place": "yard"}),
        ({"event": EVENT, "place": "hall"}, {"place": None}),
        ({"event": EVENT, "asset_sha256": ("a" * 64,)}, {"asset_sha256": "b" * 64}),
    ],
)
def test_a_consent_holds_nowhere_else(scope: dict[str, object], how: dict[str, object]) -> None:
    """FG-C07: everything that a scope names must be so."""
    named = Scope.model_validate({"valid_from": GIVEN_AT, "valid_to": NOW + DAY, **scope})
    found = finding(changed(guardian_consent(), scope=named), how=replace(use(), **how))  # type: ignore[arg-type]
    assert found.reasons == (Reason.CONSENT_OUT_OF_SCOPE,)


def test_a_consent_for_files_holds_for_each_of_them() -> None:
    """FG-C07"""
    named = Scope(asset_sha256=("a" * 64, "b" * 64), valid_from=GIVEN_AT, valid_to=NOW + DAY)
    record = changed(guardian_consent(), scope=named)
    for asset in named.asset_sha256:
        assert finding(record, how=replace(use(), asset_sha256=asset)).valid


def test_release_needs_to_be_named_and_asked_for_apart() -> None:
    """FG-C07: a consent for use in place does not let a picture go to third parties."""
    release = use(disclosure=Disclosure.THIRD_PARTY)
    assert finding(guardian_consent(), how=release).valid
    internal = PROCESS.model_copy(update={"third_party_disclosure": False})
    for record in (
        changed(guardian_consent(), processes=(internal,)),
        changed(guardian_consent(), separate_disclosure_consent=False),
    ):
        found = finding(record, how=release)
        assert (found.reasons, found.covers_release) == ((Reason.CONSENT_NOT_FOR_RELEASE,), False)
        assert finding(record).valid


@pytest.mark.parametrize(
    ("release", "reasons"),
    [
        (None, (Reason.WRITTEN_RELEASE_REQUIRED,)),
        (WrittenRelease(signature_type="electronic"), (Reason.WRITTEN_RELEASE_REQUIRED,)),
        (WrittenRelease(signature_type="electronic", term=timedelta(days=30)), ()),
        (WrittenRelease(signature_type="handwritten", term=NOW - GIVEN_AT), (Reason.CONSENT_EXPIRED,)),
    ],
)
def test_bipa_needs_a_written_release_with_its_term(
    release: WrittenRelease | None, reasons: tuple[Reason, ...]
) -> None:
    """FG-C13: at any age."""
    for record in (guardian_consent(), adult_consent()):
        found = finding(changed(record, written_release=release), policy="us-il-bipa")
        assert found.reasons == reasons
        assert found.written_release is (release is not None and release.term is not None)


# ---------------------------------------------------------------------------------------------------- giver


@pytest.mark.parametrize(
    ("policy", "disclosure", "level", "valid"),
    [
        ("jp-appi-2026", Disclosure.IN_PLACE, "G1", False),
        ("jp-appi-2026", Disclosure.IN_PLACE, "G2", True),
        ("jp-appi-2026", Disclosure.THIRD_PARTY, "G2", False),
        ("jp-appi-2026", Disclosure.THIRD_PARTY, "G3", True),
        ("eu-gdpr", Disclosure.IN_PLACE, "G0", False),
        ("eu-gdpr", Disclosure.IN_PLACE, "G1", True),
        ("in-dpdp", Disclosure.IN_PLACE, "G2", False),
        ("in-dpdp", Disclosure.IN_PLACE, "G3", True),
    ],
)
def test_a_guardian_checked_too_little_does_not_count(
    policy: str, disclosure: Disclosure, level: str, valid: bool
) -> None:
    """FG-C04"""
    guardian = GUARDIAN_BLOCK.model_copy(update={"assurance_level": GuardianLevel(level)})
    found = finding(changed(guardian_consent(), guardian=guardian), how=use(disclosure=disclosure), policy=policy)
    assert found.reasons == (() if valid else (Reason.CONSENT_GUARDIAN_LEVEL_TOO_LOW,))


def test_a_claimed_level_without_its_evidence_does_not_count() -> None:
    """FG-C04"""
    guardian = GUARDIAN_BLOCK.model_copy(
        update={
            "verification_method": VerificationMethod.SELF_ASSERTED,
            "authority_basis": AuthorityBasis.DECLARED,
        }
    )
    found = finding(changed(guardian_consent(), guardian=guardian))
    assert (found.reasons, found.guardian_level) == ((Reason.CONSENT_GUARDIAN_LEVEL_TOO_LOW,), GuardianLevel.G0)


@pytest.mark.parametrize(
    ("policy", "age", "valid"),
    [("jp-appi-2026", 17, False), ("jp-appi-2026", 18, True), ("kr-pipa", 18, False), ("kr-pipa", 19, True)],
)
def test_a_guardian_is_proven_of_age(policy: str, age: int, valid: bool) -> None:
    """FG-C06"""
    evidence = AdultEvidence(method=VerificationMethod.GOVERNMENT_ID, age_at_least_years=age)
    guardian = GUARDIAN_BLOCK.model_copy(update={"adult_evidence": evidence})
    found = finding(changed(guardian_consent(), guardian=guardian), policy=policy)
    assert found.reasons == (() if valid else (Reason.CONSENT_GUARDIAN_INVALID,))


def test_a_guardian_without_proof_of_age_does_not_count() -> None:
    """FG-C06"""
    guardian = GUARDIAN_BLOCK.model_copy(update={"adult_evidence": None})
    found = finding(changed(guardian_consent(), guardian=guardian))
    assert found.reasons == (Reason.CONSENT_GUARDIAN_INVALID,)


def test_a_guardian_is_checked_before_consenting() -> None:
    """FG-C04"""
    guardian = GUARDIAN_BLOCK.model_copy(update={"verified_at": GIVEN_AT + TICK})
    found = finding(changed(guardian_consent(), guardian=guardian))
    assert found.reasons == (Reason.CONSENT_GUARDIAN_INVALID,)


def test_who_asks_for_a_consent_does_not_grant_it() -> None:
    """FG-C05"""
    found = finding(changed(guardian_consent(), requested_by=GUARDIAN))
    assert found.reasons == (Reason.CONSENT_GUARDIAN_INVALID,)


@pytest.mark.parametrize(("children", "valid"), [(6, True), (7, False)])
def test_a_guardian_of_too_many_children_does_not_count(children: int, valid: bool) -> None:
    """FG-C05: the preset lets one guardian speak for six."""
    others = [
        changed(
            guardian_consent(),
            record_id=f"a8098c1a-f86e-41da-bd1a-{number:012x}",
            data_subject=DataSubject(id=f"child-{number}", is_child=True, birth_year_month="2018-01"),
        )
        for number in range(1, children)
    ]
    found = finding(guardian_consent(), *others)
    assert found.reasons == (() if valid else (Reason.CONSENT_GUARDIAN_INVALID,))


def test_a_childs_own_word_is_not_enough() -> None:
    """FG-C01"""
    record = changed(guardian_consent(), events=(event(by=CHILD),))
    found = finding(record)
    assert (found.given_by, found.reasons) == (ConsentGiver.SELF, (Reason.NO_GUARDIAN_CONSENT,))


# ---------------------------------------------------------------------------------------------------- order


def test_every_reason_is_given_in_the_order_of_the_rules() -> None:
    record = changed(
        guardian_consent(),
        events=(event(state=ConsentState.REFUSED, method=None, duration=timedelta(days=1)),),
        requested_by=GUARDIAN,
    )
    how = replace(
        use(disclosure=Disclosure.THIRD_PARTY),
        purpose="publication",
        event=None,
        notice=DocumentRef("other", "1", "c" * 64),
        notice_from=NOTICE_FROM,
    )
    assert finding(record, revocation(GIVEN_AT), how=how).reasons == (
        Reason.CONSENT_STATE_NOT_GIVEN,
        Reason.CONSENT_REVOKED,
        Reason.CONSENT_EXPIRED,
        Reason.CONSENT_METHOD_NOT_ALLOWED,
        Reason.CONSENT_NOTICE_MISMATCH,
        Reason.CONSENT_OTHER_PURPOSE,
        Reason.CONSENT_OUT_OF_SCOPE,
        Reason.CONSENT_NOT_FOR_RELEASE,
        Reason.CONSENT_GUARDIAN_INVALID,
    )


def test_every_reason_of_a_consent_is_documented() -> None:
    page = (Path(__file__).parents[3] / "docs" / "consent.md").read_text()
    codes = [
        reason.value for reason in Reason if reason.value.startswith("consent_") and reason is not Reason.CONSENT_VALID
    ]
    assert len(codes) >= 18
    assert [code for code in codes if f"`{code}`" not in page] == []
