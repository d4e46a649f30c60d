"""What is asked of a worker about one segment of a long video, and what it answers. All of it travels.

A segment answers for its own pictures. To see them as they are seen when the whole video is looked at, it looks from a
while before them and until a while after.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from faceguard.media.video_codecs import EncodeSettings
from faceguard.media.video_info import MediaInfo, VideoTrack
from faceguard.media.video_span import Span
from faceguard.pipeline.stages import Stages
from faceguard.pipeline.video.covering import CoveredPath
from faceguard.pipeline.video.sweep import SweepSettings, SweptFace
from faceguard.pipeline.video.zones import Zones
from faceguard.redaction.coverage import RegionKind
from faceguard.redaction.planes import PlaneRedactor
from faceguard.tracking.crowd import Span as LostSpan


@dataclass(frozen=True, slots=True, eq=False)
class LookTask:
    """Look at the pictures of `seen`, and answer for those of `own`, which lie within. `number` counts from 0."""

    number: int
    source: Path
    info: MediaInfo
    track: VideoTrack
    own: Span
    seen: Span
    stages: Stages
    kind: RegionKind
    min_age_face_px: float
    zones: Zones
    settings: SweepSettings


@dataclass(frozen=True, slots=True, eq=False)
class SegmentFaces:
    """What was found. `own_pts` `(K,)` int64 are the time stamps of the segment's own pictures, in ticks, rising."""

    number: int
    faces: tuple[SweptFace, ...]
    own_pts: NDArray[np.int64]
    lost_spans: tuple[LostSpan, ...]


@dataclass(frozen=True, slots=True, eq=False)
class RenderTask:
    """Cover and encode the pictures of `own` into the file `part`, for the video that becomes `target`.

    `paths` say where the faces are that have to be covered, as far as they reach into the segment.
    """

    number: int
    source: Path
    target: Path
    part: Path
    info: MediaInfo
    track: VideoTrack
    own: Span
    paths: tuple[CoveredPath, ...]
    zones: Zones
    margin: float
    redactor: PlaneRedactor
    encode: EncodeSettings


@dataclass(frozen=True, slots=True, eq=False)
class SegmentPart:
    """What was written: the file, the time stamps of its pictures, and how many of them were read back and checked."""

    number: int
    part: Path
    own_pts: NDArray[np.int64]
    checked_count: int


SegmentTask = LookTask | RenderTask
SegmentResult = SegmentFaces | SegmentPart

OnPictures = Callable[[int, int], None]
"""Told the number of a segment and how many of its pictures are done."""


class Crew(Protocol):
    """Workers that carry out the tasks of one video."""

    def carry_out(self, tasks: Sequence[SegmentTask], on_pictures: OnPictures) -> Sequence[SegmentResult]:
        """The results in the order of `tasks`. Raises the first error; then no task goes on."""
        ...


@dataclass(frozen=True, slots=True)
class Division:
    """That a long video is to be divided, and who does the work. `segment_s` None chooses by the video's length.

    The choice never depends on the number of workers, so that the result doesn't.
    """

    crew: Crew
    segment_s: float | None = None


@dataclass(slots=True)
class SerialCrew:
    """A crew of one: this very thread."""

    done: list[SegmentTask] = field(default_factory=list)

    def carry_out(self, tasks: Sequence[SegmentTask], on_pictures: OnPictures) -> Sequence[SegmentResult]:
        from faceguard.pipeline.video.segment_work import carry_out

        results = []
        for task in tasks:
            results.append(carry_out(task, partial(on_pictures, task.number)))
            self.done.append(task)
        return results
