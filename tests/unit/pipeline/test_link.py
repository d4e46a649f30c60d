"""Linking by the operator's word: doubt gives nobody's consent, and takes nobody's objection (FG-C14)."""

from __future__ import annotations

from faceguard.pipeline.link import Link, Name, link_by_region
from faceguard.types import Box, SubjectRegion

LEFT = SubjectRegion("left", Box(0, 0, 100, 100))
RIGHT = SubjectRegion("right", Box(100, 0, 200, 100))

named = Name.of_region


def test_a_face_belongs_to_the_region_that_holds_its_centre() -> None:
    """FG-C14"""
    found = link_by_region([Box(10, 10, 50, 50), Box(120, 10, 160, 50)], [LEFT, RIGHT])
    assert found.links == (Link(named(LEFT)), Link(named(RIGHT)))
    assert found.empty == ()


def test_a_face_beside_every_region_is_nobody_s_and_the_regions_are_empty() -> None:
    found = link_by_region([Box(300, 300, 340, 340)], [LEFT, RIGHT])
    assert found.links == (Link(),)
    assert found.empty == (LEFT, RIGHT)


def test_two_faces_in_one_region_may_both_be_meant() -> None:
    """FG-C14: a consent must not slide to the wrong child, nor an objection be lost."""
    found = link_by_region([Box(10, 10, 50, 50), Box(40, 40, 80, 80)], [LEFT])
    assert found.links == (Link(None, (named(LEFT),)), Link(None, (named(LEFT),)))


def test_a_face_in_two_regions_may_be_either_s() -> None:
    both = SubjectRegion("both", Box(0, 0, 200, 100))
    assert link_by_region([Box(10, 10, 50, 50)], [LEFT, both]).links == (Link(None, (named(LEFT), named(both))),)


def test_a_region_that_only_touches_a_face_may_mean_it_and_takes_nothing_from_its_own_region() -> None:
    aside = SubjectRegion("aside", Box(40, 0, 60, 100))
    found = link_by_region([Box(10, 10, 50, 50)], [aside])
    assert found.links == (Link(None, (named(aside),)),)
    assert found.empty == (aside,)
    assert link_by_region([Box(10, 10, 50, 50)], [SubjectRegion("own", Box(0, 0, 35, 99)), aside]).links == (
        Link(named(SubjectRegion("own", Box(0, 0, 35, 99))), (named(aside),)),
    )


def test_a_centre_on_the_border_belongs_to_the_region_that_begins_there() -> None:
    found = link_by_region([Box(90, 10, 110, 50), Box(10, 10, 50, 50)], [LEFT, RIGHT])
    assert found.links == (Link(named(RIGHT)), Link(named(LEFT)))
