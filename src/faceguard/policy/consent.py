"""A consent, as a record that a machine can check and a person can be given a copy of.

Structure after ISO/IEC TS 27560:2023 (consent records and receipts), terms of states and roles after the W3C Data
Privacy Vocabulary 2.2. A record says who may be shown, for what, where, until when; who said so, how, when; and, for a
child, who the guardian is and how that was checked. It is signed and never changed: whoever withdraws, revokes or
objects is recorded in a statement of its own (`Revocation`, `Cessation`).

A record that can't be read this way is no consent (FG-C02). Whether one holds is asked in `validity`.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints, model_validator

from faceguard.policy.consent_terms import (
    HIGHEST_LEVEL,
    Actor,
    AuthorityBasis,
    ConsentState,
    Expression,
    GuardianRole,
    PartyRole,
    RevocationReason,
    VerificationMethod,
)
from faceguard.policy.document import NonBlank, Strict
from faceguard.types import GuardianLevel

_LONGEST = timedelta(days=36_525)
"""A century: whatever is longer is meant to be endless, and an endless consent is none (FG-C09)."""


def _is_utc(moment: datetime) -> datetime:
    if moment.utcoffset() != timedelta(0) or not 1900 <= moment.year <= 2200:
        raise ValueError("a time in a record is in UTC, ending in Z, between 1900 and 2200")
    return moment.astimezone(UTC)


def _is_finite(duration: timedelta) -> timedelta:
    if not timedelta(0) < duration <= _LONGEST:
        raise ValueError("a duration is longer than nothing and shorter than a century")
    return duration


UtcTime = Annotated[AwareDatetime, AfterValidator(_is_utc)]
Duration = Annotated[timedelta, AfterValidator(_is_finite)]
Uuid4 = Annotated[
    str, StringConstraints(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
]
PseudonymousId = Annotated[str, StringConstraints(pattern=r"^\S(.*\S)?$", max_length=200)]
"""The operator's own key of a person. It should not be a name."""
Sha256Hex = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
YearMonth = Annotated[str, StringConstraints(pattern=r"^(19|20)\d\d-(0[1-9]|1[0-2])$")]


# ------------------------------------------------------------------------------------------ parts of a record


class DataSubject(Strict):
    """Who may be shown. A child needs its month of birth, or the day on which its guardian's word ends."""

    id: PseudonymousId
    is_child: bool
    birth_year_month: YearMonth | None = None
    threshold_date: date | None = None

    @model_validator(mode="after")
    def _has_an_end_of_childhood(self) -> Self:
        if self.is_child and self.birth_year_month is None and self.threshold_date is None:
            raise ValueError("a child needs birth_year_month or threshold_date")
        return self

    def could_be(self, age_years: int, on: date) -> bool:
        """Whether the person may have had the birthday of `age_years`; False when nothing is known of the birth."""
        return self.birth_year_month is not None and on >= _birthday(self.birth_year_month, age_years, last=False)

    def earliest_birthday(self, age_years: int) -> date | None:
        """The first day on which the person may have that birthday; None when nothing is known of the birth."""
        return None if self.birth_year_month is None else _birthday(self.birth_year_month, age_years, last=False)

    def surely_is(self, age_years: int, on: date) -> bool:
        """Whether the person has had that birthday on whatever day of the month it is."""
        return self.birth_year_month is not None and on >= _birthday(self.birth_year_month, age_years, last=True)


def _birthday(year_month: str, age_years: int, *, last: bool) -> date:
    """First day of the month of birth, `age_years` later; with `last`, the first day of the month after it."""
    year, month = (int(part) for part in year_month.split("-"))
    if last:
        year, month = year + month // 12, month % 12 + 1
    return date(year + age_years, month, 1)


class NoticeRef(Strict):
    """The exact notice that was shown before anybody consented."""

    id: NonBlank
    version: NonBlank
    sha256: Sha256Hex
    language: Language


class Controller(Strict):
    """A party that handles the pictures."""

    name: NonBlank
    id: NonBlank
    role: PartyRole
    contact: NonBlank
    address: NonBlank


class Process(Strict):
    """One thing that may be done, for one purpose."""

    purpose: NonBlank
    purpose_text: NonBlank | None = None
    """The purpose in the notice's words."""
    data_types: tuple[NonBlank, ...] = Field(min_length=1)
    storage_location: NonBlank
    retention: NonBlank
    """How long, in the words of the notice."""
    recipients: tuple[NonBlank, ...]
    third_party_disclosure: bool
    services: tuple[NonBlank, ...] = ()
    jurisdiction: NonBlank
    legal_basis: NonBlank
    rights: tuple[NonBlank, ...] = Field(min_length=1)
    withdrawal_method: NonBlank


class Scope(Strict):
    """Where and when it may be done. Everything named narrows it; at least one of the first three is named."""

    asset_sha256: tuple[Sha256Hex, ...] = ()
    """SHA-256 of the files' bytes."""
    event: NonBlank | None = None
    collection: NonBlank | None = None
    place: NonBlank | None = None
    valid_from: UtcTime
    valid_to: UtcTime

    @model_validator(mode="after")
    def _is_finite_and_about_something(self) -> Self:
        if self.valid_to <= self.valid_from:
            raise ValueError("valid_to is after valid_from")
        if not self.asset_sha256 and self.event is None and self.collection is None:
            raise ValueError("a scope names files, an event or a collection")
        return self


