"""Display matrices, and boxes and pictures turned by them."""

from __future__ import annotations

import numpy as np
import pytest

from faceguard.media.video_orientation import Orientation, orientation_of
from faceguard.types import Box

ONE = 1 << 16
MATRICES = {
    "as it is": (ONE, 0, 0, 0, ONE, 0, 0, 0, 1 << 30),
    "turned left": (0, -ONE, 0, ONE, 0, 0, 0, 0, 1 << 30),
    "turned right": (0, ONE, 0, -ONE, 0, 0, 0, 0, 1 << 30),
    "upside down": (-ONE, 0, 0, 0, -ONE, 0, 0, 0, 1 << 30),
    "mirrored": (-ONE, 0, 0, 0, ONE, 0, 0, 0, 1 << 30),
}


@pytest.mark.parametrize("name", MATRICES)
def test_a_box_in_the_upright_picture_names_the_same_pixels_in_the_coded_one(name: str) -> None:
    orientation = orientation_of(MATRICES[name])
    coded = np.zeros((60, 100), np.uint8)
    box = Box(10, 20, 25, 50)
    place = orientation.box_to_coded(box, 100, 60)
    coded[int(place.y0) : int(place.y1), int(place.x0) : int(place.x1)] = 255

    upright = orientation.upright(coded)

    assert upright[20:50, 10:25].min() == 255
    assert int((upright == 255).sum()) == 15 * 30


def test_a_quarter_turn_to_the_left_turns_as_numpy_does() -> None:
    coded = np.arange(6, dtype=np.uint8).reshape(2, 3)

    assert np.array_equal(orientation_of(MATRICES["turned left"]).upright(coded), np.rot90(coded))
    assert np.array_equal(orientation_of(MATRICES["turned right"]).upright(coded), np.rot90(coded, -1))


def test_no_matrix_means_upright() -> None:
    assert orientation_of(None) == Orientation()
    assert Orientation(transposed=True).upright_size(100, 60) == (60, 100)
