"""Watch mode: a source is looked at again and again, and a file is taken up once it is complete."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from faceguard.batch.discover import Found
from faceguard.batch.places import Place
from faceguard.batch.run import Batch
from faceguard.batch.task import State, Task

_SCAN_S = 1.0
_SCAN_SHARE = 10
"""A look at the source takes at most about a tenth of the time."""
_WRITING_MODES = frozenset({"w", "a", "r+", "a+", "w+"})


@dataclass(slots=True)
class Settling:
    """Tells which files are still being written: their size or time has changed lately, or a process writes to them.

    A file is complete when nothing of it has changed for `settle_s` seconds and nobody has it open for writing, as far
    as this user may see the other processes.
    """

    source: Place
    settle_s: float
    clock: Callable[[], float] = time.monotonic
    _since: dict[str, tuple[str, float]] = field(default_factory=dict)

    def __call__(self, found: Found) -> bool:
        now = self.clock()
        stamp, since = self._since.get(found.item, ("", now))
        if stamp != found.stamp:
            self._since[found.item] = found.stamp, now
            return True
        if now - since < self.settle_s:
            return True
        if self.source.is_local and is_written_to(self.source.path / found.item):
            return True
        del self._since[found.item]
        return False


def is_written_to(path: Path) -> bool:
    """Whether a process that this user may look into has the file open for writing. False where nobody can tell."""
    there = str(path.resolve())
    for process in psutil.process_iter():
        try:
            opened = process.open_files()
        except (psutil.Error, OSError):
            continue
        if any(each.path == there and getattr(each, "mode", "") in _WRITING_MODES for each in opened):
            return True
    return False


def watch(
    batch: Batch, *, settle_s: float, idle_exit_s: float | None = None, clock: Callable[[], float] = time.monotonic
) -> Iterator[Task | None]:
    """Tasks as files come, without end; None while there is nothing to do. Ends after `idle_exit_s` of nothing."""
    settling = Settling(batch.source, settle_s, clock)
    is_first, busy_at = True, clock()
    while True:
        began = clock()
        batch.refresh()
        planned = sum(1 for _ in batch.make_plan(is_first=is_first, is_settling=settling))
        is_first = False
        yield from batch.tasks()
        is_idle = not planned and not batch.plan.settling and next(batch.manifest.in_state(State.RUNNING), None) is None
        busy_at = busy_at if is_idle else clock()
        if idle_exit_s is not None and clock() - busy_at >= idle_exit_s:
            return
        again = clock() + max(_SCAN_S, _SCAN_SHARE * (clock() - began) if is_idle else 0.0)
        while clock() < again:
            yield None
