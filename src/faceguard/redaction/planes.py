"""What a region is in each plane of a frame, and the one way to make a frame that may be written to.

A region is rounded outwards to whole chroma samples, in luma too. So a chroma sample that any covered pixel touches is
covered, and no covered pixel's colour stays in a sample that is also shown.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from faceguard.geometry import pixel_slice
from faceguard.types import Box, Frame, PixelFormat, RedactionClass, Region

_CHROMA_STEP = {
    PixelFormat.BGR: (1, 1),
    PixelFormat.YUV420: (2, 2),
    PixelFormat.YUV422: (2, 1),
    PixelFormat.YUV444: (1, 1),
}
"""How many pixels, across and down, one chroma sample stands for."""

_YUV_BITS_IN_UINT16 = 10


@dataclass(frozen=True, slots=True)
class Canvas:
    """Planes that may be written to. `bit_depth` is the number of bits in use: 8, 10 or 16."""

    planes: tuple[NDArray[Any], ...]
    format: PixelFormat
    bit_depth: int
    alpha: NDArray[Any] | None = None

    def __post_init__(self) -> None:
        for plane in (*self.planes, *((self.alpha,) if self.alpha is not None else ())):
            if plane.dtype not in (np.uint8, np.uint16):
                raise TypeError(f"planes are uint8 or uint16, got {plane.dtype}")
        if not 8 <= self.bit_depth <= 8 * self.planes[0].dtype.itemsize:
            raise ValueError(f"{self.bit_depth} bits don't fit into {self.planes[0].dtype}")

    @property
    def height(self) -> int:
        return int(self.planes[0].shape[0])

    @property
    def width(self) -> int:
        return int(self.planes[0].shape[1])

    @property
    def max_value(self) -> int:
        return (1 << self.bit_depth) - 1

    def slices(self, box: Box) -> tuple[tuple[slice, slice], ...] | None:
        """`(rows, columns)` of `box` in each plane, whole chroma samples; None when it touches no pixel."""
        inside = pixel_slice(box, self.width, self.height)
        if inside is None:
            return None
        step_x, step_y = _CHROMA_STEP[self.format]
        rows, columns = _coarse(inside[0], step_y), _coarse(inside[1], step_x)
        luma = _fine(rows, step_y, self.height), _fine(columns, step_x, self.width)
        return (luma, *((rows, columns) for _ in self.planes[1:]))


def _coarse(fine: slice, step: int) -> slice:
    """The chroma samples, of `step` pixels each, that `fine` touches."""
    return slice(fine.start // step, math.ceil(fine.stop / step))


def _fine(coarse: slice, step: int, size: int) -> slice:
    """The pixels, of `size` in all, that the chroma samples `coarse` stand for."""
    return slice(coarse.start * step, min(coarse.stop * step, size))


def bit_depth_of(frame: Frame) -> int:
    """Bits in use in the planes of `frame`: 8 in uint8; in uint16 all 16 of a picture, or 10 of a video."""
    if frame.planes[0].dtype == np.uint8:
        return 8
    return 16 if frame.format is PixelFormat.BGR else _YUV_BITS_IN_UINT16


def canvas_of(frame: Frame) -> Canvas:
    """A canvas on copies of the planes of `frame`."""
    planes = tuple(np.array(plane, order="C", copy=True) for plane in frame.planes)
    alpha = None if frame.alpha is None else np.array(frame.alpha, order="C", copy=True)
    return Canvas(planes, frame.format, bit_depth_of(frame), alpha)


class PlaneRedactor(ABC):
    """A redaction method. Subclasses say how to cover regions of a canvas; the rest is the same for all."""

    method: ClassVar[str]
    redaction_class: ClassVar[RedactionClass]

    def redact(self, frame: Frame, regions: Sequence[Region]) -> Frame:
        """A new frame with every pixel of every region covered, and opaque; the input is not written to."""
        canvas = canvas_of(frame)
        self.redact_into(canvas, regions)
        for plane in (*canvas.planes, *((canvas.alpha,) if canvas.alpha is not None else ())):
            plane.setflags(write=False)
        return replace(frame, planes=canvas.planes, alpha=canvas.alpha)

    def redact_into(self, canvas: Canvas, regions: Sequence[Region]) -> None:
        """Covers `regions` in planes that the caller owns. Costs what the regions cost, whatever the frame's size."""
        self._cover(canvas, regions)
        if canvas.alpha is not None:
            for region in regions:
                spans = canvas.slices(region.box)
                if spans is not None:
                    canvas.alpha[spans[0]] = canvas.max_value

    @abstractmethod
    def _cover(self, canvas: Canvas, regions: Sequence[Region]) -> None:
        """Writes over every sample of `canvas.slices(region.box)` for each region."""
