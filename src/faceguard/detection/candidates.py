"""Boxes as columns of numbers: what networks give and what merging works on, without an object for each face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """`n` possible faces.

    `boxes` (n, 4) float32: x0, y0, x1, y1, and `landmarks` (n, 5, 2) float32: x, y in the order of `types.Landmarks`,
    both in pixels of the picture that the owner of the value says; `scores` (n,) float32, 0..1.
    """

    boxes: FloatArray
    scores: FloatArray
    landmarks: FloatArray

    def __len__(self) -> int:
        return len(self.scores)

    def take(self, index: NDArray[np.intp] | NDArray[np.bool_]) -> Candidates:
        """Those that `index` names, or marks as true, in its order."""
        return Candidates(self.boxes[index], self.scores[index], self.landmarks[index])

    def affine(self, scale: tuple[float, float], shift: tuple[float, float]) -> Candidates:
        """Positions multiplied by `(sx, sy)`, then moved by `(dx, dy)`."""
        factor, offset = np.array(scale, np.float32), np.array(shift, np.float32)
        return Candidates(
            self.boxes * np.tile(factor, 2) + np.tile(offset, 2), self.scores, self.landmarks * factor + offset
        )

    @property
    def sides(self) -> FloatArray:
        """(n,) the geometric mean of width and height."""
        size = np.maximum(self.boxes[:, 2:] - self.boxes[:, :2], 0)
        return np.asarray(np.sqrt(size[:, 0] * size[:, 1]), np.float32)


def concatenate(parts: Sequence[Candidates]) -> Candidates:
    """All of `parts`, in order."""
    if not parts:
        return nothing()
    return Candidates(
        np.concatenate([part.boxes for part in parts]),
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.landmarks for part in parts]),
    )


def nothing() -> Candidates:
    """No candidates."""
    return Candidates(np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty((0, 5, 2), np.float32))
