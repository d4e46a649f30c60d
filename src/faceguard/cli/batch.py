"""`faceguard batch`: a tree of pictures and videos in, the same tree of safe ones out; run again it goes on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from faceguard.cli.redact import Method, Tier
from faceguard.cli.video import Codec, Keep, end_by_signal
from faceguard.errors import BatchError, ConfigurationError
from faceguard.policy.policy_terms import WhenTrackingLost

if TYPE_CHECKING:
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
    notice: Annotated[
        Path | None, typer.Option("--notice", metavar="FILE", help="The handling notice; nothing runs without one.")
    ] = None,
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
    consents: Annotated[Path | None, typer.Option("--consents", metavar="FILE", help="The consent register.")] = None,
    trusted_keys: Annotated[
        Path | None, typer.Option("--trusted-keys", metavar="FILE", help="Keys that may sign the consent register.")
    ] = None,
    audit: Annotated[
        Path | None,
        typer.Option("--audit", "--audit-log", metavar="LOG", help="The one audit log of all; by default in DST."),
    ] = None,
    audit_key: Annotated[
        Path | None, typer.Option("--audit-key", metavar="KEY.pem", help="Signs every line of the audit log.")
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option("--state", metavar="DIR", help="Where the manifest is; by default DST/.faceguard."),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="R.html", help="The report, and R.json beside it; by default with the state."),
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
    verify: Annotated[
        bool | None,
        typer.Option("--verify", help="Reads all known files again instead of trusting their size and time."),
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
        "overwrite": overwrite,
    }
    settings = read_settings(config, {name: _plain(value) for name, value in told.items() if value not in (None, [])})
    if watch and dry_run:
        raise ConfigurationError("`--watch` and `--dry-run` exclude each other; leave one out", key="watch")
    sizing = size_of(settings)
    with end_by_signal(), open_batch(settings, threads=sizing.threads, dry_run=dry_run) as opened:
        screen = Screen(as_json=as_json)
        if dry_run:
            _tell_plan(opened, screen, sizing)
            return
        _run(opened, screen, sizing, idle_exit_s=watch_idle_exit, watches=watch)
        errors = errors_of(opened.manifest.rows(), opened.plan)
    if errors:
        raise BatchError(f"{len(errors)} items are not done; the report says why", errors=errors)


def _run(opened: Batch, screen: Screen, sizing: Sizing, *, idle_exit_s: float | None, watches: bool) -> None:
    """Plans, carries out and reports; the report is written also when somebody stops it."""
    from collections import Counter
    from datetime import UTC, datetime

    from faceguard.batch.engines import make_engine
    from faceguard.batch.estimate import Rate, estimate
    from faceguard.batch.manifest import Row
    from faceguard.batch.report import RunTimes, report_of
    from faceguard.batch.task import State
    from faceguard.batch.watch import watch

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
            report = report_of(opened, RunTimes(began, datetime.now(UTC), engine.workers, ended))
            screen.ended(report, _write_report(opened, report))


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
