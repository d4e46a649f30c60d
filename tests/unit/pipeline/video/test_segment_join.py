"""Tracks joined across a cut: one face where two see the same, and the most protective answer where it is in doubt."""

from __future__ import annotations

import numpy as np
from fakes import ADULT, CHILD, FAKE_MODEL

from faceguard.pipeline.video.segment_join import AgeTerms, join_faces, join_spans
from faceguard.pipeline.video.segment_task import SegmentFaces
from faceguard.pipeline.video.sweep import SweptFace
from faceguard.tracking.path import TrackPath
from faceguard.tracking.path_join import between, envelope, sampled
from faceguard.types import AgeAnswer, AgeUnknown, AgeUnknownReason, Box, Detection

WINDOW = np.arange(80, 121, dtype=np.int64)
TERMS = AgeTerms(has_estimator=True, confident_score=0.5, is_settled=lambda age: age is CHILD)


def path(start: int, end: int, x: float, step: float = 0.0) -> TrackPath:
    """A face of 40 by 40 pixels at `x`, moving by `step` a tick, with a head of 10 pixels more on each side."""
    rows = [[x + step * (t - start), 50, x + step * (t - start) + 40, 90] for t in (start, end)]
    boxes = [[*row, row[0] - 10, row[1] - 10, row[2] + 10, row[3] + 10] for row in rows]
    return TrackPath(np.array([start, end], np.int64), np.array(boxes, np.float32))


def face(where: TrackPath, *epochs: tuple[AgeAnswer, ...], score: float = 0.9) -> SweptFace:
    found = Detection(Box(0, 0, 40, 40), score, None, FAKE_MODEL)
    return SweptFace(where, found, (), 3, where.first_pts, where.last_pts, epochs)


def part(number: int, *faces: SweptFace, lost: tuple[tuple[float, float], ...] = ()) -> SegmentFaces:
    return SegmentFaces(number, faces, np.arange(100 * number, 100 * number + 100, dtype=np.int64), lost)


def test_two_paths_in_the_same_place_are_one_face_with_the_ages_of_both() -> None:
    left, right = face(path(0, 120, 10), (ADULT,)), face(path(80, 199, 12), (CHILD,))

    (joined,) = join_faces([part(0, left), part(1, right)], [WINDOW], TERMS)

    assert (joined.path.first_pts, joined.path.last_pts) == (0, 199)
    assert (joined.first_frame, joined.last_frame, joined.sightings) == (0, 199, 6)
    assert joined.ages == (CHILD,)  # one epoch that goes on across the cut


def test_an_epoch_without_crops_is_known_by_its_other_half() -> None:
    left, right = face(path(0, 120, 10), (ADULT,), (ADULT,)), face(path(80, 199, 10), (), (ADULT,))

    (joined,) = join_faces([part(0, left), part(1, right)], [WINDOW], TERMS)

    assert len(joined.ages) == 3
    assert not any(isinstance(age, AgeUnknown) for age in joined.ages)


def test_an_epoch_without_any_crop_leaves_the_whole_face_unknown() -> None:
    left, right = face(path(0, 120, 10), (ADULT,)), face(path(80, 199, 10), (ADULT,), ())

    (joined,) = join_faces([part(0, left), part(1, right)], [WINDOW], TERMS)

    assert joined.ages == (AgeUnknown(AgeUnknownReason.NOT_YET),)


def test_faces_far_apart_stay_two_with_ages_of_their_own() -> None:
    left, right = face(path(0, 120, 10), (CHILD,)), face(path(80, 199, 200), (ADULT,))

    first, second = join_faces([part(0, left), part(1, right)], [WINDOW], TERMS)

    assert (first.ages, second.ages) == ((CHILD,), (ADULT,))


def test_a_second_path_near_a_matched_one_shares_its_most_protective_age() -> None:
    """FG-A10: who it was on the other side of the cut is in doubt, so both answers hold for both."""
    left = face(path(0, 120, 10), (ADULT,))
    same, near = face(path(80, 199, 10), (ADULT,)), face(path(80, 199, 35), (CHILD,))

    first, second = join_faces([part(0, left), part(1, same, near)], [WINDOW], TERMS)

    assert CHILD in first.ages
    assert CHILD in second.ages


def test_a_face_goes_on_over_several_cuts() -> None:
    parts = [
        part(0, face(path(0, 120, 10), (ADULT,))),
        part(1, face(path(80, 220, 10), (ADULT,))),
        part(2, face(path(180, 299, 10), (CHILD,))),
    ]

    (joined,) = join_faces(parts, [WINDOW, WINDOW + 100], TERMS)

    assert (joined.path.first_pts, joined.path.last_pts, joined.ages) == (0, 299, (CHILD,))


def test_the_joined_path_covers_what_either_covers_at_every_tick() -> None:
    """FG-R06: nothing that one of two workers covered is bare."""
    one, two = path(0, 120, 10, 0.5), path(80, 199, 55, 0.3)
    ticks = np.arange(0, 200, dtype=np.int64)

    whole = sampled(envelope(one, two), ticks)

    assert not np.isnan(whole).any()
    for piece in (sampled(one, ticks), sampled(two, ticks)):
        there = ~np.isnan(piece[:, 0])
        assert there.sum() > 100
        assert (whole[there][:, [0, 1, 4, 5]] <= piece[there][:, [0, 1, 4, 5]] + 1e-3).all()
        assert (whole[there][:, [2, 3, 6, 7]] >= piece[there][:, [2, 3, 6, 7]] - 1e-3).all()


def test_a_part_of_a_path_is_the_path_there() -> None:
    whole = path(0, 100, 10, 1.0)
    part_of = between(whole, 30, 60)

    assert part_of is not None
    assert [part_of.at(pts) for pts in range(30, 61)] == [whole.at(pts) for pts in range(30, 61)]
    assert between(whole, 101, 200) is None


def test_spans_of_a_lost_crowd_are_those_of_anyone() -> None:
    parts = [part(0, lost=((1.0, 2.0),)), part(1, lost=((1.5, 3.0), (5.0, 6.0)))]

    assert join_spans(parts) == ((1.0, 3.0), (5.0, 6.0))
