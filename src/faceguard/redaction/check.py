"""Proof that a picture which was written and read back is covered where it had to be.

The check doesn't take the redactor's word. What an irreversible method gives must not depend on the covered pixels, so
the picture it is compared with is made anew from an input whose regions have been wiped first. Other methods are
compared with what they give for the input, and must have taken its detail away.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceguard.errors import RedactionError
from faceguard.redaction.planes import Canvas, PlaneRedactor, bit_depth_of, canvas_of
from faceguard.types import Frame, RedactionClass, Redactor, Region

SMOOTH_TOLERANCE = 0.06
COARSE_TOLERANCE = 0.12
"""Largest mean difference over a block that a lossy codec may make, in shares of the full scale: for irreversible
fills, which are smooth, and for the rest, whose cells have hard edges.

Measured on press photos in JPEG, WebP and AVIF at quality 30, 75 and 95: fills stay below 0.047, mosaics below 0.081.
"""

BLOCK_PX = 8
EDGE_PX = 8
"""Samples next to the border of a region that a transform block may share with the outside."""

DETAILED_SHARE = 0.9
"""Detail is looked for at the tenth of the places where the input had most of it."""

DETAIL_LEFT = 0.5
"""Share of the detail that a method which isn't irreversible may leave."""

FLAT = 0.02
"""Detail below this, in shares of the full scale, is none: a coder's noise."""

BAND_ROWS = 32 * BLOCK_PX
"""Rows that are compared at a time, whole blocks."""

DETAIL_SAMPLES = 4_000_000
"""As many places tell where a face has its detail."""

Part = slice | tuple[slice, ...]
Floats = NDArray[np.floating[Any]]


def check_covered(
    before: Frame, after: Frame, regions: Sequence[Region], redactor: Redactor, *, tolerance: float | None = None
) -> None:
    """Raises RedactionError unless `after` is `before` with every one of `regions` covered by `redactor`.

    `before` is the frame that was redacted; `after` the one that was read back from what was written, in the same
    format and size. `tolerance` defaults to what lossy codecs need; 0.0 asks for the very samples. A region that looked
    like the fill before is no reason for alarm.
    """
    _check_same_kind(before, after)
    independent = redactor.redaction_class is RedactionClass.IRREVERSIBLE
    if tolerance is None:
        tolerance = SMOOTH_TOLERANCE if independent else COARSE_TOLERANCE
    expected = _redacted_blindly(before, regions, redactor) if independent else _view(redactor.redact(before, regions))
    views = (_view(before), _view(after), expected)
    for region in regions:
        spans = views[0].slices(region.box)
        if spans is None:
            continue
        for number, span in enumerate(spans):
            old, new, due = (Patch(view.planes[number][span], view.max_value) for view in views)
            _check_patch(old, new, due, region, tolerance)
            if not independent and number == 0:
                _check_detail(old, new, region)
        _check_opaque(views[1], spans[0], region, tolerance)


def _check_same_kind(before: Frame, after: Frame) -> None:
    size, found = (before.width, before.height), (after.width, after.height)
    if size != found or before.format is not after.format:
        raise RedactionError(
            f"the picture read back is {found[0]}x{found[1]} {after.format} instead of {size[0]}x{size[1]} "
            f"{before.format}, so its regions can't be checked; nothing was released",
            expected=size,
            actual=found,
        )


def _view(frame: Frame) -> Canvas:
    """The frame's own planes, for reading."""
    return Canvas(frame.planes, frame.format, bit_depth_of(frame), frame.alpha)


def _redacted_blindly(frame: Frame, regions: Sequence[Region], redactor: Redactor) -> Canvas:
    """`frame` redacted by a redactor that sees zeros for every sample of every region."""
    canvas = canvas_of(frame)
    for region in regions:
        for plane, span in zip(canvas.planes, canvas.slices(region.box) or (), strict=False):
            plane[span] = 0
    if isinstance(redactor, PlaneRedactor):  # spares a copy of a large photo
        redactor.redact_into(canvas, regions)
        return canvas
    wiped = Frame(canvas.planes, frame.format, frame.index, frame.pts_s, canvas.alpha)
    return _view(redactor.redact(wiped, regions))


