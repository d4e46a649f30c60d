"""Constant-velocity Kalman filters for many boxes at once; time in seconds, noise in shares of each box's own size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from faceguard.tracking.camera import Motion

Array = NDArray[np.float64]

ACCELERATION_STD = 3.0
"""Sizes per second squared: a head that turns or bobs. Chosen on walking and talking people, not tuned further."""
MEASUREMENT_STD = 0.06
"""Shares of a size by which detectors' boxes jitter from look to look."""
START_SPEED_STD = 1.5
"""Sizes per second: what a face's speed may be when it is first seen."""


class KalmanBank:
    """Row i filters one box. State `(N, 4)`: centre x, centre y, width, height in frame pixels; and their speeds."""

    def __init__(self) -> None:
        self.position: Array = np.empty((0, 4))
        self.speed: Array = np.empty((0, 4))
        self._p00: Array = np.empty((0, 4))  # variance of position, covariance, variance of speed
        self._p01: Array = np.empty((0, 4))
        self._p11: Array = np.empty((0, 4))

    def __len__(self) -> int:
        return len(self.position)

    def add(self, measured: Array) -> None:
        """Appends a row for a box first seen at `measured`, `(4,)`."""
        size = measured[2:].mean()
        row = np.ones((1, 4))
        self.position = np.vstack((self.position, measured))
        self.speed = np.vstack((self.speed, np.zeros((1, 4))))
        self._p00 = np.vstack((self._p00, row * (MEASUREMENT_STD * size) ** 2))
        self._p01 = np.vstack((self._p01, row * 0))
        self._p11 = np.vstack((self._p11, row * (START_SPEED_STD * size) ** 2))

    def keep(self, rows: NDArray[np.bool_]) -> None:
        """Drops the rows where `rows`, `(N,)`, is False."""
        self.position, self.speed = self.position[rows], self.speed[rows]
        self._p00, self._p01, self._p11 = self._p00[rows], self._p01[rows], self._p11[rows]

    def predict(self, elapsed_s: float, motion: Motion) -> None:
        """Moves all boxes on by their speed, and with the camera."""
        if not len(self):
            return
        size = self.position[:, 2:].mean(axis=1, keepdims=True)
        q = (ACCELERATION_STD * size) ** 2
        self.position = self.position + self.speed * elapsed_s
        self._p00 = self._p00 + elapsed_s * (2 * self._p01 + elapsed_s * self._p11) + q * elapsed_s**4 / 4
        self._p01 = self._p01 + elapsed_s * self._p11 + q * elapsed_s**3 / 2
        self._p11 = self._p11 + q * elapsed_s**2
        x, y = self.position[:, 0].copy(), self.position[:, 1].copy()
        self.position[:, 0] = motion.a * x - motion.b * y + motion.tx
        self.position[:, 1] = motion.b * x + motion.a * y + motion.ty
        self.position[:, 2:] = np.maximum(self.position[:, 2:] * motion.zoom, 1.0)
        self.speed = self.speed * motion.zoom

    def correct(self, row: int, measured: Array) -> None:
        """Takes in what a detector measured, `(4,)`, for one row."""
        r = (MEASUREMENT_STD * self.position[row, 2:].mean()) ** 2
        gain_position = self._p00[row] / (self._p00[row] + r)
        gain_speed = self._p01[row] / (self._p00[row] + r)
        miss = measured - self.position[row]
        self.position[row] += gain_position * miss
        self.speed[row] += gain_speed * miss
        self._p11[row] -= gain_speed * self._p01[row]
        self._p01[row] *= 1 - gain_position
        self._p00[row] *= 1 - gain_position

    def slow_down(self, row: int, share: float) -> None:
        """Leaves `share` of one row's speed: a lost face is not let fly away on its last estimate."""
        self.speed[row] *= share
