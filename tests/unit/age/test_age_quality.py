"""FG-A06: what a face must be like to be answered for."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray

from faceguard.age.quality import FaceQuality, fault_of, measure
from faceguard.opencv import cv2
from faceguard.types import AgeUnknownReason, Box, Detection, FaceCrop, Landmarks

GOOD = FaceQuality(
    face_px=120.0,
    sharpness=0.05,
    luma=128.0,
    contrast=45.0,
    yaw=0.05,
    pitch=0.6,
    narrowness=1.0,
    missing=0.0,
    mouth_colour=5.0,
    eye_luma=0.8,
)
FRONTAL = Landmarks((80.0, 90.0), (120.0, 90.0), (100.0, 113.0), (83.0, 132.0), (117.0, 132.0))
SKIN_BGR = (120, 150, 200)


def face(shift_x: float = 0.0, *, width: int = 200, landmarks: Landmarks = FRONTAL) -> FaceCrop:
    return FaceCrop(
        np.full((200, width, 3), 128, np.uint8),
        Detection(Box(60.0 + shift_x, 60.0, 140.0 + shift_x, 160.0), 0.9, landmarks),
    )


def skin() -> NDArray[np.uint8]:
    """An aligned face of skin with noise, lips redder than it and eyes a little darker."""
    image = np.full((112, 112, 3), SKIN_BGR, np.int16)
    image[73:83, 40:70] = (100, 110, 200)
    image[28:40, 25:44] -= 25
    image[28:40, 66:86] -= 25
    noise = np.random.default_rng(0).normal(0, 8, (112, 112, 1))
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def test_a_good_face_has_no_fault() -> None:
    assert fault_of(GOOD) is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"face_px": 31.9}, AgeUnknownReason.TOO_SMALL),
        ({"missing": 0.21}, AgeUnknownReason.CROPPED),
        ({"yaw": 0.36}, AgeUnknownReason.TURNED),
        ({"pitch": 0.2}, AgeUnknownReason.TURNED),
        ({"pitch": 0.9}, AgeUnknownReason.TURNED),
        ({"pitch": -1.0}, AgeUnknownReason.TURNED),
        ({"narrowness": 0.7}, AgeUnknownReason.TURNED),
        ({"luma": 10.0}, AgeUnknownReason.LIGHTING),
        ({"luma": 210.0}, AgeUnknownReason.LIGHTING),
        ({"contrast": 6.0}, AgeUnknownReason.LIGHTING),
        ({"sharpness": 0.004}, AgeUnknownReason.BLURRED),
        ({"mouth_colour": -4.1}, AgeUnknownReason.OCCLUDED),
        ({"eye_luma": 0.2}, AgeUnknownReason.OCCLUDED),
    ],
)
def test_each_fault_has_its_reason(change: dict[str, float], reason: AgeUnknownReason) -> None:
    """FG-A06"""
    assert fault_of(dataclasses.replace(GOOD, **change)) is reason


def test_a_frontal_face_measures_as_one() -> None:
    found = measure(face(), FRONTAL, skin())
    assert found.yaw == pytest.approx(0.0, abs=1e-9)
    assert 0.5 < found.pitch < 0.7
    assert found.narrowness > 0.9
    assert found.missing == pytest.approx(0.0, abs=1e-9)
    assert found.face_px == 80.0


def test_a_turned_head_moves_the_nose_off_the_middle_line() -> None:
    turned = dataclasses.replace(FRONTAL, nose=(116.0, 113.0))
    assert measure(face(landmarks=turned), turned, skin()).yaw == pytest.approx(0.4)


def test_a_profile_is_narrow() -> None:
    profile = Landmarks((92.0, 90.0), (108.0, 90.0), (100.0, 113.0), (94.0, 132.0), (106.0, 132.0))
    assert measure(face(landmarks=profile), profile, skin()).narrowness < 0.5


def test_points_upside_down_are_no_upright_face() -> None:
    wrong = Landmarks((80.0, 132.0), (120.0, 132.0), (100.0, 113.0), (83.0, 90.0), (117.0, 90.0))
    assert fault_of(measure(face(landmarks=wrong), wrong, skin())) is AgeUnknownReason.TURNED


def test_a_face_over_the_edge_of_the_frame_is_missing_in_part() -> None:
    """The core square is 84 px wide around x = 100; a frame that ends at 116 holds 58 of them."""
    found = measure(face(width=116), FRONTAL, skin())
    assert found.missing == pytest.approx(26 / 84, abs=0.01)
    assert fault_of(found) is AgeUnknownReason.CROPPED


def test_pixels_that_were_never_there_do_not_count() -> None:
    """A patch enlarged four times has a quarter of its pixels; one shrunk has what it has."""
    enlarged = dataclasses.replace(face(), scale=0.25)
    assert measure(enlarged, FRONTAL, skin()).face_px == 20.0
    assert measure(dataclasses.replace(face(), scale=3.0), FRONTAL, skin()).face_px == 80.0


def test_blur_takes_the_sharpness() -> None:
    blurred = np.asarray(cv2.GaussianBlur(skin(), (0, 0), 4), np.uint8)
    assert measure(face(), FRONTAL, blurred).sharpness < measure(face(), FRONTAL, skin()).sharpness / 10


@pytest.mark.parametrize("cloth_bgr", [(235, 240, 240), (190, 150, 90), (30, 30, 30)])
def test_a_mask_is_seen_by_its_colour(cloth_bgr: tuple[int, int, int]) -> None:
    """FG-A06"""
    masked = skin()
    masked[58:] = cloth_bgr
    assert fault_of(dataclasses.replace(GOOD, mouth_colour=measure(face(), FRONTAL, masked).mouth_colour)) is (
        AgeUnknownReason.OCCLUDED
    )
    assert measure(face(), FRONTAL, skin()).mouth_colour > 0


def test_dark_glasses_are_seen() -> None:
    """FG-A06"""
    glasses = skin()
    glasses[26:44, 20:92] = 20
    assert measure(face(), FRONTAL, glasses).eye_luma < 0.28 < measure(face(), FRONTAL, skin()).eye_luma


def test_a_grey_picture_is_not_taken_for_a_mask() -> None:
    grey = np.repeat(np.asarray(cv2.cvtColor(skin(), cv2.COLOR_BGR2GRAY), np.uint8)[..., None], 3, axis=2)
    found = measure(face(), FRONTAL, np.ascontiguousarray(grey))
    assert fault_of(dataclasses.replace(GOOD, mouth_colour=found.mouth_colour)) is None
