"""`faceguard redact`: pictures and videos in, safe ones and the reasons out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceguard.atomic import make_folder
from faceguard.cli.language import Language
from faceguard.cli.policy_warning import warn_if_stale
from faceguard.cli.redact_options import MaxLogMb, Tier, asset_moment, log_sink, output_index, output_signer
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
_CREDENTIALS = "Content credentials (C2PA)"


class Method(StrEnum):
    """Redaction methods, as `faceguard.redaction.registry` has them."""

    SOLID = "solid"
    INPAINT = "inpaint"
    MOSAIC = "mosaic"
    BLUR = "blur"


def redact(
    inputs: Annotated[
        list[Path], typer.Argument(metavar="IN...", help="Pictures and videos to redact.", show_default=False)
    ],
    notice: Annotated[
        Path | None, typer.Option("--notice", metavar="FILE", help="The handling notice; nothing runs without one.")
    ] = None,
    purpose: Annotated[
        str, typer.Option("--purpose", metavar="ID", help="What the pictures are for: a purpose of the notice.")
    ] = "",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="OUT", help="A file, or a folder for several inputs; made if missing."),
    ] = None,
    policy: Annotated[
        str,
        typer.Option("--policy", metavar="P", help="A preset or a policy file; `A+B` joins several, strictest wins."),
    ] = "jp-appi-2026",
    consents: Annotated[Path | None, typer.Option("--consents", metavar="FILE", help="The consent register.")] = None,
    trusted_keys: Annotated[
        Path | None, typer.Option("--trusted-keys", metavar="FILE", help="Keys that may sign the consent register.")
    ] = None,
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
    badges: Annotated[
        Path | None,
        typer.Option("--badges", metavar="FILE", help="The --event's badge list: faces are known by the badges worn."),
    ] = None,
    badge_keys: Annotated[
        Path | None,
        typer.Option("--badge-keys", metavar="FILE", help="Keys that may sign it; by default those of --trusted-keys."),
    ] = None,
    event: Annotated[
        str | None, typer.Option("--event", metavar="NAME", help="What the pictures belong to, as consents name it.")
    ] = None,
    collection: Annotated[
        str | None, typer.Option("--collection", metavar="NAME", help="The collection they belong to, likewise.")
    ] = None,
    place: Annotated[
        str | None, typer.Option("--place", metavar="NAME", help="Where they were taken, likewise.")
    ] = None,
    captured_at: Annotated[
        str | None,
        typer.Option("--captured-at", metavar="TIME", help="When they were taken, ISO 8601 with a time zone."),
    ] = None,
    method: Annotated[
        Method | None, typer.Option("--method", help="How faces are covered; the policy must accept its class.")
    ] = None,
    detector: Annotated[
        Tier | None, typer.Option("--detector", help="How hard to look for faces; not less than the policy asks.")
    ] = None,
    verify: Annotated[
        bool | None,
        typer.Option(
            "--verify/--no-verify",
            help="Looks at what was written with a second detector, covers what that finds, and withholds the output "
            "if it still finds a face. The policy says by default, and `--no-verify` can't weaken it.",
            show_default=False,
        ),
    ] = None,
    untrusted: Annotated[
        bool | None,
        typer.Option(
            "--untrusted/--trusted",
            help="Decodes each input in a process of its own first, with limits on memory and time. The policy says by "
            "default, and `--trusted` can't weaken it.",
            show_default=False,
        ),
    ] = None,
    audit: Annotated[
        Path | None,
        typer.Option("--audit", metavar="LOG", help=f"The audit log; by default `{DEFAULT_LOG_NAME}` at the output."),
    ] = None,
    audit_key: Annotated[
        Path | None, typer.Option("--audit-key", metavar="KEY.pem", help="Signs every line of the audit log.")
    ] = None,
    audit_max_mb: MaxLogMb = None,
    index: Annotated[
        Path | None,
        typer.Option("--index", metavar="DB", help="Notes who is where in the outputs, for `faceguard rights`."),
    ] = None,
    c2pa_cert: Annotated[
        Path | None,
        typer.Option(
            "--c2pa-cert",
            rich_help_panel=_CREDENTIALS,
            metavar="CHAIN.pem",
            help="Signs a C2PA manifest into every output: the certificate, then those of its issuers.",
        ),
    ] = None,
    c2pa_key: Annotated[
        Path | None,
        typer.Option("--c2pa-key", rich_help_panel=_CREDENTIALS, metavar="KEY.pem", help="The certificate's key."),
    ] = None,
    c2pa_parent: Annotated[
        bool,
        typer.Option(
            "--c2pa-parent",
            rich_help_panel=_CREDENTIALS,
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
    quality: Annotated[int, typer.Option("--quality", min=1, max=100, help="For JPEG, WebP and AVIF outputs.")] = 95,
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
    as_json: Annotated[bool, typer.Option("--json", help="Prints JSON for machines.")] = False,
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
    refuse_misplaced(inputs, subjects=subject or (), cover=cover or (), ignore=ignore or ())
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
