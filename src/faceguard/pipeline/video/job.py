"""What is to be done with one video, and what was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from faceguard.media.video_info import MediaInfo
from faceguard.pipeline.rules import AssetScope, BoundRules
from faceguard.pipeline.video.link import VideoSubject
from faceguard.pipeline.video.plan import VideoPlan
from faceguard.pipeline.video.render import RenderedVideo, RenderSettings
from faceguard.pipeline.video.segment_task import Division, OnPictures
from faceguard.pipeline.video.segments import Segments, counting
from faceguard.pipeline.video.sweep import SweepSettings
from faceguard.pipeline.video.zones import Zones


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come: `stage` is `analyse` or `render`; `duration_s` is None where the file doesn't say."""

    stage: str
    frame: int
    pts_s: float
    duration_s: float | None


@dataclass(frozen=True, slots=True)
class VideoJob:
    """What is to be done with one file. `target` None decides and records without writing (dry run)."""

    source: Path
    target: Path | None
    zones: Zones = field(default_factory=Zones)
    subjects: Sequence[VideoSubject] = ()
    scope: AssetScope = field(default_factory=AssetScope)
    captured_at: datetime | None = None
    render: RenderSettings = field(default_factory=RenderSettings)
    sweep: SweepSettings = field(default_factory=SweepSettings)
    overwrite: bool = False
    on_progress: Callable[[Progress], None] | None = None
    division: Division | None = None
    """Who works on the segments of a long video; None, and what can't be divided, is done in one piece here."""


@dataclass(frozen=True, slots=True, eq=False)
class VideoReport:
    """What was done with one file, and why. `rendered` is None after a dry run."""

    source: Path
    target: Path | None
    info: MediaInfo
    plan: VideoPlan
    record_id: str
    rules: BoundRules
    rendered: RenderedVideo | None
    segments: int = 1
    """How many parts the video was worked on in."""

    @property
    def redacted_count(self) -> int:
        return sum(face.is_covered for face in self.plan.faces)


def counting_of(stage: str, job: VideoJob, info: MediaInfo, segments: Segments) -> OnPictures:
    """Tells of the segments' progress as if one after the other were done."""

    def report(count: int) -> None:
        if job.on_progress is not None and count > 0:
            job.on_progress(Progress(stage, count - 1, segments.pts_s(count - 1, info), info.duration_s))

    return counting(report)
