"""A sign as a printed page: PDF with embedded fonts, or PNG. typst sets it; the same notice gives the same bytes."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Literal

from faceguard.errors import FaceguardError, NoticeError
from faceguard.policy.policy_terms import Locale
from faceguard.signage.extra import font_folders, notice_extra
from faceguard.signage.qr import qr_svg
from faceguard.signage.sign import Sign

TEMPLATES: Final = Path(__file__).parent / "templates"
PNG_PIXELS_PER_INCH = 200
"""A4 is then 1654 x 2339 pixels: sharp in print and on a screen."""

PDF_STANDARD: Final = "ua-1"
"""PDF/UA-1 (ISO 14289-1): a screen reader can read it; fonts are embedded."""

_PICTOGRAM_ALT: Final = {
    Locale.EN: "A camera, and a person whose eyes are covered",
    Locale.JA: "カメラと、目元を覆われた人の絵",
}
_TOO_MUCH_TEXT = "too-much-text"


class SignSize(StrEnum):
    """A4 portrait for an entrance; A6 landscape (148 x 105 mm) for beside a camera."""

    A4 = "a4"
    LABEL = "label"


def sign_pdf(sign: Sign, size: SignSize, *, moment: datetime) -> bytes:
    """One page of PDF/UA-1. `moment` is written into it as the time of creation. Raises NoticeError."""
    return _typeset(sign, size, "pdf", moment=moment)


def sign_png(sign: Sign, size: SignSize) -> bytes:
    """One page as PNG at 200 pixels per inch. Raises NoticeError."""
    return _typeset(sign, size, "png")


def pictogram_svg() -> str:
    """White on whatever is behind it: a camera, and a covered face."""
    return (TEMPLATES / "pictogram.svg").read_text(encoding="utf-8")


def _typeset(sign: Sign, size: SignSize, format: Literal["pdf", "png"], *, moment: datetime | None = None) -> bytes:
    with notice_extra():
        import typst
    inputs = {
        "sign": json.dumps(_words(sign), ensure_ascii=False),
        "size": size.value,
        "pictogram": pictogram_svg(),
        "qr": qr_svg(sign.url),
    }
    try:
        made = typst.compile(
            TEMPLATES / "sign.typ",
            font_paths=font_folders(),
            ignore_system_fonts=True,
            sys_inputs=inputs,
            format=format,
            ppi=float(PNG_PIXELS_PER_INCH),
            pdf_standards=PDF_STANDARD if format == "pdf" else None,
            timestamp=moment,
        )
    except typst.TypstError as error:
        raise _in_words(error, size) from error
    if not isinstance(made, bytes):
        raise _too_much_text(size)
    return made


def _words(sign: Sign) -> dict[str, Any]:
    operator = next((row.text[0] for row in sign.rows if row.item == "controller_name"), "")
    return {**asdict(sign), "operator": operator, "pictogram_alt": _PICTOGRAM_ALT[sign.locales[0]]}


def _in_words(error: Exception, size: SignSize) -> FaceguardError:
    if _TOO_MUCH_TEXT in str(error):
        return _too_much_text(size)
    return FaceguardError(f"the sign can't be set: {str(error).splitlines()[0]}; report it")


def _too_much_text(size: SignSize) -> NoticeError:
    remedy = "print it as a4, or in one language" if size is SignSize.LABEL else "print it in one language"
    return NoticeError(
        f"too much text for a readable sign of size `{size}`; shorten purposes and items, or {remedy}",
        key="size",
    )
