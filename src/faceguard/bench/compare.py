"""What changed between two reports, beyond their noise."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from faceguard.bench.report import Measurement, Report


class Verdict(StrEnum):
    SAME = "same"
    BETTER = "better"
    WORSE = "worse"
    CHANGED = "changed"
    """Beyond noise, for a figure that has no good side."""


@dataclass(frozen=True, slots=True)
class Change:
    name: str
    before: Measurement
    after: Measurement
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Comparison:
    """`only_before` and `only_after` are names that one report lacks; `environment` is what differs of the machines."""

    changes: tuple[Change, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    environment: tuple[str, ...]


def compare(before: Report, after: Report) -> Comparison:
    """Raises ValueError for reports of different suites."""
    if before.suite != after.suite:
        raise ValueError(f"a `{before.suite}` and a `{after.suite}` report can't be compared")
    old, new = before.named(), after.named()
    keys = sorted(set(before.environment) | set(after.environment))
    return Comparison(
        tuple(Change(name, old[name], new[name], _verdict(old[name], new[name])) for name in old if name in new),
        tuple(name for name in old if name not in new),
        tuple(name for name in new if name not in old),
        tuple(
            f"{key}: {before.environment.get(key, '-')} -> {after.environment.get(key, '-')}"
            for key in keys
            if key not in {"moment", "load_at_start"} and before.environment.get(key) != after.environment.get(key)
        ),
    )


def _verdict(before: Measurement, after: Measurement) -> Verdict:
    difference = after.value - before.value
    if abs(difference) <= math.hypot(before.noise, after.noise):
        return Verdict.SAME
    if after.better == "neither":
        return Verdict.CHANGED
    return Verdict.BETTER if (difference > 0) == (after.better == "higher") else Verdict.WORSE
