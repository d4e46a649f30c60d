"""A smooth fill computed from the pixels around the region, and from nothing inside any region.

The fill is the membrane (the solution of Laplace's equation) that is spanned by the colours around the rectangle, as
in Perez, Gangnet, Blake, Poisson Image Editing, 2003, with no guidance field. On a rectangle the solution is known in
closed form: the bilinear surface through the corners, and a sine series for what each side has beyond it. Few terms
are kept, so that detail at the border doesn't run inwards as streaks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from faceguard.redaction.planes import Canvas, PlaneRedactor
from faceguard.redaction.solid import fill_levels
from faceguard.types import RedactionClass, Region

RING_SHARE = 0.06
"""Width of the ring that is read around a region, in shares of its shorter side: enough to average noise away."""

MAX_RING_PX = 24

SMOOTH_SHARE = 0.06
"""Standard deviation of the smoothing along the border, in shares of the border's length."""

TERMS = 12
"""Terms of the sine series for each side."""

Span = tuple[slice, slice]
Floats = NDArray[np.float64]


class InpaintRedactor(PlaneRedactor):
    """Each region becomes a soft gradient between the colours around it."""

    method: ClassVar[str] = "inpaint"
    redaction_class: ClassVar[RedactionClass] = RedactionClass.IRREVERSIBLE

    def _cover(self, canvas: Canvas, regions: Sequence[Region]) -> None:
        spans = [found for region in regions if (found := canvas.slices(region.box)) is not None]
        levels = fill_levels(canvas.format, canvas.bit_depth)
        for number, (plane, level) in enumerate(zip(canvas.planes, levels, strict=True)):
            plane_spans = [span[number] for span in spans]
            fills = [_membrane(plane, span, plane_spans, level) for span in plane_spans]
            for span, fill in zip(plane_spans, fills, strict=True):
                plane[span] = np.clip(np.rint(fill), 0, canvas.max_value).astype(plane.dtype).reshape(plane[span].shape)


@dataclass(frozen=True, slots=True, eq=False)
class _Sides:
    """Values along the four sides, each `(length, channels)` float64, left to right and top to bottom."""

    top: Floats
    right: Floats
    bottom: Floats
    left: Floats


def _membrane(plane: NDArray[Any], span: Span, covered: Sequence[Span], empty_level: int) -> Floats:
    """The fill of `span`, `(H, W, channels)`; `empty_level` when everything around is covered or outside the frame."""
    rows, columns = span
    height, width = rows.stop - rows.start, columns.stop - columns.start
    channels = 1 if plane.ndim == 2 else plane.shape[2]
    values, known = _border(plane, span, covered)
    if not known.any():
        return np.full((height, width, channels), float(empty_level))
    border = _smooth(_close_gaps(values, known))
    ends = np.cumsum([width, height, width, height])
    top, right, bottom, left = np.split(border, ends[:-1])
    return _span_membrane(_Sides(top, right, bottom[::-1], left[::-1]))


def _border(plane: NDArray[Any], span: Span, covered: Sequence[Span]) -> tuple[Floats, NDArray[np.bool_]]:
    """Mean colour of the ring outside each border pixel, clockwise from the top left, and whether there is one.

    Reads no sample of any span in `covered`. Returns `(2W + 2H, channels)` float64 and `(2W + 2H,)` bool.
    """
    rows, columns = span
    height, width = rows.stop - rows.start, columns.stop - columns.start
    ring = max(1, min(MAX_RING_PX, round(RING_SHARE * min(height, width))))
    above = slice(max(rows.start - ring, 0), rows.start), columns
    below = slice(rows.stop, min(rows.stop + ring, plane.shape[0])), columns
    before = rows, slice(max(columns.start - ring, 0), columns.start)
    after = rows, slice(columns.stop, min(columns.stop + ring, plane.shape[1]))
    strips = [
        _strip_mean(plane, above, covered, axis=0),
        _strip_mean(plane, after, covered, axis=1),
        _strip_mean(plane, below, covered, axis=0),
        _strip_mean(plane, before, covered, axis=1),
    ]
    strips[2] = strips[2][0][::-1], strips[2][1][::-1]
    strips[3] = strips[3][0][::-1], strips[3][1][::-1]
    return np.concatenate([mean for mean, _ in strips]), np.concatenate([known for _, known in strips])


