"""The workers of an engine as the crew of one long video: each task is a segment of it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from faceguard.batch.engine import Engine, Event, Finished, Lost, Report
from faceguard.batch.local import TOO_SLOW, LocalEngine
from faceguard.batch.task import Progress
from faceguard.errors import ConfigurationError, FaceguardError, RedactionError
from faceguard.pipeline.video.segment_task import Division, LookTask, SegmentResult, SegmentTask

Answer = SegmentResult | FaceguardError

MAX_TRIES = 3
"""How often a segment is begun whose worker dies; what it left is written over."""


@dataclass(frozen=True, slots=True)
class EngineCrew:
    """A `Crew` whose members are the workers of `engine`, local or on other machines that see the same files."""

    engine: Engine

    def carry_out(
        self, tasks: Sequence[SegmentTask], on_pictures: Callable[[int, int], None]
    ) -> Sequence[SegmentResult]:
        """As `Crew.carry_out` says. A segment whose worker died is begun again; nothing of it was shown."""
        results: dict[int, SegmentResult] = {}
        left: list[SegmentTask | None] = list(tasks)
        for _ in range(MAX_TRIES):
            lost: list[Lost[SegmentTask]] = []
            events: Iterator[Event[SegmentTask, Answer]] = self.engine.run(work_on_segment, left)
            for event in events:
                if isinstance(event, Finished):
                    if isinstance(event.result, FaceguardError):
                        raise event.result
                    results[event.task.number] = event.result
                elif isinstance(event, Lost):
                    lost.append(event)
                elif isinstance(event, Progress):
                    on_pictures(int(event.item), event.pictures)
            if not lost:
                return [results[task.number] for task in tasks]
            if any(event.code == TOO_SLOW for event in lost):  # it would be again
                break
            left = [event.task for event in lost]
        raise RedactionError(f"segment {lost[0].task.number + 1} could not be done: {lost[0].reason}")


def work_on_segment(task: SegmentTask, report: Report) -> Answer:
    """What a worker does with a segment. Our errors are given back."""
    from faceguard.pipeline.video.segment_work import carry_out

    item, stage = str(task.number), "analyse" if isinstance(task, LookTask) else "render"
    try:
        return carry_out(task, lambda count: report(Progress(item, stage, None, count)))
    except FaceguardError as error:
        return error


@contextlib.contextmanager
def local_division(workers: int) -> Iterator[Division | None]:
    """A division among `workers` processes of this machine, which end with the block; None for one worker."""
    if workers < 1:
        raise ConfigurationError(f"--workers must be at least 1, got {workers}", key="workers")
    if workers == 1:
        yield None
        return
    engine = LocalEngine(workers)
    try:
        yield Division(EngineCrew(engine))
    finally:
        engine.close()
