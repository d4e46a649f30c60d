"""Signs and pages as files: one page, readable, decodable, the same every time, and nothing but text from operators."""

from __future__ import annotations

import ctypes
import sys
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium
import pytest
from PIL import Image

from faceguard.errors import ConfigurationError, NoticeError, NoticeIncomplete
from faceguard.opencv import cv2
from faceguard.policy.cases import shipped_notice
from faceguard.policy.load import PRESETS, load_policy
from faceguard.policy.notice import HandlingNotice
from faceguard.policy.policy_terms import Locale
from faceguard.signage.print_sign import SignSize
from faceguard.signage.render import Format, Layer, Shape, render, require_publishable
from policies import NOW, notice

BOTH, JA, EN = (Locale.JA, Locale.EN), (Locale.JA,), (Locale.EN,)
URL = "https://aozora-market.example/cameras"
MM_PER_POINT = 25.4 / 72
POLICY = load_policy("jp-appi-2026")


def sign(
    format: Format,
    size: SignSize = SignSize.A4,
    *,
    of: HandlingNotice | None = None,
    preset: str = "jp-appi-2026",
    locales: tuple[Locale, ...] = BOTH,
    for_children: bool = False,
) -> bytes:
    shape = Shape(Layer.SIGN, format, locales, size=size, for_children=for_children)
    return render(of or shipped_notice(), load_policy(preset), shape)


def pixels(png: bytes) -> Any:
    return np.asarray(Image.open(BytesIO(png)).convert("RGB"))[:, :, ::-1].copy()


def decoded(picture: Any) -> str:
    return str(cv2.QRCodeDetector().detectAndDecode(picture)[0])


def page_text(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    assert len(document) == 1
    return document[0].get_textpage().get_text_range()


def squeezed(text: str) -> str:
    """Without spaces, line breaks and the marks that lines are broken with."""
    return "".join(text.replace("\ufffe", "").split())


@pytest.mark.parametrize("size", SignSize)
@pytest.mark.parametrize("for_children", [False, True])
def test_a_phone_gets_from_the_sign_to_the_full_text(size: SignSize, for_children: bool) -> None:
    """FG-N04: the QR code of the rendered sign decodes to the second layer's address."""
    assert decoded(pixels(sign(Format.PNG, size, for_children=for_children))) == URL


def test_the_code_of_the_printed_page_decodes_too() -> None:
    """FG-N04."""
    document = pypdfium2.PdfDocument(sign(Format.PDF))
    assert decoded(np.asarray(document[0].render(scale=2).to_pil().convert("RGB"))[:, :, ::-1].copy()) == URL


@pytest.mark.parametrize(("size", "width_mm", "height_mm"), [(SignSize.A4, 210, 297), (SignSize.LABEL, 148, 105)])
def test_the_pdf_is_one_page_of_its_size_with_fonts_embedded(size: SignSize, width_mm: int, height_mm: int) -> None:
    document = pypdfium2.PdfDocument(sign(Format.PDF, size))
    page = document[0]
    assert [round(side * MM_PER_POINT) for side in page.get_size()] == [width_mm, height_mm]
    fonts = [
        pdfium.FPDFTextObj_GetFont(found.raw)
        for found in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_TEXT], max_depth=20)
    ]
    assert len(fonts) > 10
    assert all(pdfium.FPDFFont_GetIsEmbedded(font) == 1 for font in fonts)
    name = ctypes.create_string_buffer(200)
    pdfium.FPDFFont_GetBaseFontName(fonts[0], name, 200)
    assert b"NotoSansCJK" in name.value


@pytest.mark.parametrize("preset", PRESETS)
def test_the_printed_sign_holds_the_first_layer_of_every_preset(preset: str) -> None:
    """FG-N04: read back from the PDF, not from what was meant to be in it."""
    policy = load_policy(preset)
    locales = policy.notice.locales.value
    shown = shipped_notice()
    text = squeezed(page_text(sign(Format.PDF, preset=preset, locales=locales)))
    texts = [shown.items[item] for item in policy.notice.first_layer_items.value if item in shown.items]
    assert len(texts) >= 2
    for said in [*texts, *(purpose.text for purpose in shown.purposes)]:
        for locale in locales:
            assert squeezed(getattr(said, locale)) in text


