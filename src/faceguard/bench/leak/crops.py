"""What an attacker looks at: aligned pixels. It is given the bare picture's landmarks, more than a real one has."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from faceguard.opencv import cv2
from faceguard.types import Landmarks

Image = NDArray[np.uint8]
Matrix = NDArray[np.float64]

# The five points in a 112 x 112 crop to which ArcFace and SFace align (InsightFace, `face_align.py`).
ARCFACE_POINTS = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]],
    dtype=np.float32,
)
CROP_PX = 112

CONTEXT = 0.62
"""The crops of the trained attackers show 1 / 0.62 of a recogniser's crop: hair, ears and chin are in them."""

CONTEXT_PX = 40

INNER = 0.9
INNER_PX = 48
"""Inversion looks at the face itself, in more detail."""


def align(image: Image, landmarks: Landmarks, size_px: int, context: float = 1.0) -> Image:
    """`(size_px, size_px, 3)` crop with the landmarks at ArcFace's places, shrunk about the middle by `context`."""
    points = np.array(landmarks.points, dtype=np.float32)
    middle = CROP_PX / 2
    target = ((ARCFACE_POINTS - middle) * context + middle) * (size_px / CROP_PX)
    matrix, _ = cv2.estimateAffinePartial2D(points, target, method=cv2.LMEDS)
    crop = cv2.warpAffine(image, matrix, (size_px, size_px), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    return crop.astype(np.uint8)


def aligned_pixels(images: Sequence[Image], points: Sequence[Landmarks], size_px: int, context: float = 1.0) -> Matrix:
    """Aligned pixels, one row of `3 * size_px ** 2` for each picture, 0..1."""
    crops = [align(image, found, size_px, context) for image, found in zip(images, points, strict=True)]
    return np.stack(crops).reshape(len(crops), -1).astype(np.float64) / 255


def as_crops(rows: Matrix) -> list[Image]:
    """The 112 x 112 crops that rows of `aligned_pixels` stand for."""
    return list(np.clip(np.rint(rows * 255), 0, 255).astype(np.uint8).reshape(-1, CROP_PX, CROP_PX, 3))


def unit_rows(rows: Matrix) -> Matrix:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12))
