"""A few long videos among many workers: each is shared out in segments, after everything else is done.

A video that alone would keep one worker busy for longer than its share of the whole would be the last one running, and
the other workers would look on.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from faceguard.batch.engine import Engine, Event, Finished, Lost, Report, ResultT, Started, TaskT, Work
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
    """`inner`, which first does all but those of the `large` tasks that can be cut, and then shares out each of these.

    Only for a plan with an end; `large` is asked when a run begins. Where a file can be cut is found out by a worker:
    one that crashes its decoder, or never ends, does so there. The sharing out is done in this process, which decodes
    nothing but the first picture.
    """

    inner: Engine
    large: Callable[[], Sequence[Task]]

    @property
    def workers(self) -> int:
        return self.inner.workers

    def run(self, work: Work[TaskT, ResultT], tasks: Iterable[TaskT | None]) -> Iterator[Event[TaskT, ResultT]]:
        """As `Engine.run` says."""
        items = self._can_be_cut()
        shared: list[TaskT] = []
        others: Iterator[TaskT | None] = _without(items, tasks, shared.append)
        with closing(cast(Any, self.inner.run(work, others))) as events:
            yield from events
        for task in shared:
            yield from self._share_out(work, task)

    def close(self) -> None:
        self.inner.close()

    def _can_be_cut(self) -> set[str]:
        """Those of the large items that workers say can be cut."""
        with closing(cast(Any, self.inner.run(can_be_cut, self.large()))) as events:
            return {event.task.item for event in events if isinstance(event, Finished) and event.result}

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


def _without(items: set[str], tasks: Iterable[TaskT | None], keep: Callable[[Any], None]) -> Iterator[TaskT | None]:
    """`tasks` but for those of `items`, which are kept."""
    for task in tasks:
        if isinstance(task, Task) and task.item in items:
            keep(task)
        else:
            yield task


def larger_than_their_share(batch: Batch, workers: int) -> Callable[[], Sequence[Task]]:
    """Tells of the planned local videos that each take more than a worker's share of all planned videos."""

    def large() -> Sequence[Task]:
        if workers < 2 or not batch.source.is_local:
            return ()
        videos = [row for row in batch.manifest.in_state(State.PLANNED) if row.kind is Kind.VIDEO]
        whole = sum(row.size_bytes for row in videos)
        return [batch.task_of(row) for row in videos if row.size_bytes * workers > whole]

    return large


def can_be_cut(task: Task, report: Report) -> bool:
    """Whether the video of the task is long enough to share out, and safe to cut. False for what can't be read:
    whoever is given it tells what is wrong."""
    from faceguard.media.video_read import probe_video
    from faceguard.pipeline.video.segments import divide
    from faceguard.pipeline.video.sweep import SweepSettings

    if task.handling.partial:
        return False
    try:
        source = Path(task.source)
        info = probe_video(source)
        return divide(source, Path(task.target), info, Division(EngineCrew(_NOBODY)), SweepSettings()) is not None
    except FaceguardError:
        return False


_NOBODY = cast(Engine, None)
"""Asking where to cut needs nobody who would do the work."""
