"""Coarse age bands and time intervals: nothing finer leaves (FG-A08, FG-S02)."""

from __future__ import annotations

import bisect
import itertools
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from faceguard.errors import ConfigurationError
from faceguard.types import AgeAnswer, AgeEstimate

MIN_BAND_YEARS = 10
"""Narrower bands would say more than the age models know: their error is several years (docs/age.md)."""

INTERVALS = tuple(timedelta(minutes=m) for m in (5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 480, 720, 1440))
"""The lengths that divide a day, so that intervals start on the clock; none shorter, or a time would name a person."""

UNKNOWN_BAND = "unknown"
UNKNOWN_TIME = "unknown"


@dataclass(frozen=True, slots=True)
class AgeBands:
    """Bands of estimated age, split at `edges` (years, rising), and one for faces without an estimate."""

    edges: tuple[int, ...] = (16, 30, 45, 60)

    def __post_init__(self) -> None:
        bounds = (0, *self.edges)
        if any(high - low < MIN_BAND_YEARS for low, high in itertools.pairwise(bounds)):
            raise ConfigurationError(
                f"age bands split at {', '.join(map(str, self.edges))} are too narrow; each needs "
                f"{MIN_BAND_YEARS} years at least",
                key="bands",
            )

    @property
    def names(self) -> tuple[str, ...]:
        """`0-15`, `16-29`, ..., `60+`, `unknown`."""
        if not self.edges:
            return "0+", UNKNOWN_BAND
        bounds = (0, *self.edges)
        closed = [f"{low}-{high - 1}" for low, high in itertools.pairwise(bounds)]
        return (*closed, f"{self.edges[-1]}+", UNKNOWN_BAND)

    def index(self, age: AgeAnswer) -> int:
        """The place of an answer in `names`."""
        if isinstance(age, AgeEstimate):
            return bisect.bisect_right(self.edges, age.years)
        return len(self.edges) + 1


def parse_bands(text: str) -> AgeBands:
    """`16,30,45,60`: the ages at which a new band begins. Raises ConfigurationError."""
    try:
        return AgeBands(tuple(int(part) for part in text.split(",")) if text.strip() else ())
    except ValueError as error:
        raise ConfigurationError(
            f"`{text}` names no age bands; write the ages at which one begins, like `16,30,45,60`", key="bands"
        ) from error


def parse_interval(text: str) -> timedelta:
    """`15m` or `1h`. Raises ConfigurationError unless it is one of `INTERVALS`."""
    match = re.fullmatch(r"(\d{1,4})(m|h)", text.strip())
    found = timedelta(minutes=int(match[1]) * (60 if match[2] == "h" else 1)) if match else None
    if found not in INTERVALS or found is None:
        known = ", ".join(f"{i // timedelta(minutes=1)}m" for i in INTERVALS)
        raise ConfigurationError(f"`{text}` is no interval; choose one of {known}", key="interval")
    return found


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """One interval by how it is written: its start in UTC, or as `+HH:MM` from the start of its video."""

    start: str

    @classmethod
    def at(cls, moment: datetime, length: timedelta) -> Interval:
        """The interval of the clock that `moment` falls in."""
        utc = moment.astimezone(UTC)
        midnight = utc.replace(hour=0, minute=0, second=0, microsecond=0)
        start = midnight + (utc - midnight) // length * length
        return cls(start.strftime("%Y-%m-%dT%H:%MZ"))

    @classmethod
    def after(cls, offset: timedelta, length: timedelta) -> Interval:
        """The interval of a medium's own time that `offset` falls in."""
        minutes = offset // length * length // timedelta(minutes=1)
        return cls(f"+{minutes // 60:02d}:{minutes % 60:02d}")

    @classmethod
    def unknown(cls) -> Interval:
        """Of a picture that doesn't say when it was taken."""
        return cls(UNKNOWN_TIME)
