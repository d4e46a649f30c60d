"""Work for engines, and detectors that die: a module of its own, so that worker processes can import it."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from green_faces import GreenSquares, Image

from faceguard.batch.engine import Report
from faceguard.batch.task import Progress
from faceguard.types import Detection


@dataclass(frozen=True)
class Note:
    """Writes a line into `folder` when it is begun; the first worker that takes it dies if `dies`."""

    number: int
    folder: Path
    dies: bool = False
    takes_s: float = 0.02


def write_note(task: Note, report: Report) -> tuple[int, int]:
    report(Progress(str(task.number), "write", 0.5, 1))
    begun = task.folder / f"{task.number}-{os.getpid()}"
    begun.touch()
    if task.dies and len(list(task.folder.glob(f"{task.number}-*"))) == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(task.takes_s)
    return task.number, os.getpid()


def raise_error(task: Note, report: Report) -> None:
    raise LookupError(f"nothing about {task.number}")


@dataclass(frozen=True)
class DyingSquares(GreenSquares):
    """As `GreenSquares`; the first process that has made `looks` looks is killed, as by a lack of memory."""

    marker: Path = Path()
    looks: int = 5

    def detect(self, image: Image) -> tuple[Detection, ...]:
        global _looks
        _looks += 1
        if _looks >= self.looks and not self.marker.exists():
            self.marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().detect(image)


@dataclass(frozen=True)
class DeadlySquares(GreenSquares):
    """Kills every process that looks."""

    def detect(self, image: Image) -> tuple[Detection, ...]:
        os.kill(os.getpid(), signal.SIGKILL)
        return ()


_looks = 0
