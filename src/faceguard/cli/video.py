"""What the command line says of videos, and one video of `faceguard redact`."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from faceguard.errors import FaceguardError
from faceguard.policy.policy_terms import WhenTrackingLost

if TYPE_CHECKING:
    from faceguard.cli.redact_report import Outcome
    from faceguard.media.video_read import Damage
    from faceguard.pipeline.guard import FaceGuard
    from faceguard.pipeline.rules import AssetScope
    from faceguard.pipeline.video.link import VideoSubject
    from faceguard.pipeline.video.render import RenderSettings
    from faceguard.pipeline.video.sweep import SweepSettings
    from faceguard.pipeline.video.zones import Zones

DEFAULT_LOG_NAME = "faceguard-audit.jsonl"
"""The audit log beside the outputs, when none is named."""


class Codec(StrEnum):
    """As `faceguard.media.video_codecs.VideoCodec`; named here so that `--help` needs no codecs."""

    AUTO = "auto"
    H264 = "h264"
    HEVC = "hevc"
    VP9 = "vp9"
    AV1 = "av1"


class Keep(StrEnum):
    KEEP = "keep"
    DROP = "drop"


class ProgressForm(StrEnum):
    """How progress is told: AUTO draws a bar on a terminal and is silent elsewhere; JSON writes lines to stderr."""

    AUTO = "auto"
    JSON = "json"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class VideoOptions:
    """What `faceguard redact` was told about videos."""

    subjects: tuple[VideoSubject, ...]
    scope: AssetScope
    captured_at: datetime | None
    audio: Keep
    subtitles: Keep
    codec: Codec
    crf: int | None
    cover: tuple[str, ...]
    ignore: tuple[str, ...]
    when_lost: WhenTrackingLost
    partial: bool
    progress: ProgressForm
    overwrite: bool
    workers: int = 1


def redact_one_video(guard: FaceGuard, source: Path, target: Path | None, options: VideoOptions) -> Outcome:
    """One video; its error is part of the outcome, so that the other inputs go on."""
    from faceguard.batch.segment_crew import local_division
    from faceguard.cli.redact_report import Outcome
    from faceguard.cli.video_progress import progress_shown
    from faceguard.pipeline.video.job import VideoJob

    settings = render_settings(
        codec=options.codec,
        quality=options.crf,
        audio=options.audio,
        subtitles=options.subtitles,
        partial=options.partial,
    )
    try:
        with (
            end_by_signal(),
            progress_shown(options.progress.value, source.name) as report,
            local_division(options.workers) as division,
        ):
            job = VideoJob(
                source,
                target,
                division=division,
                zones=zones_of(options.cover, options.ignore),
                subjects=options.subjects,
                scope=options.scope,
                captured_at=options.captured_at,
                render=settings,
                sweep=sweep_settings(options.when_lost),
                overwrite=options.overwrite,
                on_progress=report,
            )
            return Outcome(source, report=guard.redact_video(job))
    except FaceguardError as error:
        return Outcome(source, error=error)


def zones_of(cover: Sequence[str] | None, ignore: Sequence[str] | None) -> Zones:
    """The zones that the options name. Raises ConfigurationError."""
    from faceguard.pipeline.video.zones import Zones, parse_zone

    return Zones(tuple(map(parse_zone, cover or ())), tuple(map(parse_zone, ignore or ())))


def render_settings(
    *, codec: Codec, quality: int | None, audio: Keep, subtitles: Keep, partial: bool
) -> RenderSettings:
    """The options of the output as the pipeline knows them."""
    from faceguard.media.video_codecs import EncodeSettings, VideoCodec
    from faceguard.pipeline.video.render import RenderSettings, TrackChoice

    return RenderSettings(
        EncodeSettings(VideoCodec(codec.value), quality),
        TrackChoice(audio.value),
        TrackChoice(subtitles.value),
        damage_of(partial),
    )


def sweep_settings(when_lost: WhenTrackingLost) -> SweepSettings:
    """How a video is looked at, as the pipeline knows it; the policy may ask for more."""
    from faceguard.pipeline.video.sweep import SweepSettings

    return SweepSettings(cover_when_lost=when_lost is WhenTrackingLost.HOLD)


def damage_of(partial: bool) -> Damage:
    from faceguard.media.video_read import Damage

    return Damage.TOLERATE if partial else Damage.REFUSE


@contextlib.contextmanager
def end_by_signal() -> Iterator[None]:
    """Lets a request to terminate end a run as Ctrl-C does, so that nothing half-made stays behind."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
