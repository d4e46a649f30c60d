"""FG-C14: a badge belongs to the one face that it hangs below, or to nobody."""

from __future__ import annotations

import pytest

from faceguard.badges.placing import Placement, place_badge
from faceguard.types import Box

FACE = Box(100, 100, 200, 230)


def badge_at(aside: float, below: float, side: float = 50) -> Box:
    """A badge with its middle so many widths aside and heights below the chin of `FACE`."""
    x, y = FACE.centre[0] + aside * FACE.width, FACE.y1 + below * FACE.height
    return Box(x - side / 2, y - side / 2, x + side / 2, y + side / 2)


@pytest.mark.parametrize(("aside", "below"), [(0, 0.3), (0, 1.2), (0.7, 1.5), (-0.7, 2.5)])
def test_on_the_chest_it_is_the_wearer_s(aside: float, below: float) -> None:
    assert place_badge(badge_at(aside, below), 50, [FACE]) == Placement(0, (0,))


@pytest.mark.parametrize(("aside", "below"), [(0, -0.3), (1.1, 1.0), (-1.1, 1.0), (0, 2.9)])
def test_held_up_or_aside_it_is_nobody_s_though_it_may_be_the_face_s(aside: float, below: float) -> None:
    assert place_badge(badge_at(aside, below), 50, [FACE]) == Placement(None, (0,))


@pytest.mark.parametrize(("aside", "below"), [(0, -1.0), (1.6, 1.0), (0, 3.6)])
def test_far_away_it_has_nothing_to_do_with_the_face(aside: float, below: float) -> None:
    assert place_badge(badge_at(aside, below), 50, [FACE]) == Placement(None, ())


@pytest.mark.parametrize("side", [10, 140])
def test_of_the_wrong_size_it_is_on_another_plane_than_the_face(side: float) -> None:
    assert place_badge(badge_at(0, 1.2, side), side, [FACE]).face is None


def test_between_two_faces_it_is_nobody_s() -> None:
    beside = Box(300, 100, 400, 230)
    between = Box(225, 350, 275, 400)
    assert place_badge(between, 50, [FACE, beside]) == Placement(None, (0, 1))


def test_below_a_face_behind_another_it_is_nobody_s() -> None:
    """A head in the front row hides the chest of the one behind it."""
    behind = Box(110, -40, 190, 70)
    assert place_badge(badge_at(0, 0.5), 50, [FACE, behind]).face is None


def test_side_by_side_each_has_her_own() -> None:
    beside = Box(330, 110, 430, 240)
    assert place_badge(badge_at(0, 1.2), 50, [FACE, beside]).face == 0
