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
    Controller,
    DataSubject,
    Guardian,
    NoticeRef,
    Process,
    Scope,
    WrittenRelease,
)
from faceguard.policy.consent_terms import ConsentState, Expression, PartyRole
from faceguard.policy.document import LocalText
from faceguard.policy.notice import HandlingNotice, LegalBasis, Purpose, has_words
from faceguard.policy.policy_terms import Locale, NoticeItem
from faceguard.types import Disclosure

_RIGHTS = {
    NoticeItem.ACCESS_PROCEDURE: "access and correction",
    NoticeItem.CESSATION_PROCEDURE: "cessation of use",
    NoticeItem.COMPLAINT: "complaint",
}


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

    @property
    def giver(self) -> str:
        return self.guardian.id if self.guardian is not None else self.subject.id

    @property
    def duration(self) -> timedelta:
        """From the moment it was given to the end of its scope."""
        return self.scope.valid_to - self.given_at


def record_of(grant: Grant, notice: HandlingNotice) -> ConsentRecord:
    """The record, with a new id. Raises ConsentError for what can't be recorded."""
    said = _NoticeWords(notice, grant.language)
    processes = tuple(_process(grant, said, purpose) for purpose in grant.purposes)
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
            notice=NoticeRef(
                id=notice.notice_id, version=notice.version, sha256=notice.sha256, language=grant.language.value
            ),
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
        )
    except ValidationError as error:
        raise ConsentError(f"this can't be recorded as a consent: {error.errors()[0]['msg']}") from None


@dataclass(frozen=True, slots=True)
class _NoticeWords:
    """What a notice says, in one language; in another one if it says it in that alone."""

    notice: HandlingNotice
    language: Locale

    def item(self, item: NoticeItem) -> str | None:
        text = self.notice.items.get(item)
        return None if text is None else self.words(text)

    def words(self, text: LocalText) -> str | None:
        preferred = (self.language, *(locale for locale in Locale if locale is not self.language))
        return next((said for locale in preferred if has_words(said := getattr(text, locale.value))), None)

    def item_or_pointer(self, item: NoticeItem) -> str:
        """The item's words, or where to look for them."""
        return self.item(item) or f"as stated in notice {self.notice.notice_id} {self.notice.version}"

    def controller(self) -> Controller:
        name = self.item(NoticeItem.CONTROLLER_NAME)
        if name is None:
            raise ConsentError(
                f"notice `{self.notice.notice_id}` does not say who handles the pictures; add controller_name to it",
                key=NoticeItem.CONTROLLER_NAME,
            )
        return Controller(
            name=name,
            id=self.notice.notice_id,
            role=PartyRole.CONTROLLER,
            contact=self.item_or_pointer(NoticeItem.CONTACT),
            address=self.item_or_pointer(NoticeItem.CONTROLLER_ADDRESS),
        )

    def purpose(self, purpose_id: str) -> Purpose:
        purpose = self.notice.purpose(purpose_id)
        if purpose is None:
            known = ", ".join(f"`{each.id}`" for each in self.notice.purposes)
            raise ConsentError(
                f"notice `{self.notice.notice_id}` has no purpose `{purpose_id}`; it has {known}", key=purpose_id
            )
        return purpose


def _process(grant: Grant, said: _NoticeWords, purpose_id: str) -> Process:
    purpose = said.purpose(purpose_id)
    if purpose.disclosure is Disclosure.THIRD_PARTY and not grant.release:
        raise ConsentError(
            f"purpose `{purpose_id}` gives pictures to third parties, which is asked for apart; "
            "add --release if it was agreed to",
            key=purpose_id,
        )
    recipients = said.words(purpose.recipients)
    return Process(
        purpose=purpose_id,
        purpose_text=said.words(purpose.text),
        data_types=(said.item(NoticeItem.DATA_ITEMS) or "facial image",),
        storage_location=grant.storage_location or said.item_or_pointer(NoticeItem.SECURITY_MEASURES),
        retention=said.item_or_pointer(NoticeItem.RETENTION),
        recipients=(recipients,) if recipients else (),
        third_party_disclosure=grant.release,
        jurisdiction=grant.jurisdiction,
        legal_basis=LegalBasis.CONSENT.value,
        rights=("withdrawal", *(name for item, name in _RIGHTS.items() if said.item(item))),
        withdrawal_method=said.item_or_pointer(NoticeItem.WITHDRAW_PROCEDURE),
    )
