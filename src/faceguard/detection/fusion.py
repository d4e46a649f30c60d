"""What several looks at one picture say together.

Finds that overlap are one face. Its probability weighs the log-odds of each network's best score for it; a network that
saw nothing counts against it. So a weak find that two networks share is kept, and a firm one of a single network that
the others don't confirm is not. Its box is the hull of the finds that agree, since what one of them leaves out may be
the chin below a mask: a region may be too large, never too small.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceguard.detection.candidates import Candidates, concatenate, nothing
from faceguard.detection.merge import best_of_overlapping, best_overlap
from faceguard.detection.network import Network, log_odds

_SAME_FACE_IOU = 0.35
_AGREES_FROM = 0.5
"""A find belongs to the hull when its score is at least this share of the group's best."""
_UNSEEN = 0.05
"""The score that stands for "saw nothing"; passes report from 0.1."""


@dataclass(frozen=True, slots=True)
class Fusion:
    """Logistic weights of the networks' log-odds, and the constant. Measured, see ADR 0011."""

    weights: Mapping[Network, float]
    bias: float

    def probability(self, scores: Mapping[Network, NDArray[np.float32]]) -> NDArray[np.float32]:
        """(n,) probability that each is a face; `scores` (n,) of each network, 0 where it saw nothing."""
        evidence = [weight * log_odds(np.maximum(scores[network], _UNSEEN)) for network, weight in self.weights.items()]
        total = self.bias + np.sum(evidence, axis=0)
        return np.asarray(1 / (1 + np.exp(-total)), np.float32)

    def join(
        self, finds: Sequence[tuple[Network, Candidates]]
    ) -> tuple[Candidates, dict[Network, NDArray[np.float32]]]:
        """One candidate for each face with its probability as score, and the networks' best scores (n,) for it.

        `finds` are what each pass saw, in pixels of the same picture. Best first.
        """
        every = concatenate([found for _, found in finds])
        if len(every) == 0:
            return nothing(), {network: np.empty(0, np.float32) for network in self.weights}
        ranks = np.concatenate([network.log_odds(found.scores) for network, found in finds])
        leaders = best_of_overlapping(every.boxes, ranks, _SAME_FACE_IOU)
        group, overlap = best_overlap(every.boxes, every.boxes[leaders])
        member = overlap >= _SAME_FACE_IOU
        scores = {network: np.zeros(len(leaders), np.float32) for network in self.weights}
        source = np.repeat(np.arange(len(finds)), [len(found) for _, found in finds])
        for index, (network, _) in enumerate(finds):
            of_pass = member & (source == index)
            np.maximum.at(scores[network], group[of_pass], every.scores[of_pass])
        boxes = _hulls(every, leaders, group, member)
        joined = Candidates(boxes, self.probability(scores), every.landmarks[leaders])
        order = np.argsort(-joined.scores, kind="stable")
        return joined.take(order), {network: values[order] for network, values in scores.items()}


def _hulls(
    every: Candidates, leaders: NDArray[np.intp], group: NDArray[np.intp], member: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """(m, 4): each leader's box grown to hold the members of its group that are nearly as sure."""
    boxes = every.boxes[leaders].copy()
    agreeing = member & (every.scores >= _AGREES_FROM * every.scores[leaders][group])
    np.minimum.at(boxes[:, :2], group[agreeing], every.boxes[agreeing, :2])
    np.maximum.at(boxes[:, 2:], group[agreeing], every.boxes[agreeing, 2:])
    return boxes