def test_japanese_letters_are_drawn_and_not_boxes() -> None:
    """Two words of as many letters give pictures that differ: a missing glyph would look the same in both."""
    first, second = (
        sign(Format.PNG, SignSize.LABEL, locales=JA, of=notice(items=_named(name))) for name in ("青木商店", "森田薬局")
    )
    assert (pixels(first) != pixels(second)).any(axis=2).sum() > 300


def _named(name: str) -> dict[str, Any]:
    return {**shipped_notice().content["items"], "controller_name": {"ja": name, "en": name}}


def test_the_same_notice_gives_the_same_bytes() -> None:
    for format in (Format.PDF, Format.PNG, Format.HTML):
        assert sign(format, SignSize.LABEL) == sign(format, SignSize.LABEL)


def test_what_operators_write_is_never_markup() -> None:
    """Neither for the typesetter nor for browsers."""
    nasty = '#panic("x") $ <script>alert(1)</script> *b* \\ @ref'
    changed = notice(items=_named(nasty))
    assert squeezed(nasty) in squeezed(page_text(sign(Format.PDF, of=changed, locales=EN)))
    pages = render(changed, POLICY, Shape(Layer.FULL, Format.HTML, BOTH)).decode()
    for html in (sign(Format.HTML, of=changed).decode(), pages):
        assert "<script" not in html
        assert "&lt;script&gt;" in html


def test_too_much_text_is_refused_and_not_printed_small() -> None:
    """FG-N04: a first layer that can't be read informs nobody."""
    purposes = [{**shipped_notice().content["purposes"][0], "text": {"ja": "長い目的。" * 400, "en": "Long. " * 800}}]
    with pytest.raises(NoticeError, match="too much text"):
        sign(Format.PDF, of=notice(purposes=purposes))


def test_an_address_too_long_for_a_code_is_refused() -> None:
    placements = [
        {"kind": "near_sensor", "place": {"ja": "下", "en": "here"}},
        {"kind": "web", "url": f"https://a.example/{'x' * 3000}"},
    ]
    with pytest.raises(NoticeError, match="QR code"):
        sign(Format.HTML, of=notice(placements=placements))


def test_html_files_load_nothing_and_name_their_languages() -> None:
    """FG-N05."""
    for layer in Layer:
        html = render(shipped_notice(), POLICY, Shape(layer, Format.HTML, BOTH)).decode()
        assert '<html lang="ja">' in html
        assert 'lang="en"' in html
        assert "<script" not in html
        assert "src=" not in html
        assert "@import" not in html
        assert "{{" not in html


@pytest.mark.parametrize(
    ("layer", "format"), [(Layer.SIGN, Format.MARKDOWN), (Layer.FULL, Format.PDF), (Layer.FULL, Format.PNG)]
)
def test_a_layer_has_only_its_formats(layer: Layer, format: Format) -> None:
    with pytest.raises(ConfigurationError, match="has no format"):
        Shape(layer, format, BOTH)


@pytest.mark.parametrize(
    ("module", "format"),
    [("typst", Format.PDF), ("segno", Format.PNG), ("segno", Format.HTML), ("jinja2", Format.HTML)],
)
def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, module: str, format: Format) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ConfigurationError) as caught:
        sign(format)
    assert 'pip install "faceguard-sdk[notice]"' in caught.value.message


def test_a_missing_font_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faceguard.signage.extra.FONT_PACKAGES", ("no_such_font",))
    with pytest.raises(ConfigurationError, match="faceguard-sdk"):
        sign(Format.PDF)


WITHHELD = {"code": "public_authority_task", "reason": "order 12", "approved_by": "legal-3"}


def test_only_a_complete_notice_that_may_be_shown_is_rendered() -> None:
    """FG-N02, FG-N06, FG-N08."""
    require_publishable(shipped_notice(), POLICY, moment=NOW)
    with pytest.raises(NoticeIncomplete, match="retention"):
        require_publishable(notice(items=_without("retention")), POLICY, moment=NOW)
    with pytest.raises(NoticeError, match="expired"):
        require_publishable(shipped_notice(), POLICY, moment=datetime(2036, 1, 1, tzinfo=UTC))
    with pytest.raises(NoticeError, match="exception"):
        require_publishable(notice(exception=WITHHELD), POLICY, moment=NOW)


def _without(item: str) -> dict[str, Any]:
    return {key: text for key, text in shipped_notice().content["items"].items() if key != item}
