"""Pure functions on boxes. No pixels are read here; conventions as in `types`."""

from __future__ import annotations

import math
from collections.abc import Sequence

from faceguard.types import Box, Detection, Landmarks


def intersection_area(a: Box, b: Box) -> float:
    """Area that two boxes share, in square pixels; 0.0 when they only touch."""
    width = min(a.x1, b.x1) - max(a.x0, b.x0)
    height = min(a.y1, b.y1) - max(a.y0, b.y0)
    return width * height if width > 0 and height > 0 else 0.0


def iou(a: Box, b: Box) -> float:
    """Intersection over union, 0..1."""
    shared = intersection_area(a, b)
    return shared / (a.area + b.area - shared) if shared > 0 else 0.0


def clip(box: Box, width: int, height: int) -> Box | None:
    """The part of `box` inside a frame of `width` x `height` pixels, or None when nothing of it is inside."""
    x0, y0 = max(box.x0, 0.0), max(box.y0, 0.0)
    x1, y1 = min(box.x1, float(width)), min(box.y1, float(height))
    return Box(x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None


def expand(box: Box, left: float, top: float, right: float, bottom: float) -> Box:
    """`box` grown by shares of its own width (left, right) and height (top, bottom); not clipped. Shares are >= 0."""
    if min(left, top, right, bottom) < 0:
        raise ValueError("margins must not be negative: a region is never made smaller")
    return Box(
        box.x0 - left * box.width,
        box.y0 - top * box.height,
        box.x1 + right * box.width,
        box.y1 + bottom * box.height,
    )


def union(boxes: Sequence[Box]) -> Box:
    """The smallest box that holds all of `boxes` (at least one)."""
    if not boxes:
        raise ValueError("the union of no boxes is not a box")
    return Box(min(b.x0 for b in boxes), min(b.y0 for b in boxes), max(b.x1 for b in boxes), max(b.y1 for b in boxes))


def scale(box: Box, sx: float, sy: float) -> Box:
    """`box` with x multiplied by `sx` and y by `sy`, both positive."""
    return Box(box.x0 * sx, box.y0 * sy, box.x1 * sx, box.y1 * sy)


def translate(box: Box, dx: float, dy: float) -> Box:
    """`box` moved by `(dx, dy)` pixels."""
    return Box(box.x0 + dx, box.y0 + dy, box.x1 + dx, box.y1 + dy)


def contains(box: Box, x: float, y: float) -> bool:
    """Whether the point lies in the half-open box."""
    return box.x0 <= x < box.x1 and box.y0 <= y < box.y1


def pixel_slice(box: Box, width: int, height: int) -> tuple[slice, slice] | None:
    """`(rows, columns)` of every pixel that `box` touches in a frame of `width` x `height`; None when it touches none.

    Rounds outwards, so that a face at the right or bottom edge is covered to the last row and column.
    """
    x0, y0 = max(math.floor(box.x0), 0), max(math.floor(box.y0), 0)
    x1, y1 = min(math.ceil(box.x1), width), min(math.ceil(box.y1), height)
    return (slice(y0, y1), slice(x0, x1)) if x1 > x0 and y1 > y0 else None


def move_detection(detection: Detection, dx: float, dy: float, sx: float = 1.0, sy: float = 1.0) -> Detection:
    """`detection` with box and landmarks first scaled by `(sx, sy)`, then moved by `(dx, dy)`."""
    landmarks = None
    if detection.landmarks is not None:
        landmarks = Landmarks(*((x * sx + dx, y * sy + dy) for x, y in detection.landmarks.points))
    return Detection(translate(scale(detection.box, sx, sy), dx, dy), detection.score, landmarks, detection.model_id)
