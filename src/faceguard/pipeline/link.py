"""Which face is whose, by the operator's word: a region named by hand. Faces are never matched (FG-C14)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from faceguard.geometry import contains, intersection_area
from faceguard.types import Box, SubjectRegion


@dataclass(frozen=True, slots=True)
class Link:
    """Whose a face is: `region` beyond doubt, if any; `doubtful` are the regions that may have meant this face.

    Doubt protects in both directions: it gives nobody's consent to a face, and takes nobody's objection from it.
    """

    region: SubjectRegion | None = None
    doubtful: tuple[SubjectRegion, ...] = ()


@dataclass(frozen=True, slots=True)
class Links:
    """One link for each face, in order, and the regions that hold no face's centre: theirs may have been missed."""

    links: tuple[Link, ...]
    empty: tuple[SubjectRegion, ...]


def link_by_region(boxes: Sequence[Box], regions: Sequence[SubjectRegion]) -> Links:
    """Links face boxes to regions; both in pixels of the same frame.

    A face belongs to the one region that has its centre inside, if that region has no other face. Everything else is
    doubt: a face in two regions, two faces in one, or a region that merely touches faces.
    """
    inside = [[n for n, box in enumerate(boxes) if contains(region.box, *box.centre)] for region in regions]
    touched = [[n for n, box in enumerate(boxes) if intersection_area(region.box, box) > 0] for region in regions]
    found = [_link(face, regions, inside, touched) for face in range(len(boxes))]
    return Links(tuple(found), tuple(region for region, faces in zip(regions, inside, strict=True) if not faces))


def _link(
    face: int, regions: Sequence[SubjectRegion], inside: Sequence[Sequence[int]], touched: Sequence[Sequence[int]]
) -> Link:
    holding = [n for n in range(len(regions)) if face in inside[n]]
    if len(holding) == 1 and len(inside[holding[0]]) == 1:
        sure, doubtful = regions[holding[0]], []
    else:
        sure, doubtful = None, holding
    doubtful = doubtful + [n for n in range(len(regions)) if not inside[n] and face in touched[n]]
    return Link(sure, tuple(regions[n] for n in doubtful))
