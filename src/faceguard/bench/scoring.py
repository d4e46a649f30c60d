"""How well found boxes cover labelled ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float64]
"""(n, 4): x0, y0, x1, y1."""

_GRID = 32
"""A labelled box is sampled at 32 x 32 points: its covered share is exact to about 1 %."""
_SAME_FACE_IOU = 0.3
_INSIDE = 0.5
"""A find that lies in a label by this share of its own area is no false alarm, however small."""


def grown(boxes: Boxes, factor: float) -> Boxes:
    """Boxes with sides `factor` times as long, around the same centres."""
    extra = (boxes[:, 2:] - boxes[:, :2]) * (factor - 1) / 2
    return np.concatenate([boxes[:, :2] - extra, boxes[:, 2:] + extra], axis=1)


def covered_share(labels: Boxes, regions: Boxes) -> NDArray[np.float64]:
    """(n,) which share of each label lies in the union of `regions`, 0..1."""
    steps = (np.arange(_GRID) + 0.5) / _GRID
    share = np.zeros(len(labels))
    for i, (x0, y0, x1, y1) in enumerate(labels):
        near = regions[(regions[:, 0] < x1) & (regions[:, 2] > x0) & (regions[:, 1] < y1) & (regions[:, 3] > y0)]
        x, y = x0 + steps * (x1 - x0), y0 + steps * (y1 - y0)
        columns = (x >= near[:, :1]) & (x < near[:, 2:3])
        rows = (y >= near[:, 1:2]) & (y < near[:, 3:4])
        share[i] = (rows[:, :, None] & columns[:, None, :]).any(axis=0).mean()
    return share


def overlaps(a: Boxes, b: Boxes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n, m) intersection over union, and intersection over the area of `a`."""
    width = np.minimum(a[:, None, 2], b[None, :, 2]) - np.maximum(a[:, None, 0], b[None, :, 0])
    height = np.minimum(a[:, None, 3], b[None, :, 3]) - np.maximum(a[:, None, 1], b[None, :, 1])
    shared = np.maximum(width, 0) * np.maximum(height, 0)
    area_a, area_b = ((box[:, 2:] - box[:, :2]).prod(axis=1) for box in (a, b))
    joint = np.maximum(area_a[:, None] + area_b[None, :] - shared, 1e-12)
    return shared / joint, shared / np.maximum(area_a[:, None], 1e-12)


def unmatched(finds: Boxes, labels: Boxes) -> int:
    """How many finds belong to no label, ignored ones included."""
    if len(finds) == 0 or len(labels) == 0:
        return len(finds)
    iou, inside = overlaps(finds, labels)
    return int((~((iou > _SAME_FACE_IOU).any(axis=1) | (inside > _INSIDE).any(axis=1))).sum())


@dataclass(frozen=True, slots=True, eq=False)
class ScoredFinds:
    """Finds of one picture against its labels: `boxes` (n, 4) with `scores` (n,); labels (m, 4), `counted` (m,)."""

    boxes: Boxes
    scores: NDArray[np.float64]
    labels: Boxes
    counted: NDArray[np.bool_]


def average_precision(pictures: Sequence[ScoredFinds], min_iou: float = 0.5) -> float:
    """AP in the manner of WIDER FACE: labels that don't count neither help nor hurt; a second find of a face is false.

    Scores are stretched to 0..1 over the whole set and read at 1,000 thresholds; the area is that of the precision
    envelope. NaN when no label counts.
    """
    counted = sum(int(picture.counted.sum()) for picture in pictures)
    if counted == 0:
        return float("nan")
    marks = [_true_and_false(picture, min_iou) for picture in pictures]
    scores = np.concatenate([mark[0] for mark in marks])
    if len(scores) == 0:
        return 0.0
    low, high = scores.min(), scores.max()
    scaled = (scores - low) / max(high - low, 1e-12)
    true, valid = (np.concatenate([mark[i] for mark in marks]) for i in (1, 2))
    thresholds = 1 - (np.arange(1000) + 1) / 1000
    hits = np.array([(true & (scaled >= t)).sum() for t in thresholds], float)
    finds = np.array([(valid & (scaled >= t)).sum() for t in thresholds], float)
    precision = np.concatenate([[0], np.divide(hits, finds, out=np.zeros_like(hits), where=finds > 0), [0]])
    recall = np.concatenate([[0], hits / counted, [1]])
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    steps = np.flatnonzero(recall[1:] != recall[:-1]) + 1
    return float(((recall[steps] - recall[steps - 1]) * envelope[steps]).sum())


def _true_and_false(
    picture: ScoredFinds, min_iou: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Scores, which finds are true, and which count at all; best first."""
    order = np.argsort(-picture.scores, kind="stable")
    true, valid = np.zeros(len(order), np.bool_), np.ones(len(order), np.bool_)
    if len(picture.labels) and len(order):
        iou, _ = overlaps(picture.boxes[order], picture.labels)
        taken = np.zeros(len(picture.labels), np.bool_)
        for rank, label in enumerate(iou.argmax(axis=1)):
            if iou[rank, label] < min_iou:
                continue
            if not picture.counted[label]:
                valid[rank] = False
            elif not taken[label]:
                taken[label] = true[rank] = True
    return picture.scores[order], true, valid
