"""Colour profiles (ICC.1): kept when they fit the pixels, rebuilt from known tags, used to leave CMYK and Lab."""

from __future__ import annotations

import io
import struct

from PIL import Image, ImageCms

_HEADER_BYTES = 128
_MAX_BYTES = 4_000_000
_COLOUR_TAGS = frozenset(
    b"desc cprt wtpt bkpt chad chrm lumi tech rXYZ gXYZ bXYZ rTRC gTRC bTRC kTRC cicp "
    b"A2B0 A2B1 A2B2 B2A0 B2A1 B2A2 D2B0 D2B1 D2B2 D2B3 B2D0 B2D1 B2D2 B2D3 gamt vued view meas".split()
)
"""The public tags that colour management reads (ICC.1:2022, 9.2). Private ones are dropped: they can hold anything,
and some do hold a display's serial number (`mmod`)."""


def clean_profile(profile: bytes | None, *, is_grey: bool) -> bytes | None:
    """`profile` rebuilt from its public colour tags; None when it is absent, broken or for another kind of pixels."""
    if not profile or len(profile) > _MAX_BYTES:
        return None
    try:
        rebuilt = _rebuild(profile)
        space = ImageCms.ImageCmsProfile(io.BytesIO(rebuilt)).profile.xcolor_space.strip()
    except (ImageCms.PyCMSError, OSError, ValueError, struct.error):
        return None
    return rebuilt if space == ("GRAY" if is_grey else "RGB") else None


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """A CMYK or Lab image in sRGB: by `profile` when it is usable, else by the plain formula."""
    source: ImageCms.ImageCmsProfile | None = None
    try:
        if image.mode == "LAB":
            source = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
        elif profile:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if source is not None:
            converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
            if converted is not None:
                return converted
    except (ImageCms.PyCMSError, OSError, ValueError):
        if image.mode == "LAB":
            raise
    return image.convert("RGB")


def _rebuild(profile: bytes) -> bytes:
    """The profile with only `_COLOUR_TAGS`, each element once, nothing between or behind them."""
    (count,) = struct.unpack_from(">I", profile, _HEADER_BYTES)
    if count > 200:
        raise ValueError("too many tags for a colour profile")
    tags = [struct.unpack_from(">4sII", profile, _HEADER_BYTES + 4 + 12 * i) for i in range(count)]
    kept = [tag for tag in tags if tag[0] in _COLOUR_TAGS]
    body, places = bytearray(), {}
    start = _HEADER_BYTES + 4 + 12 * len(kept)
    for _, offset, size in kept:
        element = profile[offset : offset + size]
        if len(element) != size:
            raise ValueError("a tag of the colour profile points outside it")
        if (offset, size) not in places:
            places[offset, size] = start + len(body)
            body += element + bytes(-size % 4)
    table = b"".join(struct.pack(">4sII", name, places[offset, size], size) for name, offset, size in kept)
    header = bytearray(profile[:_HEADER_BYTES])
    struct.pack_into(">I", header, 0, start + len(body))
    header[48:56] = bytes(8)  # device manufacturer and model
    header[80:128] = bytes(48)  # creator, profile id (a digest of what was), reserved
    return bytes(header) + struct.pack(">I", len(kept)) + table + bytes(body)
