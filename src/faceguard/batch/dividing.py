"""A few long videos among many workers: each is shared out in segments, after everything else is done.

A video that alone would keep one worker busy for longer than its share of the whole would be the last one running, and
the other workers would look on.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from faceguard.batch.engine import Engine, Event, Finished, Lost, ResultT, Started, TaskT, Work
from faceguard.batch.places import is_local
from faceguard.batch.segment_crew import EngineCrew
from faceguard.batch.task import Kind, Progress, State, Task
from faceguard.batch.worker import shared_out
from faceguard.errors import FaceguardError
from faceguard.pipeline.video.segment_task import Division

if TYPE_CHECKING:
    from faceguard.batch.run import Batch


class _Stopped(BaseException):
    """Whoever listened has gone."""


@dataclass(frozen=True, slots=True)
class DividingEngine:
    """`inner`, which first does the things that aren't `is_large`, and then shares out each of the others.

    Only for a plan with an end. The sharing out is done in this process; it decodes nothing but the first picture.
    """

    inner: Engine
    is_large: Callable[[Any], bool]

    @property
    def workers(self) -> int:
        return self.inner.workers

    def run(self, work: Work[TaskT, ResultT], tasks: Iterable[TaskT | None]) -> Iterator[Event[TaskT, ResultT]]:
        """As `Engine.run` says."""
        large: list[TaskT] = []
        small: Iterator[TaskT | None] = self._small(tasks, large.append)
        with closing(cast(Any, self.inner.run(work, small))) as events:
            yield from events
        for task in large:
            yield from self._share_out(work, task)

    def close(self) -> None:
        self.inner.close()

    def _small(self, tasks: Iterable[TaskT | None], keep: Callable[[Any], None]) -> Iterator[TaskT | None]:
        for task in tasks:
            if task is not None and self.is_large(task):
                keep(task)
            else:
                yield task

    def _share_out(self, work: Work[TaskT, ResultT], task: TaskT) -> Iterator[Event[TaskT, ResultT]]:
        told: queue.SimpleQueue[Progress | Finished[TaskT, ResultT] | Lost[TaskT]] = queue.SimpleQueue()
        stop = threading.Event()

        def report(progress: Progress) -> None:
            if stop.is_set():
                raise _Stopped
            told.put(progress)

        def do() -> None:
            try:
                with shared_out(Division(EngineCrew(self.inner))):
                    told.put(Finished(task, work(task, report)))
            except _Stopped:
                return
            except Exception as error:  # noqa: BLE001  told, as the engines do
                told.put(Lost(task, f"unexpected {type(error).__name__}: {error}", code="WorkerError"))

        thread = threading.Thread(target=do, name="faceguard-share-out", daemon=True)
        thread.start()
        yield Started(task, "all workers")
        try:
            while True:
                event = told.get()
                yield event
                if not isinstance(event, Progress):
                    return
        finally:
            stop.set()
            thread.join()


def larger_than_its_share(batch: Batch, workers: int) -> Callable[[Any], bool]:
    """Whether a task is a local video that takes more than a worker's share of all planned videos, and can be cut."""

    def is_large(task: Any) -> bool:
        if not isinstance(task, Task) or task.kind is not Kind.VIDEO or workers < 2 or not is_local(task.source):
            return False
        states = (State.PLANNED, State.RUNNING)
        sizes = [row.size_bytes for state in states for row in batch.manifest.in_state(state) if row.kind is Kind.VIDEO]
        return task.size_bytes * workers > sum(sizes) and _can_be_cut(task)

    return is_large


def _can_be_cut(task: Task) -> bool:
    from faceguard.media.video_read import probe_video
    from faceguard.pipeline.video.segments import divide
    from faceguard.pipeline.video.sweep import SweepSettings

    try:
        info = probe_video(Path(task.source))
        division = Division(EngineCrew(_NOBODY))
        return (
            not task.handling.partial
            and divide(Path(task.source), Path(task.target), info, division, SweepSettings()) is not None
        )
    except FaceguardError:
        return False  # whoever is given it tells what is wrong


_NOBODY = cast(Engine, None)
"""Asking where to cut needs nobody who would do the work."""
