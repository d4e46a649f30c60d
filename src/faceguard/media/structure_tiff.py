"""The directories of a written TIFF, against what `tiff_write` puts there: every byte must belong to one of them."""

from __future__ import annotations

import struct

from faceguard.media.metadata import ALLOWED_EXIF_TAGS
from faceguard.media.structure import Structure, UnexpectedPart

_WIDTH, _HEIGHT, _STRIPS, _STRIP_BYTES, _EXIF_IFD = 256, 257, 273, 279, 34665
_PAGE_TAGS = {256, 257, 258, 259, 262, 273, 277, 278, 279, 284, 317, 338, 34675, 34665}
_TYPE_BYTES = {2: 1, 3: 2, 4: 4, 5: 8, 7: 1}
_MAX_PAGES = 100_000

Directory = dict[int, tuple[int, ...]]


def walk_tiff(data: bytes) -> Structure:
    """All pages; raises UnexpectedPart for tags that aren't ours and for bytes that nothing refers to."""
    if data[:4] != b"II*\x00":
        raise UnexpectedPart("no TIFF header")
    used, sizes = [(0, 8)], []
    (offset,) = struct.unpack_from("<I", data, 4)
    while offset:
        page, offset = _read_directory(data, offset, used)
        if not page.keys() <= _PAGE_TAGS:
            raise UnexpectedPart(f"the tags {sorted(page.keys() - _PAGE_TAGS)}")
        if _EXIF_IFD in page:
            exif, _ = _read_directory(data, page[_EXIF_IFD][0], used)
            if not exif.keys() <= ALLOWED_EXIF_TAGS:
                raise UnexpectedPart(f"the Exif tags {sorted(exif.keys() - ALLOWED_EXIF_TAGS)}")
        used += [(at, at + count) for at, count in zip(page[_STRIPS], page[_STRIP_BYTES], strict=True)]
        sizes.append((page[_WIDTH][0], page[_HEIGHT][0]))
        if len(sizes) > _MAX_PAGES:
            raise UnexpectedPart("pages without end")
    _require_all_used(data, used)
    return Structure(tuple(sizes))


def has_exif(data: bytes) -> bool:
    """Whether the first page of a TIFF that `walk_tiff` has passed carries Exif."""
    page, _ = _read_directory(data, struct.unpack_from("<I", data, 4)[0], [])
    return _EXIF_IFD in page


def _read_directory(data: bytes, offset: int, used: list[tuple[int, int]]) -> tuple[Directory, int]:
    """Tags with their values as integers (texts and rationals as bytes), and the offset of the next directory."""
    (count,) = struct.unpack_from("<H", data, offset)
    used.append((offset, offset + 6 + 12 * count))
    directory: Directory = {}
    for index in range(count):
        tag, kind, length = struct.unpack_from("<HHI", data, offset + 2 + 12 * index)
        at = offset + 10 + 12 * index
        size = length * _TYPE_BYTES.get(kind, 0)
        if size > 4:
            (at,) = struct.unpack_from("<I", data, at)
            used.append((at, at + size))
        form = {3: "H", 4: "I"}.get(kind, "B")
        directory[tag] = struct.unpack_from(f"<{size // struct.calcsize(form)}{form}", data, at)
    return directory, struct.unpack_from("<I", data, offset + 2 + 12 * count)[0]


def _require_all_used(data: bytes, used: list[tuple[int, int]]) -> None:
    """Every byte lies in one of `used`, but for one byte of padding to an even offset."""
    end = 0
    for start, stop in [*sorted(used), (len(data), len(data))]:
        padded = start == end + 1 and start < len(data) and not data[end]
        if start > end and not padded:
            raise UnexpectedPart(f"{start - end} bytes that no page refers to")
        end = max(end, stop)
    if end > len(data):
        raise UnexpectedPart("an end that is missing")
