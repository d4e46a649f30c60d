"""Videos of green squares, and a detector that takes them for faces; it travels to worker processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from fakes import FAKE_MODEL, years
from made_videos import ground, paste
from numpy.typing import NDArray

from faceguard.opencv import cv2
from faceguard.types import AgeAnswer, AgeCalibrationFigures, Box, Detection, FaceCrop, Landmarks

Image = NDArray[np.uint8]
GREEN = (0, 255, 0)
SIDE = 40


def is_green(image: Image) -> NDArray[np.bool_]:
    blue, green, red = (image[..., i].astype(int) for i in range(3))
    return (green > 150) & (green - blue > 80) & (green - red > 80)


def green_count(image: Image) -> int:
    return int(is_green(image).sum())


def walk(count: int, x: Callable[[int], float], shown: Callable[[int], bool] = lambda i: True) -> list[Image]:
    """A green square whose left edge is at `x` of the picture's number."""
    square = np.full((SIDE, SIDE, 3), GREEN, np.uint8)
    base = ground(320, 240)
    return [paste(base, square, round(x(i)), 100) if shown(i) else base for i in range(count)]


def to_and_fro(i: int) -> float:
    """Between 20 and 260 pixels, 4 a picture."""
    return 20 + abs((4 * i) % 480 - 240)


@dataclass(frozen=True)
class GreenSquares:
    """Finds each green square, as a detector would find a face."""

    @property
    def model_ids(self) -> tuple[str, ...]:
        return ()

    def detect(self, image: Image) -> tuple[Detection, ...]:
        count, _, stats, _ = cv2.connectedComponentsWithStats(is_green(image).astype(np.uint8))
        found = []
        for x, y, w, h, area in stats[1:count].tolist():
            if area >= 100:
                found.append(Detection(Box(x, y, x + w, y + h), 0.95, _landmarks(x, y, w, h), FAKE_MODEL))
        return tuple(found)


def _landmarks(x: float, y: float, w: float, h: float) -> Landmarks:
    points = ((0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8))
    return Landmarks(*((x + w * a, y + h * b) for a, b in points))


@dataclass(frozen=True)
class AgeBySide:
    """Says 45 years of a face, or 8 of one whose picture also has much red in it: depends on the crop alone."""

    @property
    def model_ids(self) -> tuple[str, ...]:
        return ()

    @property
    def figures(self) -> AgeCalibrationFigures:
        triples = tuple((float(t), rate, t + 1.0) for t in (13, 14, 16, 18) for rate in (0.001, 0.01, 0.02, 0.05))
        return AgeCalibrationFigures("fake_calibration", (FAKE_MODEL,), triples)

    def estimate(self, crops: Sequence[FaceCrop]) -> tuple[AgeAnswer, ...]:
        return tuple(years(8.0, 2.0) if _has_red(crop.image) else years(45.0, 30.0) for crop in crops)


def _has_red(image: Image) -> bool:
    blue, green, red = (image[..., i].astype(int) for i in range(3))
    return int(((red > 150) & (red - blue > 80) & (red - green > 80)).sum()) > 30
