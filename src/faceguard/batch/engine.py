"""What carries tasks out: processes of this machine, or a cluster. An engine knows nothing of faces or files.

It runs one function on many things, each in some worker, and tells what happens as it happens. It takes the next thing
only when a worker is free for it, so a plan of millions is never held in a queue.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeAlias, TypeVar

from faceguard.batch.task import Progress

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")

Report: TypeAlias = Callable[[Progress], None]
"""Given to the work; tells whoever watches how far it is. Cheap to call for every picture."""

Work: TypeAlias = Callable[[TaskT, Report], ResultT]
"""A function of a module, so that it can be sent; it gives back its errors and doesn't raise them."""


@dataclass(frozen=True, slots=True)
class Started(Generic[TaskT]):
    """A worker has taken the task."""

    task: TaskT
    worker: str


@dataclass(frozen=True, slots=True)
class Finished(Generic[TaskT, ResultT]):
    """The work gave its result."""

    task: TaskT
    result: ResultT


@dataclass(frozen=True, slots=True)
class Lost(Generic[TaskT]):
    """The worker died, was ended for its hunger or slowness, or raised what it should have given back.

    `reason` is for people.
    """

    task: TaskT
    reason: str
    code: str = "WorkerDied"


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """How long a worker may take before it is ended: `item_s` for a task in all, `stall_s` without a word of progress.
    None sets no limit."""

    item_s: float | None = None
    stall_s: float | None = None


Event: TypeAlias = Started[TaskT] | Progress | Finished[TaskT, ResultT] | Lost[TaskT]


class Engine(Protocol):
    """Runs work on tasks. Each task ends in exactly one `Finished` or `Lost`, in whatever order they come."""

    @property
    def workers(self) -> int:
        """How many tasks run side by side."""
        ...

    def run(self, work: Work[TaskT, ResultT], tasks: Iterable[TaskT | None]) -> Iterator[Event[TaskT, ResultT]]:
        """Carries out `tasks`, which may be endless; None among them means that there is nothing to do just now.

        Closing the iterator ends the workers that are still at work; what they did is not told any more.
        """
        ...

    def close(self) -> None:
        """Ends the workers. Runs after it start new ones."""
        ...
