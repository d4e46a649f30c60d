"""Claims about the form of a consent record."""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any

import pytest
from consents import GIVEN_AT, GUARDIAN_BLOCK, KEY, changed, event, guardian_consent
from pydantic import ValidationError

from faceguard.errors import ConsentError
from faceguard.policy.consent import ConsentRecord, DataSubject, Guardian
from faceguard.policy.consent_terms import AuthorityBasis, ConsentState, VerificationMethod
from faceguard.policy.statement import Statement, StatementKind, read_statement, sign_statement
from faceguard.types import GuardianLevel

DOCUMENT = guardian_consent().model_dump(mode="json", exclude_none=True)
OPTIONAL = {
    ("data_subject", "birth_year_month"),  # one of this and threshold_date; see below
    ("processes", 0, "services"),
    ("scope", "asset_sha256"),
    ("schema_version",),
    ("events", 0, "indication_method"),
    ("guardian",),
    ("guardian", "adult_evidence"),
    ("guardian", "co_guardians_notified"),
    ("separate_disclosure_consent",),
    ("best_interests_ref",),
}


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    here = [at] if at and isinstance(at[-1], str) else []
    return here + [path for key, child in inner for path in paths(child, (*at, key))]


MANDATORY = [path for path in paths(DOCUMENT) if path not in OPTIONAL]


def read(document: dict[str, Any]) -> ConsentRecord:
    return Statement(StatementKind.CONSENT, document, "").read_as(ConsentRecord)


def without(path: tuple[Any, ...]) -> dict[str, Any]:
    document = copy.deepcopy(DOCUMENT)
    parent: Any = document
    for key in path[:-1]:
        parent = parent[key]
    del parent[path[-1]]
    return document


def test_a_record_round_trips_through_its_signed_line() -> None:
    """FG-C02"""
    statement = sign_statement(guardian_consent(), KEY)
    again = read_statement(statement.line()[:-1])
    assert again == statement
    assert again.read_as(ConsentRecord) == guardian_consent()


@pytest.mark.parametrize("path", MANDATORY, ids=lambda path: ".".join(map(str, path)))
def test_without_any_mandatory_field_it_is_no_record(path: tuple[Any, ...]) -> None:
    """FG-C02: the fields that ISO/IEC TS 27560 makes mandatory, and those of the guardian block (FG-C04)."""
    with pytest.raises(ConsentError, match="malformed"):
        read(without(path))


def test_the_mandatory_fields_are_those_of_the_standard() -> None:
    """FG-C02: so that the test above can't shrink unseen."""
    names = {".".join(str(part) for part in path if isinstance(part, str)) for path in MANDATORY}
    assert names >= {
        "record_id", "data_subject", "notice", "notice.version", "notice.language", "processes", "processes.purpose",
        "processes.data_types", "processes.storage_location", "processes.retention", "processes.recipients",
        "processes.withdrawal_method", "processes.jurisdiction", "processes.rights", "controllers.name",
        "controllers.id", "controllers.role", "controllers.contact", "controllers.address", "events.type",
        "events.state", "events.time_utc", "events.duration", "events.indicated_by", "guardian.role",
        "guardian.relationship", "guardian.authority_basis", "guardian.verification_method", "guardian.verifier",
        "guardian.verified_at", "guardian.assurance_level", "scope.valid_to",
    }  # fmt: skip


@pytest.mark.parametrize("path", [path for path in paths(DOCUMENT) if isinstance(path[-1], str)], ids=str)
def test_no_field_may_be_blank_or_of_another_kind(path: tuple[Any, ...]) -> None:
    for wrong in ("", 17.5, [None], {"x": 1}):
        document = copy.deepcopy(DOCUMENT)
        parent: Any = document
        for key in path[:-1]:
            parent = parent[key]
        parent[path[-1]] = wrong
        with pytest.raises(ConsentError):
            read(document)


