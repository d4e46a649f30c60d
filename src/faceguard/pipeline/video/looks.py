"""When a video's frames are looked at, and how hard.

Every frame's motion is followed; a detector looks where something may be new. A quick look (one small pass) comes every
tenth or fifth of a second and when the picture has changed much; a thorough look (the policy's own tier) at the start,
after a cut and every one and a half seconds: it finds the small faces that the tracker carries from one to the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from faceguard.detection.plan import PlannedDetector
from faceguard.detection.tiers import create_detector
from faceguard.geometry import move_detection
from faceguard.tracking.camera import CameraStep
from faceguard.types import Detection, Detector

QUICK_TIER = "live"
"""A face that it misses is found by the next thorough look."""


class LookKind(StrEnum):
    """How hard a frame is looked at."""

    NONE = "none"
    QUICK = "quick"
    THOROUGH = "thorough"


@dataclass(frozen=True, slots=True)
class LookSettings:
    """Intervals in seconds; `*_side_px` is the longest side of what the detector gets.

    Quick looks are farther apart while the faces are calm: known, seen, and not fast. Measured on labelled clips, the
    calm and the thorough interval can be half as long again before a face shows (benchmarks/video).

    `change` is how much the picture may change, in grey levels summed over frames, before it is looked at again.
    """

    calm_interval_s: float = 0.2
    restless_interval_s: float = 0.1
    thorough_interval_s: float = 1.5
    change: float = 25.0
    quick_side_px: int = 640
    thorough_side_px: int = 1280


class LookSchedule:
    """Says for each frame of one stream, in order, how hard to look."""

    def __init__(self, settings: LookSettings) -> None:
        self._settings = settings
        self._quick_s: float | None = None
        self._thorough_s: float | None = None
        self._changed = 0.0

    def next(self, pts_s: float, camera: CameraStep, *, restless: bool = True) -> LookKind:
        """The look that the frame at `pts_s` gets; `restless` as the tracker was at the frame before."""
        s = self._settings
        self._changed += camera.change
        fresh = camera.cut or camera.flash_over
        if self._thorough_s is None or fresh or pts_s - self._thorough_s >= s.thorough_interval_s - _HALF_FRAME_S:
            self._thorough_s = self._quick_s = pts_s
            self._changed = 0.0
            return LookKind.THOROUGH
        interval_s = s.restless_interval_s if restless else s.calm_interval_s
        due = self._quick_s is None or pts_s - self._quick_s >= interval_s - _HALF_FRAME_S
        if due or self._changed >= s.change:
            self._quick_s = pts_s
            self._changed = 0.0
            return LookKind.QUICK
        return LookKind.NONE


_HALF_FRAME_S = 1 / 120
"""Half a frame at 60 a second: an interval is due at the frame nearest to it, not always at the one after."""


def quick_detector(thorough: Detector) -> Detector:
    """The detector of the looks between the thorough ones: the smallest tier, or the caller's own detector."""
    return create_detector(QUICK_TIER, threads=thorough.threads) if isinstance(thorough, PlannedDetector) else thorough


def detect_scaled(detector: Detector, image: NDArray[np.uint8], frame_size: tuple[int, int]) -> Sequence[Detection]:
    """Faces of a scaled copy of a frame, in pixels of the frame of `frame_size` (width, height)."""
    sx, sy = frame_size[0] / image.shape[1], frame_size[1] / image.shape[0]
    return tuple(move_detection(found, 0.0, 0.0, sx, sy) for found in detector.detect(image))
