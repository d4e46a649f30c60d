"""Overlapping finds become one; nothing that stands alone is lost."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from faceguard.detection.candidates import Candidates
from faceguard.detection.fusion import Fusion
from faceguard.detection.merge import best_of_overlapping, best_overlap, pairwise_iou, suppress
from faceguard.detection.network import CENTERFACE, YUNET

FUSION = Fusion({CENTERFACE: 0.5, YUNET: 0.5}, bias=0.0)


def _candidates(boxes: list[list[float]], scores: list[float]) -> Candidates:
    return Candidates(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array(scores, np.float32),
        np.zeros((len(scores), 5, 2), np.float32),
    )


@st.composite
def many_boxes(draw: st.DrawFn) -> np.ndarray:
    corners = draw(hnp.arrays(np.float32, (draw(st.integers(1, 40)), 2), elements=st.integers(0, 60)))
    sizes = draw(hnp.arrays(np.float32, corners.shape, elements=st.integers(1, 40)))
    return np.concatenate([corners, corners + sizes], axis=1)


def _greedy(boxes: np.ndarray, ranks: np.ndarray, limit: float) -> list[int]:
    kept: list[int] = []
    for i in np.argsort(-ranks, kind="stable"):
        if all(pairwise_iou(boxes[i : i + 1], boxes[k : k + 1])[0, 0] <= limit for k in kept):
            kept.append(int(i))
    return kept


@settings(max_examples=60, deadline=None)
@given(many_boxes(), st.randoms(use_true_random=False))
def test_suppression_is_the_greedy_one_of_the_papers(boxes: np.ndarray, random: object) -> None:
    ranks = np.arange(len(boxes), dtype=np.float32) - len(boxes) / 2
    random.shuffle(ranks)  # type: ignore[attr-defined]
    limit = 0.37  # no overlap of small whole numbers lies at it
    assert best_of_overlapping(boxes, ranks, limit).tolist() == _greedy(boxes, ranks, limit)


@settings(max_examples=60, deadline=None)
@given(many_boxes(), many_boxes())
def test_overlap_is_that_of_a_plain_count_of_pixels(a: np.ndarray, b: np.ndarray) -> None:
    def mask(box: np.ndarray) -> np.ndarray:
        grid = np.zeros((100, 100), bool)
        grid[int(box[1]) : int(box[3]), int(box[0]) : int(box[2])] = True
        return grid

    expected = (mask(a[0]) & mask(b[0])).sum() / (mask(a[0]) | mask(b[0])).sum()
    np.testing.assert_allclose(pairwise_iou(a, b)[0, 0], expected, rtol=1e-5)


def test_best_overlap_is_the_same_in_many_blocks_of_rows() -> None:
    random = np.random.default_rng(3)
    corners = random.uniform(0, 500, (2500, 2)).astype(np.float32)
    boxes = np.concatenate([corners, corners + 30], axis=1)
    which, overlap = best_overlap(boxes, boxes[:50])
    iou = pairwise_iou(boxes, boxes[:50])
    assert np.array_equal(which, iou.argmax(axis=1))
    assert np.array_equal(overlap, iou.max(axis=1))


def test_no_candidates_stay_none() -> None:
    assert len(suppress(_candidates([], []), 0.4)) == 0
    joined, scores = FUSION.join([(YUNET, _candidates([], []))])
    assert len(joined) == 0
    assert set(scores) == {YUNET, CENTERFACE}


def test_two_networks_that_agree_weigh_more_than_either_alone() -> None:
    box = [[10, 10, 50, 50]]
    both, _ = FUSION.join([(YUNET, _candidates(box, [0.6])), (CENTERFACE, _candidates(box, [0.6]))])
    alone, _ = FUSION.join([(YUNET, _candidates(box, [0.6]))])
    assert len(both) == len(alone) == 1
    assert both.scores[0] > alone.scores[0]


def test_a_second_scale_of_the_same_network_never_weighs_against_a_face() -> None:
    strong, weak = _candidates([[10, 10, 50, 50]], [0.9]), _candidates([[11, 11, 51, 51]], [0.2])
    one, _ = FUSION.join([(YUNET, strong)])
    two, scores = FUSION.join([(YUNET, strong), (YUNET, weak)])
    assert len(two) == 1
    assert two.scores[0] >= one.scores[0]
    np.testing.assert_allclose(scores[YUNET], [0.9])


def test_the_box_holds_every_find_that_is_nearly_as_sure_and_ignores_doubtful_ones() -> None:
    joined, _ = FUSION.join(
        [
            (CENTERFACE, _candidates([[10, 10, 50, 50]], [0.9])),
            (YUNET, _candidates([[12, 14, 54, 58]], [0.8])),
            (YUNET, _candidates([[0, 0, 45, 45]], [0.2])),
        ]
    )
    assert joined.boxes.tolist() == [[10, 10, 54, 58]]


def test_faces_apart_stay_apart_and_come_best_first() -> None:
    joined, _ = FUSION.join([(YUNET, _candidates([[0, 0, 20, 20], [40, 0, 60, 20]], [0.3, 0.8]))])
    assert joined.boxes[:, 0].tolist() == [40, 0]
    assert joined.scores[0] > joined.scores[1]
