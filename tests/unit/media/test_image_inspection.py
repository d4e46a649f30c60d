from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from made_pictures import exif_with_orientation, jpeg_segment, moving_square, png_chunk, quadrants
from PIL import Image

from faceguard.errors import RedactionError
from faceguard.media.image_write import write_image
from faceguard.media.inspection import inspect_output
from faceguard.media.picture import ImageFormat, KeepMetadata, Picture
from faceguard.types import Frame


def one_frame() -> Picture:
    return Picture((Frame((np.ascontiguousarray(quadrants()[:, :, ::-1]),)),), ImageFormat.PNG, is_lossless=False)


def pillow_bytes(format_: str, **options: object) -> bytes:
    out = io.BytesIO()
    Image.fromarray(quadrants()).save(out, format_, **options)
    return out.getvalue()


def refuse(tmp_path: Path, data: bytes, says: str, *, keep: KeepMetadata = KeepMetadata.NONE) -> None:
    path = tmp_path / "written"
    path.write_bytes(data)
    with pytest.raises(RedactionError, match=says):
        inspect_output(path, one_frame(), keep_metadata=keep)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tiff", ".gif", ".bmp", ".avif", ".heic"])
@pytest.mark.parametrize("tail", [b"\x00", b"\xff\xd8\xff\xe0 a second picture"])
def test_bytes_behind_the_end_are_found(tmp_path: Path, suffix: str, tail: bytes) -> None:
    """FG-R05"""
    path = tmp_path / f"out{suffix}"
    write_image(one_frame(), path)
    inspect_output(path, one_frame())
    refuse(tmp_path, path.read_bytes() + tail, "behind|refers to|cut")


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tiff", ".gif", ".bmp", ".avif", ".heic"])
def test_a_cut_output_is_found(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    write_image(one_frame(), path)
    refuse(tmp_path, path.read_bytes()[:-9], "withheld")


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tiff", ".gif", ".bmp", ".avif", ".heic"])
def test_an_output_of_another_size_is_found(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    write_image(one_frame(), path)
    larger = Picture((Frame((np.zeros((64, 98, 3), np.uint8),)),), ImageFormat.PNG)
    with pytest.raises(RedactionError, match="frames of"):
        inspect_output(path, larger)


def jpeg_with(segment: bytes) -> Callable[[], bytes]:
    def build() -> bytes:
        plain = pillow_bytes("JPEG")
        return plain[:2] + segment + plain[2:]

    return build


def jfif_with_thumbnail() -> bytes:
    plain = pillow_bytes("JPEG")
    body = b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x02\x02" + bytes(12)
    return plain[:2] + jpeg_segment(0xE0, body) + plain[20:]


def png_with_text() -> bytes:
    plain = pillow_bytes("PNG")
    return plain[:33] + png_chunk(b"tEXt", b"Comment\x00hello") + plain[33:]


def two_pages() -> bytes:
    return pillow_bytes("TIFF", save_all=True, append_images=[Image.fromarray(quadrants())])


def heic_with_thumbnail() -> bytes:
    out = io.BytesIO()
    picture = Image.effect_noise((512, 512), 60).convert("RGB")
    container = pillow_heif.from_pillow(picture)
    container[0].info["thumbnails"] = [64]
    container.save(out)
    return out.getvalue()


def heic_with_xmp() -> bytes:
    out = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(quadrants())).save(out, xmp=b"<x:xmpmeta/>")
    return out.getvalue()


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (jpeg_with(jpeg_segment(0xFE, b"a comment")), "segment of type FE"),
        (jpeg_with(jpeg_segment(0xED, b"Photoshop 3.0\x008BIM")), "segment of type ED"),
        (jpeg_with(jpeg_segment(0xE2, b"MPF\x00MM\x00*")), "segment of type E2"),
        (jpeg_with(jpeg_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\x00<x/>")), "segment of type E1"),
        (jpeg_with(jpeg_segment(0xE1, b"Exif\x00\x00" + exif_with_orientation(1)[6:])), "Exif"),
        (jfif_with_thumbnail, "segment of type E0"),
        (png_with_text, "tEXt"),
        (lambda: pillow_bytes("PNG", exif=exif_with_orientation(6)), "Exif"),
        (lambda: pillow_bytes("WEBP", xmp=b"<x:xmpmeta/>"), "XMP"),
        (lambda: pillow_bytes("GIF", comment=b"hello"), "comment"),
        (lambda: pillow_bytes("TIFF", description="hello"), "270"),
        (two_pages, "refers to|tags|frames"),
        (lambda: pillow_bytes("AVIF", xmp=b"<x:xmpmeta/>"), "mime"),
        (heic_with_thumbnail, "thmb"),
        (heic_with_xmp, "mime"),
        (lambda: b"hello", "no picture format"),
    ],
)
def test_whatever_is_not_the_picture_is_found(tmp_path: Path, build: Callable[[], bytes], says: str) -> None:
    """FG-R05: comment, IPTC, MPF index, XMP, Exif, thumbnails, text, a second page."""
    refuse(tmp_path, build(), says)


def exif_with_gps() -> bytes:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = "2024:01:01 00:00:00"
    exif.get_ifd(0x8825)[1] = "N"
    return exif.tobytes()


def exif_with_maker_note() -> bytes:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x927C] = b"who knows"
    return exif.tobytes()


@pytest.mark.parametrize("block", [exif_with_orientation(6), exif_with_gps(), exif_with_maker_note()])
def test_exif_that_was_to_be_kept_holds_only_allowed_tags(tmp_path: Path, block: bytes) -> None:
    """FG-R05"""
    data = jpeg_with(jpeg_segment(0xE1, b"Exif\x00\x00" + block.removeprefix(b"Exif\x00\x00")))()
    refuse(tmp_path, data, "Exif", keep=KeepMetadata.SAFE)


def test_a_lost_frame_is_found(tmp_path: Path) -> None:
    frames = tuple(Frame((np.ascontiguousarray(np.asarray(f)[:, :, ::-1]),)) for f in moving_square())
    whole = Picture(frames, ImageFormat.PNG, durations_ms=(40.0,) * 4)
    fewer = Picture(frames[:3], ImageFormat.PNG, durations_ms=(40.0,) * 3)
    for suffix in (".gif", ".png", ".webp", ".avif", ".tiff"):
        path = tmp_path / f"out{suffix}"
        write_image(fewer, path)
        with pytest.raises(RedactionError, match="another number"):
            inspect_output(path, whole)


def test_a_tiff_hides_nothing_between_its_pages(tmp_path: Path) -> None:
    """FG-R05: bytes that no page refers to are found wherever they are."""
    path = tmp_path / "out.tiff"
    write_image(one_frame(), path)
    data = path.read_bytes()
    (first,) = struct.unpack_from("<I", data, 4)
    hidden = b"a hidden picture"
    moved = data[:4] + struct.pack("<I", first + len(hidden)) + data[8:first] + hidden + data[first:]
    refuse(tmp_path, moved, "refers to")
