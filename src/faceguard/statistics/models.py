"""The models that count: a detector and an age estimator. There is nothing here that could cover or write a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from faceguard.age.estimator import create_age_estimator
from faceguard.detection.tiers import create_detector
from faceguard.pipeline.stages import Stages
from faceguard.policy.document import Policy
from faceguard.types import AgeEstimator, Detection, Detector, Frame, RedactionClass


@dataclass(frozen=True, slots=True)
class _NoRedactor:
    """Stands where the stages want a redactor; statistics have no picture to cover."""

    method: str = "none"
    redaction_class: RedactionClass = RedactionClass.COSMETIC

    def redact(self, frame: Frame, regions: object) -> NoReturn:
        raise AssertionError("statistics mode has no picture to cover")


@dataclass(frozen=True, slots=True)
class Models:
    """What looks. `stages` are those of the pipeline's looking half."""

    stages: Stages

    def is_sure(self, found: Detection) -> bool:
        return found.score >= self.stages.confident_score


def make_models(
    policy: Policy,
    *,
    detector: Detector | None = None,
    estimator: AgeEstimator | None = None,
    threads: int | None = None,
) -> Models:
    """The detector tier and limits that the policy asks for. Models load with the first picture."""
    return Models(
        Stages(
            detector or create_detector(policy.detection.tier.value, threads=threads),
            estimator or create_age_estimator(threads=threads),
            _NoRedactor(),
            confident_score=policy.detection.confident_score.value,
            min_age_face_px=policy.age.min_face_px.value,
        )
    )
