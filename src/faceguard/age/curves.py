"""An evaluation as a picture: who is passed as an adult, by age, and what each challenge age would cost."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from faceguard.age.evaluation import Case, Evaluation
from faceguard.errors import ConfigurationError
from faceguard.types import AgeEstimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INCHES = (11.0, 4.6)
_DPI = 120
_CHALLENGE_AGES = tuple(16 + step / 4 for step in range(57))


def draw(evaluation: Evaluation, cases: Sequence[Case]) -> bytes:
    """A PNG. Raises ConfigurationError without matplotlib (the extra `bench`)."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ConfigurationError("drawing curves needs matplotlib: `pip install 'faceguard-sdk[bench]'`") from error
    figure = Figure(figsize=_INCHES, layout="constrained")
    by_age, trade_off = figure.subplots(1, 2)
    _draw_ages(by_age, evaluation)
    _draw_trade_off(trade_off, evaluation, cases)
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=_DPI, format="png", metadata={"Software": None})
    return buffer.getvalue()


def _draw_ages(axes: Axes, evaluation: Evaluation) -> None:
    point = evaluation.point
    seen = [(age, rate) for age, rate in evaluation.passed_by_age if rate.value is not None]
    ages = [age for age, _ in seen]
    values = [100 * (rate.value or 0.0) for _, rate in seen]
    below = [value - 100 * rate.low for value, (_, rate) in zip(values, seen, strict=True)]
    above = [100 * rate.high - value for value, (_, rate) in zip(values, seen, strict=True)]
    axes.errorbar(ages, values, yerr=[below, above], fmt="o", capsize=3, color="#1f4e79")
    axes.axvline(point.threshold - 0.5, color="#999999", linestyle="--", linewidth=1)
    axes.set(
        xlabel="age in completed years",
        ylabel="passed as adults, %",
        ylim=(0, 100),
        title=f"Passed as adults by age, 95 % intervals\n{point.policy}, challenge age {point.challenge_age:g}",
    )
    axes.grid(alpha=0.3)


def _draw_trade_off(axes: Axes, evaluation: Evaluation, cases: Sequence[Case]) -> None:
    threshold = evaluation.point.threshold
    bands = (
        (f"{threshold - 4:g}-{threshold - 1:g}", threshold - 4, threshold, "#b03a2e"),
        ("16-19", 16, 20, "#e59866"),
        ("20-29", 20, 30, "#5dade2"),
        ("30 and over", 30, 200, "#1f4e79"),
    )
    for label, low, high, colour in bands:
        people = [case for case in cases if low <= case.age < high]
        if not people:
            continue
        years = [case.answer.years if isinstance(case.answer, AgeEstimate) else -1.0 for case in people]
        shares = [100 * sum(y >= challenge for y in years) / len(years) for challenge in _CHALLENGE_AGES]
        axes.plot(_CHALLENGE_AGES, shares, label=label, color=colour)
    axes.axvline(evaluation.point.challenge_age, color="#999999", linestyle="--", linewidth=1)
    axes.set(
        xlabel="challenge age, years",
        ylabel="passed as adults, %",
        ylim=(0, 100),
        title="What each challenge age costs\n(by the estimate alone)",
    )
    axes.legend(title="true age")
    axes.grid(alpha=0.3)
