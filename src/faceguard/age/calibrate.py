"""A labelled set -> a calibration. Pictures the estimator would not answer for don't count: the figures are of
answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from faceguard.age.calibration import AgeCalibration, CalibrationData, score
from faceguard.age.fit import CONFIDENCE, COVERAGE, SPREAD_WEIGHT, THRESHOLDS, fit_belt, fit_challenges, fit_curves
from faceguard.age.labelled import Label, LabelledSet, faces
from faceguard.age.looks import MODEL_IDS
from faceguard.age.observe import observe
from faceguard.errors import ConfigurationError
from faceguard.inference.manifest import load_manifest
from faceguard.types import AgeUnknownReason, Detector

BANDS = ((0, 5), (6, 11), (12, 15), (16, 17), (18, 19), (20, 29), (30, 44), (45, 120))
"""Bands of completed years that people are counted in."""
MIN_PEOPLE_NEAR_THRESHOLD = 30
"""Fewer people within the pooled years around a threshold than this, and the data are called thin in the file."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelledLooks:
    """What the networks see of a labelled set. `years` is `(M, 4)` for the M labels answered, in `answered`
    (indices)."""

    labels: tuple[Label, ...]
    faults: tuple[AgeUnknownReason | None, ...]
    """For each label why it was not answered, or None; NO face at all counts as LOW_CONFIDENCE."""
    answered: tuple[int, ...]
    years: NDArray[np.float64]

    @property
    def ages(self) -> NDArray[np.int64]:
        return np.array([self.labels[i].age for i in self.answered], np.int64)


def look_at(labelled: LabelledSet, detector: Detector, *, threads: int | None = None) -> LabelledLooks:
    """Runs detector and networks over all pictures. Raises ModelError, ConfigurationError."""
    faults: list[AgeUnknownReason | None] = []
    rows = []
    for _, crop in faces(labelled, detector):
        seen = observe([crop] if crop else [], threads=threads)
        faults.append(seen.faults[0] if crop else AgeUnknownReason.LOW_CONFIDENCE)
        if seen.looks is not None:
            rows.append(seen.looks.years[0])
    answered = tuple(i for i, fault in enumerate(faults) if fault is None)
    return LabelledLooks(labelled.labels, tuple(faults), answered, np.array(rows, np.float64).reshape(-1, 4))


def calibrate(
    seen: LabelledLooks,
    labelled: LabelledSet,
    detector_ids: tuple[str, ...],
    *,
    calibration_id: str,
    created: date,
    priors: dict[float, float] | None = None,
    limits: tuple[str, ...] = (),
) -> AgeCalibration:
    """The calibration of these looks. Raises ConfigurationError when there is nothing to fit."""
    if len(seen.answered) == 0:
        raise ConfigurationError(
            f"no face of `{labelled.name}` could be answered for; check the pictures", path=labelled.name
        )
    scores, ages = score(seen.years, SPREAD_WEIGHT), seen.ages
    return AgeCalibration(
        calibration_id=calibration_id,
        created=created,
        models={model_id: load_manifest().spec(model_id).sha256 for model_id in MODEL_IDS},
        detectors=detector_ids,
        data=CalibrationData(
            name=labelled.name,
            labels_sha256=labelled.sha256,
            pictures=len(labelled.labels),
            answered=len(seen.answered),
            people_by_age=people_by_band(ages),
            limits=(*limits, *_thin(ages)),
        ),
        spread_weight=SPREAD_WEIGHT,
        coverage=COVERAGE,
        confidence=CONFIDENCE,
        belt=fit_belt(scores, ages),
        under=fit_curves(scores, ages, priors=priors),
        challenges=fit_challenges(scores, ages),
    )


def people_by_band(ages: NDArray[np.int64]) -> dict[str, int]:
    return {f"{low}-{high}": int(((ages >= low) & (ages <= high)).sum()) for low, high in BANDS}


def _thin(ages: NDArray[np.int64]) -> tuple[str, ...]:
    """Plain words for each threshold with too few people just under it."""
    words = []
    for threshold in THRESHOLDS:
        near = int(((ages >= threshold - 4) & (ages < threshold)).sum())
        if near < MIN_PEOPLE_NEAR_THRESHOLD:
            words.append(f"only {near} people in the four years under {threshold:g}: too thin for a claim there")
    return tuple(words)
