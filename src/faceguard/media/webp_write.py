"""An animated WebP (RFC 9649) from still ones: each frame whole and drawn over the one before.

Written here because libwebp's animation encoder merges frames that look alike and builds frames from parts of earlier
ones, so that what is read back could not be compared frame by frame.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from faceguard.media.riff import riff_chunks, webp_canvas

_ICC, _ALPHA, _EXIF, _ANIMATION = 0x20, 0x10, 0x08, 0x02
_REPLACE = 0x02
"""Neither blended with the frame before nor cleared after."""
_MAX_MS, _MAX_LOOP = 2**24 - 1, 2**16 - 1


def join_webp(
    stills: Sequence[bytes], durations_ms: Sequence[float], *, loop: int, icc_profile: bytes | None, exif: bytes
) -> bytes:
    """One animation from `stills`, whole WebP files of one size; `loop` 0 is for ever."""
    width, height = webp_canvas(stills[0][:30])
    size = _three_bytes(width - 1) + _three_bytes(height - 1)
    frames, has_alpha = [], False
    for still, duration_ms in zip(stills, durations_ms, strict=True):
        parts = [(name, still[a:b]) for name, a, b in riff_chunks(still) if name in (b"ALPH", b"VP8 ", b"VP8L")]
        has_alpha = has_alpha or any(name == b"ALPH" or _has_lossless_alpha(name, body) for name, body in parts)
        head = bytes(6) + size + _three_bytes(min(max(round(duration_ms), 0), _MAX_MS)) + bytes([_REPLACE])
        frames.append(_chunk(b"ANMF", head + b"".join(_chunk(name, body) for name, body in parts)))
    flags = _ANIMATION | _ALPHA * has_alpha | _ICC * bool(icc_profile) | _EXIF * bool(exif)
    chunks = [_chunk(b"VP8X", struct.pack("<I", flags) + size)]
    if icc_profile:
        chunks.append(_chunk(b"ICCP", icc_profile))
    chunks += [_chunk(b"ANIM", bytes(4) + struct.pack("<H", min(loop, _MAX_LOOP))), *frames]
    if exif:
        chunks.append(_chunk(b"EXIF", exif))
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _has_lossless_alpha(name: bytes, body: bytes) -> bool:
    """The `alpha_is_used` bit of a VP8L header (RFC 9649, 3.4)."""
    return name == b"VP8L" and bool(body[4] & 0x10)


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


def _three_bytes(value: int) -> bytes:
    return value.to_bytes(3, "little")
