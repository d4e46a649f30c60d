"""`faceguard analyze` and `faceguard render`: a video's plan as a file that a person may edit in between."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from faceguard.cli.policy_warning import warn_if_stale
from faceguard.cli.redact_options import (
    CREDENTIALS,
    AsJson,
    AuditKey,
    BadgeKeys,
    Badges,
    C2paKey,
    Consents,
    DetectorTier,
    MaxLogMb,
    Notice,
    PolicyName,
    TrustedKeysFile,
    Verify,
    asset_moment,
    log_sink,
    output_index,
    output_signer,
)
from faceguard.cli.redact_targets import parse_video_subjects, refuse_collisions
from faceguard.cli.video import (
    DEFAULT_LOG_NAME,
    Codec,
    Keep,
    ProgressForm,
    damage_of,
    end_by_signal,
    render_settings,
    sweep_settings,
    zones_of,
)
from faceguard.policy.policy_terms import WhenTrackingLost

Purpose = Annotated[
    str, typer.Option("--purpose", metavar="ID", help="What the video is for: a purpose of the notice.")
]
Event = Annotated[
    str | None, typer.Option("--event", metavar="NAME", help="What the video belongs to, as consents name it.")
]
Collection = Annotated[
    str | None, typer.Option("--collection", metavar="NAME", help="The collection it belongs to, likewise.")
]
Place = Annotated[str | None, typer.Option("--place", metavar="NAME", help="Where it was taken, likewise.")]
CapturedAt = Annotated[
    str | None, typer.Option("--captured-at", metavar="TIME", help="When it was taken, ISO 8601 with a time zone.")
]
Untrusted = Annotated[
    bool | None,
    typer.Option(
        "--untrusted/--trusted",
        help="Decodes the video in a process of its own first. The policy says by default, and `--trusted` can't "
        "weaken it.",
        show_default=False,
    ),
]
CoverAlways = Annotated[
    list[str] | None,
    typer.Option("--cover", metavar="X,Y,W,H[@S-E]", help="Always covers here, from second S to E; repeatable."),
]
Partial = Annotated[
    bool, typer.Option("--partial", help="Keeps what can be read of a damaged video; the record says so.")
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
    subject: Annotated[
        list[str] | None,
        typer.Option(
            "--subject",
            metavar="KEY=X,Y,W,H[@START-END]",
            help="Whose face stays in the box, in pixels of the upright frame, from START to END seconds; repeatable.",
        ),
    ] = None,
    badges: Badges = None,
    badge_keys: BadgeKeys = None,
    event: Event = None,
    collection: Collection = None,
    place: Place = None,
    captured_at: CapturedAt = None,
    detector: DetectorTier = None,
    untrusted: Untrusted = None,
    cover: CoverAlways = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option("--ignore", metavar="X,Y,W,H[@S-E]", help="Never looks for faces centred here; repeatable."),
    ] = None,
    when_lost: Annotated[
        WhenTrackingLost,
        typer.Option(
            "--when-lost", help="While many faces are lost: widens, or covers all; never less than the policy."
        ),
    ] = WhenTrackingLost.WIDEN,
    partial: Partial = False,
    progress: ProgressOption = ProgressForm.AUTO,
    overwrite: Overwrite = False,
) -> None:
    """Finds and follows the faces of a video and decides on each; writes a plan and no picture.

    The plan holds boxes, times, your keys of people, decisions and reasons. Edit its `zones` and `edits`, then run
    `faceguard render` with the same documents. Nothing is recorded before a picture leaves, so that there is no log.
    """
    from faceguard.cli.video_progress import progress_shown
    from faceguard.pipeline.guard import FaceGuard
    from faceguard.pipeline.rules import AssetScope
    from faceguard.pipeline.video.job import VideoJob
    from faceguard.pipeline.video.render import RenderSettings

    refuse_collisions(_given(video, notice, consents, trusted_keys, badges, badge_keys), [output])
    guard = FaceGuard(
        notice=notice,
        purpose=purpose,
        policy=policy,
        consents=consents,
        trusted_keys=trusted_keys,
        badges=badges,
        badge_keys=badge_keys,
        detector=None if detector is None else detector.value,
        untrusted=untrusted,
    )
    warn_if_stale(guard.policy)
    with end_by_signal(), progress_shown(progress.value, video.name) as report:
        job = VideoJob(
            video,
            None,
            subjects=parse_video_subjects(subject or [], [video]),
            zones=zones_of(cover, ignore),
            scope=AssetScope(event=event, collection=collection, place=place),
            captured_at=asset_moment(captured_at),
            render=RenderSettings(damage=damage_of(partial)),
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
    badges: Annotated[
        Path | None,
        typer.Option(
            "--badges",
            metavar="FILE",
            help="The badge list of `analyze`, needed if the plan knows faces by badges: one may be revoked by now.",
        ),
    ] = None,
    badge_keys: BadgeKeys = None,
    event: Event = None,
    collection: Collection = None,
    place: Place = None,
    captured_at: CapturedAt = None,
    audit: Annotated[
        Path | None, typer.Option("--audit", metavar="LOG", help="The audit log; by default beside the output.")
    ] = None,
    audit_key: AuditKey = None,
    audit_max_mb: MaxLogMb = None,
    index: Annotated[
        Path | None,
        typer.Option("--index", metavar="DB", help="Notes who is where in the output, for `faceguard rights`."),
    ] = None,
    verify: Verify = None,
    untrusted: Untrusted = None,
    c2pa_cert: Annotated[
        Path | None,
        typer.Option(
            "--c2pa-cert",
            rich_help_panel=CREDENTIALS,
            metavar="CHAIN.pem",
            help="Signs a C2PA manifest into the output: the certificate, then those of its issuers.",
        ),
    ] = None,
    c2pa_key: C2paKey = None,
    c2pa_parent: Annotated[
        bool,
        typer.Option(
            "--c2pa-parent",
            rich_help_panel=CREDENTIALS,
            help="Carries over the input's own manifests, without their pictures and metadata.",
        ),
    ] = False,
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
    as_json: AsJson = False,
) -> None:
    """Carries out a plan with a person's edits: covers, writes the video, and records the edits as an override.

    Who the faces are stands in the plan. Consents, and the badges that named a face, are asked for anew: what was
    revoked since `analyze` counts. Say the same --event, --collection, --place and --captured-at as there.
    """
    from faceguard.atomic import make_folder
    from faceguard.cli.video_progress import progress_shown
    from faceguard.cli.video_report import print_video_report
    from faceguard.pipeline.guard import FaceGuard
    from faceguard.pipeline.rules import AssetScope
    from faceguard.pipeline.video.job import VideoJob

    log = audit or output.parent / DEFAULT_LOG_NAME
    given = _given(video, plan, notice, consents, trusted_keys, badges, badge_keys, audit_key, c2pa_cert, c2pa_key)
    refuse_collisions(given, [output, log, *(log.with_name(log.name + end) for end in (".head", ".lock"))])
    guard = FaceGuard(
        notice=notice,
        purpose=purpose,
        policy=policy,
        consents=consents,
        trusted_keys=trusted_keys,
        badges=badges,
        badge_keys=badge_keys,
        audit=log_sink(log, audit_key, audit_max_mb),
        index=output_index(index),
        verify=verify,
        untrusted=untrusted,
        signer=output_signer(c2pa_cert, c2pa_key, keeps_parent=c2pa_parent),
    )
    warn_if_stale(guard.policy)
    make_folder(output.parent)
    with end_by_signal(), progress_shown(progress.value, video.name) as report:
        job = VideoJob(
            video,
            output,
            zones=zones_of(cover, None),
            scope=AssetScope(event=event, collection=collection, place=place),
            captured_at=asset_moment(captured_at),
            render=render_settings(codec=codec, quality=quality, audio=audio, subtitles=subtitles, partial=partial),
            overwrite=overwrite,
            on_progress=report,
        )
        done = guard.render_video(job, plan)
    print_video_report(done, as_json=as_json)


def _given(*paths: Path | None) -> list[Path]:
    """What an output must not replace."""
    return [path for path in paths if path is not None]
