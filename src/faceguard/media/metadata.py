"""Exif (CIPA DC-008): which way is up, and the few facts of capture that may be kept on request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from PIL import ExifTags, Image, TiffImagePlugin

from faceguard.media.picture import CaptureMetadata

_ORIENTATION = 0x0112
_EXIF_IFD = 0x8769
_TIME = re.compile(r"\d{4}:\d\d:\d\d \d\d:\d\d:\d\d")
_OFFSET = re.compile(r"[+-]\d\d:\d\d")
_MAX_RATIONAL = 2**32 - 1

ALLOWED_EXIF_TAGS = frozenset(
    {
        ExifTags.Base.DateTimeOriginal,
        ExifTags.Base.OffsetTimeOriginal,
        ExifTags.Base.ExposureTime,
        ExifTags.Base.FNumber,
        ExifTags.Base.ISOSpeedRatings,
        ExifTags.Base.FocalLength,
        ExifTags.Base.FocalLengthIn35mmFilm,
    }
)
"""Tags of the Exif IFD that an output may hold. No place, name, device, serial number, comment or free text."""


def read_orientation(exif: Image.Exif) -> int:
    """The Exif orientation, 1..8; 1 when it is absent or out of range."""
    value = exif.get(_ORIENTATION)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def read_capture(exif: Image.Exif) -> CaptureMetadata:
    """What may be kept of `exif`; whatever has not exactly the form that the standard asks for is left out."""
    tags: Mapping[int, Any] = exif.get_ifd(_EXIF_IFD)
    return CaptureMetadata(
        captured_at=_text(tags.get(ExifTags.Base.DateTimeOriginal), _TIME),
        utc_offset=_text(tags.get(ExifTags.Base.OffsetTimeOriginal), _OFFSET),
        exposure_time_s=_fraction(tags.get(ExifTags.Base.ExposureTime)),
        f_number=_fraction(tags.get(ExifTags.Base.FNumber)),
        iso=_short(tags.get(ExifTags.Base.ISOSpeedRatings)),
        focal_length_mm=_fraction(tags.get(ExifTags.Base.FocalLength)),
        focal_length_35mm=_short(tags.get(ExifTags.Base.FocalLengthIn35mmFilm)),
    )


def exif_bytes(metadata: CaptureMetadata) -> bytes:
    """A fresh Exif block (a TIFF header and its IFDs, without the `Exif` prefix), b"" when there is nothing to say."""
    tags: dict[int, Any] = {
        ExifTags.Base.DateTimeOriginal: metadata.captured_at,
        ExifTags.Base.OffsetTimeOriginal: metadata.utc_offset,
        ExifTags.Base.ExposureTime: _rational(metadata.exposure_time_s),
        ExifTags.Base.FNumber: _rational(metadata.f_number),
        ExifTags.Base.ISOSpeedRatings: metadata.iso,
        ExifTags.Base.FocalLength: _rational(metadata.focal_length_mm),
        ExifTags.Base.FocalLengthIn35mmFilm: metadata.focal_length_35mm,
    }
    present = {tag: value for tag, value in tags.items() if value is not None}
    if not present:
        return b""
    exif = Image.Exif()
    exif.get_ifd(_EXIF_IFD).update(present)
    return exif.tobytes().removeprefix(b"Exif\x00\x00")


def _text(value: object, form: re.Pattern[str]) -> str | None:
    text = value.strip("\x00 ") if isinstance(value, str) else ""
    return text if form.fullmatch(text) else None


def _short(value: object) -> int | None:
    if isinstance(value, tuple) and value:
        value = value[0]
    return value if isinstance(value, int) and 0 < value < 2**16 else None


def _fraction(value: object) -> Fraction | None:
    """A positive Exif rational as a fraction; None for 0/0, negatives and other types."""
    if not isinstance(value, TiffImagePlugin.IFDRational) or not value.denominator:
        return None
    fraction = Fraction(int(value.numerator), int(value.denominator))
    fits = max(fraction.numerator, fraction.denominator) <= _MAX_RATIONAL
    return fraction if fraction > 0 and fits else None


def _rational(value: Fraction | None) -> TiffImagePlugin.IFDRational | None:
    return None if value is None else TiffImagePlugin.IFDRational(value.numerator, value.denominator)
