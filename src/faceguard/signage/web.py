"""Signs and pages in HTML: one file each, with nothing to load from anywhere. All words are escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from faceguard.policy.policy_terms import Locale
from faceguard.signage.extra import notice_extra
from faceguard.signage.page import Page
from faceguard.signage.print_sign import TEMPLATES, SignSize, pictogram_svg
from faceguard.signage.qr import qr_svg
from faceguard.signage.sign import Sign

if TYPE_CHECKING:
    from jinja2 import Environment

LANGUAGES: Final = {Locale.JA: "日本語", Locale.EN: "English"}
_PAGE_SIZES: Final = {SignSize.A4: "A4 portrait", SignSize.LABEL: "A6 landscape"}


def sign_html(sign: Sign, size: SignSize) -> str:
    """The sign as a web page, for screens at an entrance; the PDF is what to print."""
    environment = _environment()
    from markupsafe import Markup

    return environment.get_template("sign.html.j2").render(
        sign=sign,
        small=size is SignSize.LABEL,
        page_size=_PAGE_SIZES[size],
        qr=Markup(qr_svg(sign.url)),  # noqa: S704  made by segno, which escapes
        style=Markup(_style()),  # noqa: S704  our own file
        pictogram=Markup(pictogram_svg()),  # noqa: S704  our own file
    )


def page_html(pages: tuple[Page, ...]) -> str:
    """The full text, one article for each language."""
    environment = _environment()
    from markupsafe import Markup

    return environment.get_template("page.html.j2").render(
        pages=pages,
        languages=LANGUAGES,
        style=Markup(_style()),  # noqa: S704  our own file
        pictogram=Markup(pictogram_svg()),  # noqa: S704  our own file
    )


def _style() -> str:
    return (TEMPLATES / "style.css").read_text(encoding="utf-8")


def _environment() -> Environment:
    with notice_extra():
        from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True
    )
