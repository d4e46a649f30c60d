"""Small numbers of people are not told: cells under a least size are suppressed, and none can be worked out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

LEAST_CELL = 10
"""k. No law fixes it; ten is a usual choice of statistics offices for counts of people."""

_FROM_AGE = {"age_unknown", "minor_possible", "minor_declared", "no_guardian_consent", "adult_in_place"}
"""Reasons that say of a face what its age cell says."""


@dataclass(frozen=True, slots=True)
class FaceCells:
    """Counts of faces. None stands for a suppressed one."""

    total: int | None
    effects: Mapping[str, int | None]
    ages: Mapping[str, int | None]
    reasons: Mapping[str, int | None]


def suppress(cells: Mapping[str, int], least: int = LEAST_CELL) -> dict[str, int | None]:
    """`cells`, which sum to a total that is told, with None for those under `least`. A cell of nobody says zero.

    With one cell suppressed the total would give it away, so the next smallest goes too.
    """
    order = sorted((name for name in cells if cells[name]), key=lambda name: (cells[name], name))
    small = sum(cells[name] < least for name in order)
    hidden = set(order[: max(small, 2)]) if small else set()
    return {name: None if name in hidden else count for name, count in cells.items()}


def face_cells(
    effects: Mapping[str, int], ages: Mapping[str, int], reasons: Mapping[str, int], least: int = LEAST_CELL
) -> FaceCells:
    """The three tables of the same faces, such that none gives away what another suppresses.

    Who is kept and who is covered follows from ages in most policies; so when an age cell is suppressed, effects and
    the reasons that rest on ages are too. Under `least` faces in all, not even their number is told.
    """
    total = sum(ages.values())
    shown_ages = suppress(ages, least)
    shown_effects = dict.fromkeys(effects) if None in shown_ages.values() else suppress(effects, least)
    hides = None in shown_ages.values() or None in shown_effects.values()
    shown_reasons = {
        name: None if count < least or (hides and name in _FROM_AGE) else count for name, count in reasons.items()
    }
    hidden = [name for name, count in shown_reasons.items() if count is None]
    if len(hidden) == 1:  # most faces have one reason: the others and the total would nearly tell it
        for _, name in sorted((reasons[name], name) for name in reasons if name not in hidden)[:1]:
            shown_reasons[name] = None
    return FaceCells(total if total >= least or not total else None, shown_effects, shown_ages, shown_reasons)
