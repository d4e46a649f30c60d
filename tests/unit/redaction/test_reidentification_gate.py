"""FG-R03, the gate: a linear attacker trained on our own redactions of other faces finds nobody again behind a fill.

No recogniser is shipped, so the attacker is the strongest that needs none: ridge regression from covered to bare faces,
then the nearest of all candidates. Blur is the control: there it has to succeed, else the attack proves nothing.
"""

from __future__ import annotations

import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray

from faceguard.opencv import cv2
from faceguard.redaction.registry import create_redactor
from faceguard.types import Box, Frame, Region

SIDE, TRAINED = 64, 70
CHANCE_RANK = 0.5
"""Where the right face stands among all others on average when nothing is known, as a share."""


def faces() -> NDArray[np.uint8]:
    """`(100, 64, 64, 3)`: labelled faces of skimage's excerpt of LFW."""
    small = (skimage.data.lfw_subset()[:100] * 255).astype(np.uint8)
    return np.stack([np.repeat(cv2.resize(face, (SIDE, SIDE))[..., None], 3, axis=2) for face in small])


def mean_rank(method: str) -> float:
    """The average rank, 0..1, of the right face when 30 covered ones are inverted and compared with the bare ones."""
    bare, redactor, region = faces(), create_redactor(method), Region(1, Box(8, 8, 56, 56))
    covered = [redactor.redact(Frame((face,)), [region]).planes[0] for face in bare]
    inside = np.s_[8:56:2, 8:56:2, 0]
    x = np.stack([face[inside].ravel() for face in covered]).astype(float)
    y = np.stack([face[inside].ravel() for face in bare]).astype(float)
    x_mean, y_mean = x[:TRAINED].mean(axis=0), y[:TRAINED].mean(axis=0)
    known, target = x[:TRAINED] - x_mean, y[:TRAINED] - y_mean
    weights = known.T @ np.linalg.solve(known @ known.T + 100 * np.eye(TRAINED), target)
    guesses, truth = (x[TRAINED:] - x_mean) @ weights, y[TRAINED:] - y_mean
    away = ((guesses[:, None] - truth[None]) ** 2).sum(axis=2)
    right = np.diag(away)
    better = (away < right[:, None]).sum(axis=1) + 0.5 * ((away == right[:, None]).sum(axis=1) - 1)
    return float((better / (len(truth) - 1)).mean())


def test_a_fill_leaves_an_attacker_at_chance() -> None:
    """FG-R03: 30 faces, three standard errors of a uniform rank (0.29 / sqrt(30))."""
    assert mean_rank("solid") > CHANCE_RANK - 3 * 0.053


@pytest.mark.parametrize("method", ["blur"])
def test_the_attack_succeeds_where_it_can(method: str) -> None:
    assert mean_rank(method) < 0.25
