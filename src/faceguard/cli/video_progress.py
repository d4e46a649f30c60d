"""How far a video has come: a bar with rate and time left on a terminal, or JSON lines."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from faceguard.pipeline.video.job import Progress as VideoProgress

_JSON_INTERVAL_S = 1.0

Report = Callable[[VideoProgress], None]


@contextlib.contextmanager
def progress_shown(form: str, name: str) -> Iterator[Report | None]:
    """A function to call for each picture; None when nothing is to be shown. `form` is auto, json or none."""
    if form == "json":
        yield _JsonLines(name)
    elif form == "auto" and sys.stderr.isatty():
        with _bar() as bar:
            yield _Bar(bar, name)
    else:
        yield None


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %  {task.fields[rate]:.0f} pictures/s"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )


class _Bar:
    """One bar for each stage."""

    def __init__(self, bar: Progress, name: str) -> None:
        self._bar = bar
        self._name = name
        self._tasks: dict[str, tuple[TaskID, float]] = {}

    def __call__(self, at: VideoProgress) -> None:
        if at.stage not in self._tasks:
            task = self._bar.add_task(f"{at.stage} {self._name}", total=at.duration_s, rate=0.0)
            self._tasks[at.stage] = task, time.monotonic()
        task, started = self._tasks[at.stage]
        elapsed_s = max(time.monotonic() - started, 1e-6)
        self._bar.update(task, completed=at.pts_s, rate=(at.frame + 1) / elapsed_s)


class _JsonLines:
    """One line a second for each stage, on standard error."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._stage = ""
        self._started = self._last = 0.0

    def __call__(self, at: VideoProgress) -> None:
        now = time.monotonic()
        if at.stage != self._stage:
            self._stage, self._started, self._last = at.stage, now, 0.0
        if now - self._last < _JSON_INTERVAL_S:
            return
        self._last = now
        elapsed_s = now - self._started
        left_s = None
        if at.duration_s and at.pts_s > 0:
            left_s = round(elapsed_s * max(0.0, at.duration_s - at.pts_s) / at.pts_s, 1)
        line = {
            "video": self._name,
            "stage": at.stage,
            "picture": at.frame + 1,
            "at_s": round(at.pts_s, 3),
            "duration_s": at.duration_s,
            "pictures_per_s": round((at.frame + 1) / elapsed_s, 1) if elapsed_s > 0 else None,
            "left_s": left_s,
        }
        print(json.dumps(line), file=sys.stderr, flush=True)
