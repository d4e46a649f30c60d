"""A notice into the bytes of one file: which layer, in what shape, for whom, in which languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from faceguard.errors import ConfigurationError, NoticeError, NoticeIncomplete
from faceguard.policy.document import Policy
from faceguard.policy.gate import check_notice
from faceguard.policy.notice import HandlingNotice
from faceguard.policy.policy_terms import Locale
from faceguard.signage.markdown import page_markdown
from faceguard.signage.page import compose_child_page, compose_page
from faceguard.signage.print_sign import SignSize, sign_pdf, sign_png
from faceguard.signage.sign import Sign, compose_child_sign, compose_sign
from faceguard.signage.web import page_html, sign_html


class Layer(StrEnum):
    """The short sign, or the full text that its QR code leads to."""

    SIGN = "sign"
    FULL = "full"


class Format(StrEnum):
    PDF = "pdf"
    PNG = "png"
    HTML = "html"
    MARKDOWN = "md"


FORMATS: Final[Mapping[Layer, tuple[Format, ...]]] = MappingProxyType(
    {Layer.SIGN: (Format.PDF, Format.PNG, Format.HTML), Layer.FULL: (Format.HTML, Format.MARKDOWN)}
)


@dataclass(frozen=True, slots=True)
class Shape:
    """One rendering of a notice."""

    layer: Layer
    format: Format
    locales: tuple[Locale, ...]
    size: SignSize = SignSize.A4
    """Of a sign; the full text has none."""
    for_children: bool = False

    def __post_init__(self) -> None:
        if not self.locales:
            raise ValueError("a rendering needs a language")
        if self.format not in FORMATS[self.layer]:
            known = ", ".join(f"`{known}`" for known in FORMATS[self.layer])
            raise ConfigurationError(
                f"the layer `{self.layer}` has no format `{self.format}`; it has {known}", key="format"
            )

    def file_name(self, notice: HandlingNotice) -> str:
        """`shop-cameras-1.0-sign-a4-ja-en.pdf`."""
        parts = [notice.notice_id, notice.version, self.layer.value]
        parts += [self.size.value] if self.layer is Layer.SIGN else []
        parts += ["children"] if self.for_children else []
        return f"{'-'.join([*parts, *(locale.value for locale in self.locales)])}.{self.format.value}"


def require_publishable(notice: HandlingNotice, policy: Policy, *, moment: datetime) -> None:
    """Raises NoticeError unless `notice` says all that `policy` asks for, is not withheld and has not expired.

    One that comes into force later may be rendered: signs are printed before the day.
    """
    if notice.exception is not None:
        raise NoticeError(
            f"the notice `{notice.notice_id}` claims an exception from being shown; remove `[exception]` to render it",
            key="exception",
        )
    if notice.effective_to is not None and moment >= notice.effective_to:
        raise NoticeError(
            f"the notice `{notice.notice_id}` {notice.version} expired at {notice.effective_to.isoformat()}; "
            "write a new version",
            key="effective_to",
        )
    if missing := check_notice(notice, policy):
        raise NoticeIncomplete(
            f"the notice `{notice.notice_id}` lacks {', '.join(f'`{key}`' for key in missing)}, "
            f"which `{policy.policy_id}` requires; add them before it is shown",
            missing=missing,
        )


def render(notice: HandlingNotice, policy: Policy, shape: Shape) -> bytes:
    """`notice` in this `shape`. The same notice, policy and shape give the same bytes. Raises NoticeError."""
    if shape.layer is Layer.SIGN:
        return _render_sign(notice, policy, shape)
    compose = compose_child_page if shape.for_children else compose_page
    pages = tuple(compose(notice, locale) for locale in shape.locales)
    text = page_markdown(pages) if shape.format is Format.MARKDOWN else page_html(pages)
    return text.encode("utf-8")


def _render_sign(notice: HandlingNotice, policy: Policy, shape: Shape) -> bytes:
    sign: Sign = (
        compose_child_sign(notice, shape.locales) if shape.for_children else compose_sign(notice, policy, shape.locales)
    )
    if shape.format is Format.PDF:
        return sign_pdf(sign, shape.size, moment=notice.effective_from)
    if shape.format is Format.PNG:
        return sign_png(sign, shape.size)
    return sign_html(sign, shape.size).encode("utf-8")
