"""The engine of one worker: this process. For places that no other process sees (`memory://`), and for debugging."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from faceguard.batch.engine import Event, Finished, Lost, ResultT, Started, TaskT, Work

_POLL_S = 0.2


class SerialEngine:
    """Does one task after the other, and tells of no progress in between."""

    workers = 1

    def run(self, work: Work[TaskT, ResultT], tasks: Iterable[TaskT | None]) -> Iterator[Event[TaskT, ResultT]]:
        """As `Engine.run` says."""
        for task in tasks:
            if task is None:
                time.sleep(_POLL_S)
                continue
            yield Started(task, "this process")
            try:
                yield Finished(task, work(task, lambda progress: None))
            except Exception as error:  # noqa: BLE001  told, as the engines with other processes do
                yield Lost(task, f"unexpected {type(error).__name__}: {error}", code="WorkerError")

    def close(self) -> None:
        """Nothing to end."""
