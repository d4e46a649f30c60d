"""What was measured of the age models, as a file, and how a face's looks become an estimate under it.

score   the mean of the four looks less `spread_weight` of their standard deviation: doubt lowers it.
        It is the estimate in years.
belt    for each age the score that all but (1 - coverage) of the people of that age stay at or below. The lower
        bound is the first age that the belt doesn't rule out (Neyman 1937), its quantiles being those of split
        conformal prediction for each age (Vovk 2012): it holds at every age, whoever stands before the camera.
under   logistic curves in log score for P(age < T). These do depend on how many of each age there are (`prior`).
"""

from __future__ import annotations

import hashlib
import math
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from faceguard.age.looks import MODEL_IDS, Looks
from faceguard.errors import ConfigurationError, ModelIntegrityError, ModelNotFoundError
from faceguard.inference.manifest import load_manifest
from faceguard.inference.store import read_weights
from faceguard.types import AgeCalibrationFigures, AgeEstimate

SHIPPED = "age-default"
MODEL_ID = "+".join(MODEL_IDS)

_STRICT = ConfigDict(extra="forbid", frozen=True)
_MIN_SCORE_YEARS = 0.1
_MAX_LOGIT = 30.0

Years = Annotated[float, Field(ge=0, le=150, allow_inf_nan=False)]
Share = Annotated[float, Field(gt=0, lt=1)]


class CalibrationData(BaseModel):
    """The labelled pictures behind the figures."""

    model_config = _STRICT

    name: str
    labels_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    pictures: int = Field(gt=0)
    answered: int = Field(gt=0)
    people_by_age: dict[str, int]
    """Answered pictures by band of years, `"12-15"`."""
    limits: tuple[str, ...]
    """What can't be claimed from these data, in plain words."""


class BeltPoint(BaseModel):
    """All but (1 - coverage) of people of `age` completed years score at most `score`."""

    model_config = _STRICT

    age: int = Field(ge=0, le=120)
    score: Years
    people: int = Field(gt=0)


class UnderCurve(BaseModel):
    """P(age < threshold) = 1 / (1 + exp(-(intercept + slope * ln score))), for a share `prior` of people under it."""

    model_config = _STRICT

    threshold: Years
    intercept: Annotated[float, Field(allow_inf_nan=False)]
    slope: Annotated[float, Field(lt=0, allow_inf_nan=False)]
    prior: Share


class ChallengeFigure(BaseModel):
    """With the challenge age `years`, at most `max_false_adult_rate` of people of `threshold - 1` are passed as
    adults."""

    model_config = _STRICT

    threshold: Years
    max_false_adult_rate: Share
    years: Years
    people: int = Field(gt=0)


