"""Boxes, status and reasons drawn on a copy whose faces are already redacted: for seeing what was decided, and why."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceguard.geometry import pixel_slice
from faceguard.opencv import cv2
from faceguard.types import Box, Decision, Effect, FaceResult

KEPT_BGR = (115, 158, 0)
REDACTED_BGR = (0, 94, 213)
"""Bluish green and vermillion of Okabe and Ito's palette, which people with colour-blind eyes tell apart."""

FONT = cv2.FONT_HERSHEY_SIMPLEX


def draw_preview(redacted: NDArray[np.uint8], faces: Sequence[FaceResult]) -> NDArray[np.uint8]:
    """A new picture `(H, W, 3)` BGR uint8: `redacted` with a box, the age status and the reason codes of each face.

    `redacted` must be covered already. No estimated age, no name and no subject key is drawn (FG-A08, FG-D02).
    """
    if redacted.ndim != 3 or redacted.shape[2] != 3 or redacted.dtype != np.uint8:
        raise ValueError(f"a preview is drawn on (H, W, 3) BGR uint8, got {redacted.shape} {redacted.dtype}")
    picture = redacted.copy()
    unit = max(1, round(max(picture.shape[:2]) / 900))
    for face in faces:
        colour = KEPT_BGR if face.decision.effect is Effect.KEEP else REDACTED_BGR
        box = face.region.box if face.region is not None else face.detection.box
        _draw_box(picture, box, colour, unit)
        _draw_lines(picture, box, _lines(face.decision), colour, unit)
    return picture


def _lines(decision: Decision) -> list[str]:
    """What is written at a face: `2 redact`, `minor_possible`, then one reason code for each line."""
    status = [str(decision.age_status)]
    reasons = [str(reason) for reason in decision.reasons if str(reason) not in status]
    return [f"{decision.index} {decision.effect}", *status, *reasons]


def _draw_box(picture: NDArray[Any], box: Box, colour: tuple[int, int, int], unit: int) -> None:
    span = pixel_slice(box, picture.shape[1], picture.shape[0])
    if span is not None:
        rows, columns = span
        cv2.rectangle(picture, (columns.start, rows.start), (columns.stop - 1, rows.stop - 1), colour, 2 * unit)


def _draw_lines(picture: NDArray[Any], box: Box, lines: Sequence[str], colour: tuple[int, int, int], unit: int) -> None:
    """Writes `lines` on a plate under the box, or above it where the picture ends."""
    scale = 0.42 * unit
    sizes = [cv2.getTextSize(line, FONT, scale, unit)[0] for line in lines]
    step = max(height for _, height in sizes) + 6 * unit
    width, height = max(width for width, _ in sizes) + 8 * unit, step * len(lines) + 4 * unit
    left = max(0, min(int(box.x0), picture.shape[1] - width))
    below, above = math.ceil(box.y1), math.floor(box.y0) - height
    top = below if below + height <= picture.shape[0] else max(0, above)
    cv2.rectangle(picture, (left, top), (left + width, top + height), colour, -1)
    for number, line in enumerate(lines, start=1):
        place = left + 4 * unit, top + number * step - 2 * unit
        cv2.putText(picture, line, place, FONT, scale, (255, 255, 255), unit, cv2.LINE_AA)
