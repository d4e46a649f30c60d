"""Exact binomial intervals (Clopper and Pearson, Biometrika 26, 1934), in plain Python."""

from __future__ import annotations

import math

_BISECTIONS = 60


def upper_limit(events: int, trials: int, confidence: float) -> float:
    """The rate that is not exceeded with this one-sided confidence, given `events` of `trials`; 1.0 without trials."""
    _check(events, trials, confidence)
    if events >= trials:
        return 1.0
    low, high = events / trials, 1.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if _at_most(events, trials, middle) > 1 - confidence else (low, middle)
    return high


def lower_limit(events: int, trials: int, confidence: float) -> float:
    """The rate that is reached with this one-sided confidence, given `events` of `trials`; 0.0 without trials."""
    _check(events, trials, confidence)
    return 1.0 - upper_limit(trials - events, trials, confidence) if trials else 0.0


def interval(events: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """The two-sided interval of the rate."""
    one_sided = (1 + confidence) / 2
    return lower_limit(events, trials, one_sided), upper_limit(events, trials, one_sided)


def most_events(trials: int, rate: float, confidence: float) -> int:
    """How many events of `trials` still show a rate of at most `rate` with this confidence; -1 when none is few
    enough."""
    events = -1
    while events + 1 < trials and upper_limit(events + 1, trials, confidence) <= rate:
        events += 1
    return events


def _at_most(events: int, trials: int, rate: float) -> float:
    """P(X <= events) for X binomial; 0 < rate < 1."""
    log_rate, log_rest = math.log(rate), math.log1p(-rate)
    whole = math.lgamma(trials + 1)
    return math.fsum(
        math.exp(whole - math.lgamma(k + 1) - math.lgamma(trials - k + 1) + k * log_rate + (trials - k) * log_rest)
        for k in range(events + 1)
    )


def _check(events: int, trials: int, confidence: float) -> None:
    if not 0 <= events <= trials or not 0 < confidence < 1:
        raise ValueError(f"no interval for {events} of {trials} at confidence {confidence}")
