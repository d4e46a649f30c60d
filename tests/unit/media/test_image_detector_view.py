from __future__ import annotations

import numpy as np
import pytest

from faceguard.media.detector_view import detector_images, to_detector_image
from faceguard.types import Frame, PixelFormat


def test_eight_bits_are_shown_as_they_are_without_a_copy() -> None:
    bgr = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    assert to_detector_image(Frame((bgr,))) is bgr


def test_sixteen_bits_become_eight() -> None:
    bgr = np.linspace(0, 65535, 300, dtype=np.uint16).reshape(10, 10, 3)
    shown = to_detector_image(Frame((bgr,)))
    assert shown.dtype == np.uint8
    assert (shown.min(), shown.max()) == (0, 255)


def test_a_dark_deep_picture_is_brightened() -> None:
    """12-bit pictures in 16-bit files would look black to a detector."""
    bgr = np.linspace(0, 4095, 3000, dtype=np.uint16).reshape(50, 20, 3)
    shown = to_detector_image(Frame((bgr,)))
    assert shown.max() == 255
    assert 110 < shown.mean() < 140


def test_a_black_deep_picture_stays_black() -> None:
    assert not to_detector_image(Frame((np.zeros((4, 4, 3), np.uint16),))).any()


def test_colours_under_alpha_zero_are_shown() -> None:
    bgr = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    frame = Frame((bgr,), alpha=np.zeros((4, 4), np.uint8))
    np.testing.assert_array_equal(to_detector_image(frame), bgr)


def test_a_face_drawn_by_alpha_alone_is_shown() -> None:
    flat = np.zeros((4, 4, 3), np.uint8)
    drawing = (np.arange(16, dtype=np.uint8) * 16).reshape(4, 4)
    colours, on_white, on_black = detector_images(Frame((flat,), alpha=drawing))
    np.testing.assert_array_equal(colours, flat)
    np.testing.assert_array_equal(on_white, np.repeat(255 - drawing[:, :, None], 3, axis=2))
    assert not on_black.any()


def test_an_opaque_frame_has_one_view() -> None:
    bgr = np.zeros((4, 4, 3), np.uint16)
    assert len(detector_images(Frame((bgr,)))) == 1
    assert len(detector_images(Frame((bgr,), alpha=np.full((4, 4), 65535, np.uint16)))) == 1


def test_planes_of_a_video_are_not_taken_for_a_picture() -> None:
    plane = np.zeros((4, 4), np.uint8)
    with pytest.raises(ValueError, match="BGR"):
        to_detector_image(Frame((plane, plane[::2, ::2], plane[::2, ::2]), PixelFormat.YUV420))
