"""Badges are read from photos of people, at sizes and angles in which they are worn."""

from __future__ import annotations

import numpy as np
import pytest
from badge_scenes import EVENT, KEY, astronaut, below, card_of, issue, marker_card, wear

from faceguard.badges.reader import read_all_codes, read_codes
from faceguard.geometry import contains
from faceguard.policy.badge import BadgeKind, token_of

_, BADGES = issue({"child-17": BadgeKind.QR, "child-18": BadgeKind.ARUCO})
QR, ARUCO = BADGES["child-17"], BADGES["child-18"]
CONTENT = {QR.badge_id: (token_of(QR, EVENT, KEY), None), ARUCO.badge_id: (None, ARUCO.marker)}


def test_a_photo_without_badges_has_none() -> None:
    photo, face = astronaut()
    assert read_codes(photo, [face]) == ()


@pytest.mark.parametrize("badge", [QR, ARUCO], ids=["qr", "aruco"])
@pytest.mark.parametrize(
    "worn",
    [{}, {"degrees": 15}, {"degrees": -25}, {"turned": 0.4}, {"blur_px": 0.7}, {"noise": 10.0}, {"degrees": 180}],
    ids=["straight", "tilted", "hanging askew", "turned away", "blurred", "noisy", "upside down"],
)
def test_a_worn_badge_is_read(badge: object, worn: dict[str, float]) -> None:
    """FG-C14"""
    photo, face = astronaut()
    place = below(face, heights=0.9)
    chosen = QR if badge is QR else ARUCO
    (code,) = read_codes(wear(photo, card_of(chosen), place, 0.9 * face.width, **worn), [face])
    assert code.content == CONTENT[chosen.badge_id]
    assert contains(code.box, *place)


def test_a_marker_is_read_from_farther_than_a_qr_badge() -> None:
    photo, face = astronaut(0.5)
    place = below(face, heights=0.9)
    assert [code.marker for code in read_codes(wear(photo, card_of(ARUCO), place, 26), [face])] == [ARUCO.marker]
    assert not [code for code in read_codes(wear(photo, card_of(QR), place, 26), [face]) if code.text]


def test_two_copies_of_one_badge_are_two_codes_also_far_from_any_face() -> None:
    photo, face = astronaut()
    once = wear(photo, card_of(ARUCO), below(face, heights=0.9), 0.8 * face.width)
    twice = wear(once, card_of(ARUCO), (900, 200), 0.8 * face.width)
    assert [code.marker for code in read_codes(twice, [face])] == [ARUCO.marker, ARUCO.marker]


def test_a_marker_with_one_wrong_cell_is_not_read() -> None:
    """No bit is corrected: the next number is another child's."""
    card = marker_card(ARUCO.marker or 0)
    photo, face = astronaut()
    spoilt = card.copy()
    spoilt[120:180, 120:180] = 255 - spoilt[120:180, 120:180]
    assert read_codes(wear(photo, card, below(face), 150), [face]) != ()
    assert read_codes(wear(photo, spoilt, below(face), 150), [face]) == ()


def test_a_picture_of_badges_alone_is_read_without_faces() -> None:
    sheet = np.full((900, 900, 3), 255, np.uint8)
    sheet[100:300, 100:300] = np.kron(np.ones((1, 1, 1), np.uint8), marker_card(3)[::3, ::3, None])
    assert [code.marker for code in read_all_codes(sheet)] == [3]
