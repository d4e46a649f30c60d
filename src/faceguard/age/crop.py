"""How much of a frame the age models need around a face."""

from __future__ import annotations

from faceguard.geometry import expand
from faceguard.types import Box, Detection

CONTEXT_SHARE = 0.6
"""Share of the box's width and height to cut out beyond it on each side.

The larger of the two crops (`align.FACERES`) is a turned square of 3.3 times the distance from eyes to mouth; its
corners reach 2.4 such distances from the middle of the face, and the sides of a detector's box lie about 1.25 from it.
"""


def context_box(detection: Detection) -> Box:
    """The part of the frame, not clipped to it, that a `FaceCrop` of `detection` should hold."""
    return expand(detection.box, CONTEXT_SHARE, CONTEXT_SHARE, CONTEXT_SHARE, CONTEXT_SHARE)
