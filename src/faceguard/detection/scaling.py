"""A picture of any size becomes an input of a chosen size, and positions find their way back."""

from __future__ import annotations

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


def scale_to(image: NDArray[np.uint8], side_px: int) -> Scaled:
    """`image` with its longer side at `side_px`; enlarged at most twice, never turned or squeezed."""
    height, width = image.shape[:2]
    longer = min(max(height, width), _MAX_ASPECT * min(height, width))
    factor = min(side_px / longer, _MAX_ENLARGEMENT, (_MAX_AREA / (height * width)) ** 0.5 * side_px)
    new_height, new_width = max(1, round(height * factor)), max(1, round(width * factor))
    canvas = np.zeros((_padded(new_height), _padded(new_width), 3), np.uint8)
    inside = canvas[:new_height, :new_width]
    if (new_height, new_width) == (height, width):
        inside[:] = image
    else:
        method = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
        inside[:] = cv2.resize(image, (new_width, new_height), interpolation=method)
    return Scaled(canvas, width / new_width, height / new_height)


def _padded(side: int) -> int:
    return -(-side // _MULTIPLE) * _MULTIPLE
