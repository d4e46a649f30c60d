"""`faceguard analyze` and `faceguard render`: a video's plan as a file that a person may edit in between."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

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


Notice = Annotated[
    Path | None, typer.Option("--notice", metavar="FILE", help="The handling notice; nothing runs without one.")
]
Purpose = Annotated[
    str, typer.Option("--purpose", metavar="ID", help="What the video is for: a purpose of the notice.")
]
PolicyName = Annotated[
    str, typer.Option("--policy", metavar="P", help="A preset or a policy file; `A+B` joins several, strictest wins.")
]
Consents = Annotated[Path | None, typer.Option("--consents", metavar="FILE", help="The consent register.")]
TrustedKeysFile = Annotated[
    Path | None, typer.Option("--trusted-keys", metavar="FILE", help="Keys that may sign the consent register.")
]
Event = Annotated[
    str | None, typer.Option("--event", metavar="NAME", help="What the video belongs to, as consents name it.")
]
CoverAlways = Annotated[
    list[str] | None,
    typer.Option("--cover", metavar="X,Y,W,H[@S-E]", help="Always covers here, from second S to E; repeatable."),
]
LookNever = Annotated[
    list[str] | None,
    typer.Option("--ignore", metavar="X,Y,W,H[@S-E]", help="Never looks for faces centred here; repeatable."),
]
Partial = Annotated[
    bool, typer.Option("--partial", help="Keeps what can be read of a damaged video; the record says so.")
]
WhenLostOption = Annotated[
    WhenTrackingLost,
    typer.Option("--when-lost", help="While many faces are lost: widens, or covers all; never less than the policy."),
]
ProgressOption = Annotated[ProgressForm, typer.Option("--progress", help="How to tell of the progress.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replaces an existing output; never the input.")]


def analyze(
    video: Annotated[Path, typer.Argument(metavar="VIDEO", help="The video to look at.", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="PLAN.json", help="The plan to write.")],
    notice: Notice = None,
    purpose: Purpose = "",
    policy: PolicyName = "jp-appi-2026",
    consents: Consents = None,
    trusted_keys: TrustedKeysFile = None,
    event: Event = None,
    cover: CoverAlways = None,
    ignore: LookNever = None,
    when_lost: WhenLostOption = WhenTrackingLost.WIDEN,
    partial: Partial = False,
    progress: ProgressOption = ProgressForm.AUTO,
    overwrite: Overwrite = False,
) -> None:
    """Finds and follows the faces of a video and decides on each; writes a plan and no picture.

    The plan holds boxes, times, decisions and reasons. Edit its `zones` and `edits`, then run `faceguard render`.
    """
    from faceguard.cli.video_progress import progress_shown
    from faceguard.pipeline.guard import FaceGuard
    from faceguard.pipeline.rules import AssetScope
    from faceguard.pipeline.video.job import VideoJob
    from faceguard.pipeline.video.render import RenderSettings

    guard = FaceGuard(notice=notice, purpose=purpose, policy=policy, consents=consents, trusted_keys=trusted_keys)
    with end_by_signal(), progress_shown(progress.value, video.name) as report:
        job = VideoJob(
            video,
            None,
            zones=zones_of(cover, ignore),
            scope=AssetScope(event=event),
            render=RenderSettings(damage=_damage(partial)),
            sweep=sweep_settings(when_lost),
            overwrite=overwrite,
            on_progress=report,
        )
        plan = guard.analyse_video(job, output)
    covered = sum(face.is_covered for face in plan.faces)
    print(f"{video} -> {output}: {len(plan.faces)} faces, {covered} to be redacted")


def render(
    video: Annotated[Path, typer.Argument(metavar="VIDEO", help="The video the plan is for.", show_default=False)],
    plan: Annotated[Path, typer.Argument(metavar="PLAN.json", help="The plan.", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="OUT", help="The video to write.")],
    notice: Notice = None,
    purpose: Purpose = "",
    policy: PolicyName = "jp-appi-2026",
    consents: Consents = None,
    trusted_keys: TrustedKeysFile = None,
    event: Event = None,
    audit: Annotated[
        Path | None, typer.Option("--audit", metavar="LOG", help="The audit log; by default beside the output.")
    ] = None,
    cover: CoverAlways = None,
    codec: Annotated[Codec, typer.Option("--codec", help="Of the output; auto keeps 10 bits with HEVC.")] = Codec.AUTO,
    quality: Annotated[
        int | None, typer.Option("--crf", min=0, max=63, help="The codec's quality factor; smaller is better.")
    ] = None,
    audio: Annotated[Keep, typer.Option("--audio", help="Copies the audio tracks or drops them.")] = Keep.KEEP,
    subtitles: Annotated[Keep, typer.Option("--subtitles", help="Copies the subtitles or drops them.")] = Keep.KEEP,
    partial: Partial = False,
    progress: ProgressOption = ProgressForm.AUTO,
    overwrite: Overwrite = False,
    as_json: Annotated[bool, typer.Option("--json", help="Prints JSON for machines.")] = False,
) -> None:
    """Carries out a plan with a person's edits: covers, writes the video, and records the edits as an override."""
    from faceguard.atomic import make_folder
    from faceguard.cli.video_progress import progress_shown
    from faceguard.cli.video_report import print_video_report
    from faceguard.pipeline.guard import FaceGuard
    from faceguard.pipeline.rules import AssetScope
    from faceguard.pipeline.video.job import VideoJob

    make_folder(output.parent)
    log = audit or output.parent / DEFAULT_LOG_NAME
    guard = FaceGuard(
        notice=notice, purpose=purpose, policy=policy, consents=consents, trusted_keys=trusted_keys, audit=log
    )
    with end_by_signal(), progress_shown(progress.value, video.name) as report:
        job = VideoJob(
            video,
            output,
            zones=zones_of(cover, None),
            scope=AssetScope(event=event),
            render=render_settings(codec=codec, quality=quality, audio=audio, subtitles=subtitles, partial=partial),
            overwrite=overwrite,
            on_progress=report,
        )
        done = guard.render_video(job, plan)
    print_video_report(done, as_json=as_json)


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
        _damage(partial),
    )


def sweep_settings(when_lost: WhenTrackingLost) -> SweepSettings:
    """How a video is looked at, as the pipeline knows it; the policy may ask for more."""
    from faceguard.pipeline.video.sweep import SweepSettings

    return SweepSettings(cover_when_lost=when_lost is WhenTrackingLost.HOLD)


def _damage(partial: bool) -> Damage:
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
