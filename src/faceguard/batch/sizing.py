"""How many workers, and how many cores for the inference of each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psutil

from faceguard.errors import ConfigurationError

WORKER_BYTES = 800_000_000
"""What a worker is counted with: models, runtime and a picture of 12 megapixels or a video of 1080p (docs/scale.md)."""
_PARENT_BYTES = 150_000_000
_SHARE = 0.8
"""Of the free memory, when nobody says how much: the rest is for files being cached and for others."""
_CGROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Sizing:
    """`workers` processes with `threads` cores for each inference; together they may hold `max_bytes`."""

    workers: int
    threads: int
    max_bytes: int


def plan_sizing(*, workers: int | None, memory_bytes: int | None, cores: int, free_bytes: int) -> Sizing:
    """As many workers as cores, or as memory holds; cores that are left over go to the inference of each.

    `memory_bytes` is the most that the whole run may hold, by default a share of `free_bytes`. Raises
    ConfigurationError when it isn't enough for one worker, or for the `workers` that are asked for.
    """
    allowed = int(free_bytes * _SHARE) if memory_bytes is None else memory_bytes
    room = max(0, allowed - _PARENT_BYTES) // WORKER_BYTES
    least = max(1, workers or 1)
    if memory_bytes is not None and room < least:
        needed = (_PARENT_BYTES + least * WORKER_BYTES) // 1_000_000
        raise ConfigurationError(
            f"{least} worker{'s' if least > 1 else ''} need about {needed} MB; give --memory more or lower --workers",
            key="memory",
        )
    chosen = workers or max(1, min(cores, room))
    return Sizing(chosen, max(1, cores // chosen), max(allowed - _PARENT_BYTES, WORKER_BYTES))


def free_bytes(cgroup: Path = _CGROUP) -> int:
    """Memory that can be had now: of the machine, or of the container if that has less.

    What a container holds counts files that are cached too; those that nobody has used lately are given up when memory
    is asked for (Linux's cgroup-v2.rst, memory.stat).
    """
    free = int(psutil.virtual_memory().available)
    try:
        limit = (cgroup / "memory.max").read_text().strip()
        used = int((cgroup / "memory.current").read_text())
        stat = dict(line.split() for line in (cgroup / "memory.stat").read_text().splitlines())
        cached = int(stat.get("inactive_file", 0))
    except (OSError, ValueError):
        return free
    return free if limit == "max" else min(free, max(0, int(limit) - used + cached))
