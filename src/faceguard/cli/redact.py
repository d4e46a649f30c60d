"""`faceguard redact`: pictures and videos in, safe ones and the reasons out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceguard.atomic import make_folder
from faceguard.cli.language import Language
from faceguard.cli.policy_warning import warn_if_stale
from faceguard.cli.redact_options import (
    CREDENTIALS,
    AsJson,
    AuditKey,
    BadgeKeys,
    Badges,
    C2paCertificate,
    C2paKey,
    CapturedAt,
    Collection,
    Consents,
    DetectorTier,
    Event,
    Index,
    MaxLogMb,
    MethodOption,
    Notice,
    Place,
    PolicyName,
    TrustedKeysFile,
    Untrusted,
    Verify,
    asset_moment,
    log_sink,
    output_index,
    output_signer,
)
from faceguard.cli.redact_targets import (
    parse_everyone,
    parse_subjects,
    parse_video_subjects,
    plan_previews,
    plan_targets,
    refuse_collisions,
    refuse_misplaced,
)
from faceguard.cli.video import (
    DEFAULT_LOG_NAME,
    Codec,
    Keep,
    ProgressForm,
    VideoOptions,
    end_by_signal,
    redact_one_video,
)
from faceguard.errors import BatchError, ConfigurationError, FaceguardError
from faceguard.media.file_names import is_video
from faceguard.policy.policy_terms import WhenTrackingLost

if TYPE_CHECKING:
    from faceguard.cli.redact_report import Outcome
    from faceguard.pipeline.guard import FaceGuard
    from faceguard.pipeline.rules import AssetScope
    from faceguard.types import SubjectRegion

_VIDEOS = "Videos"
DEFAULT_QUALITY = 95
"""As `faceguard.media.image_write` has it; named here so that `--help` needs no codecs."""


def redact(
    inputs: Annotated[
        list[Path], typer.Argument(metavar="IN...", help="Pictures and videos to redact.", show_default=False)
    ],
    notice: Notice = None,
    purpose: Annotated[
        str, typer.Option("--purpose", metavar="ID", help="What the pictures are for: a purpose of the notice.")
    ] = "",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="OUT", help="A file, or a folder for several inputs; made if missing."),
    ] = None,
    policy: PolicyName = "jp-appi-2026",
    consents: Consents = None,
    trusted_keys: TrustedKeysFile = None,
    subject: Annotated[
        list[str] | None,
        typer.Option(
            "--subject",
            metavar="KEY=X,Y,W,H[@...]",
            help="Whose face is where, in pixels of the upright picture; repeatable. One input only. `@PAGE` names a "
            "page or frame, in a video `@START-END` the seconds in which the face stays in the box.",
        ),
    ] = None,
    everyone: Annotated[
        str | None,
        typer.Option(
            "--everyone",
            metavar="KEY,KEY...",
            help="Who all the people are whose faces show, for consents to the whole --event. One input only.",
        ),
    ] = None,
    badges: Badges = None,
    badge_keys: BadgeKeys = None,
    event: Event = None,
    collection: Collection = None,
    place: Place = None,
    captured_at: CapturedAt = None,
    method: MethodOption = None,
    detector: DetectorTier = None,
    verify: Verify = None,
    untrusted: Untrusted = None,
    audit: Annotated[
        Path | None,
        typer.Option("--audit", metavar="LOG", help=f"The audit log; by default `{DEFAULT_LOG_NAME}` at the output."),
    ] = None,
    audit_key: AuditKey = None,
    audit_max_mb: MaxLogMb = None,
    index: Index = None,
    c2pa_cert: C2paCertificate = None,
    c2pa_key: C2paKey = None,
    c2pa_parent: Annotated[
        bool,
        typer.Option(
            "--c2pa-parent",
            rich_help_panel=CREDENTIALS,
            help="Carries over the input's own manifests, without their pictures and metadata; otherwise nothing of "
            "them.",
        ),
    ] = False,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="R.json", help="Writes the decisions as JSON.")
    ] = None,
    preview: Annotated[
        Path | None,
        typer.Option("--preview", metavar="DIR", help="Also writes copies with boxes and reasons, on redacted faces."),
    ] = None,
    keep_capture_time: Annotated[
        bool,
        typer.Option("--keep-capture-time", help="Keeps capture time and exposure; never place or device."),
    ] = False,
    quality: Annotated[
        int, typer.Option("--quality", min=1, max=100, help="For JPEG, WebP and AVIF outputs.")
    ] = DEFAULT_QUALITY,
    explain: Annotated[bool, typer.Option("--explain", help="Says in plain words why each face is as it is.")] = False,
    language: Annotated[Language, typer.Option("--language", help="Of the explanations.")] = Language.EN,
    audio: Annotated[
        Keep, typer.Option("--audio", rich_help_panel=_VIDEOS, help="Copies the audio tracks or drops them.")
    ] = Keep.KEEP,
    subtitles: Annotated[
        Keep, typer.Option("--subtitles", rich_help_panel=_VIDEOS, help="Copies the subtitles or drops them.")
    ] = Keep.KEEP,
    codec: Annotated[
        Codec, typer.Option("--codec", rich_help_panel=_VIDEOS, help="Of the output; auto keeps 10 bits with HEVC.")
    ] = Codec.AUTO,
    crf: Annotated[
        int | None,
        typer.Option("--crf", rich_help_panel=_VIDEOS, min=0, max=63, help="The codec's quality; smaller is better."),
    ] = None,
    cover: Annotated[
        list[str] | None,
        typer.Option("--cover", rich_help_panel=_VIDEOS, metavar="X,Y,W,H[@S-E]", help="Always covers here."),
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option("--ignore", rich_help_panel=_VIDEOS, metavar="X,Y,W,H[@S-E]", help="Never looks for faces here."),
    ] = None,
    when_lost: Annotated[
        WhenTrackingLost,
        typer.Option(
            "--when-lost",
            rich_help_panel=_VIDEOS,
            help="While many faces are lost: widens, or covers all; never less than the policy.",
        ),
    ] = WhenTrackingLost.WIDEN,
    workers: Annotated[
        int,
        typer.Option(
            "--workers",
            rich_help_panel=_VIDEOS,
            min=1,
            help="Processes that share a long video, cut at its key frames; one core each. Short ones stay whole.",
        ),
    ] = 1,
    partial: Annotated[
        bool,
        typer.Option("--partial", rich_help_panel=_VIDEOS, help="Keeps what can be read of a damaged video."),
    ] = False,
    progress: Annotated[
        ProgressForm, typer.Option("--progress", rich_help_panel=_VIDEOS, help="How to tell of the progress.")
    ] = ProgressForm.AUTO,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Decides and records, writes no picture.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replaces existing outputs; never an input.")] = False,
    as_json: AsJson = False,
) -> None:
    """Covers every face that the policy does not clearly allow to be shown, and records why.

    One bad file doesn't stop the others. Exit code 0: all done; with one input that of its error (2 configuration, 3
    model, 4 media, 5 safety); with several 6 when some failed.
    """
    from faceguard.cli.redact_report import print_outcomes, write_report
    from faceguard.pipeline.guard import FaceGuard
    from faceguard.pipeline.rules import AssetScope

    if output is None and not dry_run:
        raise ConfigurationError("no output; say where with `-o OUT`, or try `--dry-run`", key="output")
    refuse_misplaced(
        inputs,
        subjects=subject or (),
        cover=cover or (),
        ignore=ignore or (),
        pictures_only={
            "--quality": quality != DEFAULT_QUALITY,
            "--preview": preview is not None,
            "--keep-capture-time": keep_capture_time,
        },
    )
    in_video = is_video(inputs[0])
    targets = plan_targets(inputs, None if dry_run else output)
    previews = plan_previews(inputs, targets, preview)
    log = audit or _log_beside(targets[0])
    documents = [
        notice,
        consents,
        trusted_keys,
        audit_key,
        badges,
        badge_keys,
        c2pa_cert,
        c2pa_key,
        *(Path(part.strip()) for part in policy.split("+")),
    ]
    written = [*targets, *previews, report, log, *(log.with_name(log.name + end) for end in (".head", ".lock"))]
    refuse_collisions(
        [*inputs, *(path for path in documents if path is not None)], [path for path in written if path is not None]
    )
    if not overwrite:
        _refuse_existing([report, *previews])
    scope, moment = AssetScope(event=event, collection=collection, place=place), asset_moment(captured_at)
    guard = FaceGuard(
        notice=notice,
        purpose=purpose,
        policy=policy,
        consents=consents,
        trusted_keys=trusted_keys,
        audit=log_sink(log, audit_key, audit_max_mb),
        index=output_index(index),
        detector=None if detector is None else detector.value,
        method=None if method is None else method.value,
        verify=verify,
        untrusted=untrusted,
        badges=badges,
        badge_keys=badge_keys,
        signer=output_signer(c2pa_cert, c2pa_key, keeps_parent=c2pa_parent),
    )
    warn_if_stale(guard.policy)
    videos = VideoOptions(
        subjects=parse_video_subjects(subject or [], inputs) if in_video else (),
        scope=scope,
        captured_at=moment,
        audio=audio,
        subtitles=subtitles,
        codec=codec,
        crf=crf,
        cover=tuple(cover or ()),
        ignore=tuple(ignore or ()),
        when_lost=when_lost,
        partial=partial,
        progress=progress,
        overwrite=overwrite,
        workers=workers,
    )
    pictures = PictureOptions(
        subjects=() if in_video else tuple(parse_subjects(subject or [], inputs)),
        everyone=parse_everyone(everyone, inputs),
        scope=scope,
        captured_at=moment,
        quality=quality,
        keep_capture_time=keep_capture_time,
        overwrite=overwrite,
    )
    for path in (report, *previews, *(() if audit else (log,))):
        if path is not None:
            make_folder(path.parent)
    outcomes = []
    try:
        with end_by_signal():
            for source, target, drawn in zip(inputs, targets, previews, strict=True):
                if is_video(source):
                    outcomes.append(redact_one_video(guard, source, target, videos))
                else:
                    outcomes.append(_redact_one(guard, source, target, drawn, pictures))
        if report is not None:
            write_report(report, outcomes, guard.policy, log, overwrite=overwrite)
    finally:  # stopped in between, or without a report: what was done is told
        print_outcomes(outcomes, guard.policy, log, language=language.value if explain else None, as_json=as_json)
    _raise_for(outcomes)


@dataclass(frozen=True, slots=True)
class PictureOptions:
    """What the command line says of every picture."""

    subjects: tuple[SubjectRegion, ...]
    everyone: tuple[str, ...]
    scope: AssetScope
    captured_at: datetime | None
    quality: int
    keep_capture_time: bool
    overwrite: bool


def _redact_one(
    guard: FaceGuard, source: Path, target: Path | None, preview: Path | None, options: PictureOptions
) -> Outcome:
    """One input; its error is part of the outcome, so that the others go on."""
    from faceguard.cli.redact_report import Outcome, write_preview
    from faceguard.media.picture import KeepMetadata

    try:
        report = guard.redact_image(
            source,
            target,
            subjects=options.subjects,
            everyone=options.everyone,
            event=options.scope.event,
            collection=options.scope.collection,
            place=options.scope.place,
            captured_at=options.captured_at,
            quality=options.quality,
            keep_metadata=KeepMetadata.SAFE if options.keep_capture_time else KeepMetadata.NONE,
            overwrite=options.overwrite,
        )
    except FaceguardError as error:
        return Outcome(source, error=error)
    if preview is not None:
        try:
            write_preview(report, preview, overwrite=options.overwrite)
        except FaceguardError as error:
            return Outcome(source, report=report, error=error)
    return Outcome(source, report=report, preview=preview)


def _log_beside(target: Path | None) -> Path:
    """The default audit log: in the folder of the outputs, or here in a dry run."""
    return Path(DEFAULT_LOG_NAME) if target is None else target.parent / DEFAULT_LOG_NAME


def _refuse_existing(paths: Sequence[Path | None]) -> None:
    """What is told after the work would come too late."""
    for path in paths:
        if path is not None and path.exists():
            raise ConfigurationError(f"`{path}` exists; choose another name or pass --overwrite", path=path)


def _raise_for(outcomes: Sequence[Outcome]) -> None:
    """The exit code tells: a single input's own error, or a BatchError when some of several failed."""
    failed = [(str(outcome.source), outcome.error) for outcome in outcomes if outcome.error is not None]
    if not failed:
        return
    if len(outcomes) == 1:
        raise failed[0][1]
    raise BatchError(f"{len(failed)} of {len(outcomes)} inputs failed; the others are done", errors=dict(failed))
