"""CenterFace: a heat map of face centres at stride 4.

Decoding after Xu et al.: "CenterFace: joint face detection and alignment using face as point" (2019). Heights come
before widths and y before x in this network's outputs; landmarks are shares of the box, from its top left corner.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from faceguard.detection.candidates import Candidates
from faceguard.detection.cells import grid

MODEL_ID = "centerface"
_LEVELS = ((4, (0,)),)


def decode(
    scores: NDArray[np.float32], shapes: NDArray[np.float32], size: tuple[int, int], min_score: float
) -> Candidates:
    """Candidates of one picture, in pixels of the input of `size` (height, width).

    `scores` (A,) and `shapes` (14, A) as the graph gives them.
    """
    cells = grid(*size, _LEVELS)
    found = np.flatnonzero(scores >= min_score)
    raw, stride = shapes[:, found], cells.stride[found]
    extent = np.exp(raw[[1, 0]]) * stride
    centre = (np.stack([cells.x[found], cells.y[found]]) + raw[[3, 2]] + np.float32(0.5)) * stride
    corner = centre - extent / 2
    points = np.asarray(raw[4:].reshape(5, 2, -1)[:, ::-1] * extent + corner, np.float32)
    return Candidates(np.concatenate([corner, corner + extent]).T, scores[found], points.transpose(2, 0, 1))
