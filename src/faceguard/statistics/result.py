"""What leaves: a table of counts as CSV or JSON. This is the only shape in which anything does (FG-S02)."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from faceguard.statistics.bands import AgeBands, Interval
from faceguard.statistics.noise import MECHANISM
from faceguard.statistics.table import Counts, Mask, suppressed, with_totals
from faceguard.statistics.terms import StatisticsMode, StatisticsTerms

ALL = "all"
SUPPRESSED = ""
"""How CSV writes a number that isn't shown."""

READINESS_LABEL = "readiness trial: the law that allows this is not in force; for the operator alone, not to be shared"
UNIT = "one track of a video or one face of a photo; the same person may be counted more than once"


@dataclass(frozen=True, slots=True, eq=False)
class StatisticsResult:
    """A table that may be shown. `table` has the totals; where `hidden` is true its number is never read."""

    terms: StatisticsTerms
    intervals: tuple[Interval, ...]
    bands: AgeBands
    length: timedelta
    table: Counts
    hidden: Mask
    epsilon: float | None = None

    @classmethod
    def of(
        cls,
        terms: StatisticsTerms,
        intervals: tuple[Interval, ...],
        bands: AgeBands,
        length: timedelta,
        cells: Counts,
        epsilon: float | None,
    ) -> StatisticsResult:
        """Suppresses what may not be shown of `cells`, `(intervals, bands)`, and forgets it."""
        table = with_totals(cells)
        hidden = suppressed(table, terms.min_cell)
        return cls(terms, intervals, bands, length, np.where(hidden, 0, table), hidden, epsilon)

    @property
    def suppressed_count(self) -> int:
        return int(self.hidden.sum())

    def rows(self) -> list[tuple[str, str, int | None]]:
        """`(interval, band, count)`, totals under the name `all`; None where suppressed."""
        starts = [*(interval.start for interval in self.intervals), ALL]
        bands = [*self.bands.names, ALL]
        return [
            (start, band, None if self.hidden[i, j] else int(self.table[i, j]))
            for i, start in enumerate(starts)
            for j, band in enumerate(bands)
        ]

    def to_csv(self) -> bytes:
        """One line for each number, `mode` in each so that no part of the file loses the label."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(
            ("interval_start", "interval_minutes", "age_band", "count", "suppressed_below", "epsilon", "mode")
        )
        minutes = self.length // timedelta(minutes=1)
        epsilon = "" if self.epsilon is None else f"{self.epsilon:g}"
        for start, band, count in self.rows():
            shown = SUPPRESSED if count is None else count
            writer.writerow((start, minutes, band, shown, self.terms.min_cell, epsilon, self.terms.mode))
        return out.getvalue().encode()

    def to_json(self) -> bytes:
        return (json.dumps(self.document(), indent=2, ensure_ascii=False) + "\n").encode()

    def document(self) -> dict[str, Any]:
        """The JSON value: the terms, then the numbers; null where suppressed."""
        terms, bound = self.terms, self.terms.bound
        policy = terms.policy
        return {
            "mode": str(terms.mode),
            "label": READINESS_LABEL if terms.mode is StatisticsMode.READINESS else None,
            "policy": {"id": policy.policy_id, "version": policy.version, "sha256": policy.sha256},
            "notice": {"id": bound.ref.id, "version": bound.ref.version, "sha256": bound.ref.sha256},
            "purpose": bound.purpose,
            "announcement": terms.undertakings.announcement_url,
            "agreement": terms.undertakings.agreement_id,
            "no_redistribution": terms.undertakings.no_redistribution,
            "unit": UNIT,
            "age": "estimated, in bands",
            "interval_minutes": self.length // timedelta(minutes=1),
            "suppressed_below": terms.min_cell,
            "privacy": None
            if self.epsilon is None
            else {"epsilon": self.epsilon, "mechanism": MECHANISM, "protects": UNIT},
            "counts": [
                {"interval_start": start, "age_band": band, "count": count} for start, band, count in self.rows()
            ],
        }
