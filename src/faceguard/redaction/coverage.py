"""Which part of a picture belongs to a face, or to its head: hair, ears and chin, whichever way the head is turned.

The shares were measured on press photos and portraits, many with masks, and are shares of a box:

    silhouette of the person beyond the label (125 lone faces of 70 px and more; MediaPipe selfie segmentation, model 0)
                              median   90 %   95 %
        above (hair, hat)      0.51    0.77   0.85
        aside, at the ears     0.20    0.77   1.10     the tail is backs of heads in profile, and raised arms
    label beyond the detector's box (308 faces of 24 px and more; YuNet)
                                        95 %   99 %
        below                           0.27   0.59    the tail is masks, where detectors end a face too early
        aside                           0.18   0.30
        above                          -0.08   0.03

A policy's margin (0.25 in the presets) comes on top of the shares; the two together hold 99 % of the labelled faces
whole (FG-R04, `benchmarks/head_coverage.py`) and the hair and hats of 95 %.
"""

from __future__ import annotations

import math
from enum import StrEnum

from faceguard.geometry import expand
from faceguard.types import Box, Detection, Landmarks

TOP_SHARE = 0.55
SIDE_SHARE = 0.25
BOTTOM_SHARE = 0.35
BACK_SHARE = 0.55
"""Added on the side of the back of the head, for a full profile; in proportion for a face half turned."""

PROFILE_NOSE_OFFSET = 0.5
"""How far the nose lies beside the line from eyes to mouth in a profile, in lengths of that line.

An estimate: in an adult head the tip of the nose is some 30 mm before the eyes, and the mouth some 65 mm below them.
"""

SHAPE_STEP = 1.5
"""Regions are as high as wide times a power of this, so that a rectangle's shape doesn't tell whose head it hides.

Measured on ORL (40 people, one camera): the shape of exact rectangles verified people with an AUC of 0.67, of these
0.50; the rectangles grow by 7 % on average.
"""

MIN_AXIS_SHARE = 0.15
"""Eyes and mouth nearer to each other than this share of the box say nothing of which way is up."""


class RegionKind(StrEnum):
    """What a policy wants covered."""

    FACE = "face"
    """The detector's box and the margin. A ring of hair, ears and chin may stay."""
    HEAD = "head"


def head_region(detection: Detection, margin: float, kind: RegionKind = RegionKind.HEAD) -> Box:
    """The box to cover for `detection`; not clipped to the frame.

    `margin` is added on each side, in shares of the detection's width and height. Without landmarks that tell which way
    is up, the largest share is added on every side. The box is then grown to one of few shapes.
    """
    if not 0 <= margin < math.inf:
        raise ValueError(f"a margin is a share of the face and not negative, got {margin}")
    if RegionKind(kind) is RegionKind.FACE:
        return _common_shape(expand(detection.box, margin, margin, margin, margin))
    left, top, right, bottom = _head_shares(detection)
    return _common_shape(expand(detection.box, left + margin, top + margin, right + margin, bottom + margin))


def _common_shape(box: Box) -> Box:
    """`box` grown about its middle, in one direction, until its height is its width times a power of `SHAPE_STEP`."""
    steps = math.log(box.height / box.width, SHAPE_STEP)
    growth = SHAPE_STEP ** (round(steps) - steps)
    if growth >= 1:
        return expand(box, 0, (growth - 1) / 2, 0, (growth - 1) / 2)
    return expand(box, (1 / growth - 1) / 2, 0, (1 / growth - 1) / 2, 0)


def _head_shares(detection: Detection) -> tuple[float, float, float, float]:
    """`(left, top, right, bottom)` by which the head goes beyond the face, in shares of the detection's box."""
    axes = _face_axes(detection.landmarks, detection.box) if detection.landmarks is not None else None
    if axes is None:
        return TOP_SHARE, TOP_SHARE, TOP_SHARE, TOP_SHARE
    (up_x, up_y), yaw = axes
    reaches = (
        (up_x, up_y, TOP_SHARE),
        (-up_x, -up_y, BOTTOM_SHARE),
        (-up_y, up_x, SIDE_SHARE + BACK_SHARE * max(-yaw, 0.0)),
        (up_y, -up_x, SIDE_SHARE + BACK_SHARE * max(yaw, 0.0)),
    )

    def towards(x: float, y: float) -> float:
        """The share in the picture's direction `(x, y)`: that of the part of the head which reaches farthest there."""
        return max(SIDE_SHARE, *(share * (to_x * x + to_y * y) for to_x, to_y, share in reaches))

    return towards(-1, 0), towards(0, -1), towards(1, 0), towards(0, 1)


def _face_axes(landmarks: Landmarks, box: Box) -> tuple[tuple[float, float], float] | None:
    """Unit vector from mouth to eyes, and how far the face is turned: -1 (its nose to the left) to 1 (to the right).

    None when the points are too near to each other, or too far outside of the box, to be believed.
    """
    if not all(_near(point, box) for point in landmarks.points):
        return None
    eyes = _middle(landmarks.left_eye, landmarks.right_eye)
    mouth = _middle(landmarks.mouth_left, landmarks.mouth_right)
    axis_x, axis_y = eyes[0] - mouth[0], eyes[1] - mouth[1]
    length = math.hypot(axis_x, axis_y)
    if length < MIN_AXIS_SHARE * max(box.width, box.height):
        return None
    up_x, up_y = axis_x / length, axis_y / length
    nose_x, nose_y = landmarks.nose[0] - mouth[0], landmarks.nose[1] - mouth[1]
    aside = (nose_x * -up_y + nose_y * up_x) / length
    return (up_x, up_y), max(-1.0, min(1.0, aside / PROFILE_NOSE_OFFSET))


def _middle(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    return (a[0] + b[0]) / 2, (a[1] + b[1]) / 2


def _near(point: tuple[float, float], box: Box) -> bool:
    """Whether a landmark lies in its box or within half a box of it (chins and noses of profiles overhang)."""
    x, y = point
    inside_x = box.x0 - box.width / 2 <= x <= box.x1 + box.width / 2
    return inside_x and box.y0 - box.height / 2 <= y <= box.y1 + box.height / 2
