"""The engine of this machine: a pool of processes that each do one task at a time.

Processes are spawned, not forked: models, threads and locks of the parent never come along. A process that dies takes
one task with it and is replaced. If the parent dies, each ends itself at once, so nothing goes on behind the back of
the next run. Ctrl-C reaches the parent alone, which then ends the others.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection, wait
from typing import Any

import psutil

from faceguard.batch.engine import Event, Finished, Lost, Report, ResultT, Started, TaskT, TimeLimits, Work
from faceguard.batch.task import Progress

_POLL_S = 0.2
"""How often memory is looked at, and a source that had nothing to do is asked again."""
_REPORT_S = 0.25
"""How often a worker tells of its progress."""
_END_S = 5.0
_MEGABYTE = 1_000_000


class LocalEngine:
    """`workers` processes that together hold at most about `max_bytes` of memory; None sets no limit.

    When they hold more, the hungriest is ended. Its task is begun again once no other is running; if it's too much
    even alone, it is lost. Memory is looked at five times a second, so a sudden peak may pass unseen.

    A worker that goes over `limits` is ended too, and its task is lost: a decoder that hangs holds nobody up for ever.
    """

    def __init__(self, workers: int, *, max_bytes: int | None = None, limits: TimeLimits | None = None) -> None:
        if workers < 1:
            raise ValueError(f"at least one worker is needed, got {workers}")
        self.workers = workers
        self._max_bytes = max_bytes
        self._limits = limits or TimeLimits()
        self._pool: list[_Process] = []

    def run(self, work: Work[TaskT, ResultT], tasks: Iterable[TaskT | None]) -> Iterator[Event[TaskT, ResultT]]:
        """As `Engine.run` says."""
        waiting, alone, is_over = iter(tasks), deque[Any](), False
        try:
            while True:
                while not is_over and not alone and (idle := self._idle()) is not None:
                    task = next(waiting, _OVER)
                    is_over = task is _OVER
                    if task is None or is_over:
                        break
                    yield idle.begin(work, task)
                if alone and not self._busy():
                    yield self._idle_or_new().begin(work, alone.popleft(), is_alone=True)
                if is_over and not alone and not self._busy():
                    return
                yield from self._events()
                yield from self._end_slow()
                yield from self._ease(alone)
        finally:
            self._end(self._busy())

    def close(self) -> None:
        """As `Engine.close` says."""
        self._end(list(self._pool))

    def _busy(self) -> list[_Process]:
        return [process for process in self._pool if process.task is not _OVER]

    def _idle(self) -> _Process | None:
        """A process without a task: one that waits, or a new one while there is room."""
        for process in [each for each in self._pool if each.task is _OVER]:
            if process.is_alive:
                return process
            self._end([process])
        if len(self._pool) < self.workers:
            self._pool.append(_Process())
            return self._pool[-1]
        return None

    def _idle_or_new(self) -> _Process:
        idle = self._idle()
        if idle is None:
            raise RuntimeError("no process is free although none is at work")
        return idle

    def _events(self) -> Iterator[Event[Any, Any]]:
        """What the processes have to tell, waiting for it a moment."""
        busy = self._busy()
        if not busy:
            time.sleep(_POLL_S)
            return
        ready = wait([process.pipe for process in busy], timeout=_POLL_S)
        for process in busy:
            if process.pipe in ready:
                yield from self._hear(process)

    def _hear(self, process: _Process) -> Iterator[Event[Any, Any]]:
        task = process.task
        try:
            kind, value = process.pipe.recv()
        except Exception:  # noqa: BLE001  it ended, or died in the midst of a message: the pipe holds no more
            self._end([process])
            yield Lost(task, f"its worker process died ({process.fate}); it was replaced")
            return
        process.heard_at_s = time.monotonic()
        if kind == "began":
            process.began_at_s = process.heard_at_s
            return
        if kind == "progress":
            yield value
            return
        process.task = _OVER
        yield Finished(task, value) if kind == "result" else Lost(task, value, code="WorkerError")

    def _end_slow(self) -> Iterator[Event[Any, Any]]:
        """Ends processes that take longer than they may. What one has said and nobody has heard yet counts first."""
        for process in self._busy():
            reason = _too_slow(process, self._limits, time.monotonic())
            if reason is not None and not process.pipe.poll():
                task = process.task
                self._end([process])
                yield Lost(task, reason, code=TOO_SLOW)

    def _ease(self, alone: deque[Any]) -> Iterator[Event[Any, Any]]:
        """Ends the hungriest process when all together hold too much."""
        if self._max_bytes is None:
            return
        held = {process: process.held_bytes for process in self._pool}
        if sum(held.values()) <= self._max_bytes:
            return
        idle = [process for process in self._pool if process.task is _OVER]
        if idle:  # these hold models that nobody needs now
            self._end(idle)
            return
        hungriest = max(held, key=lambda process: held[process])
        task, was_alone = hungriest.task, hungriest.is_alone or len(self._pool) == 1
        self._end([hungriest])
        if not was_alone:
            alone.append(task)
            return
        yield Lost(
            task,
            f"it needs more than the {self._max_bytes // _MEGABYTE} MB that are allowed, even when nothing else runs; "
            "give --memory more",
            code="MemoryLimit",
        )

    def _end(self, processes: list[_Process]) -> None:
        for process in processes:
            process.end()
            self._pool.remove(process)


TOO_SLOW = "TimeLimit"
"""The code of a task that is lost because it took too long."""


def _too_slow(process: _Process, limits: TimeLimits, now_s: float) -> str | None:
    """Why a process is to be ended, for people; None while it keeps to the limits."""
    if limits.item_s is not None and now_s - process.began_at_s > limits.item_s:
        return (
            f"it took longer than the {limits.item_s:g} s that --item-timeout allows, and its worker was ended; look "
            "at the file, or allow more"
        )
    if limits.stall_s is not None and now_s - process.heard_at_s > limits.stall_s:
        return (
            f"nothing was heard of it for {limits.stall_s:g} s, and its worker was ended: its decoder hangs, perhaps; "
            "look at the file, or allow more with --stall-timeout"
        )
    return None


_OVER: Any = object()
"""Marks the end of the tasks, and a process without one."""


class _Process:
    """One worker process, seen from the parent."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), name="faceguard-batch", daemon=True)
        with _one_thread_for_libraries():
            self._process.start()
        theirs.close()
        self.task: Any = _OVER
        self.is_alone = False
        self.began_at_s = self.heard_at_s = time.monotonic()

    @property
    def is_alive(self) -> bool:
        return self._process.is_alive()

    @property
    def fate(self) -> str:
        """How it ended, for people."""
        code = self._process.exitcode
        if code is not None and code < 0:
            name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
            return f"{name}; out of memory, perhaps" if name == "SIGKILL" else name
        return f"exit code {code}"

    @property
    def held_bytes(self) -> int:
        try:
            return int(psutil.Process(self._process.pid).memory_info().rss)
        except psutil.Error:
            return 0

    def begin(self, work: Work[Any, Any], task: TaskT, *, is_alone: bool = False) -> Started[TaskT]:
        self.task, self.is_alone = task, is_alone
        self.began_at_s = self.heard_at_s = time.monotonic()
        with contextlib.suppress(OSError):  # it has just died: hearing of it tells
            self.pipe.send((work, task))
        return Started(task, str(self._process.pid))

    def end(self) -> None:
        """Kills it and what it has started. It writes to staging folders only, and puts things in place in one step."""
        begun = _children(self._process.pid) if self.task is not _OVER else []
        self.pipe.close()
        self._process.join(timeout=0 if self.task is not _OVER else _END_S)
        if self._process.is_alive():
            self._process.kill()
        self._process.join()
        for child in begun:
            with contextlib.suppress(psutil.Error):
                child.kill()


