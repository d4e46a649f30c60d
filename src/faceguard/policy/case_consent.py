"""A consent in a policy case: the few things that matter there, and a whole record made of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from faceguard.policy.consent import (
    AdultEvidence,
    ConsentEvent,
    ConsentRecord,
    Controller,
    DataSubject,
    Guardian,
    NoticeRef,
    Process,
    Revocation,
    Scope,
    WrittenRelease,
    YearMonth,
)
from faceguard.policy.consent_terms import (
    Actor,
    AuthorityBasis,
    ConsentState,
    Expression,
    GuardianRole,
    PartyRole,
    RevocationReason,
    VerificationMethod,
)
from faceguard.policy.document import Strict
from faceguard.policy.register import RegisteredConsent
from faceguard.policy.statement import Statement, StatementKind
from faceguard.types import ConsentGiver, DocumentRef, GuardianLevel, Reason

_GUARDIAN, _STAFF = "guardian-1", "staff-1"
_VERIFIED = timedelta(days=1)


class Flaw(StrEnum):
    """What is wrong with a record's form or signature."""

    UNSIGNED = "unsigned"
    SIGNATURE_INVALID = "signature_invalid"
    KEY_UNKNOWN = "key_unknown"


class CaseConsent(Strict):
    """A consent that holds for its case under every preset, unless a field says otherwise."""

    by: ConsentGiver
    born: YearMonth
    """Month of birth of the person, not of the guardian."""
    purpose: str | None = None
    event: str | None = None
    release: bool = False
    separate: bool | None = None
    """Whether release was asked for apart; as `release` if it isn't said."""
    given: AwareDatetime = datetime(2026, 10, 1, tzinfo=UTC)
    days: Annotated[int, Field(ge=1, le=36_525)] = 180
    method: str | None = "signed_paper"
    state: ConsentState = ConsentState.GIVEN
    checked_by: VerificationMethod = VerificationMethod.GOVERNMENT_ID
    level: GuardianLevel = GuardianLevel.G3
    guardian_age: int = 30
    asked_by_guardian: bool = False
    written_release_days: int | None = None
    best_interests: str | None = None
    other_notice: bool = False
    """Given after another notice than the one in force."""
    flaw: Flaw | None = None
    revoked: AwareDatetime | None = None
    revoked_by: Actor = Actor.SUBJECT
    revoked_because: RevocationReason = RevocationReason.WITHDRAWN

    def registered(
        self, number: int, person: str, purpose: str, event: str | None, notice: DocumentRef
    ) -> RegisteredConsent:
        """The record as a register holds it once signatures are checked; ids come from `number`."""
        record = self._record(str(UUID(int=number << 8, version=4)), person, purpose, event, notice)
        flaws = (Reason(f"consent_{self.flaw}"),) if self.flaw else ()
        statement = Statement(StatementKind.CONSENT, record.model_dump(mode="json", exclude_none=True), signature="")
        return RegisteredConsent(record.record_id, person, record, statement, flaws)

    def revocations(self, record_id: str) -> tuple[Revocation, ...]:
        if self.revoked is None:
            return ()
        moment = self.revoked.astimezone(UTC)
        return (Revocation(record_id=record_id, time_utc=moment, by=self.revoked_by, reason=self.revoked_because),)

    def _record(
        self, record_id: str, person: str, purpose: str, event: str | None, notice: DocumentRef
    ) -> ConsentRecord:
        given, by_guardian = self.given.astimezone(UTC), self.by is ConsentGiver.GUARDIAN
        separate = self.release if self.separate is None else self.separate
        term = None if self.written_release_days is None else timedelta(days=self.written_release_days)
        return ConsentRecord(
            record_id=record_id,
            data_subject=DataSubject(id=person, is_child=by_guardian, birth_year_month=self.born),
            notice=NoticeRef(
                id=notice.id,
                version=notice.version,
                sha256="0" * 64 if self.other_notice else notice.sha256,
                language="ja",
            ),
            controllers=(_CONTROLLER,),
            processes=(_process(self.purpose or purpose, third_party=self.release),),
            scope=Scope(event=self.event or event, valid_from=given, valid_to=given + timedelta(days=self.days)),
            events=(
                ConsentEvent(
                    type=Expression.EXPLICIT,
                    state=self.state,
                    time_utc=given,
                    duration=timedelta(days=self.days),
                    indicated_by=_GUARDIAN if by_guardian else person,
                    indication_method=self.method,
                ),
            ),
            requested_by=_GUARDIAN if self.asked_by_guardian else _STAFF,
            guardian=self._guardian(given) if by_guardian else None,
            separate_disclosure_consent=separate,
            written_release=None if term is None else WrittenRelease(signature_type="handwritten", term=term),
            best_interests_ref=self.best_interests,
        )

    def _guardian(self, given: datetime) -> Guardian:
        return Guardian(
            id=_GUARDIAN,
            role=GuardianRole.PARENT,
            relationship="mother",
            authority_basis=AuthorityBasis.FAMILY_REGISTER,
            adult_evidence=AdultEvidence(method=self.checked_by, age_at_least_years=self.guardian_age),
            verification_method=self.checked_by,
            verifier=_STAFF,
            verified_at=given - _VERIFIED,
            assurance_level=self.level,
        )


_CONTROLLER = Controller(
    name="Aozora Market Co., Ltd.", id="aozora", role=PartyRole.CONTROLLER, contact="desk", address="Tokyo"
)


def _process(purpose: str, *, third_party: bool) -> Process:
    return Process(
        purpose=purpose,
        data_types=("facial image",),
        storage_location="JP",
        retention="P1Y",
        recipients=("readers",) if third_party else (),
        third_party_disclosure=third_party,
        jurisdiction="JP",
        legal_basis="consent",
        rights=("withdrawal", "erasure"),
        withdrawal_method="at the desk",
    )
