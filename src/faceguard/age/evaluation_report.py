"""An evaluation as text and as JSON."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator

from faceguard.age.evaluation import Evaluation, MeanError, Rate


def to_json(evaluation: Evaluation) -> str:
    """All figures; rates are shares of 1, ages in years."""
    document = dataclasses.asdict(evaluation) | {"above_limit": evaluation.above_limit}
    return json.dumps(document, indent=1) + "\n"


def to_text(evaluation: Evaluation) -> str:
    """A report for a terminal, 80 columns."""
    return "\n".join(_lines(evaluation)) + "\n"


def _lines(e: Evaluation) -> Iterator[str]:
    point = e.point
    yield f"policy {point.policy}: threshold {point.threshold:g}, challenge age in force {point.challenge_age:g}"
    yield f"{e.pictures} pictures; failure to acquire {_rate(e.not_acquired)}"
    unanswered = ", ".join(f"{reason} {count}" for reason, count in e.unanswered_by_reason) or "none"
    yield f"unanswered: {unanswered}"
    yield f"MAE {_error(e.error)}"
    yield ""
    yield f"false adult rate (under {point.threshold:g} passed as adults)"
    yield f"  all          {_rate(e.false_adult)}"
    for years, rate in e.false_adult_by_band:
        yield f"  {years:<12} {_rate(rate)}"
    yield f"  at {point.threshold - 1:<9g} {_rate(e.year_below)}  limit {point.max_false_adult_rate:.1%}"
    yield f"fallback rate of adults ({point.threshold:g} and over)"
    yield f"  all          {_rate(e.fallback)}"
    yield ""
    yield "  age     people     MAE    bias  passed as adults             unanswered"
    for band in e.bands:
        label = f"{band.low}-{band.high}" if band.high < 120 else f"{band.low}+"
        yield (
            f"  {label:<7}{band.passed.people:>7}{_years(band.error.mae):>8}{_years(band.error.bias):>8}"
            f"  {_rate(band.passed):<29}{_share(band.unanswered)}"
        )
    yield ""
    yield "  age   passed as adults"
    for age, rate in e.passed_by_age:
        if rate.people:
            yield f"  {age:<5} {_rate(rate)}"
    if e.groups:
        yield ""
        yield "  group                MAE  false adult rate         of the whole  fallback rate"
        for group in e.groups:
            ratio = "too few" if group.ratio is None else f"{group.ratio:.1f} x{' !' if group.ratio > 2 else ''}"
            yield (
                f"  {group.column + ' ' + group.group:<17}{_years(group.error.mae):>7}  {_rate(group.false_adult):<25}"
                f"{ratio:<14}{_share(group.fallback)}"
            )


def _rate(rate: Rate) -> str:
    """`1.7 % [0.3, 4.8] 3/180`"""
    if rate.value is None:
        return "nobody"
    return f"{rate.value:.1%} [{100 * rate.low:.1f}, {100 * rate.high:.1f}] {rate.events}/{rate.people}"


def _share(rate: Rate) -> str:
    return "-" if rate.value is None else f"{rate.value:.1%}"


def _error(error: MeanError) -> str:
    if error.mae is None:
        return "nobody answered"
    return f"{error.mae:.2f} [{error.low:.2f}, {error.high:.2f}] years, bias {error.bias:+.2f}, {error.people} people"


def _years(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
