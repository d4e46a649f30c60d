"""What a consent takes from the notice that was shown: who handles the pictures, for what, how long, what rights."""

from __future__ import annotations

from dataclasses import dataclass

from faceguard.errors import ConsentError
from faceguard.policy.consent import Controller, NoticeRef, Process
from faceguard.policy.consent_terms import PartyRole
from faceguard.policy.document import LocalText
from faceguard.policy.notice import HandlingNotice, LegalBasis, Purpose, has_words
from faceguard.policy.policy_terms import Locale, NoticeItem
from faceguard.types import Disclosure

_RIGHTS = {
    NoticeItem.ACCESS_PROCEDURE: "access and correction",
    NoticeItem.CESSATION_PROCEDURE: "cessation of use",
    NoticeItem.COMPLAINT: "complaint",
}


@dataclass(frozen=True, slots=True)
class NoticeWords:
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

    @property
    def ref(self) -> NoticeRef:
        notice = self.notice
        return NoticeRef(
            id=notice.notice_id, version=notice.version, sha256=notice.sha256, language=self.language.value
        )

    @property
    def child_words(self) -> str | None:
        """What the notice tells a child."""
        return self.words(self.notice.child_text)

    def process(self, purpose_id: str, *, release: bool, jurisdiction: str, storage_location: str | None) -> Process:
        """What may be done for one purpose. Raises ConsentError for one that needs `release`, which is asked apart."""
        purpose = self.purpose(purpose_id)
        if purpose.disclosure is Disclosure.THIRD_PARTY and not release:
            raise ConsentError(
                f"purpose `{purpose_id}` gives pictures to third parties, which is asked for apart; "
                "add --release if it was agreed to",
                key=purpose_id,
            )
        recipients = self.words(purpose.recipients)
        return Process(
            purpose=purpose_id,
            purpose_text=self.words(purpose.text),
            data_types=(self.item(NoticeItem.DATA_ITEMS) or "facial image",),
            storage_location=storage_location or self.item_or_pointer(NoticeItem.SECURITY_MEASURES),
            retention=self.item_or_pointer(NoticeItem.RETENTION),
            recipients=(recipients,) if recipients else (),
            third_party_disclosure=release,
            jurisdiction=jurisdiction,
            legal_basis=LegalBasis.CONSENT.value,
            rights=("withdrawal", *(name for item, name in _RIGHTS.items() if self.item(item))),
            withdrawal_method=self.item_or_pointer(NoticeItem.WITHDRAW_PROCEDURE),
        )
