"""Paths that were seen by two who looked at neighbouring stretches of a video: compared, and made one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from faceguard.tracking.path import TrackPath

Array = NDArray[np.float64]


def sampled(path: TrackPath, pts: NDArray[np.int64]) -> Array:
    """`(T, 8)` corners of face and cover at each of `pts`; NaN before the path and after it."""
    columns = [np.interp(pts, path.pts, column, left=np.nan, right=np.nan) for column in path.boxes.T.astype(float)]
    return np.stack(columns, axis=1) if columns else np.empty((len(pts), 8))


def face_overlaps(a: Array, b: Array) -> Array:
    """IoU of the faces of two sampled paths at the moments at which both are there, `(K,)`."""
    both = ~np.isnan(a[:, 0]) & ~np.isnan(b[:, 0])
    a, b = a[both, :4], b[both, :4]
    width = np.minimum(a[:, 2], b[:, 2]) - np.maximum(a[:, 0], b[:, 0])
    height = np.minimum(a[:, 3], b[:, 3]) - np.maximum(a[:, 1], b[:, 1])
    shared = np.clip(width, 0, None) * np.clip(height, 0, None)
    area_a = (a[:, 2] - a[:, 0]) * (a[:, 3] - a[:, 1])
    area_b = (b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1])
    return np.asarray(shared / np.maximum(area_a + area_b - shared, 1e-9))


def envelope(earlier: TrackPath, later: TrackPath) -> TrackPath:
    """One path that covers at every moment what either covers.

    Its key points are those of both. Between two of them a lower edge is the minimum of straight lines and so never
    below the line through its ends; an upper edge likewise: the line covers at least as much.
    """
    pts = np.union1d(earlier.pts, later.pts)
    one, two = sampled(earlier, pts), sampled(later, pts)
    low, high = np.fmin(one, two), np.fmax(one, two)
    boxes = np.where(np.array([True, True, False, False] * 2), low, high)
    held = ~np.isnan(boxes[:, 0])  # no key point of both is in neither
    return TrackPath(pts[held], boxes[held].astype(np.float32))


def between(path: TrackPath, start_pts: int, end_pts: int) -> TrackPath | None:
    """The part of `path` that says where the face is from `start_pts` to `end_pts`; None if it isn't there then.

    Key points are kept as they are, with one beyond each end, so that nothing in between changes.
    """
    if path.last_pts < start_pts or path.first_pts > end_pts:
        return None
    first = max(0, int(np.searchsorted(path.pts, start_pts, side="right")) - 1)
    last = min(len(path.pts) - 1, int(np.searchsorted(path.pts, end_pts)))
    return TrackPath(path.pts[first : last + 1], path.boxes[first : last + 1])
