"""FaceCrop -> AgeEstimate | AgeUnknown, in four steps: landmarks, quality, looks, agreement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from faceguard.types import AgeAnswer, AgeCalibrationFigures, AgeEstimate, AgeEstimator, AgeUnknown, FaceCrop

if TYPE_CHECKING:
    from faceguard.age.calibration import AgeCalibration


def create_age_estimator(calibration: Path | None = None, *, threads: int | None = None) -> AgeEstimator:
    """The age estimator, with the shipped calibration or the one in a file; the networks load with the first face.

    `threads` as in `inference.session`. Raises ModelError, or ConfigurationError for a file that can't be used.
    """
    from faceguard.age.calibration import read_calibration, shipped_calibration

    return CalibratedAgeEstimator(read_calibration(calibration) if calibration else shipped_calibration(), threads)


@dataclass(frozen=True, slots=True)
class CalibratedAgeEstimator:
    """A `types.AgeEstimator`: two networks under one calibration."""

    calibration: AgeCalibration
    threads: int | None = None

    @property
    def model_ids(self) -> tuple[str, ...]:
        return tuple(self.calibration.models)

    @property
    def figures(self) -> AgeCalibrationFigures:
        return self.calibration.figures

    def estimate(self, crops: Sequence[FaceCrop]) -> tuple[AgeAnswer, ...]:
        """One answer for each crop, in order; the faces of one call share the networks' runs. Raises ModelError."""
        from faceguard.age.observe import observe

        seen = observe(crops, threads=self.threads)
        estimates: dict[int, AgeEstimate] = {}
        if seen.looks is not None:
            estimates = dict(zip(seen.looked_at, self.calibration.estimates(seen.looks), strict=True))
        return tuple(
            AgeUnknown(fault, self._model_id) if fault is not None else estimates[i]
            for i, fault in enumerate(seen.faults)
        )

    @property
    def _model_id(self) -> str:
        return "+".join(self.model_ids)
