"""TIFF 6.0 from arrays: pages of 8 or 16 bits, grey or colour, deflated without loss.

Written here because Pillow has no 16-bit colour and OpenCV writes neither profile nor alpha tag.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from numpy.typing import NDArray
from PIL import ExifTags

from faceguard.media.picture import CaptureMetadata

_SHORT, _LONG, _RATIONAL, _ASCII, _UNDEFINED = 3, 4, 5, 2, 7
_SIZES = {_SHORT: 2, _LONG: 4, _RATIONAL: 8, _ASCII: 1, _UNDEFINED: 1}
_STRIP_BYTES = 1_000_000
_DEFLATE, _HORIZONTAL_DIFFERENCE, _UNASSOCIATED_ALPHA = 8, 2, 2
_EXIF_IFD, _ICC = 34665, 34675

Entry = tuple[int, int, bytes]
"""Tag, type, value bytes (little endian)."""


def encode_tiff(
    pages: Sequence[NDArray[Any]], *, icc_profile: bytes | None = None, metadata: CaptureMetadata | None = None
) -> bytes:
    """One TIFF from `pages`, each `(H, W, 1..4)` uint8 or uint16 in L, LA, RGB or RGBA order, sizes may differ."""
    out = bytearray(b"II*\x00\x00\x00\x00\x00")
    link_at = 4
    for page in pages:
        entries = _page_entries(out, page)
        if icc_profile:
            entries.append((_ICC, _UNDEFINED, icc_profile))
        exif = _exif_entries(metadata) if metadata is not None else []
        if exif:
            start, _ = _append_ifd(out, exif)
            entries.append((_EXIF_IFD, _LONG, struct.pack("<I", start)))
        start, next_link_at = _append_ifd(out, entries)
        struct.pack_into("<I", out, link_at, start)
        link_at = next_link_at
    return bytes(out)


def _page_entries(out: bytearray, page: NDArray[Any]) -> list[Entry]:
    """Appends the strips of `page` to `out` and returns the entries that describe them."""
    height, width, samples = page.shape
    rows = max(1, _STRIP_BYTES // (width * samples * page.dtype.itemsize))
    offsets, counts = [], []
    for top in range(0, height, rows):
        strip = page[top : top + rows]
        difference = strip.copy()
        difference[:, 1:] -= strip[:, :-1]
        data = zlib.compress(difference.astype(page.dtype.newbyteorder("<"), copy=False).tobytes(), 6)
        offsets.append(len(out))
        counts.append(len(data))
        out += data + bytes(len(data) % 2)
    entries = [
        (256, _LONG, _longs([width])),
        (257, _LONG, _longs([height])),
        (258, _SHORT, _shorts([8 * page.dtype.itemsize] * samples)),
        (259, _SHORT, _shorts([_DEFLATE])),
        (262, _SHORT, _shorts([2 if samples >= 3 else 1])),
        (273, _LONG, _longs(offsets)),
        (277, _SHORT, _shorts([samples])),
        (278, _LONG, _longs([rows])),
        (279, _LONG, _longs(counts)),
        (284, _SHORT, _shorts([1])),
        (317, _SHORT, _shorts([_HORIZONTAL_DIFFERENCE])),
    ]
    if samples in (2, 4):
        entries.append((338, _SHORT, _shorts([_UNASSOCIATED_ALPHA])))
    return entries


def _append_ifd(out: bytearray, entries: Sequence[Entry]) -> tuple[int, int]:
    """Appends long values and the directory; returns its offset and where its link to the next one stands."""
    rows = []
    for tag, kind, value in sorted(entries):
        inline = value.ljust(4, b"\x00")
        if len(value) > 4:
            inline = struct.pack("<I", len(out))
            out += value + bytes(len(value) % 2)
        rows.append(struct.pack("<HHI", tag, kind, len(value) // _SIZES[kind]) + inline)
    start = len(out)
    out += struct.pack("<H", len(rows)) + b"".join(rows) + bytes(4)
    return start, len(out) - 4


def _exif_entries(metadata: CaptureMetadata) -> list[Entry]:
    base = ExifTags.Base
    rationals = {
        base.ExposureTime: metadata.exposure_time_s,
        base.FNumber: metadata.f_number,
        base.FocalLength: metadata.focal_length_mm,
    }
    shorts = {base.ISOSpeedRatings: metadata.iso, base.FocalLengthIn35mmFilm: metadata.focal_length_35mm}
    texts = {base.DateTimeOriginal: metadata.captured_at, base.OffsetTimeOriginal: metadata.utc_offset}
    entries: list[Entry] = [(int(tag), _RATIONAL, _rational(value)) for tag, value in rationals.items() if value]
    entries += [(int(tag), _SHORT, _shorts([value])) for tag, value in shorts.items() if value]
    entries += [(int(tag), _ASCII, text.encode("ascii") + b"\x00") for tag, text in texts.items() if text]
    return entries


def _longs(values: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(values)}I", *values)


def _shorts(values: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(values)}H", *values)


def _rational(value: Fraction) -> bytes:
    return struct.pack("<II", value.numerator, value.denominator)
