"""Whose the faces of a video are: by a place and time that the operator names, or by a badge worn long enough.

A link is for a face's whole life, so that it asks for more than a photo's: nothing may speak against it at any time,
and a face that could have been taken for another in between (more than one epoch) is nobody's (FG-A10, FG-C14).
"""

from __future__ import annotations

import contextlib
import itertools
import math
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from faceguard.badges.reader import read_codes
from faceguard.errors import ConfigurationError
from faceguard.geometry import contains, expand, intersection_area
from faceguard.media.video_frame import VideoPicture
from faceguard.media.video_info import VideoTrack
from faceguard.pipeline.badges import SeenBadge, contradicts, judge_codes, link_by_badge
from faceguard.pipeline.link import Link, Name, join_links
from faceguard.pipeline.video.sweep import SweptFace
from faceguard.pipeline.video.zones import Zone
from faceguard.policy.badge import BadgeRules
from faceguard.types import AgeUnknown, AgeUnknownReason, Box, LinkMethod, SubjectRef

LOOK_INTERVAL_S = 0.4
"""How far apart badges are looked for: nearer pictures show the same blur."""
SIGHTINGS_NEEDED = 3
"""As many looks must read a badge below the same face: a copy that is held up in passing, or a wrong box, is seen once
or twice."""
_MOVES = 0.6
"""How far a badge may move between two looks, in its own sides; covered around it."""

_NOT_ASKED = AgeUnknown(AgeUnknownReason.NOT_YET)


@dataclass(frozen=True, slots=True)
class VideoSubject:
    """The operator's word that the face in `box` (upright frame pixels) is `key`'s, from `start_s` to `end_s`."""

    key: str
    box: Box
    start_s: float = 0.0
    end_s: float = math.inf
    declared_age: int | None = None

    @property
    def name(self) -> Name:
        return Name(SubjectRef(self.key, LinkMethod.TRACK), self.declared_age)


def link_faces(
    faces: Sequence[SweptFace],
    track: VideoTrack,
    pictures: Callable[[], Generator[VideoPicture]],
    subjects: Sequence[VideoSubject],
    badges: BadgeRules | None,
) -> tuple[tuple[Link, ...], tuple[Zone, ...]]:
    """A link for each face of a video track, and where badges are to be hidden.

    `pictures` opens the track once more: only for names, and to the end only for badges.
    """
    if not subjects and badges is None:
        return (Link(),) * len(faces), ()
    watch = None if badges is None else BadgeWatch(faces, badges)
    with contextlib.closing(pictures()) as shown:
        first = next(shown, None)
        if first is None:
            return (Link(),) * len(faces), ()
        if watch is not None:
            watch.look_at(itertools.chain([first], shown))
    start_s = first.pts_s - float(first.pts * track.time_base)
    placed = link_by_place(faces, subjects, lambda pts: float(pts * track.time_base) + start_s)
    return (placed, ()) if watch is None else (join_links(placed, watch.links()), watch.zones)


def link_by_place(
    faces: Sequence[SweptFace], subjects: Sequence[VideoSubject], seconds_of: Callable[[int], float]
) -> tuple[Link, ...]:
    """A link for each face; `seconds_of` tells the time of a path's ticks.

    A face belongs to the one subject whose place holds its middle all the while, if no other face comes near that place
    then. Whose place a face merely touches is doubtful. Raises ConfigurationError for a place where no face is.
    """
    inside = [[_is_there(face, subject, seconds_of) for face in faces] for subject in subjects]
    touched = [[_touches(face, subject, seconds_of) for face in faces] for subject in subjects]
    for subject, faces_there in zip(subjects, touched, strict=True):
        if not any(faces_there):
            raise ConfigurationError(
                f"no face is found where and when `{subject.key}` is named; look at a preview, or cover the place with "
                "`--cover`",
                key="subject",
            )
    return tuple(_placed(n, face, subjects, inside, touched) for n, face in enumerate(faces))


def _placed(
    n: int,
    face: SweptFace,
    subjects: Sequence[VideoSubject],
    inside: Sequence[Sequence[bool]],
    touched: Sequence[Sequence[bool]],
) -> Link:
    near = [s for s in range(len(subjects)) if touched[s][n]]
    sure = [s for s in near if inside[s][n] and sum(touched[s]) == 1]
    if len(near) == 1 and sure and face.epochs == 1:
        return Link(subjects[sure[0]].name)
    return Link(None, tuple(subjects[s].name for s in near))


def _boxes_in(face: SweptFace, subject: VideoSubject, seconds_of: Callable[[int], float]) -> list[Box]:
    return [
        point.face for point in face.path.points() if subject.start_s <= seconds_of(point.pts) <= subject.end_s
    ] or _box_between(face, subject, seconds_of)


