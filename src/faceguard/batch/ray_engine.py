"""The engine of a cluster: Ray, on this machine or wherever the address says.

Every worker is an actor, so models load once in each. A worker gets a task only when it is free; a plan of millions is
never queued. A worker that dies with its task, alone or with its whole machine, is replaced as soon as there is room,
and the task goes to the next free one. Ray's own collection of usage statistics is switched off.
"""

from __future__ import annotations

import contextlib
import os
import platform
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from faceguard.batch.engine import Event, Finished, Lost, ResultT, Started, TaskT, Work
from faceguard.batch.task import Progress
from faceguard.errors import ConfigurationError

MAX_TRIES = 3
"""How often a task is begun whose worker dies. The third death is the task's own doing."""

_POLL_S = 0.2
_START_S = 120.0
"""How long to wait for the first worker."""
_OBJECT_STORE_BYTES = 100_000_000
"""Of a cluster that is started here: only tasks and results travel, never pictures."""


class Worker:
    """What runs in a worker's process: one task at a time, and a second thread that is asked how far it is."""

    def __init__(self) -> None:
        self._latest: Progress | None = None

    def name(self) -> str:
        return f"{platform.node()}:{os.getpid()}"

    def carry_out(self, work: Work[Any, Any], task: Any) -> Any:
        def report(progress: Progress) -> None:
            self._latest = progress

        self._latest = None
        return work(task, report)

    def latest(self) -> Progress | None:
        return self._latest


@dataclass(slots=True, eq=False)
class _Member:
    """A worker as the driver sees it: starting until `name` is known, then idle or busy with `task`."""

    actor: Any
    ref: Any
    """What is awaited of it: its name, or the result of its task; None when idle."""
    name: str | None = None
    task: Any = None
    asked: Any = None
    """A question about its progress that is not answered yet."""


class RayEngine:
    """Runs work on the Ray cluster at `address`; None starts one on this machine, which ends with `close`.

    `workers` are by default as many as the cluster has cores. All machines need this package and must see sources,
    outputs and documents at the same paths. Raises ConfigurationError.
    """

    def __init__(self, address: str | None = None, *, workers: int | None = None) -> None:
        self._ray = _import_ray()
        self._is_ours = not self._ray.is_initialized()
        if self._is_ours:
            _connect(self._ray, address)
        self.workers = workers or max(1, int(self._ray.cluster_resources().get("CPU", 1)))
        options = {"num_cpus": 1, "max_concurrency": 2, "max_restarts": 0, "scheduling_strategy": "SPREAD"}
        self._actor_class = self._ray.remote(**options)(Worker)
        self._members: list[_Member] = []

    def run(self, work: Work[TaskT, ResultT], tasks: Iterable[TaskT | None]) -> Iterator[Event[TaskT, ResultT]]:
        """As `Engine.run` says."""
        waiting, again, is_over = iter(tasks), deque[Any](), False
        tries: Counter[int] = Counter()
        began_s = time.monotonic()
        try:
            while True:
                self._recruit()
                for member in [m for m in self._members if m.name is not None and m.ref is None]:
                    task = again.popleft() if again else next(waiting, _OVER) if not is_over else _OVER
                    is_over = is_over or task is _OVER
                    if task is None or task is _OVER:
                        break
                    yield self._begin(member, work, task)
                if is_over and not again and not self._busy():
                    return
                self._require_workers(began_s)
                for event in self._events():
                    if isinstance(event, Lost) and event.code == _DIED:
                        tries[id(event.task)] += 1
                        if tries[id(event.task)] < MAX_TRIES:
                            again.append(event.task)
                            continue
                    yield event
        finally:
            for member in self._busy():
                self._dismiss(member)

    def close(self) -> None:
        """As `Engine.close` says."""
        for member in list(self._members):
            self._dismiss(member)
        if self._is_ours and self._ray.is_initialized():
            self._ray.shutdown()

    def _recruit(self) -> None:
        while len(self._members) < self.workers:
            actor = self._actor_class.remote()
            self._members.append(_Member(actor, actor.name.remote()))

    def _dismiss(self, member: _Member) -> None:
        self._members.remove(member)
        with contextlib.suppress(Exception):
            self._ray.kill(member.actor)

    def _busy(self) -> list[_Member]:
        return [member for member in self._members if member.task is not None]

    def _begin(self, member: _Member, work: Work[Any, Any], task: TaskT) -> Started[TaskT]:
        member.task, member.ref = task, member.actor.carry_out.remote(work, task)
        return Started(task, member.name or "")

    def _require_workers(self, began_s: float) -> None:
        if any(member.name is not None for member in self._members) or time.monotonic() - began_s < _START_S:
            return
        raise ConfigurationError(
            f"no worker has started within {_START_S:.0f} s; see with `ray status` whether the cluster has free cores"
        )

    def _events(self) -> Iterator[Event[Any, Any]]:
        """What has happened, waiting for it a moment."""
        awaited = {member.ref: member for member in self._members if member.ref is not None}
        if not awaited:
            time.sleep(_POLL_S)
            return
        ready, _ = self._ray.wait(list(awaited), num_returns=1, timeout=_POLL_S)
        for ref in ready:
            yield from self._hear(awaited[ref])
        for member in self._busy():
            yield from self._ask(member)

    def _hear(self, member: _Member) -> Iterator[Event[Any, Any]]:
        """A worker has started, has done its task, or is no more."""
        errors, task = self._ray.exceptions, member.task
        try:
            value = self._ray.get(member.ref)
        except errors.RayTaskError as error:
            member.task = member.ref = None
            if task is not None:
                yield Lost(task, f"unexpected {type(error).__name__}: {error.cause or error}", code="WorkerError")
            return
        except errors.RayError as error:
            self._dismiss(member)
            if task is not None:
                first_line = (str(error).strip().splitlines() or [""])[0]
                yield Lost(task, f"its worker on the cluster died ({type(error).__name__}: {first_line})", code=_DIED)
            return
        member.ref = None
        if member.name is None:
            member.name = value
            return
        member.task = None
        yield Finished(task, value)

    def _ask(self, member: _Member) -> Iterator[Progress]:
        """Its latest progress, if the last question was answered; and the next question."""
        if member.asked is not None:
            ready, _ = self._ray.wait([member.asked], timeout=0)
            if not ready:
                return
            with contextlib.suppress(self._ray.exceptions.RayError):
                progress = self._ray.get(member.asked)
                if progress is not None:
                    yield progress
        member.asked = member.actor.latest.remote()


_OVER: Any = object()
_DIED = "WorkerDied"


def _import_ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_raylet_start_wait_time_s", "120")  # a busy machine takes its time
    try:
        import ray
        import ray.exceptions
    except ImportError as error:
        raise ConfigurationError(
            "the engine `ray` needs Ray; install `faceguard-sdk[ray]`, on every machine of the cluster", key="engine"
        ) from error
    return ray


def _connect(ray: Any, address: str | None) -> None:
    local = {} if address else {"object_store_memory": _OBJECT_STORE_BYTES, "include_dashboard": False}
    try:
        ray.init(address=address, logging_level="error", log_to_driver=False, **local)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise ConfigurationError(
            f"no Ray cluster answers at `{address}` ({error}); start one with `ray start --head`", key="ray-address"
        ) from error
