"""The whole life of a face: before its first sighting, across gaps, after its last, and never across a cut (FG-R06)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from fakes import face_at

from faceguard.tracking.camera import CameraStep, Motion
from faceguard.tracking.path import TrackPath
from faceguard.tracking.recorder import FinishedTrack, RecorderSettings, TrackRecorder
from faceguard.tracking.tracker import FaceTracker
from faceguard.types import Box, Detection

SIZE = (640, 480)
RATE = 30


def record(
    found: Sequence[Sequence[Detection] | None],
    cameras: dict[int, CameraStep] | None = None,
    settings: RecorderSettings | None = None,
) -> list[FinishedTrack]:
    """Lives from what a detector found in each frame (None: no look)."""
    tracker, recorder = FaceTracker(), TrackRecorder(SIZE, lambda d: d.box, settings)
    finished = []
    for i, detections in enumerate(found):
        camera = (cameras or {}).get(i, CameraStep())
        tracks = tracker.step(i / RATE, camera, detections, SIZE)
        finished += recorder.add(i, i * 100, i / RATE, camera, tracks, looked=detections is not None)
    return finished + recorder.finish()


def holds(path: TrackPath, frame: int, face: Box) -> bool:
    """Whether `path` covers all of `face` at `frame`."""
    point = path.at(frame * 100)
    if point is None:
        return False
    c = point.cover
    return c.x0 <= face.x0 + 0.5 and c.y0 <= face.y0 + 0.5 and c.x1 >= face.x1 - 0.5 and c.y1 >= face.y1 - 0.5


@pytest.mark.parametrize("gap", [1, 3, 7, 15])
def test_a_gap_of_up_to_half_a_second_is_covered_all_along(gap: int) -> None:
    """FG-R06: detections dropped on n frames in the middle of a walk."""
    walk = [face_at(100 + 4 * i, 100, 40, 50) for i in range(60)]
    found = [[face] if not 30 <= i < 30 + gap else [] for i, face in enumerate(walk)]

    (life,) = record(found)

    assert [i for i in range(60) if not holds(life.path, i, walk[i].box)] == []


def test_a_face_is_covered_before_its_first_and_after_its_last_sighting() -> None:
    """FG-R06: no flash at a track's start or end."""
    face = face_at(300, 200, 40, 50)
    found: list[list[Detection]] = [[face] if 40 <= i < 60 else [] for i in range(100)]

    (life,) = record(found)

    assert all(holds(life.path, i, face.box) for i in range(25, 75))
    assert life.path.at(5 * 100) is None


def test_a_face_that_leaves_over_the_edge_stays_covered_while_the_camera_says_that_a_part_is_in_the_picture() -> None:
    """FG-R06: cut by the edge, it is found no more, and is gone only later."""
    pan = {i: CameraStep(Motion(tx=-0.8)) for i in range(1, 100)}
    walk = [face_at(40 - 0.8 * i, 200, 40, 50) for i in range(100)]
    visible = [Box(max(0.0, face.box.x0), 200, face.box.x1, 250) for face in walk[:95]]
    seen = [face_at(box.x0, 200, box.width, 50) for box in visible]
    found = [[seen[i]] if i < 55 else [] for i in range(100)]

    (life,) = record(found, pan)

    assert [i for i in range(95) if not holds(life.path, i, visible[i])] == []


def test_the_margin_grows_with_the_distance_from_the_sighting() -> None:
    found: list[list[Detection]] = [[face_at(300, 200, 40, 50)] if 40 <= i < 60 else [] for i in range(100)]

    (life,) = record(found)

    widths = [life.path.at(i * 100).cover.width for i in (59, 64, 70)]  # type: ignore[union-attr]
    assert widths[0] < widths[1] < widths[2]


def test_a_face_in_a_moving_picture_is_followed_where_no_detector_looks() -> None:
    pan = CameraStep(Motion(tx=-7, ty=3), is_known=True)
    walk = [face_at(500 - 7 * i, 100 + 3 * i, 40, 50) for i in range(40)]
    found = [[face] if i % 10 == 0 else None for i, face in enumerate(walk)]

    (life,) = record(found, dict.fromkeys(range(40), pan))

    assert [i for i in range(31) if not holds(life.path, i, walk[i].box)] == []


def test_nothing_reaches_across_a_cut() -> None:
    face = face_at(300, 200, 40, 50)
    found: list[list[Detection]] = [[face] if i in (28, 29, 30, 31) else [] for i in range(60)]

    before, after = sorted(record(found, {30: CameraStep(cut=True)}), key=lambda life: life.path.first_pts)

    assert before.path.last_pts == 29 * 100
    assert after.path.first_pts == 30 * 100


def test_a_flash_is_no_cut_and_the_faces_stay_covered_in_it() -> None:
    face = face_at(300, 200, 40, 50)
    found: list[list[Detection]] = [[face] if i not in (30, 31) else [] for i in range(60)]
    cameras = {30: CameraStep(cut=True), 32: CameraStep(flash_over=True)}

    lives = record(found, cameras)

    assert all(any(holds(life.path, i, face.box) for life in lives) for i in range(60))


def test_a_long_life_is_kept_in_few_points() -> None:
    """Memory stays flat: an even walk of 2000 frames is a handful of points."""
    found = [[face_at(100 + 0.1 * i, 100, 40, 50)] for i in range(2000)]

    (life,) = record(found)

    assert len(life.path.pts) < 40
    assert holds(life.path, 1000, Box(200, 100, 240, 150))
