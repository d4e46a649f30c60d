"""Ways in which a picture can be harder than it is, with the labels moved along."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from faceguard.opencv import cv2

Picture = NDArray[np.uint8]
Boxes = NDArray[np.float64]
Condition = Callable[[Picture, Boxes], tuple[Picture, Boxes]]


def _as_is(image: Picture, boxes: Boxes) -> tuple[Picture, Boxes]:
    return image, boxes


def _turned(turns: int) -> Condition:
    def apply(image: Picture, boxes: Boxes) -> tuple[Picture, Boxes]:
        for _ in range(turns):
            width = image.shape[1]
            image = np.rot90(image)
            x0, y0, x1, y1 = boxes.T
            boxes = np.stack([y0, width - x1, y1, width - x0], axis=1)
        return np.ascontiguousarray(image), boxes

    return apply


def _dark(image: Picture, boxes: Boxes) -> tuple[Picture, Boxes]:
    """An eighth of the light, with the noise of a sensor at that level (standard deviation 2 of 255, fixed seed)."""
    noise = np.random.default_rng(0).normal(0, 2, image.shape[:2])[..., None]
    return np.clip(image / 8 + noise, 0, 255).astype(np.uint8), boxes


def _blurred(image: Picture, boxes: Boxes) -> tuple[Picture, Boxes]:
    """Out of focus by a Gaussian of 0.3 % of the longer side."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), 0.003 * max(image.shape[:2])), np.uint8), boxes


def _small(image: Picture, boxes: Boxes) -> tuple[Picture, Boxes]:
    """Half the size, as a thumbnail or a stream of low quality."""
    size = (max(1, image.shape[1] // 2), max(1, image.shape[0] // 2))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8), boxes / 2


CONDITIONS: Mapping[str, Condition] = MappingProxyType(
    {
        "upright": _as_is,
        "turned 90": _turned(1),
        "turned 180": _turned(2),
        "turned 270": _turned(3),
        "dark": _dark,
        "blurred": _blurred,
        "half size": _small,
    }
)
