"""FG-S02: what is under the minimum isn't shown, and can't be got from what is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linprog

from faceguard.statistics.table import Counts, Mask, suppressed, with_totals

TABLES = arrays(
    np.int64,
    st.tuples(st.integers(1, 5), st.integers(1, 6)),
    elements=st.one_of(st.just(0), st.integers(0, 12), st.integers(8, 60)),
)


def largest(table: Counts, hidden: Mask, cell: tuple[int, int]) -> float:
    """What `cell` is at most, to an attacker who knows what is shown and that totals add up (a linear program)."""
    rows, columns = table.shape
    sums = []
    for i in range(rows):
        line = np.zeros((rows, columns))
        line[i], line[i, -1] = 1, -1
        sums.append(line.ravel())
    for j in range(columns):
        line = np.zeros((rows, columns))
        line[:, j], line[-1, j] = 1, -1
        sums.append(line.ravel())
    bounds = [(0, None) if h else (n, n) for n, h in zip(table.ravel(), hidden.ravel(), strict=True)]
    goal = np.zeros((rows, columns))
    goal[cell] = -1
    answer = linprog(goal.ravel(), A_eq=np.array(sums), b_eq=np.zeros(len(sums)), bounds=bounds)
    return float("inf") if answer.status == 3 else -float(answer.fun)


@settings(max_examples=60, deadline=None)
@given(TABLES, st.sampled_from([2, 5, 10]))
def test_nobody_can_tell_that_a_suppressed_number_is_small(cells: Counts, min_cell: int) -> None:
    """FG-S02: complementary suppression holds against an attacker who solves for the cells."""
    table = with_totals(cells)
    hidden = suppressed(table, min_cell)
    small = np.argwhere(table < min_cell).tolist()
    assert all(hidden[tuple(cell)] for cell in small)
    for cell in small[:6]:
        row, column = cell
        assert largest(table, hidden, (row, column)) >= table[row, column] + min_cell - 1e-6


def test_the_attack_works_when_only_the_small_cells_are_left_out() -> None:
    """The test above could not fail if the linear program found nothing."""
    table = with_totals(np.array([[3, 40], [30, 50]]))
    assert largest(table, table < 10, (0, 0)) == pytest.approx(3)


def test_a_table_without_small_numbers_is_shown_whole() -> None:
    assert not suppressed(with_totals(np.array([[12, 30], [15, 11]])), 10).any()


def test_several_small_numbers_hide_behind_their_total() -> None:
    """Nothing more is hidden than needs be: 8 + 9 + 7 people may be told as 24."""
    hidden = suppressed(with_totals(np.array([[8, 9, 7]])), 10)
    assert not hidden[:, -1].any()
    assert hidden[:, :-1].all()


def test_zero_is_small() -> None:
    """That nobody of an age was there is told of nobody."""
    assert suppressed(with_totals(np.array([[0, 50, 60], [40, 30, 20]])), 10)[0, 0]
