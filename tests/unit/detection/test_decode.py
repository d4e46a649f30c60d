"""Each family turns a cell of its network's output into the box and the points that its paper says."""

from __future__ import annotations

import numpy as np
import pytest

from faceguard.detection import centerface, retinaface, yunet
from faceguard.detection.candidates import Candidates, concatenate, nothing
from faceguard.detection.cells import grid

SIZE = (64, 96)
YUNET_PLACES = 8 * 12 + 4 * 6 + 2 * 3


def _one_place(places: int, index: int, values: list[float]) -> tuple[np.ndarray, np.ndarray]:
    scores = np.zeros(places, np.float32)
    scores[index] = 0.9
    shapes = np.full((14, places), np.nan, np.float32)
    shapes[:, index] = values
    return scores, shapes


def test_yunet_box_is_centred_at_its_offset_and_sized_in_strides() -> None:
    stride_16_row_1_column_2 = 8 * 12 + 1 * 6 + 2
    scores, shapes = _one_place(
        YUNET_PLACES, stride_16_row_1_column_2, [0.5, 0.25, np.log(2), np.log(4), *np.arange(10) / 10]
    )
    found = yunet.decode(scores, shapes, SIZE, 0.5)
    assert len(found) == 1
    np.testing.assert_allclose(found.boxes[0], [(2.5 - 1) * 16, (1.25 - 2) * 16, (2.5 + 1) * 16, (1.25 + 2) * 16])
    np.testing.assert_allclose(found.landmarks[0, 0], [2.0 * 16, 1.1 * 16], rtol=1e-6)
    np.testing.assert_allclose(found.landmarks[0, 4], [2.8 * 16, 1.9 * 16], rtol=1e-6)


def test_retinaface_box_is_its_prior_moved_and_stretched() -> None:
    stride_8_second_prior_first_cell = 8 * 12
    scores, shapes = _one_place(
        2 * YUNET_PLACES, stride_8_second_prior_first_cell, [1.0, 0.0, 0.0, 5 * np.log(2), *[0.0] * 9, 1.0]
    )
    found = retinaface.decode(scores, shapes, SIZE, 0.5)
    assert len(found) == 1
    centre_x = 4 + 0.1 * 32
    np.testing.assert_allclose(found.boxes[0], [centre_x - 16, 4 - 32, centre_x + 16, 4 + 32], rtol=1e-5)
    np.testing.assert_allclose(found.landmarks[0, 4], [4, 4 + 0.1 * 32], rtol=1e-6)


def test_centerface_gives_height_before_width_and_y_before_x() -> None:
    cell = 3 * 24 + 5
    scores, shapes = _one_place(16 * 24, cell, [np.log(8), np.log(4), 0.25, 0.5, *[0.0, 1.0] * 5])
    found = centerface.decode(scores, shapes, SIZE, 0.5)
    assert len(found) == 1
    x, y = (5 + 0.5 + 0.5) * 4, (3 + 0.25 + 0.5) * 4
    np.testing.assert_allclose(found.boxes[0], [x - 8, y - 16, x + 8, y + 16], rtol=1e-6)
    np.testing.assert_allclose(found.landmarks[0], [[x + 8, y - 16]] * 5, rtol=1e-6)


@pytest.mark.parametrize(
    ("family", "places"), [(yunet, YUNET_PLACES), (retinaface, 2 * YUNET_PLACES), (centerface, 16 * 24)]
)
def test_nothing_above_the_threshold_is_no_candidates(family: object, places: int) -> None:
    found = family.decode(np.zeros(places, np.float32), np.zeros((14, places), np.float32), SIZE, 0.1)  # type: ignore[attr-defined]
    assert len(found) == 0
    assert found.boxes.shape == (0, 4)
    assert found.landmarks.shape == (0, 5, 2)


def test_cells_run_level_by_level_prior_by_prior_row_by_row() -> None:
    cells = grid(32, 64, ((16, (1, 2)), (32, (3,))))
    assert cells.stride.tolist() == [16] * 16 + [32] * 2
    assert cells.prior.tolist() == [1] * 8 + [2] * 8 + [3] * 2
    assert cells.x.tolist() == [0, 1, 2, 3] * 4 + [0, 1]
    assert cells.y.tolist() == [0] * 4 + [1] * 4 + [0] * 4 + [1] * 4 + [0, 0]


def test_candidates_move_boxes_and_points_alike() -> None:
    one = Candidates(np.array([[1, 2, 3, 4]], np.float32), np.array([0.5], np.float32), np.ones((1, 5, 2), np.float32))
    moved = concatenate([one, nothing(), one]).affine((2, 3), (10, 20))
    assert moved.boxes.tolist() == [[12, 26, 16, 32]] * 2
    assert moved.landmarks[0, 0].tolist() == [12, 23]
    np.testing.assert_allclose(moved.sides, np.sqrt(4 * 6), rtol=1e-6)
