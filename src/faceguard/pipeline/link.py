"""Which face is whose: by a region named by hand, by a worn badge, or because everybody in the picture is named. Faces
are never matched (FG-C14).

Doubt protects in both directions: it gives nobody's consent to a face, and takes nobody's objection from it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from faceguard.geometry import contains, intersection_area
from faceguard.types import Box, LinkMethod, SubjectRef, SubjectRegion


@dataclass(frozen=True, slots=True)
class Name:
    """Who a face is said to be, and by which way."""

    ref: SubjectRef
    declared_age: int | None = None

    @classmethod
    def of_region(cls, region: SubjectRegion) -> Name:
        return cls(SubjectRef(region.key, LinkMethod.REGION), region.declared_age)


@dataclass(frozen=True, slots=True)
class Link:
    """Whose a face is: `name` beyond doubt, if any; `doubtful` are those whose it may be."""

    name: Name | None = None
    doubtful: tuple[Name, ...] = ()

    @property
    def doubtful_keys(self) -> tuple[str, ...]:
        """The keys of those whose it may be, each once."""
        return tuple(dict.fromkeys(name.ref.key for name in self.doubtful))


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
        sure, doubtful = Name.of_region(regions[holding[0]]), []
    else:
        sure, doubtful = None, holding
    doubtful = doubtful + [n for n in range(len(regions)) if not inside[n] and face in touched[n]]
    return Link(sure, tuple(Name.of_region(regions[n]) for n in doubtful))


def join_links(by_region: Sequence[Link], by_badge: Sequence[Link]) -> tuple[Link, ...]:
    """One link for each face from what the operator said and what the badges say.

    Where they name different people, or a badge names somebody whom the operator sees elsewhere, it is doubt.
    """
    said = {link.name.ref.key for link in by_region if link.name is not None}
    return tuple(_joined(a, b, said) for a, b in zip(by_region, by_badge, strict=True))


def _joined(said: Link, worn: Link, named_elsewhere: set[str]) -> Link:
    doubtful = (*said.doubtful, *worn.doubtful)
    if worn.name is None:
        return replace(said, doubtful=doubtful)
    if said.name is None:
        if worn.name.ref.key in named_elsewhere:
            return Link(None, (*doubtful, worn.name))
        return Link(worn.name, doubtful)
    if said.name.ref.key == worn.name.ref.key:
        return Link(said.name, (*doubtful, worn.name))
    return Link(None, (*doubtful, said.name, worn.name))


def link_everyone(
    links: Sequence[Link], everyone: Sequence[str], holds: Callable[[int, Name], bool]
) -> tuple[Link, ...]:
    """Links the faces that are still nobody's to `everyone` in the picture, by the operator's word that these are all.

    `holds(face, name)` says whether that person's own consent would let that face be shown. The names count together or
    not at all: there are as many faces as people, nobody who is linked already is missing from them, and each face can
    be given a name of its own whose consent holds. Which of them is whose stays open, so that the record's entries
    belong to the picture as a whole. If they don't count, each may be anybody's of them: doubt.
    """
    names = [Name(SubjectRef(key, LinkMethod.EVENT)) for key in everyone]
    known = [link.name.ref.key for link in links if link.name is not None]
    left = [name for name in names if name.ref.key not in known]
    faces = [n for n, link in enumerate(links) if link.name is None]
    complete = len(names) == len(links) and len(left) == len(faces) and not any(link.doubtful for link in links)
    given = _assigned(faces, left, holds) if complete else None
    if given is None:
        return tuple(replace(link, doubtful=(*link.doubtful, *left)) if link.name is None else link for link in links)
    return tuple(Link(given[n]) if n in given else link for n, link in enumerate(links))


def _assigned(
    faces: Sequence[int], names: Sequence[Name], holds: Callable[[int, Name], bool]
) -> dict[int, Name] | None:
    """A name for each of `faces` such that all hold: a perfect matching by augmenting paths (Kuhn 1955); None if there
    is none."""
    can = {face: [n for n, name in enumerate(names) if holds(face, name)] for face in faces}
    taken: dict[int, int] = {}

    def place(face: int, tried: set[int]) -> bool:
        for n in can[face]:
            if n in tried:
                continue
            tried.add(n)
            if n not in taken or place(taken[n], tried):
                taken[n] = face
                return True
        return False

    if not all(place(face, set()) for face in faces):
        return None
    return {face: names[n] for n, face in taken.items()}
