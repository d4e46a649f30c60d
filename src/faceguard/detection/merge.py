"""Many boxes for one face become one, and the networks' opinions one probability."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from faceguard.detection.candidates import Candidates
from faceguard.opencv import cv2

_ROWS_AT_ONCE = 1024
"""Bounds the memory for overlaps of thousands of boxes with thousands."""


def best_of_overlapping(boxes: NDArray[np.float32], ranks: NDArray[np.float32], max_iou: float) -> NDArray[np.intp]:
    """Indices of the boxes that remain when each takes away those of lower rank that overlap it by more than `max_iou`.

    `boxes` (n, 4) as corners, `ranks` (n,) finite. Best first.
    """
    if len(boxes) == 0:
        return np.empty(0, np.intp)
    corner_and_size = boxes.astype(np.float64)
    corner_and_size[:, 2:] -= corner_and_size[:, :2]
    positive = ranks - ranks.min() + 1.0  # OpenCV drops scores that aren't positive
    kept = cv2.dnn.NMSBoxes(cast(Any, corner_and_size), cast(Any, positive), 0.0, max_iou)  # takes arrays too
    return np.asarray(kept, np.intp).ravel()


def suppress(candidates: Candidates, max_iou: float) -> Candidates:
    """The best of each group of boxes that overlap by more than `max_iou`, best first."""
    return candidates.take(best_of_overlapping(candidates.boxes, candidates.scores, max_iou))


def pairwise_iou(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, m) intersection over union of boxes (n, 4) and (m, 4)."""
    width = np.minimum(a[:, None, 2], b[None, :, 2]) - np.maximum(a[:, None, 0], b[None, :, 0])
    height = np.minimum(a[:, None, 3], b[None, :, 3]) - np.maximum(a[:, None, 1], b[None, :, 1])
    shared = np.maximum(width, 0) * np.maximum(height, 0)
    area_a, area_b = ((box[:, 2:] - box[:, :2]).prod(axis=1) for box in (a, b))
    joint = area_a[:, None] + area_b[None, :] - shared
    return np.asarray(shared / np.maximum(joint, np.finfo(np.float32).tiny), np.float32)


def best_overlap(
    boxes: NDArray[np.float32], others: NDArray[np.float32]
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """For each of `boxes` (n, 4): which of `others` (m, 4), m > 0, overlaps it most, and by how much (IoU)."""
    which = np.zeros(len(boxes), np.intp)
    overlap = np.zeros(len(boxes), np.float32)
    for start in range(0, len(boxes), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        iou = pairwise_iou(boxes[rows], others)
        which[rows] = iou.argmax(axis=1)
        overlap[rows] = iou.max(axis=1)
    return which, overlap
