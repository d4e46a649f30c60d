"""Where never to look and what always to cover; when a frame is looked at."""

from __future__ import annotations

import math

import pytest

from faceguard.errors import ConfigurationError
from faceguard.pipeline.video.looks import LookKind, LookSchedule, LookSettings
from faceguard.pipeline.video.zones import Zone, Zones, parse_zone
from faceguard.tracking.camera import CameraStep
from faceguard.types import Box


def test_a_zone_is_read_with_and_without_a_time_span() -> None:
    assert parse_zone("10,20,30,40") == Zone(Box(10, 20, 40, 60), 0.0, math.inf)
    assert parse_zone("10,20,30,40@1.5-3") == Zone(Box(10, 20, 40, 60), 1.5, 3.0)
    assert parse_zone("10,20,30,40@2-").end_s == math.inf


@pytest.mark.parametrize("text", ["", "1,2,3", "a,b,c,d", "1,2,0,4", "1,2,3,4@5-2"])
def test_what_is_no_zone_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError):
        parse_zone(text)


def test_a_face_is_ignored_by_its_centre_and_in_the_zones_time_only() -> None:
    zones = Zones(never=(Zone(Box(0, 0, 100, 100), 1.0, 2.0),))

    assert zones.is_ignored(Box(80, 80, 110, 110), 1.5)
    assert not zones.is_ignored(Box(80, 80, 130, 130), 1.5)
    assert not zones.is_ignored(Box(80, 80, 110, 110), 2.5)


def looks(steps: list[CameraStep], *, restless: bool) -> list[LookKind]:
    schedule = LookSchedule(LookSettings())
    return [schedule.next(i / 30, step, restless=restless) for i, step in enumerate(steps)]


def test_the_first_frame_and_the_one_after_a_cut_are_looked_at_thoroughly() -> None:
    steps = [CameraStep() for _ in range(20)]
    steps[10] = CameraStep(cut=True)

    kinds = looks(steps, restless=False)

    assert [i for i, kind in enumerate(kinds) if kind is LookKind.THOROUGH] == [0, 10]


def test_restless_faces_are_looked_at_twice_as_often() -> None:
    still = [CameraStep() for _ in range(30)]

    calm = sum(kind is LookKind.QUICK for kind in looks(still, restless=False))
    restless = sum(kind is LookKind.QUICK for kind in looks(still, restless=True))

    assert (calm, restless) == (4, 9)


def test_a_picture_that_changes_much_is_looked_at_at_once() -> None:
    kinds = looks([CameraStep(), CameraStep(change=40.0), CameraStep()], restless=False)

    assert kinds == [LookKind.THOROUGH, LookKind.QUICK, LookKind.NONE]
