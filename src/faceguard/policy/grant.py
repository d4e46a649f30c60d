"""A consent record from what was said and the notice that it was said about.

The notice knows who handles the pictures, for how long, and what people may ask for; the rest is the person's or the
guardian's own word. Whoever fills in a record says only that.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import ValidationError

from faceguard.errors import ConsentError
from faceguard.policy.consent import (
    ChildInformed,
    ConsentEvent,
    ConsentRecord,
    DataSubject,
    Guardian,
    Scope,
    WrittenRelease,
)
from faceguard.policy.consent_terms import ConsentState, Expression
from faceguard.policy.consent_words import NoticeWords
from faceguard.policy.notice import HandlingNotice
from faceguard.policy.policy_terms import Locale


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What was said. `release` is the word, asked for apart, that pictures may go to third parties."""

    subject: DataSubject
    purposes: tuple[str, ...]
    scope: Scope
    given_at: datetime
    method: str
    requested_by: str
    jurisdiction: str
    language: Locale
    release: bool = False
    guardian: Guardian | None = None
    written_release: WrittenRelease | None = None
    child_informed: ChildInformed | None = None
    best_interests_ref: str | None = None
    storage_location: str | None = None
    answers: str | None = None
    recorded_at: datetime | None = None

    @property
    def giver(self) -> str:
        return self.guardian.id if self.guardian is not None else self.subject.id

    @property
    def duration(self) -> timedelta:
        """From the moment it was given to the end of its scope."""
        return self.scope.valid_to - self.given_at


def record_of(grant: Grant, notice: HandlingNotice) -> ConsentRecord:
    """The record, with a new id. Raises ConsentError for what can't be recorded."""
    said = NoticeWords(notice, grant.language)
    processes = tuple(
        said.process(
            purpose,
            release=grant.release,
            jurisdiction=grant.jurisdiction,
            storage_location=grant.storage_location,
        )
        for purpose in grant.purposes
    )
    try:
        event = ConsentEvent(
            type=Expression.EXPLICIT,
            state=ConsentState.GIVEN,
            time_utc=grant.given_at,
            duration=grant.duration,
            indicated_by=grant.giver,
            indication_method=grant.method,
        )
        return ConsentRecord(
            record_id=str(uuid.uuid4()),
            data_subject=grant.subject,
            notice=said.ref,
            controllers=(said.controller(),),
            processes=processes,
            scope=grant.scope,
            events=(event,),
            requested_by=grant.requested_by,
            guardian=grant.guardian,
            child_informed=grant.child_informed,
            separate_disclosure_consent=grant.release,
            written_release=grant.written_release,
            best_interests_ref=grant.best_interests_ref,
            answers=grant.answers,
            recorded_at=grant.recorded_at,
        )
    except ValidationError as error:
        raise ConsentError(f"this can't be recorded as a consent: {error.errors()[0]['msg']}") from None
