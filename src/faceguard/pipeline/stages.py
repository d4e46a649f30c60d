"""The models and the method that a run uses, made once."""

from __future__ import annotations

from dataclasses import dataclass

from faceguard.types import AgeEstimator, Detector, Function, Redactor


@dataclass(frozen=True, slots=True)
class Stages:
    """What looks and what covers. Without an age estimator every face is a possible minor (FG-A01)."""

    detector: Detector
    estimator: AgeEstimator | None
    redactor: Redactor
    confident_score: float = 0.0
    """Detections below this are faces of unknown age; in 0..1."""
    min_age_face_px: float = 0.0
    """Faces with a shorter side below this, in source pixels, are of unknown age (FG-A06)."""
    verifier: Detector | None = None
    """Looks for faces in what was written, before it is released; None where neither policy nor caller asks for it."""

    untrusted_input: bool = False
    """Files that come in are decoded in a process of their own, with limits on memory and time."""

    @property
    def functions(self) -> frozenset[Function]:
        """What the notice has to name (FG-N03)."""
        used = {Function.FACE_DETECTION, Function.REDACTION}
        if self.estimator is not None:
            used.add(Function.AGE_ESTIMATION)
        return frozenset(used)

    @property
    def model_ids(self) -> tuple[tuple[str, str], ...]:
        """`(model id, role)` of every model that may run."""
        found = [(model_id, "detection") for model_id in self.detector.model_ids]
        if self.estimator is not None:
            found += [(model_id, "age") for model_id in self.estimator.model_ids]
        if self.verifier is not None:
            found += [(model_id, "verification") for model_id in self.verifier.model_ids]
        return tuple(found)
