"""RetinaFace with MobileNetV2: two boxes for each cell at strides 8, 16 and 32.

Prior sides and variances are the constants of the source graph; decoding after Liu et al.: "SSD" (2016), section 2.2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from faceguard.detection.candidates import Candidates
from faceguard.detection.cells import grid

MODEL_ID = "retinaface-mobilenetv2"
_LEVELS = ((8, (16, 32)), (16, (64, 128)), (32, (256, 512)))
_CENTRE_VARIANCE = np.float32(0.1)
_SIZE_VARIANCE = np.float32(0.2)


def decode(
    scores: NDArray[np.float32], shapes: NDArray[np.float32], size: tuple[int, int], min_score: float
) -> Candidates:
    """Candidates of one picture, in pixels of the input of `size` (height, width).

    `scores` (A,) and `shapes` (14, A) as the graph gives them.
    """
    cells = grid(*size, _LEVELS)
    found = np.flatnonzero(scores >= min_score)
    raw, prior = shapes[:, found], cells.prior[found]
    middle = (np.stack([cells.x[found], cells.y[found]]) + np.float32(0.5)) * cells.stride[found]
    centre = middle + raw[:2] * _CENTRE_VARIANCE * prior
    half = np.exp(raw[2:4] * _SIZE_VARIANCE) * prior / 2
    points = middle + raw[4:].reshape(5, 2, -1) * _CENTRE_VARIANCE * prior
    return Candidates(np.concatenate([centre - half, centre + half]).T, scores[found], points.transpose(2, 0, 1))