class ConsentEvent(Strict):
    """Something that was said: what, by whom, how, when, and for how long it holds."""

    type: Expression
    state: ConsentState
    time_utc: UtcTime
    duration: Duration
    indicated_by: PseudonymousId
    indication_method: NonBlank | None = None
    evidence_sha256: Sha256Hex | None = None


class AdultEvidence(Strict):
    """What shows that a guardian is of age."""

    method: VerificationMethod
    age_at_least_years: Annotated[int, Field(ge=0, le=150)]


class Guardian(Strict):
    """Who decides for a child, and how that was checked (FG-C04)."""

    id: PseudonymousId
    role: GuardianRole
    relationship: NonBlank
    authority_basis: AuthorityBasis
    adult_evidence: AdultEvidence | None = None
    verification_method: VerificationMethod
    verifier: NonBlank
    verified_at: UtcTime
    assurance_level: GuardianLevel
    co_guardians_notified: bool = False

    @property
    def level(self) -> GuardianLevel:
        """The level that counts: the one claimed, or the highest that the evidence named here can reach."""
        reachable = HIGHEST_LEVEL[self.verification_method]
        if reachable is GuardianLevel.G3 and self.authority_basis is not AuthorityBasis.DECLARED:
            reachable = GuardianLevel.G4
        return min(self.assurance_level, reachable)


class ChildInformed(Strict):
    """Whether and how the child was told in plain words."""

    informed: bool
    method: NonBlank | None = None


class WrittenRelease(Strict):
    """A written release (740 ILCS 14/10, 14/15): signed, for a stated length of term."""

    signature_type: Literal["handwritten", "electronic"]
    term: Duration | None = None


# ------------------------------------------------------------------------------------------------- statements


class ConsentRecord(Strict):
    """A consent. Every field without a default is mandatory in ISO/IEC TS 27560 or by a rule of section 8."""

    schema_version: Literal["1.0"] = "1.0"
    record_id: Uuid4
    data_subject: DataSubject
    notice: NoticeRef
    controllers: tuple[Controller, ...] = Field(min_length=1)
    processes: tuple[Process, ...] = Field(min_length=1)
    scope: Scope
    events: tuple[ConsentEvent, ...] = Field(min_length=1)
    requested_by: PseudonymousId
    """Who asked for it; never the guardian who grants it (FG-C05)."""
    guardian: Guardian | None = None
    child_informed: ChildInformed | None = None
    separate_disclosure_consent: bool = False
    written_release: WrittenRelease | None = None
    best_interests_ref: NonBlank | None = None
    reaffirm_by: date | None = None
    prev_record_id: Uuid4 | None = None
    answers: Uuid4 | None = None
    """The request (`ConsentRequest`) that it answers."""
    recorded_at: UtcTime | None = None
    """When it was written down and signed, which may be later than it was said."""

    @model_validator(mode="after")
    def _events_are_in_order_and_by_the_parties(self) -> Self:
        times = [event.time_utc for event in self.events]
        if times != sorted(times):
            raise ValueError("events stand in the order of their times")
        if self.recorded_at is not None and self.recorded_at < times[-1]:
            raise ValueError("nothing is recorded before it is said")
        parties = {self.data_subject.id} | ({self.guardian.id} if self.guardian else set())
        if any(event.indicated_by not in parties for event in self.events):
            raise ValueError("an event is indicated by the data subject or the guardian")
        if self.guardian is not None and self.guardian.id == self.data_subject.id:
            raise ValueError("nobody is their own guardian")
        purposes = [process.purpose for process in self.processes]
        if len(set(purposes)) != len(purposes):
            raise ValueError("each purpose stands once")
        return self

    @property
    def signed_at(self) -> datetime:
        """When the record was signed: when it was written down, else the time of its last event."""
        return self.recorded_at or self.events[-1].time_utc

    def event_at(self, moment: datetime) -> ConsentEvent | None:
        """The last thing said up to `moment`."""
        said = [event for event in self.events if event.time_utc <= moment]
        return said[-1] if said else None

    def process_for(self, purpose: str) -> Process | None:
        return next((process for process in self.processes if process.purpose == purpose), None)


class Revocation(Strict):
    """A consent ends at once (FG-C08): withdrawn by the person, revoked by another, objected to by a co-guardian."""

    record_id: Uuid4
    time_utc: UtcTime
    by: Actor
    reason: RevocationReason
    propagate_to: tuple[NonBlank, ...] = ()

    @property
    def signed_at(self) -> datetime:
        return self.time_utc

    @property
    def state(self) -> ConsentState:
        if self.reason is RevocationReason.CONSENT_EXPIRED:
            return ConsentState.EXPIRED
        return ConsentState.WITHDRAWN if self.by is Actor.SUBJECT else ConsentState.REVOKED


class Cessation(Strict):
    """A person, or somebody for them, asks that use stops (FG-T02). It wins over every consent."""

    request_id: Uuid4
    subject_id: PseudonymousId
    time_utc: UtcTime
    by: Actor

    @property
    def signed_at(self) -> datetime:
        return self.time_utc
