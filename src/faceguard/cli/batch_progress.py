"""What `faceguard batch` says while it works: bars for the whole and each running item, plain lines, or JSON lines."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from faceguard.batch.engine import Started
from faceguard.batch.manifest import Row
from faceguard.batch.task import Progress as ItemProgress
from faceguard.batch.task import State
from faceguard.cli.terminal import make_console, printable
from faceguard.types import Effect

if TYPE_CHECKING:
    from faceguard.batch.estimate import Estimate
    from faceguard.batch.plan import Plan, Planned
    from faceguard.batch.run import Batch, BatchEvent

_LINE_S = 1.0
_MAX_LISTED = 20


class Screen:
    """Says it all on a terminal as bars, elsewhere as lines, or with `as_json` as one JSON value a line on stdout."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._out = make_console()
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._whole: TaskID | None = None
        self._pace: _Pace | None = None
        self._total = self._ended = 0
        self._said: dict[str, float] = {}
        self._told: set[str] = set()

    def opened(self, batch: Batch) -> None:
        """What an interruption had left, and how it was mended."""
        if batch.mended is not None:
            self.say(f"the audit log ended in a torn line of an interrupted run; it was moved to {batch.mended}")
        if batch.adopted:
            self.say(f"{batch.adopted} items had been done when the last run was cut off; they are noted now")

    def say(self, text: str) -> None:
        if not self._as_json:
            self._out.print(printable(text))

    def would_do(self, planned: Planned) -> None:
        """One line of a dry run."""
        row = planned.row
        if self._as_json:
            self._line("would_do", item=row.item, target=row.target, kind=row.kind.value, why=planned.why.value)
        else:
            self._out.print(f"{planned.why.value:<22} {printable(row.item)} -> {printable(row.target)}")

    def planned(self, plan: Plan, estimate: Estimate, workers: int) -> None:
        self._total = plan.size
        if self._as_json:
            self._line(
                "planned",
                to_do={why.value: count for why, count in plan.to_do.items()},
                items=plan.size,
                up_to_date=plan.up_to_date,
                not_tried_again=plan.given_up,
                source_removed=plan.removed,
                skipped={why.value: count for why, count in plan.skipped.items()},
                workers=workers,
                estimate_s=None if estimate.seconds is None else round(estimate.seconds, 1),
            )
            return
        why = ", ".join(f"{count} {each.value}" for each, count in plan.to_do.items())
        self._out.print(
            f"{plan.size} items to do{f' ({why})' if why else ''}; {plan.up_to_date} up to date, "
            f"{plan.given_up} refused before and unchanged, {sum(plan.skipped.values())} passed over"
        )
        if plan.size:
            about = "not known before one of each kind is done" if estimate.seconds is None else _span(estimate.seconds)
            self._out.print(f"estimated time with {workers} worker(s): {about}")

    @contextlib.contextmanager
    def running(self, batch: Batch) -> Iterator[None]:
        """Shows bars while the block lasts, if there is a terminal."""
        self._pace = _Pace(self._total)
        if self._as_json or not sys.stderr.isatty():
            yield
            return
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            TimeElapsedColumn(),
            console=make_console(stderr=True),
            transient=True,
        )
        with self._bars:
            self._whole = self._bars.add_task("all", total=self._total or None, note="")
            yield
        self._bars = None

    def show(self, event: BatchEvent) -> None:
        """A task that began, is under way or has ended."""
        if isinstance(event, Started):
            self._begin(event.task.item, event.task.size_bytes)
            if self._as_json:
                self._line("started", item=event.task.item, worker=event.worker)
        elif isinstance(event, ItemProgress):
            self._progress(event)
        else:
            self._end(event)

    def warn(self, text: str) -> None:
        """On standard error, also beside JSON lines."""
        print(f"warning: {printable(text)}", file=sys.stderr)

    def ended(self, report: Mapping[str, Any], page: Path | None) -> None:
        """What it came to, and where the report is, if it could be written."""
        items, run = report["items"], report["run"]
        if self._as_json:
            self._line("report", path=None if page is None else str(page), run=run, items=items, audit=report["audit"])
            return
        self._out.print(
            f"this run: {run['done']} done, {run['refused']} refused, {run['failed']} failed in {run['elapsed_s']} s; "
            f"in all {items['done']} of {items['total']} items are done"
        )
        untold = [each for each in report["errors"] if each["item"] not in self._told]
        for each in untold[:_MAX_LISTED]:
            self._out.print(printable(f"{each['state']:<8} {each['item']}: {each['code']}: {each['message']}"))
        if len(untold) > _MAX_LISTED:
            self._out.print(f"... and {len(untold) - _MAX_LISTED} more; see the report")
        where = "" if page is None else f"; report in {printable(page)}"
        self._out.print(f"records in {printable(report['audit']['log'])}{where}")

    def _begin(self, item: str, size_bytes: int) -> None:
        if self._bars is not None:
            self._tasks[item] = self._bars.add_task(
                f"  {printable(item)}", total=None, note=f"{size_bytes / 1e6:.1f} MB"
            )

    def _progress(self, at: ItemProgress) -> None:
        if self._bars is not None and at.item in self._tasks:
            share = None if at.fraction is None else 100 * at.fraction
            note = at.stage if share is None else f"{at.stage} {share:.0f} %"
            self._bars.update(self._tasks[at.item], total=None if share is None else 100, completed=share, note=note)
        elif self._as_json and time.monotonic() - self._said.get(at.item, 0.0) >= _LINE_S:
            self._said[at.item] = time.monotonic()
            self._line("progress", item=at.item, stage=at.stage, fraction=at.fraction, pictures=at.pictures)

    def _end(self, row: Row) -> None:
        self._ended += 1
        self._said.pop(row.item, None)
        if row.fault is not None:
            self._told.add(row.item)
        pace = self._pace.after(self._ended) if self._pace is not None else {}
        if self._as_json:
            self._line("ended", **_row_words(row), ended=self._ended, items=self._total or None, **pace)
        elif self._bars is None or row.state is not State.DONE:
            word = f": {row.fault.code}: {row.fault.message}" if row.fault is not None else ""
            console = self._bars.console if self._bars is not None else self._out
            console.print(printable(f"{row.state.value:<8} {row.item}{word}"))
        if self._bars is not None:
            if row.item in self._tasks:
                self._bars.remove_task(self._tasks.pop(row.item))
            if self._whole is not None:
                left = pace.get("left_s")
                note = f"{pace.get('items_per_s', 0.0):.2f}/s" + ("" if left is None else f", {_span(left)} left")
                self._bars.update(self._whole, completed=self._ended, note=f"{self._ended}/{self._total or '-'} {note}")

    def _line(self, what: str, /, **fields: object) -> None:
        """One JSON line; what of a name is no text is escaped."""
        line = json.dumps({"event": what, **fields}, ensure_ascii=False)
        print(line.encode(errors="backslashreplace").decode(), flush=True)


class _Pace:
    """Rate and time left, from the items that have ended."""

    def __init__(self, total: int) -> None:
        self._total, self._began = total, time.monotonic()

    def after(self, ended: int) -> dict[str, float | None]:
        elapsed_s = max(time.monotonic() - self._began, 1e-6)
        left = max(0, self._total - ended) * elapsed_s / ended if self._total else None
        return {"items_per_s": round(ended / elapsed_s, 3), "left_s": None if left is None else round(left, 1)}


def _row_words(row: Row) -> dict[str, object]:
    words: dict[str, object] = {"item": row.item, "state": row.state.value, "seconds": round(row.wall_s, 2)}
    if row.state is State.DONE:
        words["target"] = row.target
        words["faces_redacted"] = row.tally.effects.get(Effect.REDACT, 0)
        words["faces_kept"] = row.tally.effects.get(Effect.KEEP, 0)
        words["record_id"] = row.record_id
    if row.fault is not None:
        words["error"] = {"code": row.fault.code, "message": row.fault.message, "exit_code": row.fault.exit_code}
    return words


def _span(seconds: float) -> str:
    """`1 h 5 min`, `3 min 20 s`, `12 s`."""
    whole = max(1, round(seconds))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
