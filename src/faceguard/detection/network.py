"""A detection network: a shipped graph and the way to read its outputs. All share one form of input and output."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceguard.detection import centerface, retinaface, yunet
from faceguard.detection.candidates import Candidates
from faceguard.detection.merge import suppress
from faceguard.inference.session import get_session

Decode = Callable[[NDArray[np.float32], NDArray[np.float32], tuple[int, int], float], Candidates]

_SAME_FACE_IOU = 0.4
"""Boxes of one network that overlap more are one face, as in the networks' own papers."""

_LIMIT = 1e-3
"""Scores nearer to 0 or 1 are no firmer than this."""


@dataclass(frozen=True, slots=True)
class Network:
    """`decode` turns scores and shapes of one picture into candidates in pixels of the input.

    `slope` and `offset` make log-odds of a face out of the log-odds of a score, so that the networks can be compared:
    0.6 of YuNet means little, 0.6 of CenterFace much. Read off the share of true finds by score, ADR 0011.
    """

    model_id: str
    decode: Decode
    slope: float
    offset: float

    def find(self, batch: NDArray[np.uint8], min_score: float, threads: int | None) -> list[Candidates]:
        """For each picture of `batch`, `(N, H, W, 3)` BGR, H and W multiples of 32: its faces, best first.

        Boxes are in pixels of the batch and may reach beyond it.
        """
        scores, shapes = get_session(self.model_id, threads=threads).run(batch)
        size = (batch.shape[1], batch.shape[2])
        return [suppress(self.decode(scores[i], shapes[i], size, min_score), _SAME_FACE_IOU) for i in range(len(batch))]

    def log_odds(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n,) log-odds that a find of this network alone is a face."""
        return np.asarray(self.slope * log_odds(scores) + self.offset, np.float32)

    def probability(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n,) probability that a find of this network alone is a face."""
        return np.asarray(1 / (1 + np.exp(-self.log_odds(scores))), np.float32)


def log_odds(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """log(p / (1 - p)), bounded."""
    bounded = np.clip(scores, _LIMIT, 1 - _LIMIT)
    return np.asarray(np.log(bounded / (1 - bounded)), np.float32)


YUNET = Network(yunet.MODEL_ID, yunet.decode, slope=1.6, offset=-0.6)
RETINAFACE = Network(retinaface.MODEL_ID, retinaface.decode, slope=1.0, offset=-0.3)
CENTERFACE = Network(centerface.MODEL_ID, centerface.decode, slope=2.2, offset=0.6)
