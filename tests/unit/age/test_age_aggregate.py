"""One answer for a track, with bounded work."""

from __future__ import annotations

from faceguard.age.aggregate import most_protective
from faceguard.types import AgeEstimate, AgeUnknown, AgeUnknownReason


def estimate(years: float, lower: float = 0.0, under_16: float = 0.5) -> AgeEstimate:
    return AgeEstimate(years, 2.0, lower, "fake", "cal", ((16.0, under_16),))


def test_one_adult_flicker_does_not_lift_a_child() -> None:
    """FG-A10"""
    answer = most_protective([estimate(12.0), estimate(34.0), estimate(13.0)])
    assert isinstance(answer, AgeEstimate)
    assert answer.years == 12.0


def test_each_figure_is_the_most_protective_one() -> None:
    """FG-A10"""
    answer = most_protective([estimate(20.0, lower=15.0, under_16=0.1), estimate(24.0, lower=11.0, under_16=0.3)])
    assert answer == AgeEstimate(20.0, 2.0, 11.0, "fake", "cal", ((16.0, 0.3),))


def test_a_bad_crop_takes_nothing_away() -> None:
    blurred = AgeUnknown(AgeUnknownReason.BLURRED)
    assert most_protective([estimate(30.0), blurred]) == estimate(30.0)
    assert most_protective([blurred]) == blurred


def test_a_track_without_crops_is_not_yet_known() -> None:
    assert most_protective([]) == AgeUnknown(AgeUnknownReason.NOT_YET)


def test_figures_of_two_calibrations_are_of_none() -> None:
    other = AgeEstimate(30.0, 2.0, 20.0, "fake", "another", ())
    answer = most_protective([estimate(25.0), other])
    assert isinstance(answer, AgeEstimate)
    assert answer.calibration_id == ""
