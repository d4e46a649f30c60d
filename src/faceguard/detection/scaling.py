"""A picture of any size becomes inputs of chosen sizes, and positions find their way back."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceguard.opencv import cv2

_MULTIPLE = 32
"""The deepest stride of all networks."""
_MAX_ENLARGEMENT = 2.0
"""More finds nothing new: the pixels aren't there."""
_MAX_ASPECT = 2
"""A panorama is scaled by its short side as if it were only this much wider, else its faces would vanish."""
_MAX_AREA = 8
"""No input has more pixels than this many squares of the chosen side, however odd the picture's shape."""


@dataclass(frozen=True, slots=True, eq=False)
class Scaled:
    """`image` `(H, W, 3)` uint8, sides multiples of 32, black to the right and below; `(sx, sy)` leads back."""

    image: NDArray[np.uint8]
    sx: float
    sy: float


class Pyramid:
    """A picture and its halves, made when first needed, so that several passes share the work of shrinking.

    Halving averages 2 x 2 pixels and what remains, less than a factor of two, is interpolated: as free of false
    detail as averaging by area, at a fifth of its time.
    """

    def __init__(self, image: NDArray[np.uint8]) -> None:
        self._halves = [image]

    def scaled(self, side_px: int) -> Scaled:
        """The picture with its longer side at `side_px`; enlarged at most twice, never squeezed."""
        height, width = self._halves[0].shape[:2]
        factor = _factor(height, width, side_px)
        new_height, new_width = max(1, round(height * factor)), max(1, round(width * factor))
        source, _ = self._smallest_at_least(new_height, new_width)
        canvas = np.zeros((_padded(new_height), _padded(new_width), 3), np.uint8)
        inside = canvas[:new_height, :new_width]
        if source.shape == inside.shape:
            inside[:] = source
        else:
            cv2.resize(source, (new_width, new_height), dst=inside, interpolation=cv2.INTER_LINEAR)
        return Scaled(canvas, width / new_width, height / new_height)

    def level_for(self, factor: float) -> tuple[NDArray[np.uint8], float]:
        """The smallest level that needn't be enlarged to `factor` times the picture's size, and its own factor."""
        height, width = self._halves[0].shape[:2]
        image, level = self._smallest_at_least(math.ceil(height * factor), math.ceil(width * factor))
        return image, 0.5**level

    def _smallest_at_least(self, height: int, width: int) -> tuple[NDArray[np.uint8], int]:
        """The smallest half, quarter, ... that needn't be enlarged to that size, and how often it was halved."""
        level = 0
        while True:
            rows, columns = (side // 2 for side in self._halves[level].shape[:2])
            if min(rows, columns) < 1 or rows < height or columns < width:
                return self._halves[level], level
            if level + 1 == len(self._halves):
                even = self._halves[level][: rows * 2, : columns * 2]
                half = cv2.resize(even, (columns, rows), interpolation=cv2.INTER_AREA)
                self._halves.append(np.asarray(half, np.uint8))
            level += 1


def _factor(height: int, width: int, side_px: int) -> float:
    longer = min(max(height, width), _MAX_ASPECT * min(height, width))
    by_area = side_px * math.sqrt(_MAX_AREA / (height * width))
    return min(side_px / longer, _MAX_ENLARGEMENT, by_area)


def _padded(side: int) -> int:
    return -(-side // _MULTIPLE) * _MULTIPLE
