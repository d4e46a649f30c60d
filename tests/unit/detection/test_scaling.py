"""Pictures of every shape become inputs of bounded size, and positions find their way back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceguard.detection.candidates import Candidates
from faceguard.detection.scaling import Pyramid
from faceguard.detection.turning import TURNS, turn, turn_back

SIDES = st.integers(1, 700)


@settings(max_examples=60, deadline=None)
@given(SIDES, SIDES, st.sampled_from([320, 640, 1280]))
def test_inputs_fit_the_strides_and_never_lose_a_corner(height: int, width: int, side_px: int) -> None:
    scaled = Pyramid(np.full((height, width, 3), 255, np.uint8)).scaled(side_px)
    rows, columns = scaled.image.shape[:2]
    assert rows % 32 == columns % 32 == 0
    content_rows, content_columns = height / scaled.sy, width / scaled.sx
    assert content_rows <= rows < content_rows + 32
    assert content_columns <= columns < content_columns + 32
    assert scaled.image[round(content_rows) - 1, round(content_columns) - 1].tolist() == [255] * 3


@pytest.mark.parametrize(("height", "width"), [(1, 30000), (30000, 1), (1, 1), (300, 6000), (2, 100_000), (4000, 3000)])
def test_odd_shapes_cost_no_more_than_their_share(height: int, width: int) -> None:
    scaled = Pyramid(np.zeros((height, width, 3), np.uint8)).scaled(640)
    padded_line = 32 * (max(scaled.image.shape[:2]) + 32)
    assert scaled.image.shape[0] * scaled.image.shape[1] <= max(8 * 640**2 * 1.1, padded_line)


def test_a_panorama_keeps_its_faces_as_large_as_a_photo_of_twice_its_height() -> None:
    panorama = Pyramid(np.zeros((300, 6000, 3), np.uint8)).scaled(640)
    photo = Pyramid(np.zeros((300, 600, 3), np.uint8)).scaled(640)
    assert panorama.sy == pytest.approx(photo.sy, rel=0.02)


def test_a_point_keeps_its_place_through_shrinking() -> None:
    image = np.zeros((1001, 1503, 3), np.uint8)
    image[700:720, 900:920] = 255
    scaled = Pyramid(image).scaled(640)
    rows, columns = np.nonzero(scaled.image[..., 0] > 127)
    assert (columns.mean() + 0.5) * scaled.sx == pytest.approx(910, abs=1.5)
    assert (rows.mean() + 0.5) * scaled.sy == pytest.approx(710, abs=1.5)


def test_the_picture_itself_is_not_touched() -> None:
    image = np.random.default_rng(1).integers(0, 255, (640, 640, 3), np.uint8)
    before = image.copy()
    pyramid = Pyramid(image)
    for side_px in (320, 640, 1280):
        pyramid.scaled(side_px).image[:] = 0
    assert np.array_equal(image, before)


@pytest.mark.parametrize("turns", TURNS)
def test_what_is_found_in_a_turned_picture_lies_where_it_was(turns: int) -> None:
    image = np.zeros((40, 60, 3), np.uint8)
    image[5:15, 20:50] = 255
    turned = turn(image, turns)
    rows, columns = np.nonzero(turned[..., 0])
    box = np.array([[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]], np.float32)
    points = np.repeat(((box[:, :2] + box[:, 2:]) / 2)[:, None], 5, axis=1)
    back = turn_back(Candidates(box, np.ones(1, np.float32), points), turns, (40, 60))
    assert back.boxes.tolist() == [[20, 5, 50, 15]]
    assert back.landmarks[0, 0].tolist() == [35, 10]
