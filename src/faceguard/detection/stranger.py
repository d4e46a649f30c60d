"""The detector that looks at finished outputs: each network on its own word, where a tier's plan wants agreement.

All shipped networks take part in the larger tiers, so what makes this one another is how it is used: at a size that no
tier gives these networks together, from a low score, and without anyone to outvote it. ADR 0019 has its figures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceguard.detection.candidates import concatenate
from faceguard.detection.merge import suppress
from faceguard.detection.network import CENTERFACE, RETINAFACE
from faceguard.detection.plan import Pass, to_detections
from faceguard.detection.scaling import Pyramid
from faceguard.types import Detection

_SAME_FACE_IOU = 0.4
"""As in the networks' own papers."""

MIN_SCORE = 0.3
"""Below it, finds in press photos and in pictures without faces were noise nearly always (ADR 0019)."""


@dataclass(frozen=True, slots=True)
class StrangerDetector:
    """Looks once with each of `passes` and believes every find from `min_score`. A `types.Detector`."""

    passes: tuple[Pass, ...] = (Pass(RETINAFACE, 1280), Pass(CENTERFACE, 1280))
    min_score: float = MIN_SCORE
    threads: int | None = None

    @property
    def model_ids(self) -> tuple[str, ...]:
        return tuple(step.network.model_id for step in self.passes)

    def detect(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        """Faces of `image`, `(H, W, 3)` BGR uint8; boxes in its pixels, scores as the networks give them."""
        pyramid = Pyramid(image)
        found = []
        for step in self.passes:
            scaled = pyramid.scaled(step.side_px)
            (here,) = step.network.find(scaled.image[None], self.min_score, self.threads)
            found.append(here.affine((scaled.sx, scaled.sy), (0.0, 0.0)))
        every = suppress(concatenate(found), _SAME_FACE_IOU)
        return to_detections(every, image.shape[1], image.shape[0], "+".join(self.model_ids))
