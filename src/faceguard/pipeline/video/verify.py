"""A second look at a written video: pictures of each track, a few times a second, as `verify` looks at photos.

What it finds is covered for a while before and after as a zone that belongs to no face, and the video is written anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from faceguard.errors import BareFaceError
from faceguard.media.video_read import DecodeEffort, VideoReader, probe_video
from faceguard.pipeline.picture.cover import RegionOf
from faceguard.pipeline.verify import bare_faces
from faceguard.pipeline.video.covering import Shown
from faceguard.pipeline.video.looks import detect_scaled
from faceguard.pipeline.video.plan import PlannedFace, PlannedTrack, VideoPlan
from faceguard.pipeline.video.zones import Zone, Zones
from faceguard.types import Box, Detection, Detector, Region

LOOK_INTERVAL_S = 0.25
"""Between two looks. A face that shows for less, between faces of the plan, is the business of the plan's own sweep."""

LOOK_SIDE_PX = 1280
"""Longest side of what the detector gets: what the thorough looks of the first sweep get too."""

HOLD_S = 0.5
"""A find is covered for so long before and after: to the next look on each side, and as long again."""


@dataclass(frozen=True, slots=True)
class BareMoment:
    """A bare face of a written video: where and when it shows."""

    pts_s: float
    detection: Detection


@dataclass(frozen=True, slots=True)
class _Expected:
    """What is covered, and what may be shown, in one picture; upright frame pixels."""

    pts_s: float
    covered: tuple[Box, ...]
    allowed: tuple[Box, ...]


@dataclass(slots=True)
class SecondLook:
    """One video track: told of each picture as it is covered, then asked what shows in the written file."""

    kept: Sequence[PlannedFace]
    zones: Zones
    _due: dict[int, _Expected] = field(default_factory=dict)
    _next_s: float | None = None
    _last: tuple[int, _Expected] | None = None

    @classmethod
    def of(cls, track: PlannedTrack, plan: VideoPlan) -> SecondLook:
        kept = [face for face in track.faces if not face.is_covered and face.index not in plan.also_cover]
        return cls(kept, plan.zones)

    def note(self, picture: Shown, regions: Sequence[Region]) -> None:
        """`regions` of the upright `picture` are covered. All are told, in order: the last is looked at too."""
        points = (face.path.at(picture.pts) for face in self.kept)
        allowed = tuple(point.face for point in points if point is not None)
        expected = _Expected(picture.pts_s, tuple(region.box for region in regions), allowed)
        self._last = (picture.index, expected)
        if self._next_s is None or picture.pts_s >= self._next_s:
            self._due[picture.index] = expected
            self._next_s = picture.pts_s + LOOK_INTERVAL_S

    def bare(self, written: Path, place: int, verifier: Detector) -> list[BareMoment]:
        """The bare faces of video track number `place` of `written`."""
        due = {**self._due, **(dict([self._last]) if self._last else {})}
        info = probe_video(written)
        track = info.videos[place]
        moments = []
        with VideoReader(written, info) as reader:
            for picture in reader.pictures(track, DecodeEffort.EXACT):
                expected = due.get(picture.index)
                if expected is None:
                    continue
                found = detect_scaled(verifier, picture.small_bgr(LOOK_SIDE_PX), track.upright_size)
                looked_for = [d for d in found if not self.zones.is_ignored(d.box, expected.pts_s)]
                bare = bare_faces(looked_for, expected.covered, expected.allowed)
                moments += [BareMoment(expected.pts_s, detection) for detection in bare]
        return moments


def bare_moments(written: Path, looks: Mapping[int, SecondLook], verifier: Detector) -> list[BareMoment]:
    """The bare faces of all video tracks of `written`; `looks` in the order of the tracks."""
    return [m for place, look in enumerate(looks.values()) for m in look.bare(written, place, verifier)]


def covering_also(plan: VideoPlan, bare: Sequence[BareMoment], region_of: RegionOf) -> VideoPlan:
    """`plan` with each of `bare` covered for a while."""
    zones = [Zone(region_of(m.detection), max(0.0, m.pts_s - HOLD_S), m.pts_s + HOLD_S) for m in bare]
    return replace(plan, zones=Zones((*plan.zones.always, *zones), plan.zones.never))


def still_bare(bare: Sequence[BareMoment]) -> BareFaceError:
    """What is told when covering what was found first didn't help."""
    seconds = ", ".join(f"{moment.pts_s:.2f} s" for moment in bare[:3])
    return BareFaceError(
        f"a second detector still finds faces in the written video (at {seconds}), also after covering what it found "
        "first; nothing was released: name the places with `--cover`, or `--ignore` for what is no face",
        found=bare,
        actual=len(bare),
    )
