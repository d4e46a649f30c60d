"""Which detection belongs to which track: the cheapest pairs first, within a gate.

Cost is 1 - IoU of boxes that were both grown by a buffer (after "cascaded buffered IoU", Yang et al. 2023), so that
small fast faces still meet their prediction. Cheapest-first differs from the optimal assignment only where three or
more boxes overlap each other; on the crowd clip it was measured against, no pair differed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MAX_SIZE_RATIO = 2.2
"""Boxes whose sizes differ by more are not one face, however much they overlap."""


def buffered_iou(a: Array, b: Array, buffer_a: Array, buffer_b: Array) -> Array:
    """`(N, M)` IoU of boxes `a` `(N, 4)` and `b` `(M, 4)`, as centre and size, each grown by its buffer in shares."""
    ax0, ay0, ax1, ay1 = _corners(a, buffer_a)
    bx0, by0, bx1, by1 = _corners(b, buffer_b)
    width = np.minimum(ax1[:, None], bx1) - np.maximum(ax0[:, None], bx0)
    height = np.minimum(ay1[:, None], by1) - np.maximum(ay0[:, None], by0)
    shared = np.clip(width, 0, None) * np.clip(height, 0, None)
    area_a, area_b = (ax1 - ax0) * (ay1 - ay0), (bx1 - bx0) * (by1 - by0)
    return np.asarray(shared / (area_a[:, None] + area_b - shared))


def match(similarity: Array, sizes_a: Array, sizes_b: Array, min_similarity: float) -> list[tuple[int, int]]:
    """Pairs `(row, column)` of `similarity` `(N, M)`, the most similar first, each row and column at most once."""
    if similarity.size == 0:
        return []
    ratio = sizes_a[:, None] / sizes_b
    allowed = np.where((ratio < MAX_SIZE_RATIO) & (ratio > 1 / MAX_SIZE_RATIO), similarity, 0.0)
    rows, columns = np.nonzero(allowed >= min_similarity)
    order = np.argsort(-allowed[rows, columns], kind="stable")
    taken_rows: set[int] = set()
    taken_columns: set[int] = set()
    pairs = []
    for row, column in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
        if row not in taken_rows and column not in taken_columns:
            taken_rows.add(row)
            taken_columns.add(column)
            pairs.append((row, column))
    return pairs


def _corners(boxes: Array, buffer: Array) -> tuple[Array, Array, Array, Array]:
    half_w = boxes[:, 2] * (0.5 + buffer)
    half_h = boxes[:, 3] * (0.5 + buffer)
    return boxes[:, 0] - half_w, boxes[:, 1] - half_h, boxes[:, 0] + half_w, boxes[:, 1] + half_h
