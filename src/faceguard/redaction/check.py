"""Proof that a picture which was written and read back is covered where it had to be.

The check doesn't take the redactor's word. What an irreversible method gives must not depend on the covered pixels, so
the picture it is compared with is made anew from an input whose regions have been wiped first. Other methods are
compared with what they give for the input, and must have taken its detail away.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceguard.errors import RedactionError
from faceguard.redaction.planes import Canvas, bit_depth_of, canvas_of
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
    expected = redactor.redact(_wiped(before, regions) if independent else before, regions)
    views = [
        Canvas(frame.planes, frame.format, bit_depth_of(frame), frame.alpha) for frame in (before, after, expected)
    ]
    for region in regions:
        spans = views[0].slices(region.box)
        if spans is None:
            continue
        for number, span in enumerate(spans):
            old, new, due = (_unit(view.planes[number][span], view.max_value) for view in views)
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


def _wiped(frame: Frame, regions: Sequence[Region]) -> Frame:
    """`frame` with zeros for every sample of every region."""
    canvas = canvas_of(frame)
    for region in regions:
        for plane, span in zip(canvas.planes, canvas.slices(region.box) or (), strict=False):
            plane[span] = 0
    return Frame(canvas.planes, frame.format, frame.index, frame.pts_s, canvas.alpha)


def _unit(patch: NDArray[Any], max_value: int) -> Floats:
    """`patch` in 0..1, `(H, W, channels)`."""
    return np.atleast_3d(patch).astype(np.float32) / max_value


def _check_patch(old: Floats, new: Floats, due: Floats, region: Region, tolerance: float) -> None:
    """Every block of the inside as it is due; no line of the border more like the old picture than like that."""
    error = np.abs(new - due)
    worst = float(_block_means(_inside(error)).max())
    if worst > tolerance:
        raise _uncovered(region, f"a block of it is {worst:.3f} of the full scale away from the fill")
    likeness = np.abs(new - old)
    for name, line in (
        ("first row", np.s_[:1]),
        ("last row", np.s_[-1:]),
        ("first column", np.s_[:, :1]),
        ("last column", np.s_[:, -1:]),
    ):
        away = float(error[line].mean())
        if away > tolerance and float(likeness[line].mean()) < away / 2:
            raise _uncovered(region, f"its {name} still shows the input")


def _check_detail(old: Floats, new: Floats, region: Region) -> None:
    """The method must have taken the input's detail away, where the input had most of it."""
    steps, left = _steps(old), _steps(new)
    if not steps.size:
        return
    detailed = steps >= np.quantile(steps, DETAILED_SHARE)
    had, has = float(np.median(steps[detailed])), float(np.median(left[detailed]))
    if has > DETAIL_LEFT * had + FLAT:
        raise _uncovered(region, f"{has / max(had, FLAT):.0%} of its detail is left")


def _check_opaque(after: Canvas, span: tuple[slice, slice], region: Region, tolerance: float) -> None:
    if after.alpha is not None and float(_unit(after.alpha[span], after.max_value).min()) < 1 - tolerance:
        raise _uncovered(region, "it is transparent, and what lies behind is not known to be covered")


def _inside(patch: Floats) -> Floats:
    """`patch` without the samples that share a transform block with the outside; at least its middle half."""
    rows, columns = (min(EDGE_PX, size // 4) for size in patch.shape[:2])
    return patch[rows : patch.shape[0] - rows, columns : patch.shape[1] - columns]


def _block_means(patch: Floats) -> Floats:
    """Means over the channels and over blocks of `BLOCK_PX`; the last ones may be smaller."""
    worst = patch.mean(axis=2)
    starts = [np.arange(0, size, BLOCK_PX) for size in worst.shape]
    sums = np.add.reduceat(np.add.reduceat(worst, starts[0], axis=0), starts[1], axis=1)
    sizes = [np.diff(np.append(start, size)) for start, size in zip(starts, worst.shape, strict=True)]
    means: Floats = sums / np.outer(*sizes)
    return means


def _steps(patch: Floats) -> Floats:
    """Differences between neighbouring samples, both ways, in one row; inside mosaic cells and flat fills all are 0."""
    steps: Floats = np.concatenate([np.abs(np.diff(patch, axis=axis)).ravel() for axis in (0, 1)])
    return steps


def _uncovered(region: Region, what: str) -> RedactionError:
    return RedactionError(
        f"region {region.index} is not covered in the picture read back: {what}; nothing was released",
        region=region.index,
    )