@dataclass(frozen=True, slots=True)
class Patch:
    """A region's samples in one plane, `(H, W)` or `(H, W, 3)`, as they are stored; a view, since it may be large."""

    samples: NDArray[Any]
    max_value: int

    def unit(self, part: Part) -> Floats:
        """A part of it in 0..1, `(H, W, channels)`."""
        return np.atleast_3d(self.samples[part]).astype(np.float32) / self.max_value

    def distance(self, other: Patch, part: Part) -> Floats:
        """How far the samples of `part` are from those of `other`, in 0..1."""
        return np.abs(self.unit(part) - other.unit(part))


def _check_patch(old: Patch, new: Patch, due: Patch, region: Region, tolerance: float) -> None:
    """Every block of the inside as it is due; no line of the border more like the old picture than like that."""
    worst = max(float(_block_means(new.distance(due, band)).max()) for band in _bands_inside(new.samples.shape))
    if worst > tolerance:
        raise _uncovered(region, f"a block of it is {worst:.3f} of the full scale away from the fill")
    for name, line in (
        ("first row", np.s_[:1]),
        ("last row", np.s_[-1:]),
        ("first column", np.s_[:, :1]),
        ("last column", np.s_[:, -1:]),
    ):
        away = float(new.distance(due, line).mean())
        if away > tolerance and float(new.distance(old, line).mean()) < away / 2:
            raise _uncovered(region, f"its {name} still shows the input")


def _check_detail(old: Patch, new: Patch, region: Region) -> None:
    """The method must have taken the input's detail away, where the input had most of it."""
    steps, left = _steps(old), _steps(new)
    if not steps.size:
        return
    detailed = steps >= np.quantile(steps, DETAILED_SHARE)
    had, has = float(np.median(steps[detailed])), float(np.median(left[detailed]))
    if has > DETAIL_LEFT * had + FLAT:
        raise _uncovered(region, f"{has / max(had, FLAT):.0%} of its detail is left")


def _check_opaque(after: Canvas, span: tuple[slice, slice], region: Region, tolerance: float) -> None:
    if after.alpha is not None and float(after.alpha[span].min()) < (1 - tolerance) * after.max_value:
        raise _uncovered(region, "it is transparent, and what lies behind is not known to be covered")


def _bands_inside(shape: Sequence[int]) -> Iterator[Part]:
    """A patch without the samples that share a transform block with the outside, at least its middle half: in bands of
    `BAND_ROWS`, so that a face which fills a large photo needs no second photo's memory as floats."""
    rows, columns = (min(EDGE_PX, size // 4) for size in shape[:2])
    for top in range(rows, shape[0] - rows, BAND_ROWS):
        yield slice(top, min(top + BAND_ROWS, shape[0] - rows)), slice(columns, shape[1] - columns)


def _block_means(patch: Floats) -> Floats:
    """Means over the channels and over blocks of `BLOCK_PX`; the last ones may be smaller."""
    worst = patch.mean(axis=2)
    starts = [np.arange(0, size, BLOCK_PX) for size in worst.shape]
    sums = np.add.reduceat(np.add.reduceat(worst, starts[0], axis=0), starts[1], axis=1)
    sizes = [np.diff(np.append(start, size)) for start, size in zip(starts, worst.shape, strict=True)]
    means: Floats = sums / np.outer(*sizes)
    return means


def _steps(patch: Patch) -> Floats:
    """Differences between neighbouring samples, both ways, in one row; inside mosaic cells and flat fills all are 0.

    Of a patch with more than `DETAIL_SAMPLES` every so many rows are looked at.
    """
    stride = max(1, patch.samples.shape[0] * patch.samples.shape[1] // DETAIL_SAMPLES)
    above, below = np.s_[:-1:stride], np.s_[1::stride]
    left, right = np.s_[::stride, :-1], np.s_[::stride, 1:]
    pairs = ((above, below), (left, right))
    return np.concatenate([np.abs(patch.unit(a) - patch.unit(b)).ravel() for a, b in pairs])


def _uncovered(region: Region, what: str) -> RedactionError:
    return RedactionError(
        f"region {region.index} is not covered in the picture read back: {what}; nothing was released",
        region=region.index,
    )
