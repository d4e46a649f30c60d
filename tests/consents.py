"""Consents that hold, to be broken in tests one field at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from faceguard.policy.consent import (
    AdultEvidence,
    ConsentEvent,
    ConsentRecord,
    Controller,
    DataSubject,
    Guardian,
    NoticeRef,
    Process,
    Scope,
)
from faceguard.policy.consent_terms import (
    AuthorityBasis,
    ConsentState,
    Expression,
    GuardianRole,
    PartyRole,
    VerificationMethod,
)
from faceguard.policy.register import ConsentRegister
from faceguard.policy.register_lines import seal_up
from faceguard.policy.statement import Statement, sign_statement
from faceguard.policy.validity import ConsentUse
from faceguard.signing import SigningKey, TrustedKeys
from faceguard.types import Disclosure, DocumentRef, GuardianLevel

GIVEN_AT = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
NOTICE_FROM = datetime(2026, 10, 1, tzinfo=UTC)
CHILD, GUARDIAN, STAFF = "ward-7", "guardian-3", "staff-1"
NOTICE = DocumentRef("shop", "3", "b" * 64)
PURPOSE, EVENT = "in_store_safety", "sports-day-2026"
RECORD_ID = "7d9f2c52-55f0-4f0e-9a3a-2f9f6a1f7b11"
OTHER_RECORD_ID = "a8098c1a-f86e-41da-bd1a-00112444be1e"

GUARDIAN_BLOCK = Guardian(
    id=GUARDIAN,
    role=GuardianRole.PARENT,
    relationship="mother",
    authority_basis=AuthorityBasis.FAMILY_REGISTER,
    adult_evidence=AdultEvidence(method=VerificationMethod.GOVERNMENT_ID, age_at_least_years=20),
    verification_method=VerificationMethod.GOVERNMENT_ID,
    verifier="front desk",
    verified_at=GIVEN_AT - timedelta(minutes=10),
    assurance_level=GuardianLevel.G4,
)
"""Good enough for every preset."""

PROCESS = Process(
    purpose=PURPOSE,
    data_types=("facial image",),
    storage_location="Tokyo",
    retention="30 days",
    recipients=(),
    third_party_disclosure=True,
    jurisdiction="JP",
    legal_basis="consent",
    rights=("access", "withdrawal"),
    withdrawal_method="tell the front desk",
)


def event(
    *,
    state: ConsentState = ConsentState.GIVEN,
    at: datetime = GIVEN_AT,
    by: str = GUARDIAN,
    method: str | None = "signed_paper",
    duration: timedelta = timedelta(days=180),
) -> ConsentEvent:
    return ConsentEvent(
        type=Expression.EXPLICIT, state=state, time_utc=at, duration=duration, indicated_by=by, indication_method=method
    )


def guardian_consent() -> ConsentRecord:
    """A mother's consent for a child of about seven, for an event, for half a year."""
    return ConsentRecord(
        record_id=RECORD_ID,
        data_subject=DataSubject(id=CHILD, is_child=True, birth_year_month="2019-05"),
        notice=NoticeRef(id=NOTICE.id, version=NOTICE.version, sha256=NOTICE.sha256, language="ja"),
        controllers=(
            Controller(name="Shop", id="shop-1", role=PartyRole.CONTROLLER, contact="a@example.org", address="Tokyo"),
        ),
        processes=(PROCESS,),
        scope=Scope(event=EVENT, valid_from=GIVEN_AT, valid_to=GIVEN_AT + timedelta(days=180)),
        events=(event(),),
        requested_by=STAFF,
        guardian=GUARDIAN_BLOCK,
        separate_disclosure_consent=True,
        best_interests_ref="bia-2026-4",
    )


def adult_consent() -> ConsentRecord:
    """The same said by a grown person for themselves."""
    return changed(
        guardian_consent(),
        data_subject=DataSubject(id=CHILD, is_child=False, birth_year_month="1990-05"),
        guardian=None,
        events=(event(by=CHILD),),
        best_interests_ref=None,
    )


def changed(record: ConsentRecord, **fields: object) -> ConsentRecord:
    """`record` with other fields, checked as a whole."""
    return ConsentRecord.model_validate(
        {**{name: getattr(record, name) for name in type(record).model_fields}, **fields}
    )


def use(moment: datetime = NOW, disclosure: Disclosure = Disclosure.IN_PLACE) -> ConsentUse:
    return ConsentUse(
        purpose=PURPOSE, disclosure=disclosure, moment=moment, notice=NOTICE, notice_from=NOTICE_FROM, event=EVENT
    )


KEY = SigningKey.generate()
KEYS = TrustedKeys((KEY.public(),))


def register_bytes(*contents: object, key: SigningKey = KEY, issued_at: datetime = NOW) -> bytes:
    """A register of `contents`: records, revocations and cessations, each signed by KEY, or statements as they are."""
    statements = [item if isinstance(item, Statement) else sign_statement(item, KEY) for item in contents]  # type: ignore[arg-type]
    return seal_up(statements, key, issued_at)


def load(data: bytes, *, keys: TrustedKeys = KEYS, moment: datetime = NOW) -> ConsentRegister:
    return ConsentRegister.of(data, keys, moment=moment)
