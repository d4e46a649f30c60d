"""Mosaic of few cells, with noise, in few levels: strong, and still not irreversible.

A cell's mean is a linear measurement of the face, and recognisers trained on mosaics read plain ones (McPherson,
Shokri, Shmatikov 2016, arXiv 1609.00408). Fewer cells leave less to read; noise before quantisation (the idea of
differentially private pixelisation, Fan 2018) takes away what averaging could tell.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from faceguard.redaction.planes import Canvas, PlaneRedactor
from faceguard.types import RedactionClass, Region

MAX_CELLS = 8
"""Cells along the longer side of the region; the face itself gets about half of them."""

MIN_CELL_PX = 8
"""Small regions get fewer cells rather than smaller ones."""

NOISE_STD = 0.06
"""Standard deviation of the noise on each cell of a plane, in shares of the full scale."""

LEVELS = 8
"""Values that a channel of a cell can take."""


class MosaicRedactor(PlaneRedactor):
    """Cell means with noise, rounded to few levels.

    The noise comes from a seed that the redactor draws from the system and shows to nobody: known noise could be
    subtracted. A region's noise is the same in every frame of one redactor: fresh noise could be averaged away.
    """

    method: ClassVar[str] = "mosaic"
    redaction_class: ClassVar[RedactionClass] = RedactionClass.STRONG

    def __init__(self, seed: int | None = None) -> None:
        """`seed` is for tests; leave it out otherwise."""
        self._seed = secrets.randbits(128) if seed is None else seed

    def _cover(self, canvas: Canvas, regions: Sequence[Region]) -> None:
        for region in regions:
            spans = canvas.slices(region.box)
            if spans is None:
                continue
            rng = np.random.default_rng((self._seed, region.index % 2**32))
            cell_px = _cell_px(spans[0])
            for plane, span in zip(canvas.planes, spans, strict=True):
                scale = (span[0].stop - span[0].start) / (spans[0][0].stop - spans[0][0].start)
                plane[span] = _cells(plane[span], max(cell_px * scale, 1.0), canvas.max_value, rng)


def _cell_px(span: tuple[slice, slice]) -> float:
    """Side of a cell in luma pixels."""
    longer: int = max(axis.stop - axis.start for axis in span)
    return max(longer / MAX_CELLS, float(MIN_CELL_PX))


def _cells(patch: NDArray[Any], cell_px: float, max_value: int, rng: np.random.Generator) -> NDArray[Any]:
    """`patch`, `(H, W)` or `(H, W, 3)`, as cells of about `cell_px`; same shape and dtype."""
    row_starts, column_starts = (_starts(size, cell_px) for size in patch.shape[:2])
    heights = np.diff(np.append(row_starts, patch.shape[0]))
    widths = np.diff(np.append(column_starts, patch.shape[1]))
    sums = np.add.reduceat(np.add.reduceat(patch, row_starts, axis=0, dtype=np.float64), column_starts, axis=1)
    areas = np.outer(heights, widths).reshape(*sums.shape[:2], *([1] * (patch.ndim - 2)))
    shares = sums / areas / max_value + rng.normal(0.0, NOISE_STD, areas.shape)
    levels = np.clip(np.rint(shares * (LEVELS - 1)), 0, LEVELS - 1) / (LEVELS - 1)
    values: NDArray[Any] = np.rint(levels * max_value).astype(patch.dtype)
    return values.repeat(heights, axis=0).repeat(widths, axis=1)


def _starts(size: int, cell_px: float) -> NDArray[np.intp]:
    """Where each of the equal cells along `size` pixels begins."""
    count = max(1, min(MAX_CELLS, math.ceil(size / cell_px)))
    return (np.arange(count) * size // count).astype(np.intp)
