"""Where a face was over time: key points with straight lines between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceguard.types import Box

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PathPoint:
    """At `pts` (ticks of the video track): the face, and what has to be covered; upright frame pixels, unclipped."""

    pts: int
    face: Box
    cover: Box


@dataclass(frozen=True, slots=True, eq=False)
class TrackPath:
    """`pts` `(K,)` int64 ticks, rising; `boxes` `(K, 8)` float32: corners of the face, corners of what is covered."""

    pts: NDArray[np.int64]
    boxes: NDArray[np.float32]

    def __post_init__(self) -> None:
        if len(self.pts) == 0 or self.boxes.shape != (len(self.pts), 8):
            raise ValueError(f"a path needs points, got {self.pts.shape} and {self.boxes.shape}")

    @property
    def first_pts(self) -> int:
        return int(self.pts[0])

    @property
    def last_pts(self) -> int:
        return int(self.pts[-1])

    def at(self, pts: int) -> PathPoint | None:
        """The point at `pts`, between its neighbours; None before the first and after the last."""
        if pts < self.pts[0] or pts > self.pts[-1]:
            return None
        after = int(np.searchsorted(self.pts, pts))
        values = self.boxes[after].astype(np.float64)
        if self.pts[after] != pts:
            start, end = int(self.pts[after - 1]), int(self.pts[after])
            share = (pts - start) / (end - start)
            values = (1 - share) * self.boxes[after - 1] + share * values
        return PathPoint(pts, Box(*values[:4].tolist()), Box(*values[4:].tolist()))

    def points(self) -> tuple[PathPoint, ...]:
        """All key points."""
        return tuple(
            PathPoint(pts, Box(*row[:4]), Box(*row[4:]))
            for pts, row in zip(self.pts.tolist(), self.boxes.astype(np.float64).tolist(), strict=True)
        )


def path_of(points: list[PathPoint]) -> TrackPath:
    """A path through all of `points`, in order."""
    boxes = [
        (p.face.x0, p.face.y0, p.face.x1, p.face.y1, p.cover.x0, p.cover.y0, p.cover.x1, p.cover.y1) for p in points
    ]
    return TrackPath(np.array([p.pts for p in points], np.int64), np.array(boxes, np.float32))


def joined(pieces: Sequence[TrackPath]) -> TrackPath:
    """One path of pieces that follow each other; a point that ends one and begins the next is kept once."""
    pts = np.concatenate([piece.pts for piece in pieces])
    boxes = np.concatenate([piece.boxes for piece in pieces])
    first = np.concatenate(([True], np.diff(pts) > 0))
    return TrackPath(pts[first], boxes[first])


def simplify(pts: NDArray[np.int64], boxes: Array, tolerance: float) -> TrackPath:
    """A path through as few of the points as keep every corner within `tolerance` shares of the face's size.

    Greedy: from each key point on, the farthest point that a straight line reaches. `boxes` as in `TrackPath`.
    """
    size = np.maximum((boxes[:, 2] - boxes[:, 0] + boxes[:, 3] - boxes[:, 1]) / 2, 1.0)
    kept = [0]
    while kept[-1] < len(pts) - 1:
        start, step = kept[-1], 1
        while start + 2 * step < len(pts) and _is_straight(pts, boxes, size, start, start + 2 * step, tolerance):
            step *= 2
        end = min(start + step, len(pts) - 1)
        while end + 1 < len(pts) and end + 1 - start < 2 * step and _is_straight(
            pts, boxes, size, start, end + 1, tolerance
        ):  # fmt: skip
            end += 1
        kept.append(end)
    return TrackPath(pts[kept], boxes[kept].astype(np.float32))


def _is_straight(pts: NDArray[np.int64], boxes: Array, size: Array, start: int, end: int, tolerance: float) -> bool:
    inner = slice(start + 1, end)
    share = ((pts[inner] - pts[start]) / (pts[end] - pts[start]))[:, None]
    line = (1 - share) * boxes[start] + share * boxes[end]
    off = np.abs(line - boxes[inner]).max(axis=1)
    return bool((off <= tolerance * size[inner]).all())
