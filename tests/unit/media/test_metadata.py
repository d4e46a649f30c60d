from __future__ import annotations

from fractions import Fraction

import pytest
from PIL import Image, TiffImagePlugin

from faceguard.media.metadata import exif_bytes, read_capture, read_orientation
from faceguard.media.picture import CaptureMetadata

FULL = CaptureMetadata("2024:05:06 07:08:09", "-03:30", Fraction(1, 250), Fraction(17, 10), 3200, Fraction(85), 128)


def parsed(block: bytes) -> Image.Exif:
    exif = Image.Exif()
    exif.load(block)
    return exif


def exif_of(tag: int, value: object) -> Image.Exif:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[tag] = value
    return exif


def test_what_is_kept_is_written_and_read_alike() -> None:
    assert read_capture(parsed(exif_bytes(FULL))) == FULL


def test_nothing_to_say_is_no_block_at_all() -> None:
    assert exif_bytes(CaptureMetadata()) == b""


@pytest.mark.parametrize(
    "text", ["yesterday", "2024-05-06 07:08:09", "2024:05:06 07:08:09 at Anna's", "    :  :     :  :  ", b"\x00" * 19]
)
def test_a_time_in_any_other_form_is_left_out(text: object) -> None:
    """FG-R05: a free text in a time's place could say anything."""
    assert read_capture(exif_of(0x9003, text)).captured_at is None


@pytest.mark.parametrize("offset", ["JST", "+9:00", "+09:00 home"])
def test_an_offset_in_any_other_form_is_left_out(offset: str) -> None:
    assert read_capture(exif_of(0x9011, offset)).utc_offset is None


@pytest.mark.parametrize("value", [TiffImagePlugin.IFDRational(0, 0), TiffImagePlugin.IFDRational(-1, 3), "1/60", 0])
def test_a_number_that_is_none_is_left_out(value: object) -> None:
    assert read_capture(exif_of(0x829A, value)).exposure_time_s is None


@pytest.mark.parametrize(("stored", "read"), [(1, 1), (6, 6), (8, 8), (0, 1), (9, 1), ("6", 1)])
def test_orientation_is_one_unless_it_is_in_range(stored: object, read: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = stored
    assert read_orientation(exif) == read
