"""What of a register has lapsed, and what lapses soon: for the person who keeps it. Pure: no clock, no file.

A consent that has lapsed shows nobody, marked or not; the mark tells whoever reads the register later that it was
seen, and when.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from faceguard.policy.consent import ConsentRecord, Revocation
from faceguard.policy.consent_terms import STATES_GIVEN, Actor, RevocationReason
from faceguard.policy.document import Policy
from faceguard.policy.register import ConsentRegister
from faceguard.policy.validity import begins_at, ends_at, giver_of
from faceguard.types import ConsentGiver


class Lapse(StrEnum):
    """Why it ends."""

    PERIOD_OVER = "period_over"
    REAFFIRM_BY = "reaffirm_by"
    OLD_ENOUGH = "old_enough"
    """The child may decide alone from then on, so a guardian's word ends (FG-C09)."""
    NOT_ANSWERED = "not_answered"


@dataclass(frozen=True, slots=True)
class Lapsing:
    """One consent or request, and when it ends."""

    record_id: str
    subject_id: str
    because: Lapse
    at: datetime


def lapsing(register: ConsentRegister, policy: Policy, *, until: datetime) -> tuple[Lapsing, ...]:
    """All that ends by `until` and isn't revoked, answered or marked already; the earliest first."""
    found = [
        Lapsing(consent.record_id, consent.subject_id, because, at)
        for consent in register.consents
        if consent.record is not None and consent.record_id not in register.revocations
        for at, because in _end_of(consent.record, policy)
    ]
    answered = {consent.record.answers for consent in register.consents if consent.record is not None}
    found += [
        Lapsing(request.request_id, request.subject_id, Lapse.NOT_ANSWERED, request.answer_by)
        for request in register.requests
        if request.request_id not in answered and request.request_id not in register.revocations
    ]
    return tuple(sorted((lapse for lapse in found if lapse.at <= until), key=lambda lapse: lapse.at))


def mark_of(lapse: Lapsing, moment: datetime) -> Revocation:
    """The statement that marks it."""
    return Revocation(
        record_id=lapse.record_id, time_utc=moment, by=Actor.CONTROLLER, reason=RevocationReason.CONSENT_EXPIRED
    )


def _end_of(record: ConsentRecord, policy: Policy) -> Iterator[tuple[datetime, Lapse]]:
    """When a given consent ends by itself, and why: the earliest of all its ends."""
    event = record.events[-1]
    if event.state not in STATES_GIVEN:
        return
    ends = [(ends_at(record, event), Lapse.PERIOD_OVER)]
    if record.reaffirm_by is not None:
        ends.append((begins_at(record.reaffirm_by), Lapse.REAFFIRM_BY))
    if giver_of(record, event.time_utc) is ConsentGiver.GUARDIAN:
        subject = record.data_subject
        birthday = subject.earliest_birthday(policy.age.guardian_consent_age_years.value)
        ends += [(begins_at(day), Lapse.OLD_ENOUGH) for day in (birthday, subject.threshold_date) if day is not None]
    yield min(ends)
