"""What the camera did between two frames: how far the picture moved as a whole, and whether it was cut.

Both come from one small luma picture for each frame. Sparse optical flow (Lucas and Kanade 1981; Shi and Tomasi 1994
for the points) gives a similarity transform, agreed on by RANSAC so that people who walk don't count as camera.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from faceguard.opencv import cv2

LUMA_SIDE_PX = 320
"""Longest side of the luma picture that is followed."""

_MAX_POINTS = 120
_MIN_POINTS = 12
_MIN_INLIER_SHARE = 0.35
"""Fewer points than this share in one motion, and there is no camera motion to speak of."""

_REFRESH_BELOW = 60
_REFRESH_EVERY = 15
"""Pictures after which points are chosen anew, so that they don't all end up on what once won the vote."""
_FLOW_WINDOW = (15, 15)
_FLOW_LEVELS = 3

_THUMB = (32, 18)
_CUT_DIFFERENCE = 18.0
"""Mean change of the thumbnail, in grey levels, below which no cut is seen: fast pans stay below, measured on film."""
_CUT_RATIO = 3.0
"""A cut changes the picture this many times more than the frames just before it did."""
_FLASH_DIFFERENCE = 8.0
_FLASH_MEMORY_S = 0.4
"""A picture that comes back within this time was a flash, not a cut."""


@dataclass(frozen=True, slots=True)
class Motion:
    """Moves a point `(x, y)` of the frame before to `(a x - b y + tx, b x + a y + ty)`, in upright frame pixels."""

    a: float = 1.0
    b: float = 0.0
    tx: float = 0.0
    ty: float = 0.0

    @property
    def zoom(self) -> float:
        return float(np.hypot(self.a, self.b))

    def move(self, x: float, y: float) -> tuple[float, float]:
        return self.a * x - self.b * y + self.tx, self.b * x + self.a * y + self.ty

    def inverse(self) -> Motion:
        """The motion from the later frame to the earlier one."""
        square = self.a * self.a + self.b * self.b
        a, b = self.a / square, -self.b / square
        return Motion(a, b, -(a * self.tx - b * self.ty), -(b * self.tx + a * self.ty))


STILL = Motion()


@dataclass(frozen=True, slots=True)
class CameraStep:
    """From the frame before to this one. `motion` is STILL where it can't be told (`is_known` False).

    `cut` is True at the first frame after a cut; `flash_over` at the first frame that shows again what was there before
    the last cut, which therefore was none.
    """

    motion: Motion = STILL
    is_known: bool = False
    cut: bool = False
    flash_over: bool = False
    change: float = 0.0
    """Mean change of the thumbnail, in grey levels of 255."""


class CameraWatch:
    """Watches one stream of luma pictures, all of one size."""

    def __init__(self, frame_width: int) -> None:
        self._frame_width = frame_width
        self._flow = _Flow()
        self._thumb: NDArray[np.float32] | None = None
        self._usual_change = 0.0
        self._before_cut: tuple[float, NDArray[np.float32]] | None = None

    def step(self, luma: NDArray[np.uint8], pts_s: float) -> CameraStep:
        """Compares `luma`, `(h, w)` uint8 of the upright frame, with the one before."""
        thumb = cv2.resize(luma, _THUMB, interpolation=cv2.INTER_AREA).astype(np.float32)
        before_thumb, self._thumb = self._thumb, thumb
        motion = self._flow.step(luma, self._frame_width / luma.shape[1])
        if before_thumb is None:
            return CameraStep()
        change = float(np.abs(thumb - before_thumb).mean())
        suspicious = change > max(_CUT_DIFFERENCE, _CUT_RATIO * self._usual_change)
        cut = suspicious and motion is None
        flash_over = self._flash_over(thumb, before_thumb, pts_s, cut=cut)
        if not cut:
            self._usual_change += 0.2 * (change - self._usual_change)
        return CameraStep(motion or STILL, motion is not None, cut and not flash_over, flash_over, change)

    def _flash_over(
        self, thumb: NDArray[np.float32], before_thumb: NDArray[np.float32], pts_s: float, *, cut: bool
    ) -> bool:
        memory = self._before_cut
        if memory is not None and pts_s - memory[0] > _FLASH_MEMORY_S:
            memory = self._before_cut = None
        if memory is not None and float(np.abs(thumb - memory[1]).mean()) < _FLASH_DIFFERENCE:
            self._before_cut = None
            return True
        if cut and memory is None:
            self._before_cut = (pts_s, before_thumb)
        return False


class _Flow:
    """Follows points from picture to picture, and takes new ones when too few are left."""

    def __init__(self) -> None:
        self._luma: NDArray[np.uint8] | None = None
        self._points: NDArray[np.float32] | None = None
        self._age = 0

    def step(self, luma: NDArray[np.uint8], scale: float) -> Motion | None:
        """The motion that most points agree on, in frame pixels (`scale` to a pixel of `luma`); None if too few do."""
        before, self._luma = self._luma, luma
        points, self._points = self._points, None
        motion = None
        if before is not None and points is not None:
            motion = self._follow(before, luma, points, scale)
        self._age += 1
        if self._points is None or len(self._points) < _REFRESH_BELOW or self._age >= _REFRESH_EVERY:
            self._age = 0
            self._points = cast("NDArray[np.float32] | None", cv2.goodFeaturesToTrack(luma, _MAX_POINTS, 0.01, 7))
        return motion

    def _follow(
        self, before: NDArray[np.uint8], luma: NDArray[np.uint8], points: NDArray[np.float32], scale: float
    ) -> Motion | None:
        if len(points) < _MIN_POINTS:
            return None
        moved, status, _ = cv2.calcOpticalFlowPyrLK(
            before, luma, points, cast(Any, None), winSize=_FLOW_WINDOW, maxLevel=_FLOW_LEVELS
        )
        kept = status.ravel() == 1
        if kept.sum() < _MIN_POINTS:
            return None
        matrix, inliers = cv2.estimateAffinePartial2D(
            points[kept], moved[kept], method=cv2.RANSAC, ransacReprojThreshold=1.0, maxIters=200, confidence=0.98
        )
        if matrix is None or inliers is None or inliers.sum() < max(_MIN_POINTS, _MIN_INLIER_SHARE * kept.sum()):
            return None
        self._points = moved[kept][inliers.ravel() == 1]
        a, b = float(matrix[0, 0]), float(matrix[1, 0])
        if not 0.7 < np.hypot(a, b) < 1.4:
            return None
        return Motion(a, b, float(matrix[0, 2]) * scale, float(matrix[1, 2]) * scale)
