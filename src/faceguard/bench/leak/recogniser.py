"""A face embedding network that the tester brings, as the attacker's eye. None is shipped (FG-A09, FG-C14)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from faceguard.bench.leak.crops import CROP_PX, align, unit_rows
from faceguard.bench.leak.scenes import Scene
from faceguard.errors import ConfigurationError

Image = NDArray[np.uint8]
Matrix = NDArray[np.float64]


class InputRange(StrEnum):
    """What the network wants its RGB values in."""

    BYTES = "0..255"
    """SFace of OpenCV's zoo, and other graphs that normalise for themselves."""
    SIGNED = "-1..1"
    """Most ArcFace graphs: (value - 127.5) / 127.5."""


class OnnxRecogniser:
    """Embeddings of `(1, 3, 112, 112)` RGB crops aligned to ArcFace's points; rows of unit length."""

    def __init__(self, path: Path, values: InputRange, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        self._values = values
        self._path = path
        try:
            weights = path.read_bytes()
            self._session = onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
            self._input = self._session.get_inputs()[0].name
            self.crops([np.zeros((CROP_PX, CROP_PX, 3), np.uint8)])
        except Exception as error:  # onnxruntime raises many types, all meaning the same here
            raise ConfigurationError(
                f"`{path}` can't be used as a recogniser ({error}); bring an ONNX network that turns a crop of "
                "1 x 3 x 112 x 112 into one embedding",
                path=path,
            ) from error
        self.sha256 = hashlib.sha256(weights).hexdigest()

    def crops(self, crops: Sequence[Image]) -> Matrix:
        """Embeddings `(N, D)` of aligned 112 x 112 BGR crops."""
        rows = []
        for crop in crops:
            blob = crop[..., ::-1].transpose(2, 0, 1)[None].astype(np.float32)
            if self._values is InputRange.SIGNED:
                blob = (blob - 127.5) / 127.5
            rows.append(np.asarray(self._session.run(None, {self._input: blob})[0], np.float64).reshape(-1))
        return unit_rows(np.stack(rows))

    def images(self, images: Sequence[Image], scenes: Sequence[Scene]) -> Matrix:
        """Embeddings of the faces of `images`, which were made of `scenes`."""
        points = [scene.detection.landmarks for scene in scenes]
        pairs = zip(images, points, strict=True)
        return self.crops([align(image, found, CROP_PX) for image, found in pairs if found is not None])
