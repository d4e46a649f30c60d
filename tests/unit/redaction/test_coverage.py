"""How much of the picture belongs to a head."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceguard.geometry import expand, intersection_area
from faceguard.redaction.coverage import (
    BACK_SHARE,
    BOTTOM_SHARE,
    SHAPE_STEP,
    SIDE_SHARE,
    TOP_SHARE,
    RegionKind,
    head_region,
)
from faceguard.types import Box, Detection, Landmarks

FACE = Box(100, 100, 200, 230)


def face_turned(degrees: float, nose_aside: float = 0.0) -> Detection:
    """A face turned by `degrees` clockwise in the plane, its nose `nose_aside` pixels to its right."""
    radians = math.radians(degrees)
    upright = ((-20, -20), (20, -20), (nose_aside, 5), (-15, 30), (15, 30))
    points = [
        (
            150 + x * math.cos(radians) - y * math.sin(radians),
            165 + x * math.sin(radians) + y * math.cos(radians),
        )
        for x, y in upright
    ]
    return Detection(FACE, 0.9, Landmarks(*points))


def shares(detection: Detection, margin: float = 0.0) -> tuple[float, float, float, float]:
    """`(left, top, right, bottom)` by which the region goes beyond the face."""
    region, box = head_region(detection, margin), detection.box
    return (
        (box.x0 - region.x0) / box.width,
        (box.y0 - region.y0) / box.height,
        (region.x1 - box.x1) / box.width,
        (region.y1 - box.y1) / box.height,
    )


def test_an_upright_head_has_its_hair_above() -> None:
    left, top, right, bottom = shares(face_turned(0))
    assert left == pytest.approx(right)
    assert left >= SIDE_SHARE
    assert top >= TOP_SHARE
    assert top - bottom == pytest.approx(TOP_SHARE - BOTTOM_SHARE)


@pytest.mark.parametrize(("degrees", "side_of_the_hair"), [(0, 1), (90, 2), (180, 3), (270, 0)])
def test_the_hair_is_covered_whichever_way_the_head_is_turned(degrees: float, side_of_the_hair: int) -> None:
    """FG-R04: turned photos, and people lying down."""
    found = shares(face_turned(degrees))
    assert found[side_of_the_hair] >= TOP_SHARE
    assert found[side_of_the_hair] - found[side_of_the_hair - 2] == pytest.approx(TOP_SHARE - BOTTOM_SHARE)


def test_a_tilted_head_is_covered_towards_both_sides_of_its_top() -> None:
    left, top, right, bottom = shares(face_turned(45))
    assert min(top, right) >= TOP_SHARE * math.sqrt(0.5) - 1e-9
    assert min(left, bottom) >= SIDE_SHARE - 1e-9


def test_the_back_of_a_head_in_profile_is_covered() -> None:
    left, _, right, _ = shares(face_turned(0, nose_aside=25))
    assert left > SIDE_SHARE + 0.5
    assert left - right == pytest.approx(BACK_SHARE)
    mirrored = shares(face_turned(0, nose_aside=-25))
    assert (mirrored[2], mirrored[0]) == pytest.approx((left, right))


@pytest.mark.parametrize(
    "landmarks",
    [
        None,
        Landmarks((150, 165), (150, 165), (150, 165), (150, 165), (150, 165)),
        Landmarks((900, 10), (950, 10), (920, 40), (900, 60), (950, 60)),
    ],
    ids=["none", "all at one place", "far outside the face"],
)
def test_without_a_trustworthy_up_the_hair_may_be_on_every_side(landmarks: Landmarks | None) -> None:
    assert min(shares(Detection(FACE, 0.9, landmarks))) >= TOP_SHARE - 1e-9


@given(st.floats(0, 360), st.floats(-60, 60), st.floats(0, 2))
def test_a_head_region_holds_the_face_and_its_margin(degrees: float, nose_aside: float, margin: float) -> None:
    """FG-R04"""
    region = head_region(face_turned(degrees, nose_aside), margin)
    face = expand(FACE, margin, margin, margin, margin)
    assert intersection_area(region, face) == pytest.approx(face.area)


@given(
    st.floats(0, 360),
    st.floats(0, 0.25),
    st.floats(0, 0.25),
    st.floats(0, 0.25),
    st.floats(0, 0.25),
)
def test_a_face_stays_covered_when_the_detector_is_too_tight(
    degrees: float, left: float, top: float, right: float, bottom: float
) -> None:
    """FG-R04: each side of the box up to a quarter of it inside the true face; the margin of the presets, 0.25."""
    true_face = expand(FACE, left, top, right, bottom)
    region = head_region(face_turned(degrees), 0.25)
    assert intersection_area(region, true_face) >= 0.99 * true_face.area


def test_a_policy_may_ask_for_the_face_only() -> None:
    region, wanted = head_region(face_turned(0), 0.25, RegionKind.FACE), expand(FACE, 0.25, 0.25, 0.25, 0.25)
    assert intersection_area(region, wanted) == pytest.approx(wanted.area)
    assert region.area < head_region(face_turned(0), 0.25).area


@given(st.floats(20, 200), st.floats(20, 200), st.floats(0, 360), st.sampled_from(RegionKind))
def test_the_shape_of_a_region_is_one_of_few(width: float, height: float, degrees: float, kind: RegionKind) -> None:
    """FG-R02: the rectangle itself is output, and its exact shape would tell people apart."""
    face = Detection(Box(50, 50, 50 + width, 50 + height), 0.9, face_turned(degrees).landmarks)
    region = head_region(face, 0.25, kind)
    steps = math.log(region.height / region.width, SHAPE_STEP)
    assert steps == pytest.approx(round(steps), abs=1e-6)
    exact = expand(face.box, 0.25, 0.25, 0.25, 0.25)
    assert intersection_area(region, exact) >= exact.area * (1 - 1e-9)


@pytest.mark.parametrize("margin", [-0.1, math.nan, math.inf])
def test_a_margin_is_a_share_that_is_not_negative(margin: float) -> None:
    with pytest.raises(ValueError, match="margin"):
        head_region(face_turned(0), margin)
