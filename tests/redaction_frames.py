"""Frames of every pixel format, made by code."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from faceguard.redaction.planes import bit_depth_of
from faceguard.types import Frame, PixelFormat

KINDS = [
    (PixelFormat.BGR, np.uint8),
    (PixelFormat.BGR, np.uint16),
    (PixelFormat.YUV420, np.uint8),
    (PixelFormat.YUV420, np.uint16),
    (PixelFormat.YUV422, np.uint8),
    (PixelFormat.YUV422, np.uint16),
    (PixelFormat.YUV444, np.uint8),
    (PixelFormat.YUV444, np.uint16),
]
KIND_IDS = [f"{kind}-{np.dtype(dtype).name}" for kind, dtype in KINDS]


def noise_frame(
    kind: PixelFormat, dtype: DTypeLike, width: int = 61, height: int = 47, seed: int = 0, *, with_alpha: bool = False
) -> Frame:
    """A frame of random samples over the whole range of its bit depth, and a random alpha if asked for."""
    rng = np.random.default_rng(seed)
    step_x, step_y = {PixelFormat.YUV420: (2, 2), PixelFormat.YUV422: (2, 1)}.get(kind, (1, 1))
    chroma = (-(-height // step_y), -(-width // step_x))
    shapes = [(height, width, 3)] if kind is PixelFormat.BGR else [(height, width), chroma, chroma]
    top = 1 << bit_depth_of(Frame((np.zeros((1, 1), dtype),), kind))
    planes = tuple(rng.integers(0, top, shape).astype(dtype) for shape in shapes)
    alpha = rng.integers(0, top, (height, width)).astype(dtype) if with_alpha else None
    for plane in planes:
        plane.setflags(write=False)
    return Frame(planes, kind, index=3, pts_s=0.1, alpha=alpha)
