"""Opaque fill with one constant colour: the default. Nothing of the face is left, so nothing can be got back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from numpy.typing import NDArray

from faceguard.redaction.planes import Canvas, PlaneRedactor
from faceguard.types import Box, PixelFormat, RedactionClass, Region

GREY_LEVEL = 56
"""Dark grey of the fill, 0..255 in full range: dark beside skin of any tone, and apart from black letterbox bars."""

GREY_LUMA = 64
"""The same grey in limited range: 16 + 56 * 219 / 255 (ITU-R BT.709-6, section 3); in full range a grey as well."""


def fill_levels(format: PixelFormat, bit_depth: int) -> tuple[int, ...]:
    """The fill's value in each plane of `format`. Chroma in the middle is grey in every matrix and range."""
    if format is PixelFormat.BGR:
        return (GREY_LEVEL * ((1 << bit_depth) - 1) // 255,)
    return GREY_LUMA << (bit_depth - 8), 1 << (bit_depth - 1), 1 << (bit_depth - 1)


class SolidRedactor(PlaneRedactor):
    """Every region becomes the same dark grey, whatever was there."""

    method: ClassVar[str] = "solid"
    redaction_class: ClassVar[RedactionClass] = RedactionClass.IRREVERSIBLE

    def _cover(self, canvas: Canvas, regions: Sequence[Region]) -> None:
        _fill(canvas, [region.box for region in regions])


def fill_planes(planes: Sequence[NDArray[Any]], format: PixelFormat, boxes: Sequence[Box], bit_depth: int) -> None:
    """Fills `boxes` in `planes`, in place, in time that depends on the boxes only. For planes that the caller owns.

    `planes` as `Frame.planes` says for `format`; boxes in luma pixels, rounded outwards to whole chroma samples.
    """
    _fill(Canvas(tuple(planes), format, bit_depth), boxes)


def _fill(canvas: Canvas, boxes: Sequence[Box]) -> None:
    levels = fill_levels(canvas.format, canvas.bit_depth)
    for box in boxes:
        spans = canvas.slices(box)
        if spans is not None:
            for plane, level, span in zip(canvas.planes, levels, spans, strict=True):
                plane[span] = level
