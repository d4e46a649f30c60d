"""Linking by the operator's word: doubt links nobody (FG-C14)."""

from __future__ import annotations

from faceguard.pipeline.link import link_by_region
from faceguard.types import Box, SubjectRegion

LEFT = SubjectRegion("left", Box(0, 0, 100, 100))
RIGHT = SubjectRegion("right", Box(100, 0, 200, 100))


def test_a_face_belongs_to_the_region_that_holds_its_centre() -> None:
    """FG-C14"""
    assert link_by_region([Box(10, 10, 50, 50), Box(120, 10, 160, 50)], [LEFT, RIGHT]) == (LEFT, RIGHT)


def test_a_face_beside_every_region_is_nobody_s() -> None:
    assert link_by_region([Box(300, 300, 340, 340)], [LEFT, RIGHT]) == (None,)


def test_two_faces_in_one_region_are_both_nobody_s() -> None:
    """FG-C14: a consent must not slide to the wrong child."""
    assert link_by_region([Box(10, 10, 50, 50), Box(40, 40, 80, 80)], [LEFT]) == (None, None)


def test_a_face_in_two_regions_is_nobody_s() -> None:
    both = SubjectRegion("both", Box(0, 0, 200, 100))
    assert link_by_region([Box(10, 10, 50, 50)], [LEFT, both]) == (None,)


def test_a_centre_on_the_border_belongs_to_the_region_that_begins_there() -> None:
    assert link_by_region([Box(90, 10, 110, 50)], [LEFT, RIGHT]) == (RIGHT,)
