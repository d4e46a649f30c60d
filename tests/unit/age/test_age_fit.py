"""Belt, challenge ages and curves on people made by a known law."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from faceguard.age.calibration import probability_under
from faceguard.age.fit import fit_belt, fit_challenges, fit_curves, scores_at
from faceguard.age.intervals import upper_limit

Scores = NDArray[np.float64]
Ages = NDArray[np.int64]


def people(each: int, seed: int, *, oldest: int = 40) -> tuple[Scores, Ages]:
    """`each` people of every age from 0 to `oldest`, scored with a skewed error of about two years."""
    source = np.random.default_rng(seed)
    ages = np.repeat(np.arange(oldest + 1), each)
    return np.maximum(ages + source.gamma(2.0, 1.5, ages.size) - 3.0, 0.1), ages


def test_the_bound_covers_people_it_never_saw_at_every_age() -> None:
    """Split conformal: of 2,000 fresh people of each age at least 97 % stay under the 98 % belt (98 % less noise)."""
    belt = fit_belt(*people(200, 1), coverage=0.98)
    fresh, ages = people(2000, 2)
    assert len(belt) == 46 or belt[-1].age >= 40
    for point in belt[:41]:
        assert float((fresh[ages == point.age] <= point.score).mean()) >= 0.97


def test_the_belt_never_falls() -> None:
    scores = [point.score for point in fit_belt(*people(100, 3))]
    assert scores == sorted(scores)
    assert len(scores) > 30


def test_thin_data_end_the_belt() -> None:
    """49 people are the fewest that can give a 98 % bound: ceil(50 * 0.98) = 49."""
    ages = np.full(48, 5)
    assert fit_belt(np.arange(48.0), ages) == ()


def test_the_challenge_age_holds_its_rate_with_its_confidence() -> None:
    """FG-A03"""
    scores, ages = people(300, 4)
    figures = fit_challenges(scores, ages, thresholds=[16.0], rates=[0.02, 0.05])
    assert [figure.max_false_adult_rate for figure in figures] == [0.02, 0.05]
    assert figures[0].years > figures[1].years > 16
    fresh, fresh_ages = people(20_000, 5)
    for figure in figures:
        assert float((fresh[fresh_ages == 15] >= figure.years).mean()) <= figure.max_false_adult_rate
        near = scores_at(15, scores, ages)
        passed = int((near >= figure.years).sum())
        assert upper_limit(passed, len(near), 0.95) <= figure.max_false_adult_rate


def test_a_rate_that_so_few_people_can_not_show_is_left_out() -> None:
    """FG-A03: no figure, so the policy's wide default holds. 0 of 140 can't show 2 % with 95 % confidence."""
    scores, ages = people(20, 6)
    assert fit_challenges(scores, ages, thresholds=[16.0], rates=[0.02]) == ()


def test_a_challenge_age_is_never_under_its_threshold() -> None:
    ages = np.repeat(np.arange(10, 20), 100)
    figures = fit_challenges(ages - 8.0, ages, thresholds=[16.0], rates=[0.05])
    assert figures[0].years == 16.0


def test_curves_give_the_share_that_is_there() -> None:
    """Calibration in the large: the mean probability is the share of people under the threshold."""
    scores, ages = people(200, 7)
    for curve in fit_curves(scores, ages, thresholds=[13.0, 16.0]):
        chances = [probability_under(curve, float(value)) for value in scores]
        assert float(np.mean(chances)) == pytest.approx(float((ages < curve.threshold).mean()), abs=0.005)


def test_a_prior_moves_the_odds_and_nothing_else() -> None:
    scores, ages = people(200, 8)
    (plain,) = fit_curves(scores, ages, thresholds=[16.0])
    (rare,) = fit_curves(scores, ages, thresholds=[16.0], priors={16.0: 0.05})
    assert rare.slope == plain.slope
    share = float((ages < 16).mean())
    assert rare.intercept - plain.intercept == pytest.approx(
        math.log(0.05 / 0.95) - math.log(share / (1 - share)), abs=1e-3
    )


def test_no_curve_without_people_on_both_sides() -> None:
    ages = np.full(50, 30)
    assert fit_curves(ages.astype(np.float64), ages, thresholds=[16.0]) == ()
