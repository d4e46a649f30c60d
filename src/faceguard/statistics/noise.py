"""Differential privacy for counts: OpenDP's discrete Laplace mechanism.

The unit of privacy is one count: a track of a video, or a face of a photo. Adding or taking one away changes one cell
by one, so the L1 sensitivity of the table is 1 and the scale of the noise is 1 / epsilon. A person who gives n tracks
is protected with n times epsilon only.
"""

from __future__ import annotations

import math
from typing import cast

import numpy as np

from faceguard.errors import ConfigurationError
from faceguard.statistics.table import Counts

MECHANISM = "opendp discrete laplace"
SENSITIVITY = 1
MAX_EPSILON = 10.0
"""Above it the noise protects nobody: e to the tenth is 22,000."""


def check_epsilon(epsilon: float) -> None:
    """Raises ConfigurationError unless `epsilon` is a budget that can be spent."""
    if not math.isfinite(epsilon) or not 0.001 <= epsilon <= MAX_EPSILON:
        raise ConfigurationError(
            f"epsilon {epsilon:g} is no privacy budget; choose one from 0.001 to {MAX_EPSILON:g}, about 1 or less",
            key="epsilon",
        )


def with_noise(cells: Counts, epsilon: float) -> Counts:
    """`cells` with noise of epsilon, none below zero. Cells without people get noise as well.

    Raises ConfigurationError when OpenDP isn't installed.
    """
    check_epsilon(epsilon)
    try:
        import opendp.prelude as dp
    except ImportError as error:
        raise ConfigurationError(
            "differential privacy needs OpenDP; install it with `pip install 'faceguard-sdk[statistics]'`",
            key="epsilon",
        ) from error
    dp.enable_features("contrib")
    space = dp.vector_domain(dp.atom_domain(T=int), size=cells.size), dp.l1_distance(T=int)
    mechanism = space >> dp.m.then_laplace(scale=SENSITIVITY / epsilon)
    if mechanism.map(SENSITIVITY) > epsilon * (1 + 1e-9):
        raise AssertionError("the mechanism spends more than it was asked to")
    noisy = cast("list[int]", mechanism(cells.ravel().tolist()))
    return np.maximum(np.array(noisy, np.int64).reshape(cells.shape), 0)  # afterwards: costs no budget
