"""Badges for tests, and photos in which people wear them: a real face, cards drawn in perspective, blur and noise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import segno
import skimage.data
from numpy.typing import NDArray

from faceguard.opencv import cv2
from faceguard.policy.badge import Badge, BadgeKind, BadgeList, BadgeRules, new_badge, token_of
from faceguard.signing import SigningKey, TrustedKeys
from faceguard.types import Box

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
EVENT = "sports-day-2026"
KEY = SigningKey.generate()
KEYS = TrustedKeys((KEY.public(),))

ASTRONAUT_FACE = Box(177.0, 57.0, 271.0, 181.0)
"""Where the face is in `skimage.data.astronaut()` (NASA, public domain), in its own pixels."""


def issue(
    subjects: dict[str, BadgeKind], *, age: int | None = None, event: str = EVENT, hours: float = 9
) -> tuple[BadgeList, dict[str, Badge]]:
    """A list with a badge for each of `subjects`, from `NOW` on, and the badges by their wearers."""
    badges = BadgeList.new(event, moment=NOW)
    for subject, kind in subjects.items():
        badge = new_badge(
            badges,
            subject,
            kind,
            valid_from=NOW,
            valid_to=NOW + timedelta(hours=hours),
            moment=NOW,
            declared_age=age,
        )
        badges = badges.changed([badge], moment=NOW)
    return badges, {badge.subject: badge for badge in badges.badges}


def rules(
    badges: BadgeList,
    *,
    captured_at: datetime = NOW + timedelta(hours=1),
    moment: datetime = NOW + timedelta(hours=2),
    keys: TrustedKeys = KEYS,
) -> BadgeRules:
    return BadgeRules(badges, keys, moment, captured_at, timedelta(hours=24))


def card_of(badge: Badge, *, event: str = EVENT, key: SigningKey = KEY) -> NDArray[np.uint8]:
    """The printed code with its quiet zone, `(S, S)` uint8, four modules or one cell of white around it."""
    return qr_card(token_of(badge, event, key)) if badge.marker is None else marker_card(badge.marker)


def qr_card(text: str) -> NDArray[np.uint8]:
    code = segno.make(text, error="m", micro=False, boost_error=False)
    modules = np.array([[0 if dark else 255 for dark in row] for row in code.matrix_iter(border=4)], np.uint8)
    return np.kron(modules, np.ones((12, 12), np.uint8))


def marker_card(number: int) -> NDArray[np.uint8]:
    family = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_APRILTAG_36h11)
    marker = cv2.aruco.generateImageMarker(family, number, 480)
    return np.asarray(cv2.copyMakeBorder(marker, 60, 60, 60, 60, cv2.BORDER_CONSTANT, value=255), np.uint8)


def astronaut(scale: float = 2.0) -> tuple[NDArray[np.uint8], Box]:
    """The photo, `(H, W, 3)` BGR uint8, and where its face is."""
    photo = np.ascontiguousarray(skimage.data.astronaut()[..., ::-1])
    box = ASTRONAUT_FACE
    method = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    scaled = np.asarray(cv2.resize(photo, None, fx=scale, fy=scale, interpolation=method), np.uint8)
    return scaled, Box(box.x0 * scale, box.y0 * scale, box.x1 * scale, box.y1 * scale)


def wear(
    photo: NDArray[np.uint8],
    card: NDArray[np.uint8],
    centre: tuple[float, float],
    card_px: float,
    *,
    degrees: float = 0.0,
    turned: float = 0.0,
    blur_px: float = 0.0,
    noise: float = 3.0,
) -> NDArray[np.uint8]:
    """A copy of `photo` with `card` in it, `card_px` wide, turned in the plane and (`turned`, 0 to 1) out of it.

    Drawn four times as fine and then averaged, as a lens does it; printed black is not black, nor paper white.
    """
    side, half, fine = card.shape[0], card_px / 2, 4
    corners = np.array([[-half, -half], [half, -half], [half, half], [-half, half]], np.float32)
    angle = np.deg2rad(degrees)
    spin = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]], np.float32)
    corners = corners @ spin.T
    corners[:, 0] *= 1 - 0.4 * turned
    corners[1:3, 1] *= 1 - 0.3 * turned
    corners += np.array(centre, np.float32)
    source = np.array([[0, 0], [side, 0], [side, side], [0, side]], np.float32)
    x0, y0 = (max(0, int(low) - 2) for low in corners.min(axis=0))
    x1, y1 = (min(end, int(high) + 3) for high, end in zip(corners.max(axis=0), photo.shape[1::-1], strict=True))
    to_window = np.array([[fine, 0, -fine * x0], [0, fine, -fine * y0], [0, 0, 1.0]])
    placed = to_window @ cv2.getPerspectiveTransform(source, corners.astype(np.float32))
    size = ((x1 - x0) * fine, (y1 - y0) * fine)
    drawn = cv2.warpPerspective(card, placed, size, flags=cv2.INTER_LINEAR)
    mask = cv2.warpPerspective(np.full_like(card, 255), placed, size)
    drawn = cv2.resize(drawn, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA).astype(np.float32) * 0.8 + 15
    share = cv2.resize(mask, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA)[..., None].astype(np.float32) / 255
    worn = photo.astype(np.float32)
    worn[y0:y1, x0:x1] = worn[y0:y1, x0:x1] * (1 - share) + drawn[..., None] * share
    if blur_px:
        worn = cv2.GaussianBlur(worn, (0, 0), blur_px)
    worn = worn + np.random.default_rng(3).normal(0, noise, worn.shape)
    return np.clip(worn, 0, 255).astype(np.uint8)


def below(face: Box, *, aside: float = 0.0, heights: float = 1.2) -> tuple[float, float]:
    """A place on the chest: so many widths of the face aside, and heights below the chin."""
    return face.centre[0] + aside * face.width, face.y1 + heights * face.height
