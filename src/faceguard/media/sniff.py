"""What a file is, by its content: a name's suffix is a wish, not a fact."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from faceguard.errors import DecodeError, UnsupportedMediaError
from faceguard.media.picture import ImageFormat

HEAD_BYTES = 256
"""Enough of a file to tell its format: the longest `ftyp` box in use has some thirty brands of 4 bytes."""

_AVIF_BRANDS = {b"avif", b"avis"}
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"mif2", b"msf1"}

_NAMED_BUT_UNREAD = (
    (b"\xff\x0a", "JPEG XL"),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "JPEG XL"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"8BPS", "Photoshop"),
    (b"%PDF", "PDF"),
    (b"%!PS", "PostScript"),
    (b"II*\x00\x10\x00\x00\x00CR", "Canon raw"),
    (b"FUJIFILMCCD-RAW", "Fujifilm raw"),
    (b"IIU\x00", "Panasonic raw"),
    (b"IIRO", "Olympus raw"),
    (b"qoif", "QOI"),
    (b"v/1\x01", "OpenEXR"),
    (b"#?RADIANCE", "Radiance HDR"),
    (b"SIMPLE  =", "FITS"),
    (b"<svg", "SVG"),
    (b"\x00\x00\x01\x00", "Windows icon"),
    (b"P4\n", "portable bitmap"),
    (b"P5\n", "portable greymap"),
    (b"P6\n", "portable pixmap"),
)


@contextlib.contextmanager
def open_regular(path: Path, *, max_bytes: int) -> Iterator[BinaryIO]:
    """Opens a regular file for reading; never waits on a pipe or device.

    Raises DecodeError, saying why, for anything missing, unreadable, empty, larger than `max_bytes`, or not a file.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise DecodeError(f"`{path}` can't be opened: {error.strerror or error}", path=path) from error
    except ValueError as error:  # a null byte in the name
        raise DecodeError(f"`{path!r}` is not a file name", path=repr(path)) from error
    try:
        _require_plain_file(os.fstat(descriptor), path, max_bytes)
    except DecodeError:
        os.close(descriptor)
        raise
    with os.fdopen(descriptor, "rb") as file:
        yield file


def _require_plain_file(info: os.stat_result, path: Path, max_bytes: int) -> None:
    if stat.S_ISDIR(info.st_mode):
        raise DecodeError(f"`{path}` is a folder; name the files in it", path=path)
    if not stat.S_ISREG(info.st_mode):
        raise DecodeError(f"`{path}` is not a regular file (a pipe, socket or device)", path=path)
    if info.st_size == 0:
        raise DecodeError(f"`{path}` is empty", path=path)
    if info.st_size > max_bytes:
        raise DecodeError(
            f"`{path}` has {info.st_size} bytes, more than the limit of {max_bytes}",
            path=path,
            expected=max_bytes,
            actual=info.st_size,
        )


def sniff_image(head: bytes) -> ImageFormat | None:
    """The picture format that a file starting with `head` has, or None. MPO is told from JPEG only when decoding."""
    if head.startswith(b"\xff\xd8\xff"):
        return ImageFormat.JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return ImageFormat.PNG
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return ImageFormat.WEBP
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return ImageFormat.GIF
    if head[:4] in (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+") and head[8:10] != b"CR":
        return ImageFormat.TIFF
    if head[4:8] == b"ftyp":
        return _sniff_brands(head)
    if head[:2] == b"BM" and head[6:10] == b"\x00\x00\x00\x00":
        return ImageFormat.BMP
    return None


def require_image_format(head: bytes, path: Path) -> ImageFormat:
    """As `sniff_image`, but raises UnsupportedMediaError, naming the format where it is known."""
    found = sniff_image(head)
    if found is not None:
        return found
    if head.startswith(b"\xff\xd8"):
        raise DecodeError(f"`{path}` starts like a JPEG but ends before its first segment", path=path)
    name = next((name for magic, name in _NAMED_BUT_UNREAD if head.startswith(magic)), None)
    if name is not None:
        raise UnsupportedMediaError(f"`{path}` is {name}, which is not supported; convert it to PNG or TIFF", path=path)
    raise UnsupportedMediaError(
        f"`{path}` is not a picture in a supported format ({', '.join(f.value for f in ImageFormat)})", path=path
    )


def _sniff_brands(head: bytes) -> ImageFormat | None:
    """AVIF or HEIF by the brands of an ISO-BMFF `ftyp` box (ISO/IEC 14496-12, 4.3), or None for films."""
    size = int.from_bytes(head[:4], "big")
    box = head[8 : min(size, len(head))]
    brands = {box[:4], *(box[i : i + 4] for i in range(8, len(box) - 3, 4))}
    if box[:4] in _AVIF_BRANDS or (brands & _AVIF_BRANDS and box[:4] in (b"mif1", b"msf1")):
        return ImageFormat.AVIF
    if box[:4] in _HEIF_BRANDS:
        return ImageFormat.HEIF
    return None
