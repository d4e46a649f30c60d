"""How long a plan takes: from what the manifest measured, else from a few items that are decided on and not written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from faceguard.batch.manifest import Manifest, Row
from faceguard.batch.task import Kind, State


@dataclass(frozen=True, slots=True)
class Rate:
    """Seconds of a worker for each byte of input, by kind; what was never measured is missing."""

    seconds_per_byte: dict[Kind, float]
    measured: int

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Rate:
        """From the items that were done at some time."""
        seconds, sizes, measured = dict.fromkeys(Kind, 0.0), dict.fromkeys(Kind, 0), 0
        for row in rows:
            if row.output_sha256 is not None and row.wall_s > 0:
                seconds[row.kind] += row.wall_s
                sizes[row.kind] += row.size_bytes
                measured += 1
        return cls({kind: seconds[kind] / sizes[kind] for kind in Kind if sizes[kind]}, measured)


@dataclass(frozen=True, slots=True)
class Estimate:
    """How long the plan takes all workers together; None when nothing of a kind was measured yet."""

    seconds: float | None
    measured: int


def estimate(manifest: Manifest, rate: Rate, workers: int) -> Estimate:
    """For the items that are planned."""
    total = longest = 0.0
    for row in manifest.in_state(State.PLANNED):
        if row.kind not in rate.seconds_per_byte:
            return Estimate(None, rate.measured)
        seconds = row.size_bytes * rate.seconds_per_byte[row.kind]
        total, longest = total + seconds, max(longest, seconds)
    return Estimate(max(total / workers, longest), rate.measured)
