"""A detection plan: several passes over a picture, and one list of faces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceguard.detection.candidates import Candidates, concatenate
from faceguard.detection.merge import suppress
from faceguard.detection.network import Network
from faceguard.detection.scaling import Pyramid
from faceguard.types import Box, Detection, Landmarks

_SAME_FACE_IOU = 0.4


@dataclass(frozen=True, slots=True)
class Pass:
    """One look at the whole picture: `network` at `side_px` for the longer side, keeping scores from `min_score`."""

    network: Network
    side_px: int
    min_score: float


@dataclass(frozen=True, slots=True)
class PlannedDetector:
    """Runs `passes` one after the other and merges what they find. A `types.Detector`."""

    passes: tuple[Pass, ...]
    threads: int | None = None

    @property
    def model_ids(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(step.network.model_id for step in self.passes))

    def detect(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        """Faces of `image`, `(H, W, 3)` BGR uint8, any size; boxes in its pixels, clipped to it, best score first."""
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
            raise ValueError(f"a picture must be (H, W, 3) uint8 and not empty, got {image.shape} {image.dtype}")
        pyramid = Pyramid(image)
        found = suppress(concatenate([self._run(step, pyramid) for step in self.passes]), _SAME_FACE_IOU)
        return _detections(found, image.shape[1], image.shape[0], "+".join(self.model_ids))

    def _run(self, step: Pass, pyramid: Pyramid) -> Candidates:
        scaled = pyramid.scaled(step.side_px)
        (found,) = step.network.find(scaled.image[None], step.min_score, self.threads)
        return found.affine((scaled.sx, scaled.sy), (0.0, 0.0))


def _detections(found: Candidates, width: int, height: int, model_id: str) -> tuple[Detection, ...]:
    """As the rest of the package knows faces. What lies wholly outside the frame (in the padding) is dropped."""
    boxes = np.clip(found.boxes.astype(np.float64), 0, (width, height, width, height))
    inside = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    return tuple(
        Detection(Box(*box), min(score, 1.0), Landmarks(*((x, y) for x, y in points)), model_id)
        for box, score, points in zip(
            boxes[inside].tolist(),
            found.scores[inside].tolist(),
            found.landmarks[inside].astype(np.float64).tolist(),
            strict=True,
        )
    )