def _box_between(face: SweptFace, subject: VideoSubject, seconds_of: Callable[[int], float]) -> list[Box]:
    """The face in a span that lies between two key points of its path."""
    pts = face.path.pts
    seconds = [seconds_of(int(tick)) for tick in pts]
    if not seconds[0] <= subject.start_s <= seconds[-1]:
        return []
    point = face.path.at(int(np.interp(subject.start_s, seconds, pts)))
    return [] if point is None else [point.face]


def _is_there(face: SweptFace, subject: VideoSubject, seconds_of: Callable[[int], float]) -> bool:
    boxes = _boxes_in(face, subject, seconds_of)
    return bool(boxes) and all(contains(subject.box, *box.centre) for box in boxes)


def _touches(face: SweptFace, subject: VideoSubject, seconds_of: Callable[[int], float]) -> bool:
    return any(intersection_area(box, subject.box) > 0 for box in _boxes_in(face, subject, seconds_of))


# ------------------------------------------------------------------------------------------------------- badges


@dataclass(slots=True)
class _Sightings:
    """What was seen of one face: ticks at which each key was read beyond doubt, and who else it may be."""

    at: dict[str, list[int]] = field(default_factory=dict)
    names: dict[str, Name] = field(default_factory=dict)
    doubtful: dict[str, Name] = field(default_factory=dict)


class BadgeWatch:
    """Gathers the badges of one video track whose faces are known, picture by picture."""

    def __init__(self, faces: Sequence[SweptFace], rules: BadgeRules) -> None:
        self._faces = faces
        self._rules = rules
        self._of = [_Sightings() for _ in faces]
        self._copied: set[str] = set()
        self._next_s = -math.inf
        self._zones: list[Zone] = []

    def look_at(self, pictures: Iterable[VideoPicture]) -> None:
        """Looks for badges in `pictures`, of the whole track in order."""
        for picture in pictures:
            if picture.pts_s >= self._next_s:
                self._next_s = picture.pts_s + LOOK_INTERVAL_S
                self._look(picture)

    @property
    def zones(self) -> tuple[Zone, ...]:
        """What hides the badges that were seen, from the look before to the one after."""
        return tuple(self._zones)

    def links(self) -> tuple[Link, ...]:
        """A link for each face, once all pictures were looked at.

        A badge names a face if it was read below it in `SIGHTINGS_NEEDED` looks at least, nobody else's was ever near,
        it was never seen twice in a picture nor below two faces at a time, and no age of the face speaks against it.
        """
        return tuple(self._link(n) for n in range(len(self._faces)))

    def _look(self, picture: VideoPicture) -> None:
        points = [(n, face.path.at(picture.pts)) for n, face in enumerate(self._faces)]
        here = [(n, point.face) for n, point in points if point is not None]
        image, _ = picture.crop_bgr(Box(0, 0, *picture.track.upright_size))
        seen = judge_codes(read_codes(image, [box for _, box in here]), [box for _, box in here], self._rules)
        keys = Counter(badge.key for badge in seen if badge.key is not None)
        self._copied |= {key for key, count in keys.items() if count > 1}
        self._zones += [_zone(badge, picture.pts_s) for badge in seen]
        for (n, _), link in zip(here, link_by_badge(seen, [_NOT_ASKED] * len(here)), strict=True):
            self._note(self._of[n], link, picture.pts)

    def _note(self, sightings: _Sightings, link: Link, pts: int) -> None:
        for name in link.doubtful:
            sightings.doubtful[name.ref.key] = name
        if link.name is not None:
            sightings.names[link.name.ref.key] = link.name
            sightings.at.setdefault(link.name.ref.key, []).append(pts)

    def _link(self, n: int) -> Link:
        of = self._of[n]
        everybody = {**of.doubtful, **of.names}
        if len(everybody) == 1 and len(of.at) == 1:
            ((key, ticks),) = of.at.items()
            enough = len(ticks) >= SIGHTINGS_NEEDED and self._faces[n].epochs == 1
            if enough and key not in self._copied and not self._is_elsewhere(n, key) and not self._is_older(n, key):
                return Link(of.names[key])
        return Link(None, tuple(everybody.values()))

    def _is_elsewhere(self, n: int, key: str) -> bool:
        """Whether the badge was below another face between its first and its last sighting below this one."""
        own = self._of[n].at[key]
        others = [of.at[key] for m, of in enumerate(self._of) if m != n and key in of.at]
        return any(other[0] <= own[-1] and own[0] <= other[-1] for other in others)

    def _is_older(self, n: int, key: str) -> bool:
        badges = [badge for badge in self._rules.badges.badges if badge.subject == key]
        return any(contradicts(badge, age) for badge in badges for age in self._faces[n].ages)


def _zone(badge: SeenBadge, pts_s: float) -> Zone:
    box = expand(badge.cover, _MOVES, _MOVES, _MOVES, _MOVES)
    return Zone(box, max(0.0, pts_s - LOOK_INTERVAL_S), pts_s + LOOK_INTERVAL_S)
