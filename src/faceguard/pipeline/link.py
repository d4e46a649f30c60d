"""Which face is whose, by the operator's word: a region named by hand. Faces are never matched (FG-C14)."""

from __future__ import annotations

from collections.abc import Sequence

from faceguard.geometry import contains
from faceguard.types import Box, SubjectRegion


def link_by_region(boxes: Sequence[Box], regions: Sequence[SubjectRegion]) -> tuple[SubjectRegion | None, ...]:
    """For each face box the one region it belongs to, or None. Boxes and regions are in pixels of the same frame.

    A face belongs to a region when its centre lies inside. Doubt links nobody: a face in two regions, or one of two
    faces in the same region, gets None, so a consent can't slide to the wrong face.
    """
    inside = [[region for region in regions if contains(region.box, *box.centre)] for box in boxes]
    claims: dict[int, int] = {}
    for found in inside:
        for region in found:
            claims[id(region)] = claims.get(id(region), 0) + 1
    return tuple(found[0] if len(found) == 1 and claims[id(found[0])] == 1 else None for found in inside)
