"""The calibration file and what it makes of looks."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceguard.age.calibration import read_calibration, score, shipped_calibration
from faceguard.age.looks import Looks
from faceguard.errors import ConfigurationError
from faceguard.types import AgeEstimate

SHIPPED = shipped_calibration()


def estimate(*years: float) -> AgeEstimate:
    (answer,) = SHIPPED.estimates(Looks(np.array([years]), np.array([3.0])))
    return answer


def test_doubt_lowers_the_estimate() -> None:
    """Same mean, more disagreement: a lower estimate and a lower or equal bound."""
    sure, doubtful = estimate(24, 24, 24, 24), estimate(16, 16, 32, 32)
    assert sure.years == 24.0
    assert doubtful.years == 20.0
    assert doubtful.lower_years < sure.lower_years
    assert doubtful.std_years > sure.std_years


@settings(deadline=None)
@given(st.lists(st.floats(0, 110), min_size=4, max_size=4))
def test_every_estimate_is_whole(years: list[float]) -> None:
    """FG-A02: a bound not above the estimate, chances in 0..1 that rise with the threshold."""
    answer = estimate(*years)
    assert 0 <= answer.lower_years <= answer.years
    chances = [chance for _, chance in answer.p_under]
    assert len(chances) == 4
    assert chances == sorted(chances)
    assert 0 <= chances[0] <= chances[-1] <= 1


@settings(deadline=None)
@given(st.floats(0, 110), st.floats(0, 110))
def test_older_looks_never_lower_the_bound(a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert SHIPPED.lower_years(low) <= SHIPPED.lower_years(high)


def test_the_bound_clears_an_age_only_above_its_belt() -> None:
    """FG-A02: at the belt's score of 15-year-olds itself the bound is still at most 15."""
    belt = {point.age: point.score for point in SHIPPED.belt}
    assert SHIPPED.lower_years(belt[15]) <= 15
    assert SHIPPED.lower_years(np.nextafter(belt[15], 100)) >= 16


def test_scores_are_the_mean_less_half_the_spread() -> None:
    assert score(np.array([[10.0, 12.0, 14.0, 16.0]]), 0.5) == pytest.approx([13 - 0.5 * 5**0.5])


def test_the_shipped_file_says_what_it_rests_on() -> None:
    """Data, size and limits stand in the file, and the figures that the loader needs for the presets' thresholds."""
    assert SHIPPED.data.people_by_age["12-15"] > 0
    assert any("Asian" in words for words in SHIPPED.data.limits)
    assert {triple[0] for triple in SHIPPED.figures.challenge_ages} == {13.0, 14.0, 16.0, 18.0}
    assert SHIPPED.figures.calibration_id == SHIPPED.calibration_id


def test_stricter_rates_never_have_lower_challenge_ages() -> None:
    """FG-A03"""
    by_threshold: dict[float, list[tuple[float, float]]] = {}
    for threshold, rate, years in SHIPPED.figures.challenge_ages:
        by_threshold.setdefault(threshold, []).append((rate, years))
    assert len(by_threshold) == 4
    for pairs in by_threshold.values():
        years = [years for _, years in sorted(pairs)]
        assert years == sorted(years, reverse=True)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"surprise": 1}, "surprise"),
        ({"coverage": 1.5}, "coverage"),
        ({"belt": [{"age": 1, "score": 3.0, "people": 60}]}, "belt"),
        ({"schema_version": 2}, "schema_version"),
    ],
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, change: dict[str, object], word: str) -> None:
    document = json.loads(SHIPPED.model_dump_json()) | change
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=word):
        read_calibration(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.json"):
        read_calibration(tmp_path / "nowhere.json")


def test_an_estimate_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        estimate(20, 20, 20, 20).years = 30.0  # type: ignore[misc]
