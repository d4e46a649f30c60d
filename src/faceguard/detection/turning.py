"""Quarter turns, because the networks know faces that stand upright."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from faceguard.detection.candidates import Candidates

TURNS = (0, 1, 2, 3)
"""Quarter turns anticlockwise, as numpy.rot90 counts them."""


def turn(image: NDArray[np.uint8], turns: int) -> NDArray[np.uint8]:
    """`image` turned anticlockwise by `turns` quarters."""
    return np.ascontiguousarray(np.rot90(image, turns))


def turn_back(found: Candidates, turns: int, size: tuple[int, int]) -> Candidates:
    """What was found in `turn(image, turns)`, in pixels of `image`, whose `size` is (height, width)."""
    if turns == 0:
        return found
    points = np.concatenate([found.boxes.reshape(-1, 2, 2), found.landmarks], axis=1)
    points = _points_back(points, turns, size)
    corners = points[:, :2]
    boxes = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)
    return Candidates(boxes, found.scores, points[:, 2:])


def _points_back(points: NDArray[np.float32], turns: int, size: tuple[int, int]) -> NDArray[np.float32]:
    """(n, k, 2) x, y."""
    height, width = size
    x, y = points[..., 0], points[..., 1]
    match turns:
        case 1:
            back = (width - y, x)
        case 2:
            back = (width - x, height - y)
        case _:
            back = (y, height - x)
    return np.stack(back, axis=-1).astype(np.float32)
