"""The networks: each face is looked at four times, by two networks, as it is and mirrored.

The two were trained on different pictures, and what they disagree about is where each of them errs; together they beat
either on pictures that neither was trained on (docs/age.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceguard.inference.session import get_session

FACERES = "faceres-deep"
FACE_API = "face-api-age"
MODEL_IDS = (FACERES, FACE_API)
_MAX_BATCH = 16
"""Faces per run: beyond it a face gets no cheaper, and memory grows (5 MB a face)."""


@dataclass(frozen=True, slots=True, eq=False)
class Looks:
    """`years` is `(N, 4)` float64: faceres-deep, the same mirrored, face-api, the same mirrored. `std_years` is
    `(N,)`, the spread of faceres-deep's own distribution over ages."""

    years: NDArray[np.float64]
    std_years: NDArray[np.float64]


def look(
    faceres: Sequence[NDArray[np.uint8]], face_api: Sequence[NDArray[np.uint8]], *, threads: int | None = None
) -> Looks:
    """Ages of faces as `align_for_faceres` and `align_for_face_api` give them, in the same order. Raises ModelError."""
    probabilities = _run(FACERES, np.concatenate(faceres), threads)
    ages = np.arange(1, probabilities.shape[1] + 1, dtype=np.float64)
    means = probabilities @ ages
    variances = np.maximum(probabilities @ ages**2 - means**2, 0.0)
    single = _run(FACE_API, np.concatenate(face_api), threads)[:, 0]
    years = np.column_stack([means.reshape(-1, 2), single.reshape(-1, 2)])
    return Looks(years, np.sqrt(variances.reshape(-1, 2).mean(axis=1)))


def _run(model_id: str, batch: NDArray[np.uint8], threads: int | None) -> NDArray[np.float64]:
    session = get_session(model_id, threads=threads)
    parts = [session.run(batch[start : start + _MAX_BATCH])[0] for start in range(0, len(batch), _MAX_BATCH)]
    return np.concatenate(parts).astype(np.float64)
