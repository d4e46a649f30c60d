"""A second opinion on single finds: other networks look at a small piece of the picture around each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from faceguard.detection.candidates import Candidates
from faceguard.detection.merge import pairwise_iou
from faceguard.detection.network import Network
from faceguard.detection.scaling import Pyramid
from faceguard.detection.turning import turn
from faceguard.opencv import cv2

_PATCH_PX = 128
"""Side of the piece that the networks get."""
_CONTEXT = 2.4
"""Side of the piece in sides of the find: the face is then about 53 px wide, a size that all networks see well."""
_SAME_FACE_IOU = 0.35
_MIN_SCORE = 0.1
_BATCH = 16


def second_opinions(
    pyramid: Pyramid, found: Candidates, turns: int, networks: Sequence[Network], threads: int | None
) -> dict[Network, NDArray[np.float32]]:
    """(n,) each network's best score for a face where each find is; 0 where it sees none.

    `found` is in pixels of the pyramid's picture; `turns` are the quarter turns after which these faces stand upright.
    """
    scores = {network: np.zeros(len(found), np.float32) for network in networks}
    for start in range(0, len(found), _BATCH):
        boxes = found.boxes[start : start + _BATCH]
        patches = np.stack([turn(_patch(pyramid, box), turns) for box in boxes])
        expected = [_place_in_patch(box, turns) for box in boxes]
        for network in networks:
            answers = network.find(patches, _MIN_SCORE, threads)
            best = [_best_at(place, answer) for place, answer in zip(expected, answers, strict=True)]
            scores[network][start : start + len(boxes)] = best
    return scores


def _scale(box: NDArray[np.float32]) -> float:
    return _PATCH_PX / (_CONTEXT * max(1.0, float(max(box[2] - box[0], box[3] - box[1]))))


def _patch(pyramid: Pyramid, box: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The square around `box`, black where it reaches beyond the picture."""
    factor = _scale(box)
    image, shrunk = pyramid.level_for(factor)
    shift = _PATCH_PX / 2 - (box[:2] + box[2:]) / 2 * factor
    matrix = np.array([[factor / shrunk, 0, shift[0]], [0, factor / shrunk, shift[1]]], np.float64)
    return np.asarray(cv2.warpAffine(image, matrix, (_PATCH_PX, _PATCH_PX), flags=cv2.INTER_LINEAR), np.uint8)


def _place_in_patch(box: NDArray[np.float32], turns: int) -> NDArray[np.float32]:
    """(1, 4): where the find lies in its patch once that is turned."""
    half = (box[2:] - box[:2]) / 2 * _scale(box)
    half = half[::-1] if turns % 2 else half
    middle = np.float32(_PATCH_PX / 2)
    return np.concatenate([middle - half, middle + half])[None].astype(np.float32)


def _best_at(place: NDArray[np.float32], answer: Candidates) -> float:
    there = pairwise_iou(answer.boxes, place)[:, 0] >= _SAME_FACE_IOU
    return float(answer.scores[there].max(initial=0.0))
