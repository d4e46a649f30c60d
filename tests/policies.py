"""Policies, notices and contexts for tests: the shipped ones, whole, to be changed one thing at a time."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from faceguard.policy.cases import shipped_notice
from faceguard.policy.document import Policy
from faceguard.policy.engine import DecisionContext
from faceguard.policy.gate import BoundNotice, bind_notice
from faceguard.policy.load import load_policy
from faceguard.policy.notice import HandlingNotice
from faceguard.types import (
    AgeAnswer,
    AgeCalibrationFigures,
    AgeEstimate,
    AgeUnknown,
    AgeUnknownReason,
    ConsentFinding,
    ConsentGiver,
    Function,
    GuardianLevel,
    LinkMethod,
    Subject,
    SubjectRef,
)

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
FUNCTIONS = frozenset({Function.FACE_DETECTION, Function.AGE_ESTIMATION, Function.REDACTION})
IN_PLACE, RELEASE = "in_store_safety", "publication"
CALIBRATION = "fitted"


def notice(**changes: Any) -> HandlingNotice:
    """The shipped notice with other fields, given as JSON values."""
    content = {**shipped_notice().content, **changes}
    return HandlingNotice.model_validate_json(json.dumps(content))


def notice_without(item: str) -> HandlingNotice:
    """The shipped notice without one text item."""
    items = {key: text for key, text in shipped_notice().content["items"].items() if key != item}
    return notice(items=items)


def bound(policy: Policy, purpose: str = IN_PLACE, *, with_notice: HandlingNotice | None = None) -> BoundNotice:
    return bind_notice(with_notice or shipped_notice(), policy=policy, purpose=purpose, functions=FUNCTIONS, moment=NOW)


def figures(policy: Policy, challenge_years: float = 0.0) -> AgeCalibrationFigures:
    """A calibrated model that was measured to need `challenge_years` for this policy's threshold and rate."""
    threshold = float(policy.age.guardian_consent_age_years.value)
    triple = (threshold, policy.age.max_false_adult_rate.value, challenge_years)
    return AgeCalibrationFigures(CALIBRATION, ("model",), (triple,))


def context(
    policy: Policy | str = "jp-appi-2026", purpose: str = IN_PLACE, *, with_notice: HandlingNotice | None = None
) -> DecisionContext:
    loaded = load_policy(policy) if isinstance(policy, str) else policy
    return DecisionContext.of(bound(loaded, purpose, with_notice=with_notice), figures=figures(loaded), moment=NOW)


def estimate(years: float, lower: float = 0.0, calibration_id: str = CALIBRATION) -> AgeEstimate:
    return AgeEstimate(years, 4.0, lower, "model", calibration_id)


ADULT, CHILD = estimate(45.0, lower=34.0), estimate(8.0, lower=3.0)
BLURRED = AgeUnknown(AgeUnknownReason.BLURRED)


def subject(age: AgeAnswer, declared_age: int | None = None) -> Subject:
    return Subject(0, age, SubjectRef("person-1", LinkMethod.REGION), declared_age)


def guardian_finding(**changes: Any) -> ConsentFinding:
    """A guardian's consent that holds under every preset, for release too."""
    fields: dict[str, Any] = {
        "record_id": "0f8fad5b-d9cb-469f-a165-70867728950e",
        "given_by": ConsentGiver.GUARDIAN,
        "valid": True,
        "state": "ConsentGiven",
        "guardian_level": GuardianLevel.G4,
        "covers_release": True,
        "written_release": True,
        "best_interests_ref": "bia-1",
        "subject_is_minor": True,
    }
    return ConsentFinding(**{**fields, **changes})


def own_finding(**changes: Any) -> ConsentFinding:
    """A grown person's own consent that holds under every preset, for release too."""
    return guardian_finding(
        **{"given_by": ConsentGiver.SELF, "guardian_level": None, "best_interests_ref": None, "subject_is_minor": False}
        | changes
    )
