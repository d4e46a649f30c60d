"""Badges as cards to print, cut out and wear: four on an A4 page, as PDF or as PNG pages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final, Literal

from faceguard.errors import FaceguardError
from faceguard.policy.badge import Badge, BadgeKind, BadgeList, token_of
from faceguard.policy.policy_terms import Locale
from faceguard.signage.badge_code import marker_svg, token_svg
from faceguard.signage.extra import font_folders, notice_extra
from faceguard.signage.print_sign import PDF_STANDARD, PNG_PIXELS_PER_INCH, TEMPLATES
from faceguard.signing import SigningKey

CARDS_A_PAGE: Final = 4

_WORDS: Final = {
    Locale.EN: {
        "title": "Photo badge",
        "wear": "Wear it on the chest, in front, over the coat.",
        "what": "Cameras here read this code to know whose wishes to keep. It holds no name.",
        "valid": "Valid",
        "lost": "Lost it? Tell the staff at once: number",
        "for": "For",
        "cut": "Cut off before wearing",
        "alt": "Code of the badge",
    },
    Locale.JA: {
        "title": "写真バッジ",
        "wear": "胸の前、上着の上につけてください。",
        "what": "カメラはこのコードを読み、ご本人の希望に沿って写真を扱います。名前は入っていません。",
        "valid": "有効期間",
        "lost": "なくしたときは、すぐ係の人に番号を伝えてください：",
        "for": "対象",
        "cut": "つける前に切り取る",
        "alt": "バッジのコード",
    },
}


@dataclass(frozen=True, slots=True)
class CardForm:
    """How cards are set: the first of the languages leads; times are told in `zone`, None for the local one."""

    locales: tuple[Locale, ...]
    zone: tzinfo | None = None


def badge_sheet(
    badges: BadgeList,
    chosen: Sequence[Badge],
    form: CardForm,
    key: SigningKey,
    *,
    format: Literal["pdf", "png"],
    moment: datetime,
) -> list[bytes]:
    """The cards of `chosen`: one PDF/UA-1, or a PNG for each page at 200 pixels per inch. QR badges are signed anew by
    `key`, which must be one that the cameras trust."""
    with notice_extra():
        import typst
    words = [_WORDS[locale] for locale in form.locales]
    cards = [_card(badge, badges.event, form, key) for badge in chosen]
    inputs = {
        "cards": json.dumps(cards, ensure_ascii=False),
        "words": json.dumps(words, ensure_ascii=False),
        "locales": json.dumps([locale.value for locale in form.locales]),
        "event": badges.event,
    }
    try:
        made = typst.compile(
            TEMPLATES / "badges.typ",
            font_paths=font_folders(),
            ignore_system_fonts=True,
            sys_inputs=inputs,
            format=format,
            ppi=float(PNG_PIXELS_PER_INCH),
            pdf_standards=PDF_STANDARD if format == "pdf" else None,
            timestamp=moment if format == "pdf" else None,
        )
    except typst.TypstError as error:
        raise FaceguardError(f"the badges can't be set: {str(error).splitlines()[0]}; report it") from error
    return [made] if isinstance(made, bytes) else [page for page in made if page is not None]


def _card(badge: Badge, event: str, form: CardForm, key: SigningKey) -> dict[str, str]:
    is_qr = badge.kind is BadgeKind.QR
    start, end = badge.valid_from.astimezone(form.zone), badge.valid_to.astimezone(form.zone)
    last = f"{end:%H:%M}" if end.date() == start.date() else f"{end:%Y-%m-%d %H:%M}"
    return {
        "code": token_svg(token_of(badge, event, key)) if is_qr else marker_svg(badge.marker or 0),
        "number": badge.badge_id[:6],
        "subject": badge.subject,
        "valid": f"{start:%Y-%m-%d %H:%M} – {last}",
    }
