"""The boxes of a written AVIF or HEIC (ISO/IEC 14496-12, 23008-12): pictures and their alpha, and no other item."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from faceguard.media.structure import Structure, UnexpectedPart

_TOP_LEVEL = {b"ftyp", b"meta", b"mdat", b"moov", b"free"}
_PICTURE_ITEMS = {b"av01", b"hvc1", b"grid"}
_REFERENCES = {b"auxl", b"dimg", b"cdsc", b"prem"}
_ALPHA_URNS = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1")


def walk_boxes(data: bytes) -> Structure:
    """The pictures of the file. Thumbnails, XMP, depth and any other item raise UnexpectedPart."""
    meta = moov = b""
    for name, start, end in _boxes(data, 0, len(data)):
        if name not in _TOP_LEVEL:
            raise UnexpectedPart(f"a box `{name.decode('latin-1')}`")
        if name == b"free" and any(data[start:end]):
            raise UnexpectedPart("bytes in free space")
        meta = data[start + 4 : end] if name == b"meta" else meta
        moov = data[start:end] if name == b"moov" else moov
    children = {name: meta[start:end] for name, start, end in _boxes(meta, 0, len(meta))}
    items = _items(children.get(b"iinf", b""))
    aside = _referred_from(children.get(b"iref", b""), b"auxl") | _referred_to(children.get(b"iref", b""), b"dimg")
    pictures = [key for key, kind in items.items() if kind in _PICTURE_ITEMS and key not in aside]
    sizes = _sizes(children.get(b"iprp", b""), pictures)
    exif = b""
    if b"Exif" in items.values():
        exif = _exif_payload(data)
    if moov:
        return Structure((sizes[0],) * _track_frames(moov), exif)
    return Structure(tuple(sizes), exif)


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """`(name, first byte, one past the last)` of each box's payload."""
    while start < end:
        if start + 8 > end:
            raise UnexpectedPart("bytes behind the last box")
        size, name = struct.unpack_from(">I4s", data, start)
        header = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, start + 8)
            header = 16
        stop = end if size == 0 else start + size
        if stop > end or stop < start + header:
            raise UnexpectedPart(f"a box `{name.decode('latin-1')}` that is cut")
        yield name, start + header, stop
        start = stop


def _items(iinf: bytes) -> dict[int, bytes]:
    """Item id -> item type."""
    items: dict[int, bytes] = {}
    for name, start, _ in _boxes(iinf, 6 if iinf[:1] == b"\x00" else 8, len(iinf)):
        wide = iinf[start] == 3
        item_id = int.from_bytes(iinf[start + 4 : start + (8 if wide else 6)], "big")
        kind = iinf[start + (10 if wide else 8) : start + (14 if wide else 12)]
        if name != b"infe" or kind not in _PICTURE_ITEMS | {b"Exif"}:
            raise UnexpectedPart(f"an item of type `{kind.decode('latin-1')}`")
        items[item_id] = kind
    return items


def _references(iref: bytes) -> Iterator[tuple[bytes, int, tuple[int, ...]]]:
    """`(kind, from item, to items)`."""
    if not iref:
        return
    form = "H" if iref[0] == 0 else "I"
    width = struct.calcsize(form)
    for name, start, _ in _boxes(iref, 4, len(iref)):
        if name not in _REFERENCES:
            raise UnexpectedPart(f"a reference `{name.decode('latin-1')}`")
        source, count = struct.unpack_from(f">{form}H", iref, start)
        yield name, source, struct.unpack_from(f">{count}{form}", iref, start + width + 2)


def _referred_from(iref: bytes, kind: bytes) -> set[int]:
    return {source for name, source, _ in _references(iref) if name == kind}


def _referred_to(iref: bytes, kind: bytes) -> set[int]:
    return {target for name, _, targets in _references(iref) if name == kind for target in targets}


def _sizes(iprp: bytes, pictures: list[int]) -> list[tuple[int, int]]:
    """Width and height of each of `pictures`, by the `ispe` property that belongs to it."""
    parts = {name: iprp[start:end] for name, start, end in _boxes(iprp, 0, len(iprp))}
    ipco, ipma = parts.get(b"ipco", b""), parts.get(b"ipma", b"")
    properties = [(name, ipco[start:end]) for name, start, end in _boxes(ipco, 0, len(ipco))]
    for name, body in properties:
        if name == b"auxC" and not body[4:].startswith(_ALPHA_URNS):
            raise UnexpectedPart("an auxiliary picture that is not alpha")
    found = {}
    for item_id, indices in _associations(ipma):
        for index in indices:
            name, body = properties[index - 1]
            if name == b"ispe":
                found[item_id] = struct.unpack_from(">II", body, 4)
            elif name == b"clap":  # the part of the coded picture that is shown; always after `ispe`
                width, per_width, height, per_height = struct.unpack_from(">IIII", body)
                found[item_id] = width // per_width, height // per_height
    return [found[item_id] for item_id in pictures]


def _associations(ipma: bytes) -> Iterator[tuple[int, list[int]]]:
    """`(item id, property indices from 1)`."""
    wide_ids, wide_indices = ipma[0] > 0, bool(ipma[3] & 1)
    at = 8
    for _ in range(struct.unpack_from(">I", ipma, 4)[0]):
        item_id, count = struct.unpack_from(">IB" if wide_ids else ">HB", ipma, at)
        at += 5 if wide_ids else 3
        indices = struct.unpack_from(f">{count}{'H' if wide_indices else 'B'}", ipma, at)
        at += count * (2 if wide_indices else 1)
        yield item_id, [index & (0x7FFF if wide_indices else 0x7F) for index in indices]


def _exif_payload(data: bytes) -> bytes:
    """The Exif item's TIFF block. Our writers make one, of a known start, so it is found without the item locations."""
    at = max(data.find(b"II*\x00\x08\x00\x00\x00"), data.find(b"MM\x00*\x00\x00\x00\x08"))
    if at < 0:
        raise UnexpectedPart("an Exif item that is no TIFF block")
    return data[at : at + 1024]


def _track_frames(moov: bytes) -> int:
    """Frames of the picture track of an animation."""
    for name, start, end in _boxes(moov, 0, len(moov)):
        if name == b"trak" and b"pict" in moov[start:end]:
            at = moov.find(b"stsz", start, end)
            return int(struct.unpack_from(">I", moov, at + 12)[0])
    raise UnexpectedPart("an animation without a picture track")
