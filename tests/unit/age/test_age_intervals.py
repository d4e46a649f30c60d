"""Exact binomial intervals, against published and library values."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceguard.age.intervals import interval, lower_limit, most_events, upper_limit


def test_rule_of_three() -> None:
    """No event in 149 trials shows a rate under 2 % with 95 % confidence: 1 - 0.05 ** (1 / 149)."""
    assert upper_limit(0, 149, 0.95) == pytest.approx(1 - 0.05 ** (1 / 149), abs=1e-12)


def test_known_interval() -> None:
    """3 of 180, two-sided 95 %: scipy's binomtest gives 0.003450 to 0.047932."""
    assert interval(3, 180) == pytest.approx((0.0034503, 0.0479322), abs=1e-6)


def test_ends() -> None:
    assert interval(0, 10)[0] == 0.0
    assert interval(10, 10)[1] == 1.0
    assert interval(0, 0) == (0.0, 1.0)


@settings(deadline=None)
@given(st.integers(0, 60), st.integers(0, 60), st.floats(0.5, 0.99))
def test_the_rate_lies_inside(events: int, others: int, confidence: float) -> None:
    trials = events + others
    rate = events / trials if trials else 0.5
    assert lower_limit(events, trials, confidence) <= rate <= upper_limit(events, trials, confidence)


def test_most_events_is_the_last_that_shows_the_rate() -> None:
    events = most_events(414, 0.05, 0.95)
    assert upper_limit(events, 414, 0.95) <= 0.05 < upper_limit(events + 1, 414, 0.95)


def test_too_few_people_show_nothing() -> None:
    assert most_events(50, 0.02, 0.95) == -1


@pytest.mark.parametrize(("events", "trials", "confidence"), [(2, 1, 0.95), (-1, 5, 0.95), (1, 5, 1.0)])
def test_nonsense_is_refused(events: int, trials: int, confidence: float) -> None:
    with pytest.raises(ValueError, match="no interval"):
        upper_limit(events, trials, confidence)
