"""Which face a badge hangs below: geometry alone, in an upright picture.

The box of a detector is about as wide as a face, and from brow to chin. Worn on the chest, a card hangs half a face to
two and a half faces below the chin. The wearer must be beyond doubt: a badge that could be the neighbour's is nobody's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from faceguard.types import Box

WORN_ASIDE = 0.8
"""How far from the middle line of the face a worn badge may be, in widths of the face."""
WORN_BELOW = (0.1, 2.6)
"""How far below the chin its middle may be, in heights of the face."""
WORN_SIZE = (0.15, 1.3)
"""Its longest side in widths of the face: a code of 3 to 15 cm on a child or an adult."""

NEAR_ASIDE = 1.3
NEAR_BELOW = (-0.4, 3.2)
"""Within these a badge could be this face's, so that any second face there makes it nobody's. People who stand shoulder
to shoulder are about two widths of a face apart."""


@dataclass(frozen=True, slots=True)
class Placement:
    """The face that a badge hangs below beyond doubt, if any, and all that it could be of; numbers of faces."""

    face: int | None
    near: tuple[int, ...]


def place_badge(badge: Box, side_px: float, faces: Sequence[Box]) -> Placement:
    """Where a badge of `side_px` belongs among `faces`; all in pixels of one frame."""
    near = tuple(n for n, face in enumerate(faces) if _is_near(badge, face))
    if len(near) != 1:
        return Placement(None, near)
    (only,) = near
    return Placement(only if _is_worn(badge, side_px, faces[only]) else None, near)


def _is_near(badge: Box, face: Box) -> bool:
    aside, below = _offset(badge, face)
    return aside <= NEAR_ASIDE and NEAR_BELOW[0] <= below <= NEAR_BELOW[1]


def _is_worn(badge: Box, side_px: float, face: Box) -> bool:
    aside, below = _offset(badge, face)
    size = side_px / face.width
    return aside <= WORN_ASIDE and WORN_BELOW[0] <= below <= WORN_BELOW[1] and WORN_SIZE[0] <= size <= WORN_SIZE[1]


def _offset(badge: Box, face: Box) -> tuple[float, float]:
    """Of the badge's middle: aside from the face's middle line in widths, below the chin in heights."""
    x, y = badge.centre
    return abs(x - face.centre[0]) / face.width, (y - face.y1) / face.height
