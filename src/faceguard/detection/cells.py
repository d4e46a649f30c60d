"""Which place of the picture each column of a network's output stands for."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """`x`, `y`: column and row of each cell; `stride`: pixels from one to the next; `prior`: side of its box, or 0."""

    x: FloatArray
    y: FloatArray
    stride: FloatArray
    prior: FloatArray


@functools.lru_cache(maxsize=64)
def grid(height: int, width: int, levels: tuple[tuple[int, tuple[int, ...]], ...]) -> Cells:
    """Cells for an input of `height` x `width`, in the order of our graphs.

    `levels` are `(stride, priors)`: level by level, prior by prior, then row by row. A level without priors is `(0,)`.
    """
    columns: list[tuple[FloatArray, ...]] = []
    for stride, priors in levels:
        rows, cols = height // stride, width // stride
        y, x = np.mgrid[:rows, :cols].astype(np.float32)
        cells = rows * cols
        columns += [
            (x.ravel(), y.ravel(), np.full(cells, stride, np.float32), np.full(cells, prior, np.float32))
            for prior in priors
        ]
    return Cells(*(np.concatenate(column) for column in zip(*columns, strict=True)))
