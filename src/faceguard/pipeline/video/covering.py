"""What is covered at each moment of a video, and the covering of native planes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from faceguard.geometry import clip
from faceguard.media.video_frame import VideoPicture
from faceguard.media.video_info import VideoTrack
from faceguard.pipeline.video.zones import Zones
from faceguard.redaction.planes import Canvas, PlaneRedactor
from faceguard.tracking.path import PathPoint, TrackPath
from faceguard.types import Box, Region


class Shown(Protocol):
    """What has a place in time: a picture. `pts` and `pts_s` as in `VideoPicture`."""

    @property
    def index(self) -> int: ...

    @property
    def pts(self) -> int: ...

    @property
    def pts_s(self) -> float: ...


@dataclass(frozen=True, slots=True)
class CoveredPath:
    """A face that is covered, by the `index` of its decision."""

    index: int
    path: TrackPath


@dataclass(slots=True)
class Covering:
    """The regions of one video track, asked for in rising order of time.

    `margin` is the policy's, in shares of the face, on top of what a path covers.
    """

    paths: Sequence[CoveredPath]
    zones: Zones
    margin: float
    frame_size: tuple[int, int]
    _waiting: list[CoveredPath] = field(init=False)
    _active: list[CoveredPath] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self._waiting = sorted(self.paths, key=lambda covered: -covered.path.first_pts)

    def at(self, picture: Shown) -> tuple[Region, ...]:
        """What to cover of `picture`: upright frame pixels, clipped to the frame."""
        while self._waiting and self._waiting[-1].path.first_pts <= picture.pts:
            self._active.append(self._waiting.pop())
        self._active = [covered for covered in self._active if covered.path.last_pts >= picture.pts]
        regions = []
        for covered in self._active:
            point = covered.path.at(picture.pts)
            if point is not None and (box := clip(self._grown(point), *self.frame_size)) is not None:
                regions.append(Region(covered.index, box))
        for zone in self.zones.covered_at(picture.pts_s):
            if (box := clip(zone, *self.frame_size)) is not None:
                regions.append(Region(ZONE_INDEX, box))
        return tuple(regions)

    def _grown(self, point: PathPoint) -> Box:
        x, y = self.margin * point.face.width, self.margin * point.face.height
        cover = point.cover
        return Box(cover.x0 - x, cover.y0 - y, cover.x1 + x, cover.y1 + y)


ZONE_INDEX = 0
"""Regions that belong to no face."""

_FIELD_ROWS = 4
"""Interlaced 4:2:0 keeps two lines of one field in a chroma sample, so that four lines of a frame belong together."""


def coded_regions(regions: Sequence[Region], track: VideoTrack) -> tuple[Region, ...]:
    """`regions` of the upright frame as regions of the coded picture, whole samples even where it is interlaced."""
    coded = []
    for region in regions:
        box = track.orientation.box_to_coded(region.box, track.width, track.height)
        if track.interlaced:
            top = math.floor(box.y0 / _FIELD_ROWS) * _FIELD_ROWS
            box = Box(box.x0, top, box.x1, math.ceil(box.y1 / _FIELD_ROWS) * _FIELD_ROWS)
        coded.append(Region(region.index, box))
    return tuple(coded)


def cover_in_place(picture: VideoPicture, regions: Sequence[Region], redactor: PlaneRedactor) -> None:
    """Writes over `regions` (coded pixels) of the picture's own planes. Costs what the regions cost."""
    if regions:
        layout = picture.track.layout
        redactor.redact_into(Canvas(picture.writable_planes(), layout.format, layout.bit_depth), regions)
