"""Times that mean something on a shared machine: CPU time, many repeats, the median, and how far repeats scatter."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

_NORMAL_MAD = 1.4826
"""Standard deviation over median absolute deviation, for a normal distribution."""


@dataclass(frozen=True, slots=True)
class Timing:
    """`cpu_ms`: time of all threads of the process; `wall_ms`: time on the clock; each the median, and its noise."""

    cpu_ms: float
    cpu_noise_ms: float
    wall_ms: float
    wall_noise_ms: float


def measure(action: Callable[[], object], *, min_repeats: int = 7, min_seconds: float = 0.5) -> Timing:
    """Runs `action` once to warm up, then until both minima are reached (at most 200 times)."""
    action()
    cpu: list[float] = []
    wall: list[float] = []
    while len(cpu) < min_repeats or (sum(wall) < min_seconds and len(cpu) < 200):
        cpu_start, wall_start = time.process_time(), time.perf_counter()
        action()
        cpu.append(time.process_time() - cpu_start)
        wall.append(time.perf_counter() - wall_start)
    return Timing(*centre_ms(cpu), *centre_ms(wall))


def centre_ms(seconds: Sequence[float]) -> tuple[float, float]:
    """Median and its 95 % noise, in ms."""
    return centre([second * 1e3 for second in seconds])


def centre(repeats: Sequence[float]) -> tuple[float, float]:
    """Median and its 95 % noise, in the unit of `repeats`."""
    values = np.array(repeats)
    median = float(np.median(values))
    spread = _NORMAL_MAD * float(np.median(np.abs(values - median)))
    # The median of n normal values scatters 1.25 times as much as their mean.
    return median, 1.96 * 1.25 * spread / len(values) ** 0.5
