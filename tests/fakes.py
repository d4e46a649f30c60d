"""Stages that do what they are told, behind the real protocols of `faceguard.types`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from faceguard.types import (
    AgeAnswer,
    AgeCalibrationFigures,
    AgeEstimate,
    AgeUnknown,
    AgeUnknownReason,
    Box,
    Detection,
    FaceCrop,
    Frame,
    RedactionClass,
    Region,
)

FAKE_MODEL = "fake_model"


def face_at(x: float, y: float, w: float, h: float, score: float = 0.99) -> Detection:
    return Detection(Box(x, y, x + w, y + h), score, None, FAKE_MODEL)


def years(value: float, lower: float | None = None) -> AgeEstimate:
    bound = value - 8.0 if lower is None else lower
    return AgeEstimate(value, 4.0, bound, FAKE_MODEL, "fake_calibration")


ADULT = years(45.0, lower=30.0)
CHILD = years(8.0, lower=2.0)


@dataclass
class FakeDetector:
    """Finds the given faces in every picture, or raises the given error; counts its calls."""

    faces: Sequence[Detection] = ()
    error: Exception | None = None
    calls: int = 0

    @property
    def model_ids(self) -> tuple[str, ...]:
        return ()

    def detect(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        self.calls += 1
        if self.error is not None:
            raise self.error
        return tuple(self.faces)


@dataclass
class FakeAgeEstimator:
    """Gives the answers in order, again and again; calibrated so well that no challenge age needs raising."""

    answers: Sequence[AgeAnswer] = (AgeUnknown(AgeUnknownReason.NO_ESTIMATOR),)
    error: Exception | None = None
    crops: list[FaceCrop] = field(default_factory=list)

    @property
    def model_ids(self) -> tuple[str, ...]:
        return ()

    @property
    def figures(self) -> AgeCalibrationFigures:
        triples = tuple((float(t), rate, t + 1.0) for t in (13, 14, 16, 18) for rate in (0.001, 0.01, 0.02, 0.05))
        return AgeCalibrationFigures("fake_calibration", (FAKE_MODEL,), triples)

    def estimate(self, crops: Sequence[FaceCrop]) -> tuple[AgeAnswer, ...]:
        if self.error is not None:
            raise self.error
        self.crops.extend(crops)
        return tuple(self.answers[i % len(self.answers)] for i in range(len(crops)))


@dataclass
class FailingRedactor:
    """Covers nothing (`error` is None) or raises."""

    error: Exception | None = None

    @property
    def method(self) -> str:
        return "solid"

    @property
    def redaction_class(self) -> RedactionClass:
        return RedactionClass.IRREVERSIBLE

    def redact(self, frame: Frame, regions: Sequence[Region]) -> Frame:
        if self.error is not None:
            raise self.error
        return frame