class AgeCalibration(BaseModel):
    """A calibration file. `confidence` is that of the challenge figures, `coverage` that of the lower bound."""

    model_config = _STRICT

    schema_version: Literal[1] = 1
    calibration_id: Annotated[str, Field(min_length=1, max_length=80)]
    created: date
    models: dict[str, Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]]
    detectors: tuple[str, ...]
    data: CalibrationData
    spread_weight: Annotated[float, Field(ge=0, le=5)]
    coverage: Share
    confidence: Share
    belt: tuple[BeltPoint, ...]
    under: tuple[UnderCurve, ...]
    challenges: tuple[ChallengeFigure, ...]

    @model_validator(mode="after")
    def _belt_rises_year_by_year(self) -> AgeCalibration:
        ages = [point.age for point in self.belt]
        scores = [point.score for point in self.belt]
        if ages != list(range(len(ages))) or scores != sorted(scores):
            raise ValueError("the belt must have every age from 0 up, with scores that don't fall")
        thresholds = [curve.threshold for curve in self.under]
        if thresholds != sorted(set(thresholds)):
            raise ValueError("the curves must be in ascending order of threshold")
        return self

    @property
    def figures(self) -> AgeCalibrationFigures:
        triples = tuple((c.threshold, c.max_false_adult_rate, c.years) for c in self.challenges)
        return AgeCalibrationFigures(self.calibration_id, tuple(self.models), triples)

    def scores(self, years: NDArray[np.float64]) -> NDArray[np.float64]:
        """Scores in years of looks `(N, 4)`, as the module says."""
        return score(years, self.spread_weight)

    def lower_years(self, score_years: float) -> float:
        """The lower bound: the first age in completed years that the belt does not rule out; 0.0 rules out none."""
        for point in self.belt:
            if score_years <= point.score:
                return float(point.age)
        return float(len(self.belt))

    def probabilities_under(self, score_years: float) -> tuple[tuple[float, float], ...]:
        """`(T, P(age < T))` for each curve, ascending. Each curve is fitted by itself; where the data make two cross,
        the higher chance of being under age holds."""
        found: list[tuple[float, float]] = []
        for curve in self.under:
            chance = probability_under(curve, score_years)
            found.append((curve.threshold, max(chance, found[-1][1] if found else 0.0)))
        return tuple(found)

    def estimates(self, looks: Looks) -> tuple[AgeEstimate, ...]:
        """One estimate for each row of `looks`."""
        scores = self.scores(looks.years)
        spreads = np.hypot(looks.std_years, looks.years.std(axis=1))
        return tuple(
            AgeEstimate(
                years=value,
                std_years=spread,
                lower_years=min(self.lower_years(value), value),
                model_id=MODEL_ID,
                calibration_id=self.calibration_id,
                p_under=self.probabilities_under(value),
            )
            for value, spread in zip(scores.tolist(), spreads.tolist(), strict=True)
        )


def score(years: NDArray[np.float64], spread_weight: float) -> NDArray[np.float64]:
    """`(N,)` scores in years of looks `(N, 4)`: mean less `spread_weight` standard deviations, at least 0.1."""
    pulled: NDArray[np.float64] = years.mean(axis=1) - spread_weight * years.std(axis=1)
    return np.maximum(pulled, _MIN_SCORE_YEARS)


def probability_under(curve: UnderCurve, score_years: float) -> float:
    logit = curve.intercept + curve.slope * math.log(max(score_years, _MIN_SCORE_YEARS))
    return 1.0 / (1.0 + math.exp(-max(-_MAX_LOGIT, min(_MAX_LOGIT, logit))))


def shipped_calibration() -> AgeCalibration:
    """The calibration that comes with the models, checked against its digest. Raises ModelError."""
    manifest = load_manifest()
    if SHIPPED not in manifest.calibrations:
        raise ModelNotFoundError(f"no calibration `{SHIPPED}` in the model manifest; reinstall faceguard-sdk")
    return _parse(read_weights(manifest.calibrations[SHIPPED]), SHIPPED)


def read_calibration(path: Path) -> AgeCalibration:
    """A calibration made by `faceguard age calibrate`. Raises ConfigurationError or ModelIntegrityError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"the calibration `{path}` can't be read ({error.strerror or error})", path=path
        ) from error
    return _parse(data, str(path))


def _parse(data: bytes, name: str) -> AgeCalibration:
    try:
        calibration = AgeCalibration.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(
            f"`{name}` is not a calibration file (`{where}`: {first['msg']}); make one with `faceguard age calibrate`",
            path=name,
            key=where,
        ) from error
    _check_models(calibration, name)
    return calibration


def _check_models(calibration: AgeCalibration, name: str) -> None:
    """Figures say nothing of other weights than those they were measured with."""
    shipped = {model_id: load_manifest().spec(model_id).sha256 for model_id in MODEL_IDS}
    if calibration.models != shipped:
        raise ModelIntegrityError(
            f"`{name}` was measured with other age models than these; calibrate anew with `faceguard age calibrate`",
            path=name,
            expected=shipped,
            actual=calibration.models,
        )


def digest(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()
