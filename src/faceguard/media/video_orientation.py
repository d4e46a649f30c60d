"""How the coded picture of a video is turned to stand upright, and boxes and arrays with it.

A display matrix (ISO/IEC 14496-12, 6.2.2; nine integers, the first two columns 16.16 fixed point) maps coded to shown
pixels. faceguard leaves the coded planes as they are and copies the matrix; only what the detector sees is turned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceguard.types import Box


@dataclass(frozen=True, slots=True)
class Orientation:
    """Coded to upright: first swap x and y (if `transposed`), then mirror x, then mirror y."""

    transposed: bool = False
    mirror_x: bool = False
    mirror_y: bool = False

    def upright_size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height as a person sees it, of a coded picture of `width` x `height`."""
        return (height, width) if self.transposed else (width, height)

    def upright(self, image: NDArray[Any]) -> NDArray[Any]:
        """`image`, `(H, W)` or `(H, W, 3)` as coded, turned upright; contiguous, a copy only where needed."""
        turned = image.swapaxes(0, 1) if self.transposed else image
        turned = turned[:, ::-1] if self.mirror_x else turned
        turned = turned[::-1] if self.mirror_y else turned
        return np.ascontiguousarray(turned)

    def box_to_coded(self, box: Box, width: int, height: int) -> Box:
        """A box in upright pixels, as a box in the coded picture of `width` x `height`."""
        upright_width, upright_height = self.upright_size(width, height)
        x0, x1 = (upright_width - box.x1, upright_width - box.x0) if self.mirror_x else (box.x0, box.x1)
        y0, y1 = (upright_height - box.y1, upright_height - box.y0) if self.mirror_y else (box.y0, box.y1)
        return Box(y0, x0, y1, x1) if self.transposed else Box(x0, y0, x1, y1)


UPRIGHT = Orientation()


def orientation_of(display_matrix: Sequence[int] | None) -> Orientation:
    """The orientation that `display_matrix` asks for, to the nearest quarter turn."""
    if display_matrix is None:
        return UPRIGHT
    a, b, c, d = (float(display_matrix[i]) for i in (0, 1, 3, 4))  # x' = a x + c y, y' = b x + d y
    if abs(b) + abs(c) > abs(a) + abs(d):
        return Orientation(transposed=True, mirror_x=c < 0, mirror_y=b < 0)
    return Orientation(transposed=False, mirror_x=a < 0, mirror_y=d < 0)