def _children(pid: int | None) -> list[psutil.Process]:
    """Processes that a worker has started: decoders of untrusted files."""
    try:
        return list(psutil.Process(pid).children(recursive=True))
    except psutil.Error:
        return []


@contextlib.contextmanager
def _one_thread_for_libraries() -> Iterator[None]:
    """Libraries that would start a thread for each core read this when they load, in the child."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = before


# ------------------------------------------------------------------------------------------ in the other process


def _serve(pipe: Connection[Any, Any]) -> None:
    """Does tasks until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    report = _throttled(lambda progress: pipe.send(("progress", progress)))
    while True:
        try:
            work, task = pipe.recv()
        except (EOFError, OSError):
            return
        pipe.send(("began", None))
        try:
            answer = ("result", work(task, report))
        except Exception as error:  # noqa: BLE001  told to the parent, which goes on
            answer = ("raised", f"unexpected {type(error).__name__}: {error}")
        pipe.send(answer)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _throttled(send: Callable[[Progress], None]) -> Report:
    """Sends the first report of each item and stage, and then one each quarter of a second."""
    last: tuple[str, str, float] = ("", "", 0.0)

    def report(progress: Progress) -> None:
        nonlocal last
        now = time.monotonic()
        if (progress.item, progress.stage) != last[:2] or now - last[2] >= _REPORT_S:
            last = (progress.item, progress.stage, now)
            send(progress)

    return report
