"""The parts of written picture files, walked from the first byte to the last against a list of what may be there.

Each walker gets a whole file and returns what it holds; anything that isn't on the list, such as a comment, a second
picture or bytes behind the end, raises `UnexpectedPart`. They know only what faceguard's own writers produce: they are
no parsers for files from outside.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

from faceguard.media.riff import riff_chunks, webp_canvas


class UnexpectedPart(ValueError):
    """Something in a written file that its writer had no reason to put there; the text names it."""


@dataclass(frozen=True, slots=True)
class Structure:
    """What a file holds: one `(width, height)` for each frame or page, and the raw Exif block if there is one."""

    sizes: tuple[tuple[int, int], ...]
    exif: bytes = b""


_JPEG_TABLES = {0xC4, 0xDB, 0xDD}
_JPEG_FRAMES = {0xC0, 0xC1, 0xC2}
_END_OF_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7]")


def walk_jpeg(data: bytes) -> Structure:
    """SOI, JFIF without thumbnail, ICC, Exif, Adobe, tables, frame, scans, EOI (ITU-T T.81, annex B)."""
    if data[:2] != b"\xff\xd8":
        raise UnexpectedPart("no start of image")
    at, size, exif = 2, None, b""
    while data[at : at + 2] != b"\xff\xd9":
        if data[at : at + 1] != b"\xff" or at + 4 > len(data):
            raise UnexpectedPart("bytes between the segments")
        marker, (length,) = data[at + 1], struct.unpack_from(">H", data, at + 2)
        body = data[at + 4 : at + 2 + length]
        at += 2 + length
        if marker in _JPEG_FRAMES and size is None:
            size = struct.unpack_from(">H", body, 3)[0], struct.unpack_from(">H", body, 1)[0]
        elif marker == 0xDA:
            end = _END_OF_SCAN.search(data, at)
            if end is None:
                raise UnexpectedPart("a scan without an end")
            at = end.start()
        elif marker == 0xE1 and body.startswith(b"Exif\x00\x00") and not exif:
            exif = body[6:]
        elif not (marker in _JPEG_TABLES or _is_plain_app_segment(marker, body)):
            raise UnexpectedPart(f"a segment of type {marker:02X}")
    _require_end(data, at + 2)
    if size is None:
        raise UnexpectedPart("no frame header")
    return Structure((size,), exif)


def _is_plain_app_segment(marker: int, body: bytes) -> bool:
    jfif = marker == 0xE0 and body.startswith(b"JFIF\x00") and len(body) == 14 and body[12:14] == b"\x00\x00"
    icc = marker == 0xE2 and body.startswith(b"ICC_PROFILE\x00")
    adobe = marker == 0xEE and body.startswith(b"Adobe") and len(body) == 12
    return jfif or icc or adobe


_PNG_CHUNKS = {b"IHDR", b"iCCP", b"acTL", b"eXIf", b"fcTL", b"IDAT", b"fdAT", b"IEND"}


def walk_png(data: bytes) -> Structure:
    """Signature and chunks up to IEND (W3C PNG, third edition)."""
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        raise UnexpectedPart("no PNG signature")
    at, name, size, exif, controls = 8, b"", (0, 0), b"", 0
    while name != b"IEND":
        if at + 12 > len(data):
            raise UnexpectedPart("no end of image")
        length, name = struct.unpack_from(">I4s", data, at)
        if name not in _PNG_CHUNKS:
            raise UnexpectedPart(f"a chunk `{name.decode('latin-1')}`")
        if name == b"IHDR":
            size = struct.unpack_from(">II", data, at + 8)
        elif name == b"eXIf":
            exif = data[at + 8 : at + 8 + length]
        controls += name == b"fcTL"
        at += 12 + length
    _require_end(data, at)
    return Structure((size,) * max(controls, 1), exif)


_WEBP_CHUNKS = {b"VP8X", b"ICCP", b"ANIM", b"ANMF", b"VP8 ", b"VP8L", b"ALPH", b"EXIF"}


def walk_webp(data: bytes) -> Structure:
    """The RIFF chunks (RFC 9649)."""
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        raise UnexpectedPart("no WebP header")
    _require_end(data, 8 + struct.unpack_from("<I", data, 4)[0])
    exif, animated, still = b"", 0, 0
    for name, start, end in riff_chunks(data):
        if name not in _WEBP_CHUNKS:
            raise UnexpectedPart(f"a chunk `{name.decode('latin-1')}`")
        if name == b"EXIF":
            exif = data[start:end]
        animated += name == b"ANMF"
        still += name in (b"VP8 ", b"VP8L")
    if (animated == 0) != (still == 1):
        raise UnexpectedPart("a still picture beside an animation")
    return Structure((webp_canvas(data[:30]),) * max(animated, 1), exif)


def walk_gif(data: bytes) -> Structure:
    """Header, loop extension, graphic controls, images, trailer (GIF89a specification)."""
    if data[:6] != b"GIF89a":
        raise UnexpectedPart("no GIF header")
    size = struct.unpack_from("<HH", data, 6)
    at = 13 + _gif_palette_bytes(data[10])
    images = 0
    while data[at : at + 1] != b";":
        if data[at : at + 2] == b"!\xf9":
            at = _skip_sub_blocks(data, at + 2)
        elif data[at : at + 14] == b"!\xff\x0bNETSCAPE2.0":
            at = _skip_sub_blocks(data, at + 14)
        elif data[at : at + 1] == b"," and at + 10 < len(data):
            if struct.unpack_from("<HHHH", data, at + 1) != (0, 0, *size):
                raise UnexpectedPart("an image that is not the size of the screen")
            images += 1
            at = _skip_sub_blocks(data, at + 11 + _gif_palette_bytes(data[at + 9]))
        else:
            raise UnexpectedPart("a comment or an unknown extension")
    _require_end(data, at + 1)
    return Structure((size,) * images)


def _gif_palette_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _skip_sub_blocks(data: bytes, at: int) -> int:
    while at < len(data) and data[at]:
        at += 1 + data[at]
    return at + 1


def walk_bmp(data: bytes) -> Structure:
    """File header, info header, palette, pixels."""
    if data[:2] != b"BM" or len(data) < 54:
        raise UnexpectedPart("no BMP header")
    file_bytes, pixels_at, header_bytes, width, height = struct.unpack_from("<I4xIIii", data, 2)
    bits, colours = struct.unpack_from("<H16xI", data, 28)
    if pixels_at != 14 + header_bytes + 4 * (colours if bits <= 8 else 0):
        raise UnexpectedPart("bytes between the header and the pixels")
    _require_end(data, file_bytes)
    _require_end(data, pixels_at + (width * bits + 31) // 32 * 4 * abs(height))
    return Structure(((width, abs(height)),))


def _require_end(data: bytes, end: int) -> None:
    if len(data) > end:
        raise UnexpectedPart(f"{len(data) - end} bytes behind the end of the picture")
    if len(data) < end:
        raise UnexpectedPart("an end that is missing")
