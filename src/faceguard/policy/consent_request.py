"""A request for consent: what somebody is asked, before anything is allowed (`dpv:ConsentRequested`).

It stands in the register so that an answer can be held against the question. Nothing that decides about a face reads
it: a request is a kind of statement of its own and can never be taken for a consent.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import Field, ValidationError

from faceguard.errors import ConsentError
from faceguard.policy.consent import Controller, NoticeRef, Process, PseudonymousId, Scope, UtcTime, Uuid4
from faceguard.policy.consent_words import NoticeWords
from faceguard.policy.document import NonBlank, Strict
from faceguard.policy.notice import HandlingNotice
from faceguard.policy.policy_terms import Locale


class ConsentRequest(Strict):
    """Who asks whom for what. The answer may say less, never more."""

    schema_version: Literal["1.0"] = "1.0"
    request_id: Uuid4
    subject_id: PseudonymousId
    asked_of: PseudonymousId
    """Whose answer is asked for: a guardian, or the person."""
    requested_by: PseudonymousId
    time_utc: UtcTime
    answer_by: UtcTime
    """After that an answer no longer counts as one to this request."""
    notice: NoticeRef
    controllers: tuple[Controller, ...] = Field(min_length=1)
    processes: tuple[Process, ...] = Field(min_length=1)
    scope: Scope
    child_words: NonBlank | None = None
    """What the notice tells a child."""

    @property
    def signed_at(self) -> datetime:
        return self.time_utc

    @property
    def purposes(self) -> tuple[str, ...]:
        return tuple(process.purpose for process in self.processes)

    @property
    def release(self) -> bool:
        """Whether pictures may go to third parties, if that is agreed to."""
        return any(process.third_party_disclosure for process in self.processes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is to be asked."""

    subject_id: str
    asked_of: str
    requested_by: str
    purposes: tuple[str, ...]
    scope: Scope
    release: bool
    jurisdiction: str
    language: Locale
    asked_at: datetime
    answer_by: datetime


def request_of(question: Question, notice: HandlingNotice) -> ConsentRequest:
    """The request, with a new id. Raises ConsentError for what can't be asked."""
    if question.requested_by == question.asked_of:
        raise ConsentError("nobody asks themselves: --requested-by is not the guardian (FG-C05)", key="requested_by")
    if question.answer_by <= question.asked_at:
        raise ConsentError("the answer is due after it is asked for", key="answer_by")
    words = NoticeWords(notice, question.language)
    processes = tuple(
        words.process(purpose, release=question.release, jurisdiction=question.jurisdiction, storage_location=None)
        for purpose in question.purposes
    )
    try:
        return ConsentRequest(
            request_id=str(uuid.uuid4()),
            subject_id=question.subject_id,
            asked_of=question.asked_of,
            requested_by=question.requested_by,
            time_utc=question.asked_at,
            answer_by=question.answer_by,
            notice=words.ref,
            controllers=(words.controller(),),
            processes=processes,
            scope=question.scope,
            child_words=words.child_words,
        )
    except ValidationError as error:
        raise ConsentError(f"this can't be asked: {error.errors()[0]['msg']}") from None
