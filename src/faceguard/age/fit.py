"""Labelled looks -> calibration: belt, challenge ages and curves, each with what the number of people allows."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from faceguard.age.calibration import BeltPoint, ChallengeFigure, UnderCurve
from faceguard.age.intervals import most_events

THRESHOLDS = (13.0, 14.0, 16.0, 18.0)
"""Guardian-consent ages of the preset policies."""
RATES = (0.01, 0.02, 0.03, 0.04, 0.05, 0.1)
"""False-adult rates that challenge ages are given for."""
COVERAGE = 0.98
CONFIDENCE = 0.95
SPREAD_WEIGHT = 0.5
"""Half a standard deviation: of the weights 0 to 1.25 the one after which adults lost more than children gained."""
POOL_YEARS = 3
"""People within so many years of an age speak for it, their scores moved along the trend: single years are too few."""
OLDEST_BELT_AGE = 45
_STEP_YEARS = 0.1
_NEWTON_STEPS = 50
_RIDGE = 1e-6

Scores = NDArray[np.float64]
Ages = NDArray[np.int64]


def scores_at(age: int, scores: Scores, ages: Ages) -> Scores:
    """Scores of people near `age`, each moved by the trend to where it would be at `age`; ascending."""
    near = np.abs(ages - age) <= POOL_YEARS
    apart = (ages[near] - age).astype(np.float64)
    values = scores[near]
    if len(np.unique(apart)) > 1:
        values = values - max(float(np.polyfit(apart, values, 1)[0]), 0.0) * apart
    return np.sort(values)


def fit_belt(scores: Scores, ages: Ages, coverage: float = COVERAGE) -> tuple[BeltPoint, ...]:
    """The belt from age 0 up, as far as the people are enough for the coverage. Never falls, so that a bound is one."""
    points: list[BeltPoint] = []
    highest = 0.0
    for age in range(OLDEST_BELT_AGE + 1):
        values = scores_at(age, scores, ages)
        rank = math.ceil((len(values) + 1) * coverage)
        if rank > len(values):
            break
        highest = max(highest, _round_up(float(values[rank - 1])))
        points.append(BeltPoint(age=age, score=highest, people=len(values)))
    return tuple(points)


def fit_challenges(
    scores: Scores,
    ages: Ages,
    thresholds: Sequence[float] = THRESHOLDS,
    rates: Sequence[float] = RATES,
    confidence: float = CONFIDENCE,
) -> tuple[ChallengeFigure, ...]:
    """For each threshold and rate the smallest challenge age that holds it at `threshold - 1` with this confidence.

    A pair that the number of people can't show is left out: such a policy gets its wide default.
    """
    figures = []
    for threshold in thresholds:
        values = scores_at(int(threshold) - 1, scores, ages)
        for rate in rates:
            allowed = most_events(len(values), rate, confidence)
            if allowed < 0:
                continue
            # One step above the first score that must not pass: an estimate equal to the challenge age passes.
            years = _round_up(float(values[len(values) - 1 - allowed])) + _STEP_YEARS
            figures.append(
                ChallengeFigure(
                    threshold=threshold,
                    max_false_adult_rate=rate,
                    years=round(max(years, threshold), 1),
                    people=len(values),
                )
            )
    return tuple(figures)


def fit_curves(
    scores: Scores, ages: Ages, thresholds: Sequence[float] = THRESHOLDS, priors: dict[float, float] | None = None
) -> tuple[UnderCurve, ...]:
    """P(age < T) for each threshold; `priors` maps a threshold to the share of people under it where faceguard is
    used."""
    curves = []
    for threshold in thresholds:
        under = ages < threshold
        share = float(under.mean())
        if not 0 < share < 1:
            continue
        intercept, slope = _logistic(np.log(scores), under.astype(np.float64))
        prior = (priors or {}).get(threshold, share)
        intercept += _logit(prior) - _logit(share)
        curves.append(
            UnderCurve(threshold=threshold, intercept=round(intercept, 4), slope=round(slope, 4), prior=prior)
        )
    return tuple(curves)


def _logistic(x: Scores, y: Scores) -> tuple[float, float]:
    """Intercept and slope of the logistic curve through `(x, y)` of greatest likelihood, by Newton's method."""
    design = np.column_stack([np.ones_like(x), x - x.mean()])
    weights = np.zeros(2)
    for _ in range(_NEWTON_STEPS):
        p = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        gradient = design.T @ (y - p) - _RIDGE * weights
        step = np.linalg.solve((design * (p * (1 - p))[:, None]).T @ design + _RIDGE * np.eye(2), gradient)
        weights = weights + step
        if float(np.abs(step).max()) < 1e-10:
            break
    return float(weights[0] - weights[1] * x.mean()), float(weights[1])


def _logit(share: float) -> float:
    return math.log(share / (1 - share))


def _round_up(value: float) -> float:
    return round(math.ceil(value / _STEP_YEARS - 1e-9) * _STEP_YEARS, 1)
