"""Looks that run beside a live stream, and their finds brought from their own picture to the present one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from faceguard.geometry import iou
from faceguard.opencv import cv2
from faceguard.tracking.camera import Motion
from faceguard.types import Box, Detection, Landmarks

T = TypeVar("T")

_MAX_MOTIONS = 600
_SAME_FACE_IOU = 0.4
"""Finds of two looks that overlap more are one face."""


@dataclass(slots=True)
class Motions:
    """Times and the camera's motion from picture to picture, as far back as a late look may need them."""

    _steps: deque[tuple[int, float, Motion]] = field(default_factory=lambda: deque(maxlen=_MAX_MOTIONS))

    def add(self, index: int, pts_s: float, motion: Motion) -> None:
        self._steps.append((index, pts_s, motion))

    def time_of(self, index: int) -> float:
        """When picture `index` was taken; minus infinity if it is too long ago to be known."""
        return next((pts_s for i, pts_s, _ in reversed(self._steps) if i == index), float("-inf"))

    def carry(self, found: Detection, since: int) -> Detection:
        """`found` in picture `since`, where the camera has moved it to by now."""
        for index, _, motion in self._steps:
            if index > since:
                found = _moved(found, motion)
        return found


def _moved(found: Detection, motion: Motion) -> Detection:
    x, y = motion.move(*found.box.centre)
    half_w, half_h = found.box.width * motion.zoom / 2, found.box.height * motion.zoom / 2
    landmarks = None
    if found.landmarks is not None:
        landmarks = Landmarks(*(motion.move(*point) for point in found.landmarks.points))
    return Detection(Box(x - half_w, y - half_h, x + half_w, y + half_h), found.score, landmarks, found.model_id)


@dataclass(slots=True)
class OneAtATime(Generic[T]):
    """At most one call of its kind runs in `executor`; what it gives is fetched when it is there."""

    executor: Executor
    _future: Future[T] | None = None
    _index: int = 0

    @property
    def is_free(self) -> bool:
        return self._future is None

    def start(self, index: int, call: Callable[[], T]) -> None:
        """Begins `call` for picture `index`; only when free."""
        if self._future is not None:
            raise RuntimeError("a call is still running")
        self._future, self._index = self.executor.submit(call), index

    def fetch(self, timeout_s: float = 0.0) -> tuple[int, T] | None:
        """`(picture, result)` if the call has ended or ends within `timeout_s`. Raises what the call raised."""
        if self._future is None:
            return None
        wait([self._future], timeout=max(0.0, timeout_s))
        if not self._future.done():
            return None
        future, self._future = self._future, None
        return self._index, future.result()


def shrunk(image: NDArray[np.uint8], max_side: int) -> NDArray[np.uint8]:
    """A copy of `image`, `(H, W, 3)` BGR uint8, with its longest side at most `max_side`."""
    height, width = image.shape[:2]
    scale = min(1.0, max_side / max(height, width))
    if scale == 1.0:
        return image.copy()
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def merged(motions: Motions, looks: Sequence[tuple[int, Sequence[Detection]]]) -> list[Detection]:
    """What `looks`, each `(picture, finds)`, found, moved to the present picture; each face once."""
    faces: list[Detection] = []
    for index, found in looks:
        for detection in (motions.carry(f, index) for f in found):
            if all(iou(detection.box, known.box) < _SAME_FACE_IOU for known in faces):
                faces.append(detection)
    return faces
