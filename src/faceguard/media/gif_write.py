"""GIF89a from arrays: each frame whole, with a palette of its own and, where it fits, with its exact colours."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import GifImagePlugin, Image

_OPAQUE_FROM = 128
_KEEP, _CLEAR = 1, 2
"""Disposal methods: leave the frame in place, clear it before the next one."""


def encode_gif(frames: Sequence[NDArray[np.uint8]], *, durations_ms: Sequence[float] = (), loop: int = 1) -> bytes:
    """A GIF from `frames`, each `(H, W, 3 or 4)` uint8 in RGB(A) order. Alpha becomes all or nothing.

    Frames are written whole and none is merged with another, so that no pixel of an earlier one can show through.
    """
    height, width = frames[0].shape[:2]
    parts = [b"GIF89a", struct.pack("<HHBBB", width, height, 0x70, 0, 0)]
    if durations_ms and loop != 1:
        parts.append(b"!\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<H", max(loop - 1, 0)) + b"\x00")
    disposal = _CLEAR if any(frame.shape[2] == 4 for frame in frames) else _KEEP
    for index, frame in enumerate(frames):
        image, transparent = _indexed(frame)
        delay = round(durations_ms[index] / 10) if durations_ms else 0
        flags = disposal << 2 | (transparent is not None)
        parts.append(b"!\xf9\x04" + struct.pack("<BHB", flags, min(delay, 65535), transparent or 0) + b"\x00")
        parts += _image_block(image)
    return b"".join([*parts, b";"])


def _image_block(image: Image.Image) -> list[bytes]:
    """Image descriptor, local palette and LZW data of a palette image, without any extension in front."""
    data = GifImagePlugin.getdata(image, include_color_table=True)
    return data if data[0].startswith(b",") else data[1:]


def _indexed(frame: NDArray[np.uint8]) -> tuple[Image.Image, int | None]:
    """A palette image, and the index of its see-through colour if it has one. Nothing is dithered: error diffusion
    would carry colours across the edge of a covered region."""
    hidden = frame[:, :, 3] < _OPAQUE_FROM if frame.shape[2] == 4 else None
    has_hidden = hidden is not None and bool(hidden.any())
    room = 255 if has_hidden else 256
    packed = frame[:, :, 0].astype(np.uint32) << 16 | frame[:, :, 1].astype(np.uint32) << 8 | frame[:, :, 2]
    if has_hidden:
        packed[hidden] = packed[~hidden][0] if not hidden.all() else 0  # type: ignore[operator, union-attr]
    colours, indices = np.unique(packed, return_inverse=True)
    if len(colours) <= room:
        image = Image.fromarray(indices.reshape(packed.shape).astype(np.uint8))
        palette = np.stack([colours >> 16 & 255, colours >> 8 & 255, colours & 255], axis=1).astype(np.uint8)
        image.putpalette(palette.tobytes())
    else:
        image = Image.fromarray(np.ascontiguousarray(frame[:, :, :3]))
        image = image.quantize(room, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    if not has_hidden:
        return image, None
    return _with_transparent_index(image, hidden), 255


def _with_transparent_index(image: Image.Image, hidden: NDArray[np.bool_] | None) -> Image.Image:
    """`image` with the pixels of `hidden` set to index 255, and a palette long enough for it."""
    palette = bytes(image.getpalette("RGB") or ())
    indices = np.array(image)
    indices[hidden] = 255
    marked = Image.fromarray(indices)
    marked.putpalette(palette.ljust(768, b"\x00")[:768])
    return marked
