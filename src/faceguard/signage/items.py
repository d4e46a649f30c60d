"""One item of a notice, in words: texts as the operator wrote them; purposes, functions and places spelt out."""

from __future__ import annotations

from faceguard.errors import NoticeError, NoticeIncomplete
from faceguard.policy.document import LocalText
from faceguard.policy.notice import HandlingNotice, Placement, Purpose, has_words
from faceguard.policy.policy_terms import Locale, NoticeItem, PlacementKind
from faceguard.policy.wording import word
from faceguard.signage.wording import DISCLOSURES, FUNCTIONS, LEGAL_BASES, PLACEMENT_KINDS


def local(text: LocalText, locale: Locale) -> str:
    """`text` in `locale`; empty when it says nothing there."""
    said: str = getattr(text, locale.value).strip()
    return said if has_words(said) else ""


def lines_of(notice: HandlingNotice, item: NoticeItem, locale: Locale) -> tuple[str, ...]:
    """What `notice` says of `item`, one line for each point; empty when it says nothing."""
    if item is NoticeItem.PURPOSES:
        said = [local(purpose.text, locale) for purpose in notice.purposes]
    elif item is NoticeItem.FUNCTIONS:
        said = [word(FUNCTIONS, function, locale) for function in notice.functions]
    elif item is NoticeItem.PLACEMENTS:
        said = [_placement(placement, locale) for placement in notice.placements if placement.is_shown]
    else:
        text = notice.items.get(item)
        said = local(text, locale).splitlines() if text is not None else []
    return tuple(line.strip() for line in said if line.strip())


def purpose_in_full(purpose: Purpose, locale: Locale) -> str:
    """A purpose with where the pictures go, who receives them and the legal basis."""
    japanese = locale is Locale.JA
    details = [word(DISCLOSURES, purpose.disclosure, locale)]
    if recipients := local(purpose.recipients, locale):
        details.append(f"提供先：{recipients}" if japanese else f"recipients: {recipients}")
    if purpose.legal_basis is not None:
        basis = word(LEGAL_BASES, purpose.legal_basis, locale)
        details.append(f"法的根拠：{basis}" if japanese else f"legal basis: {basis}")
    said = local(purpose.text, locale)
    return f"{said}【{'／'.join(details)}】" if japanese else f"{said} ({'; '.join(details)})"


def full_text_url(notice: HandlingNotice) -> str:
    """The address of the second layer: the first placement on the web. Raises NoticeIncomplete (FG-N04)."""
    for placement in notice.placements:
        if placement.kind is PlacementKind.WEB and placement.url:
            return placement.url
    raise NoticeIncomplete(
        f"the notice `{notice.notice_id}` has no `web` placement, and a sign needs the address of the full text "
        "for its QR code; add one under `[[placements]]`",
        missing=("placements.web",),
    )


def require_locales(notice: HandlingNotice, item: NoticeItem, locales: tuple[Locale, ...]) -> None:
    """Raises NoticeError when `item` can't be said in every one of `locales` (FG-N05)."""
    absent = [locale for locale in locales if not lines_of(notice, item, locale)]
    if absent:
        keys = ", ".join(f"`{item.value}.{locale.value}`" for locale in absent)
        raise NoticeError(
            f"the notice `{notice.notice_id}` lacks {keys}; write it, or choose another `--language`", key=item.value
        )


def _placement(placement: Placement, locale: Locale) -> str:
    where = " ".join(part for part in (local(placement.place, locale), placement.url) if part)
    kind = word(PLACEMENT_KINDS, placement.kind, locale)
    if not where:
        return kind
    return f"{kind}： {where}" if locale is Locale.JA else f"{kind}: {where}"
