"""Where the crops lie: pictures with marks at the five points, so that a mark's place in the crop can be read off."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from faceguard.age.align import (
    FACERES_CROPS,
    FACERES_SIDE_PX,
    align_for_face_api,
    align_for_faceres,
    geometry_of,
    similarity,
)
from faceguard.age.crop import context_box
from faceguard.types import Box, Detection, FaceCrop, Landmarks

UPRIGHT = ((80.0, 90.0), (120.0, 90.0), (100.0, 113.0), (83.0, 132.0), (117.0, 132.0))


def turned(angle_deg: float, scale: float = 1.0) -> Landmarks:
    """The upright face turned about (100, 110) and scaled, in a picture of 200 * scale."""
    angle = math.radians(angle_deg)
    cos, sin = math.cos(angle), math.sin(angle)
    points = [((x - 100) * cos - (y - 110) * sin + 100, (x - 100) * sin + (y - 110) * cos + 110) for x, y in UPRIGHT]
    return Landmarks(*((x * scale, y * scale) for x, y in points))


def marked(landmarks: Landmarks, side: int = 200) -> FaceCrop:
    """A black patch with a soft white mark at each eye's and the mouth's middle."""
    rows, columns = np.mgrid[0:side, 0:side]
    mouth = (np.array(landmarks.mouth_left) + np.array(landmarks.mouth_right)) / 2
    image = np.zeros((side, side, 3), np.uint8)
    for x, y in (landmarks.left_eye, landmarks.right_eye, tuple(mouth)):
        mark = 255 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * (side / 70) ** 2))
        image = np.maximum(image, mark.astype(np.uint8)[..., None])
    return FaceCrop(image, Detection(Box(60.0, 60.0, 140.0, 160.0), 0.9, landmarks))


def marks(aligned: NDArray[np.uint8]) -> list[tuple[float, float]]:
    """Centres of the two upper marks (left, right) and the lower one, in pixels."""
    luma = aligned[..., 0].astype(np.float64)
    luma[luma < 60] = 0
    half = aligned.shape[0] // 2
    regions = [(slice(0, half), slice(0, half)), (slice(0, half), slice(half, None)), (slice(half, None), slice(None))]
    found = []
    for rows, columns in regions:
        part = luma[rows, columns]
        ys, xs = np.mgrid[
            rows.start : rows.start + part.shape[0], (columns.start or 0) : (columns.start or 0) + part.shape[1]
        ]
        found.append((float((xs * part).sum() / part.sum()), float((ys * part).sum() / part.sum())))
    return found


@pytest.mark.parametrize("view", [0, 1])
@pytest.mark.parametrize("angle_deg", [0, 30, -75, 180])
@pytest.mark.parametrize("scale", [1.0, 4.0])
def test_eyes_are_level_and_the_face_has_its_size_however_it_is_turned(
    view: int, angle_deg: float, scale: float
) -> None:
    landmarks = turned(angle_deg, scale)
    aligned = align_for_faceres(marked(landmarks, round(200 * scale)), landmarks)
    assert aligned.shape == (2, FACERES_SIDE_PX, FACERES_SIDE_PX, 3)
    left, right, mouth = marks(aligned[view])
    span_px = FACERES_SIDE_PX / FACERES_CROPS[view].spans
    middle = FACERES_SIDE_PX / 2 - FACERES_CROPS[view].shift * span_px - 0.5
    assert left[1] == pytest.approx(right[1], abs=1.0)
    assert (left[1] + mouth[1]) / 2 == pytest.approx(middle, abs=1.5)
    assert mouth[1] - left[1] == pytest.approx(span_px, abs=1.5)
    assert (left[0] + right[0]) / 2 == pytest.approx(FACERES_SIDE_PX / 2 - 0.5, abs=1.0)


@pytest.mark.parametrize("angle_deg", [0, 40])
def test_face_api_gets_its_points_where_its_template_has_them(angle_deg: float) -> None:
    landmarks = turned(angle_deg)
    aligned = align_for_face_api(marked(landmarks), landmarks)
    assert aligned.shape == (2, 112, 112, 3)
    x, y = ((share + 0.2) / 1.4 * 112 for share in (0.2255, 0.2160))
    for view in aligned:
        left, right, _ = marks(view)
        assert left == pytest.approx((x, y), abs=3.0)
        assert right == pytest.approx((112 - x, y), abs=3.0)


@pytest.mark.parametrize("align", [align_for_faceres, align_for_face_api])
def test_the_second_view_is_mirrored(align: Callable[[FaceCrop, Landmarks], NDArray[np.uint8]]) -> None:
    """A picture that is bright on its left: the first view is bright on the left, the second on the right."""
    landmarks = turned(0)
    image = np.zeros((200, 200, 3), np.uint8)
    image[:, :100] = 200
    first, second = align(FaceCrop(image, Detection(Box(60.0, 60.0, 140.0, 160.0), 0.9, landmarks)), landmarks)
    half = first.shape[1] // 2
    assert first[:, :half].mean() > first[:, half:].mean()
    assert second[:, :half].mean() < second[:, half:].mean()


def test_a_nod_does_not_make_the_crop_smaller() -> None:
    """Eyes and mouth close in on each other in a nod; the distance between the eyes holds the scale."""
    nodding = Landmarks((80.0, 100.0), (120.0, 100.0), (100.0, 110.0), (83.0, 120.0), (117.0, 120.0))
    assert geometry_of(nodding).span_px == pytest.approx(0.95 * 40)


def test_similarity_undoes_itself() -> None:
    points = np.array(UPRIGHT)
    there = similarity(points, points * 2 + 5)
    moved = points @ there[:, :2].T + there[:, 2]
    np.testing.assert_allclose(moved, points * 2 + 5, atol=1e-9)


def test_the_context_holds_the_whole_crop() -> None:
    """FG-A06: a patch cut by `context_box` reaches beyond the turned square that faceres-deep gets."""
    detection = Detection(Box(50.0, 50.0, 150.0, 170.0), 0.9)
    context = context_box(detection)
    assert (context.x0, context.y0, context.x1, context.y1) == pytest.approx((-10.0, -22.0, 210.0, 242.0))


def test_the_corner_of_a_picture_is_enough() -> None:
    """A face in the corner: the border is repeated, nothing raises, nothing is black."""
    landmarks = Landmarks((5.0, 6.0), (25.0, 6.0), (15.0, 18.0), (7.0, 27.0), (23.0, 27.0))
    crop = FaceCrop(np.full((40, 40, 3), 200, np.uint8), Detection(Box(0.0, 0.0, 32.0, 38.0), 0.9, landmarks))
    assert align_for_faceres(crop, landmarks).min() == 200
    assert align_for_face_api(crop, landmarks).min() == 200
