"""Small numbers of faces are not told, and can't be worked out from what is told (FG-A08)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from faceguard.batch.cells import LEAST_CELL, face_cells, suppress

COUNTS = st.dictionaries(st.sampled_from(["adult_clear", "minor_possible", "minor", "unknown"]), st.integers(0, 60))


@given(COUNTS)
def test_no_cell_under_the_least_is_told_and_never_one_alone_is_hidden(cells: dict[str, int]) -> None:
    shown = suppress(cells)
    hidden = [name for name, count in shown.items() if count is None]
    assert not [name for name, count in shown.items() if count is not None and 0 < count < LEAST_CELL]
    assert len(hidden) != 1 or sum(cells.values()) < LEAST_CELL
    assert all(shown[name] == cells[name] for name in cells if name not in hidden)


def test_the_next_smallest_goes_with_a_single_small_one() -> None:
    shown = suppress({"adult_clear": 50, "minor_possible": 3, "unknown": 20, "minor": 0})
    assert shown == {"adult_clear": 50, "minor_possible": None, "unknown": None, "minor": 0}


def test_what_a_suppressed_age_decides_is_suppressed_too() -> None:
    cells = face_cells(
        {"keep": 50, "redact": 3},
        {"adult_clear": 50, "minor_possible": 3},
        {"adult_in_place": 50, "minor_possible": 3, "policy_always": 12},
    )
    assert cells.total == 53
    assert set(cells.effects.values()) == {None}
    assert cells.ages == {"adult_clear": None, "minor_possible": None}
    assert cells.reasons == {"adult_in_place": None, "minor_possible": None, "policy_always": 12}


def test_with_fewer_faces_than_the_least_cell_not_even_their_number_is_told() -> None:
    assert face_cells({"keep": 0, "redact": 4}, {"unknown": 4}, {"age_unknown": 4}).total is None


def test_enough_faces_of_each_kind_are_told() -> None:
    cells = face_cells({"keep": 30, "redact": 25}, {"adult_clear": 30, "unknown": 25}, {"age_unknown": 25})
    assert cells.effects == {"keep": 30, "redact": 25}
    assert cells.ages == {"adult_clear": 30, "unknown": 25}
    assert cells.reasons == {"age_unknown": 25}
