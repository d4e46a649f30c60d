"""Pictures made by code, and picture files with things in them that must not survive."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageDraw
from PIL.TiffImagePlugin import IFDRational

SECRET = b"SECRET-THAT-MUST-NOT-SURVIVE"
"""Planted in metadata and behind the end; a safe output has none of it."""

QUADRANTS_RGB = ((220, 30, 30), (30, 200, 30), (40, 40, 220), (230, 220, 40))
"""Colours of the upright test picture: top left, top right, bottom left, bottom right."""


def quadrants(width: int = 96, height: int = 64) -> NDArray[np.uint8]:
    """`(H, W, 3)` uint8 RGB: four flat colours, so that every turn and mirror is told from every other."""
    picture = np.empty((height, width, 3), np.uint8)
    halves = (slice(None, height // 2), slice(height // 2, None))
    sides = (slice(None, width // 2), slice(width // 2, None))
    for index, colour in enumerate(QUADRANTS_RGB):
        picture[halves[index // 2], sides[index % 2]] = colour
    return picture


def stored_turned(upright: NDArray[Any], orientation: int) -> NDArray[Any]:
    """How a camera stores `upright` when it says `orientation`, written out case by case (CIPA DC-008, figure 13)."""
    turns = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: np.rot90(a, 2),
        4: lambda a: a[::-1],
        5: lambda a: a.swapaxes(0, 1),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
        8: lambda a: np.rot90(a, -1),
    }
    return np.ascontiguousarray(turns[orientation](upright))


def noise(shape: Sequence[int], dtype: Any = np.uint8, seed: int = 5) -> NDArray[Any]:
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max + 1, shape).astype(dtype)


def exif_with_orientation(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


def srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def moving_square(frames: int = 4, *, mode: str = "RGB") -> list[Image.Image]:
    """Frames of 48 x 40 in which a red square moves to the right over a blue ground."""
    pictures, step = [], 32 // frames
    for index in range(frames):
        picture = Image.new(mode, (48, 40), (20, 30, 160) if mode == "RGB" else (20, 30, 160, 255))
        ImageDraw.Draw(picture).rectangle((4 + step * index, 10, 11 + step * index, 25), fill=(230, 20, 20))
        pictures.append(picture)
    return pictures


# ---------------------------------------------------------------------------------------------------- raw files


def png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def raw_png(samples: NDArray[Any], *, extra: Sequence[tuple[bytes, bytes]] = (), interlaced: bool = False) -> bytes:
    """A PNG straight from the specification, unfiltered: `(H, W, 1..4)` uint8 or uint16, Adam7 when `interlaced`."""
    height, width, channels = samples.shape
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    header = struct.pack(">IIBBBBB", width, height, 8 * samples.itemsize, kind, 0, 0, int(interlaced))
    adam7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
    rows = b""
    for x, y, dx, dy in adam7 if interlaced else ((0, 0, 1, 1),):
        part = samples[y::dy, x::dx]
        if part.size:
            rows += b"".join(b"\x00" + row.astype(row.dtype.newbyteorder(">")).tobytes() for row in part)
    chunks = [(b"IHDR", header), *extra, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(name, data) for name, data in chunks)


def bomb_png(width: int, height: int) -> bytes:
    """A few bytes that claim `width` x `height` pixels."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\x00" * 100)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(name, data) for name, data in chunks)


def jpeg_segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def talkative_jpeg() -> bytes:
    """A JPEG with all that may not survive: thumbnail, GPS, maker note, serial, comment, XMP, IPTC, second picture."""
    picture = Image.fromarray(quadrants())
    thumbnail = io.BytesIO()
    picture.resize((32, 24)).save(thumbnail, "JPEG", comment=SECRET)
    exif = Image.Exif()
    exif[0x010F], exif[0x0131], exif[0x013B] = "Maker " + SECRET.decode(), SECRET.decode(), SECRET.decode()
    details = exif.get_ifd(0x8769)
    details[0x9003], details[0x9011] = "2024:05:06 07:08:09", "+09:00"
    details[0x829D], details[0x829A], details[0x8827] = IFDRational(28, 10), IFDRational(1, 125), 400
    details[0x927C], details[0xA431], details[0x9286] = SECRET, SECRET.decode(), SECRET
    exif.get_ifd(0x8825).update({1: "N", 2: (35.0, 40.0, 52.0), 3: "E", 4: (139.0, 46.0, 1.0)})
    block = _with_thumbnail(exif.tobytes().removeprefix(b"Exif\x00\x00"), thumbnail.getvalue())
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=95, comment=SECRET)
    plain = out.getvalue()
    segments = jpeg_segment(0xE1, b"Exif\x00\x00" + block)
    segments += jpeg_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\x00<x:xmpmeta>" + SECRET + b"</x:xmpmeta>")
    segments += jpeg_segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04\x00\x00" + struct.pack(">I", 28) + SECRET)
    return plain[:2] + segments + plain[2:] + thumbnail.getvalue() + SECRET


def _with_thumbnail(block: bytes, thumbnail: bytes) -> bytes:
    """A big- or little-endian TIFF block with a second directory that points to a JPEG thumbnail."""
    order = "<" if block[:2] == b"II" else ">"
    (first,) = struct.unpack_from(order + "I", block, 4)
    (count,) = struct.unpack_from(order + "H", block, first)
    link_at, start = first + 2 + 12 * count, len(block) + len(block) % 2
    entries = ((0x0103, 3, 1, 6), (0x0201, 4, 1, start + 42), (0x0202, 4, 1, len(thumbnail)))
    directory = struct.pack(order + "H", 3)
    for tag, kind, length, value in entries:
        packed = struct.pack(order + ("H" if kind == 3 else "I"), value).ljust(4, b"\x00")
        directory += struct.pack(order + "HHI", tag, kind, length) + packed
    directory += bytes(4)
    block = block[:link_at] + struct.pack(order + "I", start) + block[link_at + 4 :]
    return block.ljust(start, b"\x00") + directory + thumbnail


def save(picture: Image.Image, path: Path, format_: str, **options: Any) -> Path:
    picture.save(path, format_, **options)
    return path
