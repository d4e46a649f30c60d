"""YuNet: one box for each cell at strides 8, 16 and 32.

Decoding after Wu, Peng, Yu: "YuNet: a tiny millisecond-level face detector" (2023), as OpenCV's FaceDetectorYN does it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from faceguard.detection.candidates import Candidates
from faceguard.detection.cells import grid

MODEL_ID = "yunet-2023mar"
_LEVELS = ((8, (0,)), (16, (0,)), (32, (0,)))


def decode(
    scores: NDArray[np.float32], shapes: NDArray[np.float32], size: tuple[int, int], min_score: float
) -> Candidates:
    """Candidates of one picture, in pixels of the input of `size` (height, width).

    `scores` (A,) and `shapes` (14, A) as the graph gives them.
    """
    cells = grid(*size, _LEVELS)
    found = np.flatnonzero(scores >= min_score)
    stride, raw = cells.stride[found], shapes[:, found]
    centre = (np.stack([cells.x[found], cells.y[found]]) + raw[:2]) * stride
    half = np.exp(raw[2:4]) * stride / 2
    points = (raw[4:].reshape(5, 2, -1) + np.stack([cells.x[found], cells.y[found]])) * stride
    return Candidates(np.concatenate([centre - half, centre + half]).T, scores[found], points.transpose(2, 0, 1))
