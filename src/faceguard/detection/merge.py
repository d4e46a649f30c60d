"""Many boxes for one face become one."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from faceguard.detection.candidates import Candidates
from faceguard.opencv import cv2


def suppress(candidates: Candidates, max_iou: float) -> Candidates:
    """The best of each group of boxes that overlap by more than `max_iou`, best first."""
    if len(candidates) == 0:
        return candidates
    corners = candidates.boxes.astype(np.float64)
    corners[:, 2:] -= corners[:, :2]
    kept = cv2.dnn.NMSBoxes(cast(Any, corners), cast(Any, candidates.scores), 0.0, max_iou)  # takes arrays too
    return candidates.take(np.asarray(kept, np.intp).ravel())


def pairwise_iou(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, m) intersection over union of boxes (n, 4) and (m, 4)."""
    top_left = np.maximum(a[:, None, :2], b[None, :, :2])
    bottom_right = np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = np.maximum(bottom_right - top_left, 0).prod(axis=2)
    area_a, area_b = ((box[:, 2:] - box[:, :2]).prod(axis=1) for box in (a, b))
    joint = area_a[:, None] + area_b[None, :] - shared
    return np.asarray(shared / np.maximum(joint, np.finfo(np.float32).tiny), np.float32)
