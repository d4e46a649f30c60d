"""One answer for a track, with bounded work."""

from __future__ import annotations

import pytest

from faceguard.age.aggregate import PoolSettings, TrackAgePool, most_protective
from faceguard.types import AgeEstimate, AgeUnknown, AgeUnknownReason


def estimate(years: float, lower: float = 0.0, under_16: float = 0.5) -> AgeEstimate:
    return AgeEstimate(years, 2.0, lower, "fake", "cal", ((16.0, under_16),))


def test_one_adult_flicker_does_not_lift_a_child() -> None:
    """FG-A10"""
    pool = TrackAgePool()
    for pts_s, years in ((0.0, 12.0), (2.0, 34.0), (4.0, 13.0)):
        pool.add(estimate(years), quality=1.0, pts_s=pts_s)
    answer = pool.answer()
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
    assert TrackAgePool().answer() == AgeUnknown(AgeUnknownReason.NOT_YET)


def test_a_face_seen_for_a_minute_is_estimated_a_few_times() -> None:
    pool = TrackAgePool()
    for frame in range(1800):
        if pool.offer(quality=1.0 + frame / 1800, pts_s=frame / 30):
            pool.add(estimate(30.0), quality=1.0 + frame / 1800, pts_s=frame / 30)
    assert pool.estimates_made == PoolSettings().max_estimates


def test_near_copies_are_not_counted_twice() -> None:
    pool = TrackAgePool()
    pool.add(estimate(30.0), quality=10.0, pts_s=5.0)
    assert not pool.offer(quality=12.0, pts_s=5.2)
    assert pool.offer(quality=12.0, pts_s=6.5)


def test_a_much_better_near_copy_is_looked_at() -> None:
    pool = TrackAgePool()
    pool.add(AgeUnknown(AgeUnknownReason.TOO_SMALL), quality=1.0, pts_s=5.0)
    assert pool.offer(quality=2.0, pts_s=5.1)


def test_a_crop_of_no_quality_is_never_worth_it() -> None:
    assert not TrackAgePool().offer(quality=0.0, pts_s=0.0)


def test_figures_of_two_calibrations_are_of_none() -> None:
    other = AgeEstimate(30.0, 2.0, 20.0, "fake", "another", ())
    answer = most_protective([estimate(25.0), other])
    assert isinstance(answer, AgeEstimate)
    assert answer.calibration_id == ""


@pytest.mark.parametrize("settings", [{"max_estimates": 0}, {"near_copy_s": -1.0}, {"much_better": 0.5}])
def test_impossible_settings_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="a pool needs"):
        PoolSettings(**settings)  # type: ignore[arg-type]
