"""The benchmarks' own arithmetic."""

from __future__ import annotations

import math

import numpy as np
import pytest

from faceguard.bench.scoring import ScoredFinds, average_precision, covered_share, grown, unmatched


def _boxes(*corners: tuple[float, float, float, float]) -> np.ndarray:
    return np.array(corners, np.float64).reshape(-1, 4)


def test_a_label_is_covered_by_the_union_of_regions_not_by_their_sum() -> None:
    label = _boxes((0, 0, 32, 32))
    assert covered_share(label, _boxes((0, 0, 16, 32), (0, 0, 16, 32)))[0] == pytest.approx(0.5)
    assert covered_share(label, _boxes((0, 0, 16, 32), (16, 0, 32, 32)))[0] == 1.0
    assert covered_share(label, _boxes())[0] == 0.0
    assert covered_share(_boxes(), label).shape == (0,)


def test_boxes_grow_around_their_centre() -> None:
    assert grown(_boxes((10, 10, 20, 30)), 1.5).tolist() == [[7.5, 5, 22.5, 35]]


def test_a_find_without_any_label_is_unmatched_and_a_small_one_inside_a_label_is_not() -> None:
    labels = _boxes((0, 0, 100, 100))
    assert unmatched(_boxes((0, 0, 90, 90), (40, 40, 50, 50), (200, 0, 300, 100)), labels) == 1
    assert unmatched(_boxes((1, 1, 2, 2)), _boxes()) == 1


def _picture(finds: list[tuple[float, float]], labels: list[float], ignored: tuple[int, ...] = ()) -> ScoredFinds:
    """Boxes of 10 x 10 at the given x; finds are (x, score)."""
    return ScoredFinds(
        _boxes(*((x, 0, x + 10, 10) for x, _ in finds)),
        np.array([score for _, score in finds]),
        _boxes(*((x, 0, x + 10, 10) for x in labels)),
        np.array([i not in ignored for i in range(len(labels))], np.bool_),
    )


def test_all_faces_first_gives_full_precision() -> None:
    assert average_precision([_picture([(0, 0.9), (50, 0.8), (200, 0.1)], [0, 50])]) == pytest.approx(1.0)


def test_a_false_find_before_the_only_face_halves_precision() -> None:
    assert average_precision([_picture([(200, 0.9), (0, 0.5)], [0])]) == pytest.approx(0.5)


def test_a_second_find_of_one_face_is_false() -> None:
    assert average_precision([_picture([(0, 0.9), (1, 0.8), (50, 0.5)], [0, 50])]) < 0.9


def test_a_find_on_an_ignored_label_counts_neither_way() -> None:
    assert average_precision([_picture([(50, 0.9), (0, 0.5)], [0, 50], ignored=(1,))]) == pytest.approx(1.0)


def test_missed_faces_cost_recall() -> None:
    assert average_precision([_picture([(0, 0.9)], [0, 50, 100, 150])]) == pytest.approx(0.25)


def test_without_faces_there_is_no_precision() -> None:
    assert math.isnan(average_precision([_picture([(0, 0.9)], [])]))
    assert average_precision([_picture([], [0])]) == 0.0