def _strip_mean(
    plane: NDArray[Any], strip: Span, covered: Sequence[Span], axis: int
) -> tuple[Floats, NDArray[np.bool_]]:
    """Mean over `axis` of the samples of `strip` that no span covers, and where there is at least one."""
    samples = np.atleast_3d(plane[strip]).astype(np.float64)
    free = np.ones(samples.shape[:2], dtype=bool)
    for rows, columns in covered:
        free[_shifted(rows, strip[0].start), _shifted(columns, strip[1].start)] = False
    count = free.sum(axis=axis)
    total = np.where(free[..., None], samples, 0.0).sum(axis=axis)
    return total / np.maximum(count, 1)[:, None], count > 0


def _shifted(axis: slice, origin: int) -> slice:
    """`axis` counted from `origin`, without what lies before it."""
    return slice(max(axis.start - origin, 0), max(axis.stop - origin, 0))


def _close_gaps(values: Floats, known: NDArray[np.bool_]) -> Floats:
    """`values` around a closed line, with unknown ones interpolated between their known neighbours."""
    places = np.flatnonzero(known)
    everywhere = np.arange(len(values))
    return np.stack(
        [np.interp(everywhere, places, channel[places], period=len(values)) for channel in values.T], axis=1
    )


def _smooth(border: Floats) -> Floats:
    """`border` smoothed along its closed line by a Gaussian, in the frequency domain."""
    frequencies = np.fft.rfftfreq(len(border))[:, None]
    gain = np.exp(-2 * (np.pi * frequencies * SMOOTH_SHARE * len(border)) ** 2)
    smooth: Floats = np.fft.irfft(np.fft.rfft(border, axis=0) * gain, n=len(border), axis=0)
    return smooth


def _span_membrane(sides: _Sides) -> Floats:
    """The membrane `(H, W, channels)` that is fixed to `sides` just outside of the rectangle."""
    height, width = len(sides.left), len(sides.top)
    x = np.arange(1, width + 1) / (width + 1)
    y = np.arange(1, height + 1) / (height + 1)
    corners = (
        (sides.top[0] + sides.left[0]) / 2,
        (sides.top[-1] + sides.right[0]) / 2,
        (sides.bottom[0] + sides.left[-1]) / 2,
        (sides.bottom[-1] + sides.right[-1]) / 2,
    )
    top = corners[0] + (corners[1] - corners[0]) * x[:, None]
    bottom = corners[2] + (corners[3] - corners[2]) * x[:, None]
    left = corners[0] + (corners[2] - corners[0]) * y[:, None]
    right = corners[1] + (corners[3] - corners[1]) * y[:, None]
    surface: Floats = top[None] + (bottom - top)[None] * y[:, None, None]
    surface += _side_term(sides.top - top, y, height, width)
    surface += _side_term(sides.bottom - bottom, 1 - y, height, width)
    surface += _side_term(sides.left - left, x, width, height).swapaxes(0, 1)
    surface += _side_term(sides.right - right, 1 - x, width, height).swapaxes(0, 1)
    return surface


def _side_term(profile: Floats, depth: Floats, across: int, along: int) -> Floats:
    """What a side adds for its `profile` `(along, channels)`, as `(across, along, channels)`; `depth` 0..1 from it."""
    place = np.arange(1, along + 1) / (along + 1)
    orders = np.arange(1, min(TERMS, along) + 1)
    sines = np.sin(np.pi * np.outer(orders, place))
    weights = 2 / (along + 1) * sines @ profile
    rate = orders[:, None] * np.pi * (across + 1) / (along + 1)
    # sinh(rate (1 - depth)) / sinh(rate), written so that nothing overflows
    decay = np.exp(-rate * depth) * (-np.expm1(-2 * rate * (1 - depth))) / -np.expm1(-2 * rate)
    waves = sines[:, :, None] * weights[:, None, :]
    added: Floats = (decay.T @ waves.reshape(len(orders), -1)).reshape(across, *profile.shape)
    return added
