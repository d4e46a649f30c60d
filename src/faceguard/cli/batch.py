"""`faceguard batch`: a tree of pictures and videos in, the same tree of safe ones out; run again it goes on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from faceguard.cli.redact_options import (
    CREDENTIALS,
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
    MethodOption,
    Notice,
    Place,
    TrustedKeysFile,
    Untrusted,
)
from faceguard.cli.video import Codec, Keep, end_by_signal
from faceguard.errors import BatchError, ConfigurationError, FaceguardError
from faceguard.policy.policy_terms import WhenTrackingLost

if TYPE_CHECKING:
    from faceguard.batch.report import RunTimes
    from faceguard.batch.run import Batch
    from faceguard.batch.sizing import Sizing
    from faceguard.cli.batch_progress import Screen

_HANDLING, _MACHINE, _WATCH = "Pictures and videos", "Machine", "Watching"


def batch(
    source: Annotated[
        str | None,
        typer.Argument(metavar="[SRC]", help="A folder, or an address like s3://bucket/prefix; only ever read."),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="DST", help="Where the same tree is made of safe files; apart from SRC."
        ),
    ] = None,
    notice: Notice = None,
    purpose: Annotated[
        str | None, typer.Option("--purpose", metavar="ID", help="What the pictures are for: a purpose of the notice.")
    ] = None,
    policy: Annotated[
        str | None,
        typer.Option("--policy", metavar="P", help="A preset or a policy file; `A+B` joins several, strictest wins."),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE.toml", help="Settings by the names of these options; these go over it."),
    ] = None,
    include: Annotated[
        list[str] | None,
        typer.Option("--include", metavar="GLOB", help="Only these, like `*.jpg` or `cam-1/**`; repeatable."),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option("--exclude", metavar="GLOB", help="Not these, like `**/test/`; repeatable, wins over --include."),
    ] = None,
    consents: Consents = None,
    trusted_keys: TrustedKeysFile = None,
    audit: Annotated[
        Path | None,
        typer.Option("--audit", "--audit-log", metavar="LOG", help="The one audit log of all; by default in DST."),
    ] = None,
    audit_key: AuditKey = None,
    state: Annotated[
        Path | None,
        typer.Option("--state", metavar="DIR", help="Where the manifest is; by default DST/.faceguard."),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="R.html", help="The report, and R.json beside it; by default with the state."),
    ] = None,
    index: Index = None,
    badges: Badges = None,
    badge_keys: BadgeKeys = None,
    c2pa_cert: C2paCertificate = None,
    c2pa_key: C2paKey = None,
    c2pa_parent: Annotated[
        bool | None,
        typer.Option(
            "--c2pa-parent",
            rich_help_panel=CREDENTIALS,
            help="Carries over each input's own manifests, without their pictures and metadata.",
        ),
    ] = None,
    event: Event = None,
    collection: Collection = None,
    place: Place = None,
    captured_at: CapturedAt = None,
    method: MethodOption = None,
    detector: DetectorTier = None,
    verify: Annotated[
        bool | None,
        typer.Option(
            "--verify/--no-verify",
            help="Looks at what was written with a second detector, and withholds it if that finds a face that isn't "
            "covered. The policy says by default, and `--no-verify` can't weaken it.",
            show_default=False,
        ),
    ] = None,
    untrusted: Untrusted = None,
    keep_capture_time: Annotated[
        bool | None,
        typer.Option(
            "--keep-capture-time",
            rich_help_panel=_HANDLING,
            help="Keeps capture time and exposure; never place or device.",
        ),
    ] = None,
    quality: Annotated[
        int | None,
        typer.Option("--quality", rich_help_panel=_HANDLING, min=1, max=100, help="For JPEG, WebP and AVIF; 95."),
    ] = None,
    audio: Annotated[
        Keep | None, typer.Option("--audio", rich_help_panel=_HANDLING, help="Copies the audio tracks or drops them.")
    ] = None,
    subtitles: Annotated[
        Keep | None, typer.Option("--subtitles", rich_help_panel=_HANDLING, help="Copies the subtitles or drops them.")
    ] = None,
    codec: Annotated[
        Codec | None,
        typer.Option("--codec", rich_help_panel=_HANDLING, help="Of the videos; auto keeps 10 bits with HEVC."),
    ] = None,
    crf: Annotated[
        int | None,
        typer.Option("--crf", rich_help_panel=_HANDLING, min=0, max=63, help="The codec's quality; smaller is better."),
    ] = None,
    cover: Annotated[
        list[str] | None,
        typer.Option("--cover", rich_help_panel=_HANDLING, metavar="X,Y,W,H[@S-E]", help="Always covers, in videos."),
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option("--ignore", rich_help_panel=_HANDLING, metavar="X,Y,W,H[@S-E]", help="Never looks, in videos."),
    ] = None,
    when_lost: Annotated[
        WhenTrackingLost | None,
        typer.Option(
            "--when-lost",
            rich_help_panel=_HANDLING,
            help="While many faces of a video are lost: widens, or covers all; never less than the policy.",
        ),
    ] = None,
    partial: Annotated[
        bool | None,
        typer.Option("--partial", rich_help_panel=_HANDLING, help="Keeps what can be read of damaged videos."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers", rich_help_panel=_MACHINE, min=1, help="Processes; by default as cores and memory allow."
        ),
    ] = None,
    memory: Annotated[
        int | None,
        typer.Option("--memory", rich_help_panel=_MACHINE, min=1, metavar="MB", help="The most that all may hold."),
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option(
            "--engine", rich_help_panel=_MACHINE, metavar="NAME", help="What runs it: local, or ray for a cluster."
        ),
    ] = None,
    ray_address: Annotated[
        str | None,
        typer.Option(
            "--ray-address",
            rich_help_panel=_MACHINE,
            metavar="HOST:PORT",
            help="The head of a Ray cluster that runs; otherwise one is started on this machine for the run.",
        ),
    ] = None,
    item_timeout: Annotated[
        float | None,
        typer.Option(
            "--item-timeout",
            rich_help_panel=_MACHINE,
            metavar="S",
            help="Ends an item that takes longer; by default none, for a video may rightly take a day.",
        ),
    ] = None,
    stall_timeout: Annotated[
        float | None,
        typer.Option(
            "--stall-timeout",
            rich_help_panel=_MACHINE,
            metavar="S",
            help="Ends an item that shows no progress for so long, as when a decoder hangs; 900, 0 for no limit.",
        ),
    ] = None,
    watch: Annotated[
        bool,
        typer.Option("--watch", rich_help_panel=_WATCH, help="Goes on: takes new files once complete, till Ctrl-C."),
    ] = False,
    watch_settle: Annotated[
        float | None,
        typer.Option(
            "--watch-settle", rich_help_panel=_WATCH, metavar="S", help="Complete is what hasn't changed so long; 5."
        ),
    ] = None,
    watch_idle_exit: Annotated[
        float | None,
        typer.Option("--watch-idle-exit", rich_help_panel=_WATCH, metavar="S", help="Ends after so long of nothing."),
    ] = None,
    rehash: Annotated[
        bool | None,
        typer.Option("--rehash", help="Reads all known files again instead of trusting their size and time."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Lists what would be done, and how long it takes; changes nothing.")
    ] = False,
    overwrite: Annotated[
        bool | None, typer.Option("--overwrite", help="Replaces files in DST that are no outputs of this batch.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Prints JSON lines for machines.")] = False,
) -> None:
    """Redacts a whole tree: what `redact` does to one file, to all of them, on all cores, and remembers what is done.

    Run the same command again and it goes on: only what is new, was changed, failed, or was done under other rules
    (policy, notice, consents, models, settings) is done. So it does after Ctrl-C, a crash or a full disk. One bad
    file doesn't stop the others. Exit code 0: every item is done; 6: some are not, and the report says why; 2: the
    settings are wrong and nothing ran.
    """
    from faceguard.batch.engines import size_of
    from faceguard.batch.run import errors_of, open_batch
    from faceguard.batch.settings import read_settings
    from faceguard.cli.batch_progress import Screen
    from faceguard.cli.policy_warning import warn_if_stale
    from faceguard.policy.load import load_policy

    told = {
        "source": source,
        "output": output,
        "notice": notice,
        "purpose": purpose,
        "policy": policy,
        "include": include,
        "exclude": exclude,
        "consents": consents,
        "trusted_keys": trusted_keys,
        "audit": audit,
        "audit_key": audit_key,
        "index": index,
        "badges": badges,
        "badge_keys": badge_keys,
        "c2pa_cert": c2pa_cert,
        "c2pa_key": c2pa_key,
        "c2pa_parent": c2pa_parent,
        "state": state,
        "report": report,
        "event": event,
        "collection": collection,
        "place": place,
        "captured_at": captured_at,
        "method": method,
        "detector": detector,
        "keep_capture_time": keep_capture_time,
        "quality": quality,
        "audio": audio,
        "subtitles": subtitles,
        "codec": codec,
        "crf": crf,
        "cover": cover,
        "ignore": ignore,
        "when_lost": when_lost,
        "partial": partial,
        "workers": workers,
        "memory": memory,
        "engine": engine,
        "ray_address": ray_address,
        "watch_settle": watch_settle,
        "verify": verify,
        "untrusted": untrusted,
        "rehash": rehash,
        "item_timeout": item_timeout,
        "stall_timeout": stall_timeout,
        "overwrite": overwrite,
    }
    settings = read_settings(config, {name: _plain(value) for name, value in told.items() if value not in (None, [])})
    if watch and dry_run:
        raise ConfigurationError("`--watch` and `--dry-run` exclude each other; leave one out", key="watch")
    sizing = size_of(settings)
    with end_by_signal(), open_batch(settings, threads=sizing.threads, dry_run=dry_run) as opened:
        warn_if_stale(load_policy(opened.documents.policy))
        screen = Screen(as_json=as_json)
        if dry_run:
            _tell_plan(opened, screen, sizing)
            return
        unreported = _run(opened, screen, sizing, idle_exit_s=watch_idle_exit, watches=watch)
        errors = errors_of(opened.manifest.rows(), opened.plan)
    if errors:
        which = f"{len(errors)} items are" if len(errors) > 1 else "1 item is"
        raise BatchError(f"{which} not done; the report says why", errors=errors)
    if unreported is not None:
        raise unreported


def _run(
    opened: Batch, screen: Screen, sizing: Sizing, *, idle_exit_s: float | None, watches: bool
) -> FaceguardError | None:
    """Plans, carries out and reports; the report is written also when somebody stops it. Returns why it couldn't be."""
    from collections import Counter
    from datetime import UTC, datetime

    from faceguard.batch.engines import make_engine
    from faceguard.batch.estimate import Rate, estimate
    from faceguard.batch.manifest import Row
    from faceguard.batch.report import RunTimes
    from faceguard.batch.task import State
    from faceguard.batch.watch import watch

    unreported = None
    began, ended = datetime.now(UTC), Counter[State]()
    screen.opened(opened)
    engine = make_engine(opened, sizing, divides=not watches)
    tasks = watch(opened, settle_s=opened.settings.watch_settle, idle_exit_s=idle_exit_s) if watches else opened.tasks()
    try:
        if not watches:
            for _ in opened.make_plan():
                pass
            rate = Rate.of(opened.manifest.rows())
            screen.planned(opened.plan, estimate(opened.manifest, rate, engine.workers), engine.workers)
        with screen.running(opened):
            for event in opened.carry_out(engine, tasks):
                screen.show(event)
                if isinstance(event, Row):
                    ended[event.state] += 1
    except KeyboardInterrupt:
        if not watches:
            raise
        screen.say("stopped watching")
    finally:
        engine.close()
        if opened.plan.number:
            unreported = _report(opened, screen, RunTimes(began, datetime.now(UTC), engine.workers, ended))
    return unreported


