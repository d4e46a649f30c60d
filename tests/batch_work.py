"""Work for engines, in a module that worker processes can import: good, odd and deadly."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

from faceguard.batch.engine import Report
from faceguard.batch.task import Progress


def double(task: int, report: Report) -> int:
    report(Progress(str(task), "halfway", 0.5))
    return 2 * task


def die_at_three(task: int, report: Report) -> int:
    if task == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def raise_at_three(task: int, report: Report) -> int:
    if task == 3:
        raise KeyError("three")
    return task


def own_id(task: int, report: Report) -> int:
    time.sleep(0.1)
    return os.getpid()


def sleep_at_three(task: int, report: Report) -> int:
    """The third never ends, as when a decoder hangs; with a process of its own that never ends either."""
    if task == 3:
        sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(30)"])
        report(Progress(str(sleeper.pid), "asleep", None))
        time.sleep(30)
    return task


def tell_and_take_long(task: float, report: Report) -> float:
    """Takes `task` seconds, and tells of its progress ten times a second."""
    until = time.monotonic() + task
    while time.monotonic() < until:
        time.sleep(0.1)
        report(Progress("slow", "on its way", None))
    return task


def hold(task: int, report: Report) -> int:
    """Holds `task` megabytes for a while."""
    held = bytearray(task * 1_000_000)
    held[::4096] = b"x" * len(held[::4096])
    time.sleep(1.5)
    return len(held) // 1_000_000
