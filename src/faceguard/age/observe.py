"""FaceCrop -> what the networks see of it, or why it isn't shown to them. The same for estimating and calibrating."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from faceguard.age.align import align_for_face_api, align_for_faceres
from faceguard.age.looks import Looks, look
from faceguard.age.quality import LIMITS, FaceQuality, QualityLimits, fault_of, measure
from faceguard.errors import InferenceError
from faceguard.types import AgeUnknownReason, FaceCrop

MAX_SPREAD_YEARS = 10.0
"""Standard deviation of the looks from which they are no answer. The half percent of UTKFace chips beyond it are wrong
by 20 years on average, the others by 3.3."""


@dataclass(frozen=True, slots=True, eq=False)
class Observations:
    """`faults` and `qualities` have one entry for each crop. `looks` has one row for each crop in `looked_at` (indices,
    ascending), or is None when no crop is fit to be looked at or no looks agree."""

    faults: tuple[AgeUnknownReason | None, ...]
    qualities: tuple[FaceQuality | None, ...]
    looked_at: tuple[int, ...]
    looks: Looks | None


def observe(
    crops: Sequence[FaceCrop],
    *,
    limits: QualityLimits = LIMITS,
    max_spread_years: float = MAX_SPREAD_YEARS,
    threads: int | None = None,
) -> Observations:
    """All crops, their fit ones in as few runs of the networks as can be. Raises ModelError."""
    faults: list[AgeUnknownReason | None] = []
    qualities: list[FaceQuality | None] = []
    for_faceres, for_face_api = [], []
    for crop in crops:
        landmarks = crop.detection.landmarks
        if landmarks is None:  # where the eyes are decides where both crops lie
            faults.append(AgeUnknownReason.LOW_CONFIDENCE)
            qualities.append(None)
            continue
        aligned = align_for_face_api(crop, landmarks)
        qualities.append(quality := measure(crop, landmarks, aligned[-1]))
        faults.append(fault := fault_of(quality, limits))
        if fault is None:
            for_face_api.append(aligned)
            for_faceres.append(align_for_faceres(crop, landmarks))
    fit = [i for i, fault in enumerate(faults) if fault is None]
    if not fit:
        return Observations(tuple(faults), tuple(qualities), (), None)
    looks = look(for_faceres, for_face_api, threads=threads)
    if not (np.isfinite(looks.years).all() and np.isfinite(looks.std_years).all()):
        raise InferenceError("an age network answered with something that is not a number; reinstall faceguard-sdk")
    agreed = looks.years.std(axis=1) <= max_spread_years
    for i, agree in zip(fit, agreed.tolist(), strict=True):
        if not agree:
            faults[i] = AgeUnknownReason.DISAGREEMENT
    looked_at = tuple(i for i, agree in zip(fit, agreed.tolist(), strict=True) if agree)
    return Observations(
        tuple(faults),
        tuple(qualities),
        looked_at,
        Looks(looks.years[agreed], looks.std_years[agreed]) if looked_at else None,
    )
