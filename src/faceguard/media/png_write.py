"""PNG and APNG (W3C PNG, third edition) from arrays: 8 and 16 bits, grey and colour, each frame whole.

Written here because Pillow has no 16-bit colour, and because its APNG writer merges frames that look alike, so that
what is read back could not be compared frame by frame.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PAETH = 4
_ROWS_BYTES = 8_000_000
_LEVEL = 6
_COLOUR_TYPES = {1: 0, 3: 2, 2: 4, 4: 6}
"""Samples of a pixel -> PNG colour type: grey, RGB, grey + alpha, RGBA."""


def encode_png(
    frames: Sequence[NDArray[Any]],
    *,
    icc_profile: bytes | None = None,
    exif: bytes = b"",
    durations_ms: Sequence[float] = (),
    loop: int = 0,
) -> bytes:
    """One PNG from `frames`, each `(H, W, 1..4)` uint8 or uint16 in L, LA, RGB or RGBA order, all of one shape.

    With `durations_ms` an APNG that plays `loop` times (0 for ever), otherwise `frames` has one entry.
    """
    height, width, samples = frames[0].shape
    depth = 8 * frames[0].dtype.itemsize
    header = struct.pack(">IIBBBBB", width, height, depth, _COLOUR_TYPES[samples], 0, 0, 0)
    parts = [SIGNATURE, _chunk(b"IHDR", header)]
    if icc_profile:
        parts.append(_chunk(b"iCCP", b"icc\x00\x00" + zlib.compress(icc_profile, _LEVEL)))
    if durations_ms:
        parts.append(_chunk(b"acTL", struct.pack(">II", len(frames), loop)))
    if exif:
        parts.append(_chunk(b"eXIf", exif))
    sequence = 0
    for index, frame in enumerate(frames):
        if durations_ms:
            parts.append(_chunk(b"fcTL", _frame_control(sequence, width, height, durations_ms[index])))
            sequence += 1
        for block in _compressed(frame):
            if index == 0:
                parts.append(_chunk(b"IDAT", block))
            else:
                parts.append(_chunk(b"fdAT", struct.pack(">I", sequence) + block))
                sequence += 1
    return b"".join([*parts, _chunk(b"IEND", b"")])


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(name)))


def _frame_control(sequence: int, width: int, height: int, duration_ms: float) -> bytes:
    """A whole frame that replaces the one before it: disposal none, blend source."""
    delay = Fraction(max(duration_ms, 0) / 1000).limit_denominator(1000)
    if delay.numerator > 65535:
        delay = Fraction(min(round(delay), 65535))
    return struct.pack(">IIIIIHHBB", sequence, width, height, 0, 0, delay.numerator, delay.denominator, 0, 0)


def _compressed(frame: NDArray[Any]) -> Iterator[bytes]:
    """The zlib stream of a frame, in blocks; every row but the first filtered with Paeth, the best for photographs."""
    height, width, samples = frame.shape
    stride = samples * frame.dtype.itemsize
    rows_at_once = max(1, _ROWS_BYTES // (width * stride))
    packer = zlib.compressobj(_LEVEL)
    above = np.zeros((1, width * stride), np.uint8)
    for top in range(0, height, rows_at_once):
        block = frame[top : top + rows_at_once]
        raw = np.ascontiguousarray(block.astype(block.dtype.newbyteorder(">"), copy=False)).view(np.uint8)
        raw = raw.reshape(len(block), width * stride)
        data = packer.compress(_paeth_rows(raw, above, stride))
        above = raw[-1:]
        if data:
            yield data
    yield packer.flush()


def _paeth_rows(raw: NDArray[np.uint8], above: NDArray[np.uint8], stride: int) -> bytes:
    """`raw` `(rows, bytes)` filtered, each row led by its filter type; `above` is the row before the first."""
    up = np.concatenate([above, raw[:-1]]).astype(np.int16)
    left, up_left = np.zeros_like(up), np.zeros_like(up)
    left[:, stride:] = raw[:, :-stride]
    up_left[:, stride:] = up[:, :-stride]
    from_left = np.abs(up - up_left)
    from_up = np.abs(left - up_left)
    from_both = np.abs(left + up - 2 * up_left)
    predicted = np.where(
        (from_left <= from_up) & (from_left <= from_both), left, np.where(from_up <= from_both, up, up_left)
    )
    rows = np.empty((raw.shape[0], raw.shape[1] + 1), np.uint8)
    rows[:, 0] = _PAETH
    np.subtract(raw, predicted.astype(np.uint8), out=rows[:, 1:])
    return rows.tobytes()
