"""Counts by interval and age band, and what of them may be shown (FG-S02).

The table has a total for each interval, for each band, and of all. A number under `min_cell` is suppressed, and so is
as much of the others as it takes that nobody can get it back from what is shown. What is promised of each suppressed
number `x` under `min_cell`: some table with `x + min_cell` or more in its place agrees with all that is shown, so that
not even "it is under `min_cell`" can be told. It is kept by closed cycles of suppressed cells (Cox 1980, "Suppression
methodology and statistical disclosure control", JASA 75): what one cell gains, others of its row and column lose.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Mask = NDArray[np.bool_]
Cell = tuple[int, int]
_UNLIMITED = 2**40


def with_totals(cells: Counts) -> Counts:
    """`(R, C)` counts as `(R + 1, C + 1)` with the totals of rows, columns and of all at the end."""
    rows = np.vstack([cells, cells.sum(axis=0, keepdims=True)])
    return np.hstack([rows, rows.sum(axis=1, keepdims=True)])


@dataclass(frozen=True, slots=True)
class _Cycle:
    """Four cells of two rows and two columns, and what is added to each when the first gains one."""

    cells: tuple[Cell, Cell, Cell, Cell]
    signs: tuple[int, int, int, int]

    def capacity(self, table: Counts) -> int:
        """How much the first cell can gain before another falls below zero."""
        falling = [int(table[cell]) for cell, sign in zip(self.cells[1:], self.signs[1:], strict=True) if sign < 0]
        return min(falling, default=_UNLIMITED)

    def shift(self, table: Counts, by: int) -> None:
        for cell, sign in zip(self.cells, self.signs, strict=True):
            table[cell] += sign * by


def suppressed(table: Counts, min_cell: int) -> Mask:
    """Which numbers of `table`, as `with_totals` makes it, may not be shown: `(R + 1, C + 1)` bool.

    1. All under `min_cell`, zero too.
    2. For each of them, the cycles by which it could be `min_cell` higher: those hidden already come first, then those
       that hide least.
    """
    hidden = table < min_cell  # 1
    for row, column in np.argwhere(hidden).tolist():  # 2
        _protect((row, column), table, hidden, min_cell)
    return hidden


def _protect(cell: Cell, table: Counts, hidden: Mask, needed: int) -> None:
    """Hides cells until the one at `cell` could be `needed` higher. Totals can always rise, so that it ends."""
    other = table.copy()
    while needed > 0:
        cycles = [cycle for cycle in _cycles(cell, table.shape) if cycle.capacity(other) > 0]
        best = min(cycles, key=lambda cycle: _cost(cycle, table, hidden, other, needed))
        gain = min(needed, best.capacity(other))
        best.shift(other, gain)
        for place in best.cells:
            hidden[place] = True
        needed -= gain


def _cycles(cell: Cell, shape: tuple[int, ...]) -> Iterator[_Cycle]:
    """Every cycle through `cell`. In a row or column the total is what the others add up to, so it moves with them."""
    (row, column), (rows, columns) = cell, shape
    for to_row in range(rows):
        for to_column in range(columns):
            if to_row == row or to_column == column:
                continue
            along = 1 if (column == columns - 1) != (to_column == columns - 1) else -1
            down = 1 if (row == rows - 1) != (to_row == rows - 1) else -1
            cells = (cell, (row, to_column), (to_row, column), (to_row, to_column))
            yield _Cycle(cells, (1, along, down, along * down))


def _cost(cycle: _Cycle, table: Counts, hidden: Mask, other: Counts, needed: int) -> tuple[int, int, int, int]:
    """What hiding a cycle loses: totals first, then cells, then people; of equals the one that gives most."""
    new = [cell for cell in cycle.cells if not hidden[cell]]
    last = (table.shape[0] - 1, table.shape[1] - 1)
    totals = sum((row == last[0]) + (column == last[1]) for row, column in new)
    people = sum(int(table[cell]) for cell in new)
    return totals, len(new), people, -min(needed, cycle.capacity(other))
