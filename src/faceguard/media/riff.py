"""The chunks of a WebP file (RFC 9649)."""

from __future__ import annotations

import struct
from collections.abc import Iterator


def riff_chunks(data: bytes, start: int = 12) -> Iterator[tuple[bytes, int, int]]:
    """`(name, first byte, one past the last)` of each chunk's payload from `start`. Raises ValueError for a cut one."""
    while start < len(data):
        if start + 8 > len(data):
            raise ValueError("bytes behind the last chunk")
        name, size = struct.unpack_from("<4sI", data, start)
        if start + 8 + size > len(data):
            raise ValueError("the last chunk is cut")
        yield name, start + 8, start + 8 + size
        start += 8 + size + size % 2


def has_lossless_webp(data: bytes) -> bool:
    """Whether the first image in a WebP file is coded without loss (`VP8L`)."""
    try:
        for name, start, end in riff_chunks(data):
            if name == b"ANMF":
                inner = data[:end]
                return any(part == b"VP8L" for part, _, _ in riff_chunks(inner, start + 16))
            if name in (b"VP8 ", b"VP8L"):
                return name == b"VP8L"
    except ValueError:
        return False
    return False


def webp_canvas(head: bytes) -> tuple[int, int]:
    """Width and height from the first 30 bytes of a WebP file. Raises ValueError when they aren't there."""
    chunk = head[12:16]
    if chunk == b"VP8X" and len(head) >= 30:
        return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    if chunk == b"VP8L" and len(head) >= 25:
        bits = int.from_bytes(head[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 " and len(head) >= 30:
        return int.from_bytes(head[26:28], "little") & 0x3FFF, int.from_bytes(head[28:30], "little") & 0x3FFF
    raise ValueError("no picture chunk at its start")
