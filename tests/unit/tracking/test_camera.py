"""Camera motion, cuts and flashes, from small luma pictures."""

from __future__ import annotations

import numpy as np
import pytest
from made_videos import ground
from numpy.typing import NDArray

from faceguard.opencv import cv2
from faceguard.tracking.camera import CameraStep, CameraWatch, Motion


def luma(seed: int = 1) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(ground(640, 480, seed), cv2.COLOR_BGR2GRAY), np.uint8)


def watch(pictures: list[NDArray[np.uint8]], frame_width: int = 320) -> list[CameraStep]:
    camera = CameraWatch(frame_width)
    return [camera.step(picture, i / 30) for i, picture in enumerate(pictures)]


def test_a_pan_with_shake_is_followed_to_a_fraction_of_a_pixel() -> None:
    scene, rng = luma(), np.random.default_rng(3)
    places = [(100 + 3 * i + int(rng.integers(-5, 6)), 80 + int(rng.integers(-5, 6))) for i in range(20)]
    steps = watch([np.ascontiguousarray(scene[y : y + 240, x : x + 320]) for x, y in places])

    for step, (x0, y0), (x1, y1) in zip(steps[1:], places, places[1:], strict=False):
        assert step.is_known
        assert step.motion.move(150, 100) == pytest.approx((150 + x0 - x1, 100 + y0 - y1), abs=0.5)
        assert not step.cut


def test_motion_is_told_in_frame_pixels() -> None:
    scene = luma()
    steps = watch([scene[:240, :320].copy(), scene[:240, 4:324].copy()], frame_width=1280)

    assert steps[1].motion.tx == pytest.approx(-16, abs=1)


def test_a_zoom_changes_sizes() -> None:
    scene = luma()
    closer = cv2.resize(scene[6:234, 8:312], (320, 240), interpolation=cv2.INTER_LINEAR)

    _, step = watch([scene[:240, :320].copy(), np.asarray(closer, np.uint8)])
    assert step.motion.zoom == pytest.approx(1.053, abs=0.01)


def test_a_cut_is_seen_at_its_first_picture_and_only_there() -> None:
    first, second = luma(1)[:240, :320].copy(), 255 - luma(9)[:240, :320]
    steps = watch([first, first, first, second, second, second])

    assert [step.cut for step in steps] == [False, False, False, True, False, False]


def test_a_flash_is_taken_back_when_the_picture_returns() -> None:
    scene = luma()[:240, :320].copy()
    white = np.full_like(scene, 250)
    steps = watch([scene, scene, white, scene, scene])

    assert [step.cut for step in steps] == [False, False, True, False, False]
    assert [step.flash_over for step in steps] == [False, False, False, True, False]


def test_a_motion_and_its_inverse_undo_each_other() -> None:
    motion = Motion(1.1, 0.2, 30, -12)

    assert motion.inverse().move(*motion.move(17, 230)) == pytest.approx((17, 230))
