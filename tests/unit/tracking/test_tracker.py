"""Which face goes on as which, through noise, gaps, crossings and cuts."""

from __future__ import annotations

import pytest
from fakes import face_at

from faceguard.tracking.association import match
from faceguard.tracking.camera import CameraStep, Motion
from faceguard.tracking.crowd import CrowdWatch, LostSpans
from faceguard.tracking.tracker import FaceTracker, TrackerSettings, beyond_edges
from faceguard.types import Box, Track, TrackState

SIZE = (640, 480)
STILL = CameraStep()


def test_a_walking_face_keeps_its_id() -> None:
    tracker = FaceTracker()
    ids = set()
    for i in range(30):
        (track,) = tracker.update([face_at(50 + 6 * i, 100, 40, 50)], SIZE)
        ids.add(track.track_id)

    assert ids == {0}


def test_an_unsure_find_continues_a_track_but_starts_none() -> None:
    tracker = FaceTracker(TrackerSettings(start_score=0.5))

    assert tracker.update([face_at(10, 10, 30, 30, score=0.3)], SIZE) == ()
    (sure,) = tracker.update([face_at(10, 10, 30, 30, score=0.8)], SIZE)
    (unsure,) = tracker.update([face_at(11, 10, 30, 30, score=0.3)], SIZE)
    assert unsure.track_id == sure.track_id
    assert unsure.detection is not None


def test_a_lost_face_coasts_along_its_way_and_then_ends() -> None:
    tracker = FaceTracker(TrackerSettings(max_coast_s=0.5))
    for i in range(10):
        tracker.step(i * 0.1, STILL, [face_at(100 + 10 * i, 100, 40, 50)], SIZE)

    (coasting,) = tracker.step(1.2, STILL, [], SIZE)

    assert coasting.state is TrackState.COASTING
    assert coasting.box.x0 > 200
    assert tracker.step(1.9, STILL, [], SIZE) == ()


def test_frames_without_a_look_do_not_make_a_face_lost() -> None:
    tracker = FaceTracker()
    tracker.step(0.0, STILL, [face_at(100, 100, 40, 50)], SIZE)
    (track,) = tracker.step(0.03, STILL, None, SIZE)

    assert track.state is TrackState.CONFIRMED
    assert track.detection is None


def test_a_pan_of_the_camera_moves_the_prediction() -> None:
    tracker = FaceTracker()
    tracker.step(0.0, STILL, [face_at(100, 100, 40, 50)], SIZE)
    (track,) = tracker.step(0.03, CameraStep(Motion(tx=-60, ty=15), is_known=True), None, SIZE)

    assert track.box.x0 == pytest.approx(40, abs=1)
    assert track.box.y0 == pytest.approx(115, abs=1)


def test_nothing_is_carried_over_a_cut() -> None:
    tracker = FaceTracker()
    (before,) = tracker.update([face_at(100, 100, 40, 50)], SIZE)
    (after,) = tracker.step(0.2, CameraStep(cut=True), [face_at(100, 100, 40, 50)], SIZE)

    assert after.track_id != before.track_id


def test_a_crossing_begins_a_new_epoch_because_the_faces_may_have_been_swapped() -> None:
    """FG-A10: what is known of a face before a crossing says nothing of the face after it."""
    tracker = FaceTracker()
    epochs: dict[int, int] = {}
    for i in range(40):
        pair = [face_at(100 + 5 * i, 100, 40, 50), face_at(300 - 5 * i, 104, 40, 50)]
        for track in tracker.step(i * 0.05, STILL, pair if abs(200 - 10 * i) > 12 else pair[:1], SIZE):
            epochs[track.track_id] = track.epoch

    assert len(epochs) >= 2
    assert max(epochs.values()) >= 1


def test_a_face_that_reappears_after_a_long_gap_is_in_a_new_epoch() -> None:
    tracker = FaceTracker(TrackerSettings(epoch_gap_s=0.5))
    tracker.step(0.0, STILL, [face_at(100, 100, 40, 50)], SIZE)
    tracker.step(0.1, STILL, [face_at(100, 100, 40, 50)], SIZE)
    (track,) = tracker.step(1.2, STILL, [face_at(100, 100, 40, 50)], SIZE)

    assert (track.track_id, track.epoch) == (0, 1)


def test_a_face_at_the_edge_is_taken_to_go_on_beyond_it() -> None:
    assert beyond_edges(Box(0, 100, 20, 150), SIZE, (40, 50)) == Box(-20, 100, 20, 150)
    assert beyond_edges(Box(620, 460, 640, 480), SIZE, (20, 50)).y1 == 510
    assert beyond_edges(Box(100, 100, 140, 150), SIZE) == Box(100, 100, 140, 150)


def test_pairs_are_made_best_first_and_never_between_sizes_too_different() -> None:
    import numpy as np

    similarity = np.array([[0.9, 0.8], [0.85, 0.1]])
    assert match(similarity, np.array([40.0, 40.0]), np.array([40.0, 40.0]), 0.2) == [(0, 0)]
    assert match(np.array([[0.9]]), np.array([40.0]), np.array([160.0]), 0.2) == []


def test_lost_spans_begin_before_and_end_after_the_loss() -> None:
    spans = LostSpans(CrowdWatch())
    for i in range(10):
        state = TrackState.COASTING if 4 <= i <= 6 else TrackState.CONFIRMED
        spans.add(i * 0.1, [Track(j, Box(0, 0, 1, 1), state) for j in range(3)])

    ((start_s, end_s),) = spans.widened(0.2)
    assert (start_s, end_s) == (pytest.approx(0.2), pytest.approx(0.8))


def test_a_crowd_is_lost_when_half_of_it_is() -> None:
    def tracks(lost: int, seen: int) -> list[Track]:
        states = [TrackState.COASTING] * lost + [TrackState.CONFIRMED] * seen
        return [Track(i, Box(0, 0, 1, 1), state) for i, state in enumerate(states)]

    assert CrowdWatch().is_lost(tracks(3, 3))
    assert not CrowdWatch().is_lost(tracks(2, 0))
    assert not CrowdWatch().is_lost(tracks(3, 9))