@pytest.mark.parametrize("duration", ["P0D", "-P1D", "P99999D", "endless", "", None])
def test_an_endless_consent_is_no_record(duration: str | None) -> None:
    """FG-C09"""
    document = copy.deepcopy(DOCUMENT)
    document["events"][0]["duration"] = duration
    with pytest.raises(ConsentError, match="duration"):
        read(document)


@pytest.mark.parametrize(
    "time", ["2026-11-01T09:00:00", "2026-11-01T18:00:00+09:00", 1793523600, "0001-01-01T00:00:00Z"]
)
def test_times_are_in_utc_and_say_so(time: object) -> None:
    document = copy.deepcopy(DOCUMENT)
    document["events"][0]["time_utc"] = time
    with pytest.raises(ConsentError, match="time_utc"):
        read(document)


@pytest.mark.parametrize("kind", ["implied", "silence", "opt_out"])
def test_silence_has_no_name_among_the_kinds_of_expression(kind: str) -> None:
    """FG-C11"""
    document = copy.deepcopy(DOCUMENT)
    document["events"][0]["type"] = kind
    with pytest.raises(ConsentError, match=r"events\.0\.type"):
        read(document)


def test_unknown_fields_are_refused_and_never_quoted() -> None:
    with pytest.raises(ConsentError) as caught:
        read({**DOCUMENT, "nickname": "taro"})
    assert "nickname" in caught.value.message
    assert "taro" not in caught.value.message


def test_only_the_person_or_the_guardian_can_say_anything() -> None:
    with pytest.raises(ValidationError, match="indicated by"):
        changed(guardian_consent(), events=(event(by="stranger"),))
    with pytest.raises(ValidationError, match="order"):
        changed(guardian_consent(), events=(event(), event(at=GIVEN_AT - timedelta(days=1))))
    own = Guardian.model_validate({**dict(GUARDIAN_BLOCK), "id": guardian_consent().data_subject.id})
    with pytest.raises(ValidationError, match="own guardian"):
        changed(guardian_consent(), guardian=own, events=(event(by=own.id),))


def test_a_child_needs_an_end_of_childhood() -> None:
    """FG-C09"""
    with pytest.raises(ValidationError, match="threshold_date"):
        DataSubject(id="x", is_child=True)


@pytest.mark.parametrize(
    ("method", "basis", "claimed", "counts"),
    [
        (VerificationMethod.SELF_ASSERTED, AuthorityBasis.COURT_ORDER, "G4", "G0"),
        (VerificationMethod.EMAIL_ROUND_TRIP, AuthorityBasis.DECLARED, "G3", "G1"),
        (VerificationMethod.SIGNED_FORM, AuthorityBasis.FAMILY_REGISTER, "G4", "G2"),
        (VerificationMethod.GOVERNMENT_ID, AuthorityBasis.DECLARED, "G4", "G3"),
        (VerificationMethod.GOVERNMENT_ID, AuthorityBasis.FAMILY_REGISTER, "G4", "G4"),
        (VerificationMethod.IN_PERSON, AuthorityBasis.COURT_ORDER, "G1", "G1"),
    ],
)
def test_a_guardian_counts_for_what_the_evidence_can_reach(
    method: VerificationMethod, basis: AuthorityBasis, claimed: str, counts: str
) -> None:
    """FG-C04: a level that is claimed without the evidence for it does not count."""
    guardian = GUARDIAN_BLOCK.model_copy(
        update={"verification_method": method, "authority_basis": basis, "assurance_level": GuardianLevel(claimed)}
    )
    assert guardian.level is GuardianLevel(counts)


def test_the_states_are_those_of_dpv() -> None:
    """FG-C10"""
    assert {state.value for state in ConsentState} == {
        "ConsentUnknown", "ConsentRequested", "ConsentRequestDeferred", "ConsentRefused", "ConsentGiven",
        "RenewedConsentGiven", "ConsentExpired", "ConsentWithdrawn", "ConsentRevoked", "ConsentInvalidated",
    }  # fmt: skip
