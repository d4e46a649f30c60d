"""Boxes: properties that hold for every box, by Hypothesis."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceguard.geometry import (
    clip,
    contains,
    expand,
    intersection_area,
    iou,
    move_detection,
    pixel_slice,
    scale,
    translate,
    union,
)
from faceguard.types import Box, Detection, Landmarks

corner = st.floats(-500, 500, allow_nan=False)
side = st.floats(0.01, 500, allow_nan=False)
boxes = st.builds(lambda x, y, w, h: Box(x, y, x + w, y + h), corner, corner, side, side)
sizes = st.integers(1, 400)
shares = st.floats(0, 3, allow_nan=False)


@given(boxes, boxes)
def test_iou_is_symmetric_and_between_nothing_and_all(a: Box, b: Box) -> None:
    assert iou(a, b) == pytest.approx(iou(b, a))
    assert 0 <= iou(a, b) <= 1 + 1e-9


@given(boxes)
def test_a_box_shares_all_of_itself_with_itself(box: Box) -> None:
    assert iou(box, box) == pytest.approx(1.0)
    assert intersection_area(box, box) == pytest.approx(box.area)


@given(boxes, sizes, sizes)
def test_a_clipped_box_lies_in_the_frame_and_in_the_box(box: Box, width: int, height: int) -> None:
    inside = clip(box, width, height)
    frame = Box(0, 0, width, height)
    if inside is None:
        assert intersection_area(box, frame) == 0
    else:
        assert inside.area == pytest.approx(intersection_area(box, frame))
        assert clip(inside, width, height) == inside


@given(boxes, shares, shares, shares, shares)
def test_an_expanded_box_holds_the_box(box: Box, left: float, top: float, right: float, bottom: float) -> None:
    larger = expand(box, left, top, right, bottom)
    assert larger.x0 <= box.x0
    assert larger.y0 <= box.y0
    assert larger.x1 >= box.x1
    assert larger.y1 >= box.y1
    assert larger.width == pytest.approx(box.width * (1 + left + right))


@given(boxes, st.floats(-3, -0.001))
def test_a_region_is_never_made_smaller(box: Box, share: float) -> None:
    with pytest.raises(ValueError, match="never made smaller"):
        expand(box, 0, share, 0, 0)


@given(boxes, sizes, sizes)
def test_pixel_slices_hold_every_pixel_that_a_box_touches_and_no_other(box: Box, width: int, height: int) -> None:
    """FG-R04: the edges of a region are rounded outwards, to the last row and column of the frame."""
    found = pixel_slice(box, width, height)
    columns = [x for x in range(width) if x < box.x1 and x + 1 > box.x0]
    rows = [y for y in range(height) if y < box.y1 and y + 1 > box.y0]
    if found is None:
        assert not (rows and columns)
    else:
        assert list(range(width))[found[1]] == columns
        assert list(range(height))[found[0]] == rows


@given(st.lists(boxes, min_size=1, max_size=5))
def test_a_union_holds_each_of_its_boxes(some: list[Box]) -> None:
    whole = union(some)
    assert all(intersection_area(whole, box) == pytest.approx(box.area) for box in some)


def test_the_union_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no boxes"):
        union([])


@given(boxes, st.floats(0.1, 10), st.floats(0.1, 10), corner, corner)
def test_moving_a_detection_moves_its_box_and_its_points_alike(
    box: Box, sx: float, sy: float, dx: float, dy: float
) -> None:
    points = ((box.x0, box.y0), (box.x1, box.y0), box.centre, (box.x0, box.y1), (box.x1, box.y1))
    moved = move_detection(Detection(box, 0.5, Landmarks(*points)), dx, dy, sx, sy)
    assert moved.box == translate(scale(box, sx, sy), dx, dy)
    assert moved.landmarks is not None
    assert moved.landmarks.left_eye == pytest.approx((moved.box.x0, moved.box.y0))
    assert moved.landmarks.nose == pytest.approx(moved.box.centre, abs=1e-6)
    assert moved.landmarks.mouth_right == pytest.approx((moved.box.x1, moved.box.y1))


def test_boxes_are_half_open() -> None:
    assert contains(Box(0, 0, 2, 2), 0, 0)
    assert not contains(Box(0, 0, 2, 2), 2, 0)


@pytest.mark.parametrize("corners", [(0, 0, 0, 1), (0, 0, 1, -1), (0, 0, math.nan, 1), (0, 0, math.inf, 1)])
def test_no_box_is_empty_or_endless(corners: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="a box needs"):
        Box(*corners)