def _report(opened: Batch, screen: Screen, times: RunTimes) -> FaceguardError | None:
    """Tells what the run came to, and writes it. An error is told and given back: it must not stand in the way of the
    errors that the report is about."""
    from faceguard.batch.report import report_of

    report, page, problem = None, None, None
    try:
        report = report_of(opened, times)
        page = _write_report(opened, report)
    except FaceguardError as error:
        problem = error
    if report is not None:
        screen.ended(report, page)
    if problem is not None:
        screen.warn(f"there is no new report: {problem.message}")
    return problem


def _write_report(opened: Batch, report: dict[str, Any]) -> Path:
    from faceguard.atomic import make_folder
    from faceguard.batch.report import write_json, write_page

    page = opened.settings.report or opened.manifest.path.with_name("report.html")
    make_folder(page.parent)
    write_json(page.with_suffix(".json"), report)
    if page.suffix != ".json":
        write_page(page, report)
    return page


def _tell_plan(opened: Batch, screen: Screen, sizing: Sizing) -> None:
    from faceguard.batch.calibrate import calibrated
    from faceguard.batch.estimate import Rate, estimate

    for planned in opened.make_plan():
        screen.would_do(planned)
    rate = calibrated(Rate.of(opened.manifest.rows()), opened)
    screen.planned(opened.plan, estimate(opened.manifest, rate, sizing.workers), sizing.workers)


def _plain(value: object) -> object:
    """As it would stand in a TOML file."""
    return str(value) if isinstance(value, Path) else value
