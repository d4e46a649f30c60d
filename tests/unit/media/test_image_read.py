from __future__ import annotations

import builtins
import io
import os
import struct
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_pictures import (
    bomb_png,
    exif_with_orientation,
    moving_square,
    noise,
    quadrants,
    raw_png,
    save,
    srgb_profile,
    stored_turned,
)
from PIL import Image

from faceguard.errors import DecodeError, FaceguardError, MediaError, UnsupportedMediaError
from faceguard.media.image import read_image
from faceguard.media.picture import ImageFormat, ImageLimits, Picture

LOSSY_ERROR = 14


def rgb(frame: Any) -> np.ndarray:
    return frame.planes[0][:, :, ::-1]


# ------------------------------------------------------------------------------------------------- orientation


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_a_picture_is_upright_whatever_way_it_was_stored(tmp_path: Path, format_: str, orientation: int) -> None:
    stored = Image.fromarray(stored_turned(quadrants(), orientation))
    path = tmp_path / "picture"
    if format_ == "HEIF":  # its writer turns Exif orientation into the file's own turn, which its decoder applies
        container = pillow_heif.from_pillow(stored)
        container.save(path, exif=exif_with_orientation(orientation), quality=90)
    else:
        save(stored, path, format_, exif=exif_with_orientation(orientation))
    (frame,) = read_image(path).frames
    assert (frame.width, frame.height) == (96, 64)
    centres = rgb(frame)[16::32, 24::48].astype(int)
    assert np.abs(centres - quadrants()[16::32, 24::48].astype(int)).max() <= 2 * LOSSY_ERROR


@pytest.mark.parametrize("orientation", [0, 9, 99, 6000])
def test_an_orientation_out_of_range_is_ignored(tmp_path: Path, orientation: int) -> None:
    path = save(Image.fromarray(quadrants()), tmp_path / "p.png", "PNG", exif=exif_with_orientation(orientation))
    np.testing.assert_array_equal(rgb(read_image(path).frames[0]), quadrants())


def test_every_page_of_a_tiff_is_turned(tmp_path: Path) -> None:
    stored = Image.fromarray(stored_turned(quadrants(), 6))
    exif = exif_with_orientation(6)
    path = save(stored, tmp_path / "p.tif", "TIFF", exif=exif, save_all=True, append_images=[stored])
    frames = read_image(path).frames
    assert len(frames) == 2
    np.testing.assert_array_equal(rgb(frames[0]), quadrants())


# ---------------------------------------------------------------------------------------------- depth and modes


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("interlaced", [False, True])
def test_sixteen_bits_of_a_png_stay_sixteen_bits(tmp_path: Path, channels: int, interlaced: bool) -> None:
    samples = noise((19, 23, channels), np.uint16)
    path = tmp_path / "deep.png"
    path.write_bytes(raw_png(samples, interlaced=interlaced))
    picture = read_image(path)
    (frame,) = picture.frames
    colour = samples[:, :, :3] if channels >= 3 else np.repeat(samples[:, :, :1], 3, axis=2)
    assert picture.bit_depth == 16
    assert picture.is_grey is (channels < 3)
    np.testing.assert_array_equal(rgb(frame), colour)
    if channels in (2, 4):
        np.testing.assert_array_equal(frame.alpha, samples[:, :, -1])
    else:
        assert frame.alpha is None


def test_one_see_through_colour_of_a_deep_png_becomes_alpha(tmp_path: Path) -> None:
    samples = noise((8, 8, 3), np.uint16)
    samples[2, 3] = samples[5, 5] = (1, 2, 65535)
    path = tmp_path / "trns.png"
    path.write_bytes(raw_png(samples, extra=[(b"tRNS", struct.pack(">HHH", 1, 2, 65535))]))
    alpha = read_image(path).frames[0].alpha
    assert alpha is not None
    assert sorted(zip(*np.nonzero(alpha == 0), strict=True)) == [(2, 3), (5, 5)]


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_sixteen_bits_of_a_tiff_stay_sixteen_bits(tmp_path: Path, channels: int) -> None:
    samples = noise((31, 17, channels), np.uint16)  # OpenCV takes BGR(A) and writes LZW
    path = tmp_path / "deep.tif"
    path.write_bytes(cv2.imencode(".tif", samples)[1].tobytes())
    picture = read_image(path)
    expected = samples[:, :, :3] if channels >= 3 else np.repeat(samples, 3, axis=2)
    assert picture.bit_depth == 16
    np.testing.assert_array_equal(picture.frames[0].planes[0], expected)


@pytest.mark.parametrize("order", ["<", ">"])
def test_sixteen_bits_are_read_in_either_byte_order(tmp_path: Path, order: str) -> None:
    samples = noise((5, 7, 3), np.uint16)
    tags = [(256, 3, 1, 7), (257, 3, 1, 5), (258, 3, 3, 122), (259, 3, 1, 1), (262, 3, 1, 2)]
    tags += [(273, 4, 1, 128), (277, 3, 1, 3), (278, 3, 1, 5), (279, 4, 1, samples.nbytes)]
    data = (b"II*\x00" if order == "<" else b"MM\x00*") + struct.pack(order + "IH", 8, len(tags))
    for tag, kind, count, value in tags:
        wide = kind == 4 or count > 1
        data += struct.pack(order + "HHI" + ("I" if wide else "H2x"), tag, kind, count, value)
    data += bytes(4) + struct.pack(order + "3H", 16, 16, 16)
    path = tmp_path / "deep.tif"
    path.write_bytes(data + samples.astype(order + "u2").tobytes())
    np.testing.assert_array_equal(rgb(read_image(path).frames[0]), samples)


def test_ten_bit_heic_is_read_at_its_depth(tmp_path: Path) -> None:
    ramp = np.tile(np.linspace(0, 65535, 256, dtype=np.uint16)[None, :, None], (64, 1, 3))
    path = tmp_path / "deep.heic"
    pillow_heif.encode("RGB;16", (256, 64), ramp.tobytes(), path, quality=-1, chroma=444)
    picture = read_image(path)
    assert picture.bit_depth == 16
    assert np.abs(rgb(picture.frames[0]).astype(int) - ramp).max() < 65536 / 256


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_every_mode_of_png_becomes_bgr(tmp_path: Path, mode: str) -> None:
    source = Image.fromarray(noise((20, 30, 4))).convert("RGBA")
    source = source.convert("RGB").quantize(64) if mode == "P" else source.convert(mode)
    picture = read_image(save(source, tmp_path / "p.png", "PNG"))
    (frame,) = picture.frames
    np.testing.assert_array_equal(rgb(frame), np.asarray(source.convert("RGB")))
    assert (frame.alpha is not None) is (mode in ("LA", "RGBA"))
    assert picture.is_grey is (mode in ("1", "L", "LA"))


def test_a_palette_with_see_through_entries_becomes_colour_and_alpha(tmp_path: Path) -> None:
    source = Image.fromarray((np.arange(64).reshape(8, 8) % 4).astype(np.uint8), "P")
    source.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 8, 7])
    path = save(source, tmp_path / "p.png", "PNG", transparency=bytes([255, 128, 0, 255]))
    (frame,) = read_image(path).frames
    np.testing.assert_array_equal(rgb(frame)[0, :4], [[255, 0, 0], [0, 255, 0], [0, 0, 255], [9, 8, 7]])
    np.testing.assert_array_equal(frame.alpha[0, :4], [255, 128, 0, 255])


def test_colours_under_alpha_zero_are_seen(tmp_path: Path) -> None:
    """A face may still lie in the colours of pixels that nobody sees."""
    samples = noise((16, 16, 4))
    samples[:, :, 3] = 0
    path = save(Image.fromarray(samples, "RGBA"), tmp_path / "hidden.png", "PNG")
    np.testing.assert_array_equal(rgb(read_image(path).frames[0]), samples[:, :, :3])


def test_cmyk_becomes_colours_that_look_the_same(tmp_path: Path) -> None:
    path = save(Image.fromarray(quadrants()).convert("CMYK"), tmp_path / "cmyk.jpg", "JPEG", quality=95)
    picture = read_image(path)
    assert np.abs(rgb(picture.frames[0])[16::32, 24::48].astype(int) - quadrants()[16::32, 24::48]).max() <= LOSSY_ERROR
    assert picture.icc_profile is None
    assert not picture.is_grey


@pytest.mark.parametrize("mode", ["I", "F"])
def test_samples_of_32_bits_are_refused_by_name(tmp_path: Path, mode: str) -> None:
    path = save(Image.new(mode, (8, 8)), tmp_path / "p.tif", "TIFF")
    with pytest.raises(UnsupportedMediaError, match="samples"):
        read_image(path)


def test_a_bmp_of_sixteen_bits_a_pixel_is_no_deep_picture(tmp_path: Path) -> None:
    header = struct.pack("<2sIHHI", b"BM", 54 + 16, 0, 0, 54) + struct.pack(
        "<IiiHHIIiiII", 40, 4, 2, 1, 16, 0, 16, 0, 0, 0, 0
    )
    path = tmp_path / "p.bmp"
    path.write_bytes(header + struct.pack("<4H", *[31 << 10] * 4) + struct.pack("<4H", *[31] * 4))
    picture = read_image(path)
    assert picture.bit_depth == 8
    np.testing.assert_array_equal(rgb(picture.frames[0])[:, 0], [[0, 0, 255], [255, 0, 0]])


def test_frames_can_not_be_written_to(tmp_path: Path) -> None:
    (frame,) = read_image(save(Image.fromarray(quadrants()), tmp_path / "p.png", "PNG")).frames
    with pytest.raises(ValueError, match="read-only"):
        frame.planes[0][0, 0] = 0


# -------------------------------------------------------------------------------------------- many frames, pages


@pytest.mark.parametrize("format_", ["GIF", "PNG", "WEBP", "AVIF"])
def test_every_frame_of_an_animation_is_read_composed(tmp_path: Path, format_: str) -> None:
    frames = moving_square()
    options = (
        {"lossless": True}
        if format_ == "WEBP"
        else {"quality": 95, "subsampling": "4:4:4"}
        if format_ == "AVIF"
        else {}
    )
    path = tmp_path / "moves"
    frames[0].save(path, format_, save_all=True, append_images=frames[1:], duration=[50, 100, 150, 200], **options)
    picture = read_image(path)
    assert picture.durations_ms == (50, 100, 150, 200)
    assert [frame.index for frame in picture.frames] == [0, 1, 2, 3]
    assert [frame.pts_s for frame in picture.frames] == pytest.approx([0, 0.05, 0.15, 0.3])
    tolerance = 40 if format_ == "AVIF" else 0
    for frame, source in zip(picture.frames, frames, strict=True):
        assert np.abs(rgb(frame).astype(int) - np.asarray(source)).max() <= tolerance


@pytest.mark.parametrize("disposal", [1, 2, 3])
def test_gif_frames_are_what_a_viewer_shows(tmp_path: Path, disposal: int) -> None:
    frames = moving_square(mode="RGBA")
    for frame in frames:
        frame.putpixel((0, 0), (0, 0, 0, 0))
    path = tmp_path / "moves.gif"
    frames[0].save(path, save_all=True, append_images=frames[1:], disposal=disposal, loop=2)
    picture = read_image(path)
    assert picture.loop == 3
    assert len(picture.frames) == 4
    for index, frame in enumerate(picture.frames):
        red = rgb(frame)[:, :, 0] > 200
        assert red[10:26, 4 + 8 * index : 12 + 8 * index].all()


def test_pages_of_different_sizes_are_all_read(tmp_path: Path) -> None:
    pages = [Image.fromarray(noise((10 + 5 * i, 12, 3), seed=i)) for i in range(3)]
    path = tmp_path / "pages.tif"
    pages[0].save(path, save_all=True, append_images=pages[1:])
    picture = read_image(path)
    assert [frame.height for frame in picture.frames] == [10, 15, 20]
    assert not picture.is_animated


def test_a_smaller_copy_of_a_page_is_left_out_and_said(tmp_path: Path) -> None:
    page, small = Image.fromarray(quadrants()), Image.fromarray(quadrants(24, 16))
    small.encoderinfo = {"tiffinfo": {254: 1}}
    path = tmp_path / "pages.tif"
    page.save(path, save_all=True, append_images=[small], tiffinfo={254: 0})
    data = bytearray(path.read_bytes())
    second = _tag_value_offset(data, page=1, tag=254)
    data[second : second + 4] = struct.pack("<I", 1)
    path.write_bytes(data)
    picture = read_image(path)
    assert [frame.width for frame in picture.frames] == [96]
    assert "smaller copy" in " ".join(picture.notes)


def _tag_value_offset(data: bytes, *, page: int, tag: int) -> int:
    (offset,) = struct.unpack_from("<I", data, 4)
    for _ in range(page):
        (count,) = struct.unpack_from("<H", data, offset)
        (offset,) = struct.unpack_from("<I", data, offset + 2 + 12 * count)
    (count,) = struct.unpack_from("<H", data, offset)
    places = {struct.unpack_from("<H", data, offset + 2 + 12 * i)[0]: offset + 10 + 12 * i for i in range(count)}
    return places[tag]


def test_of_an_mpo_only_the_first_picture_is_read_and_it_says_so(tmp_path: Path) -> None:
    first, second = Image.fromarray(quadrants()), Image.new("RGB", (40, 40), "white")
    path = save(first, tmp_path / "two.jpg", "MPO", save_all=True, append_images=[second])
    picture = read_image(path)
    assert picture.format is ImageFormat.MPO
    assert [(frame.width, frame.height) for frame in picture.frames] == [(96, 64)]
    assert "MPO" in " ".join(picture.notes)


def test_every_top_level_image_of_a_heic_is_read_the_primary_one_first(tmp_path: Path) -> None:
    container = pillow_heif.HeifFile()
    for colour, size in (("black", (64, 64)), ("white", (96, 80))):
        container.add_from_pillow(Image.new("RGB", size, colour))
    path = tmp_path / "two.heic"
    container.save(path, primary_index=1)
    frames = read_image(path).frames
    assert [(frame.width, frame.height) for frame in frames] == [(96, 80), (64, 64)]
    assert frames[0].planes[0].min() > 240


def test_heic_without_the_extra_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "p.heic"
    pillow_heif.from_pillow(Image.fromarray(quadrants())).save(path)
    real_import = builtins.__import__

    def without_heif(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "pillow_heif":
            raise ImportError(name)
        return real_import(name, *args, **kwargs)

    monkeypatch.delitem(sys.modules, "pillow_heif")
    monkeypatch.setattr(builtins, "__import__", without_heif)
    with pytest.raises(UnsupportedMediaError, match=r'pip install "faceguard-sdk\[heic\]"'):
        read_image(path)


# ------------------------------------------------------------------------------------------------------- limits


def webp_claiming(width: int, height: int) -> bytes:
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + struct.pack("<I", width - 1)[:3]
    body += struct.pack("<I", height - 1)[:3]
    return b"RIFF" + struct.pack("<I", len(body)) + body


def gif_claiming(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0, 0, 0) + b",\0\0\0\0\1\0\1\0\0\2\2D\1\0;"


def tiff_claiming(width: int, height: int) -> bytes:
    out = io.BytesIO()
    Image.new("L", (4, 4)).save(out, "TIFF")
    data = bytearray(out.getvalue())
    for tag, value in ((256, width), (257, height)):
        at = _tag_value_offset(data, page=0, tag=tag)
        data[at - 8 : at + 4] = struct.pack("<HHII", tag, 4, 1, value)
    return bytes(data)


@pytest.mark.parametrize(
    "bomb",
    [
        bomb_png(30_000, 30_000),
        webp_claiming(16_000, 16_000),
        gif_claiming(60_000, 60_000),
        tiff_claiming(50_000, 9_000),
    ],
    ids=["png", "webp", "gif", "tiff"],
)
def test_a_pixel_bomb_is_refused_before_it_is_decoded(tmp_path: Path, bomb: bytes) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(bomb)
    with pytest.raises(DecodeError, match="limit of 110000000"):
        read_image(path)


def test_the_sum_over_all_frames_is_limited(tmp_path: Path) -> None:
    frames = moving_square(8)
    path = tmp_path / "moves.gif"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    enough = ImageLimits(max_decoded_bytes=8 * 48 * 40 * 4)
    assert len(read_image(path, limits=enough).frames) == 8
    with pytest.raises(DecodeError, match="limit"):
        read_image(path, limits=ImageLimits(max_decoded_bytes=7 * 48 * 40 * 3))


@pytest.mark.parametrize("format_", ["GIF", "PNG", "WEBP", "TIFF"])
def test_the_number_of_frames_is_limited(tmp_path: Path, format_: str) -> None:
    frames = moving_square(4)
    path = tmp_path / "moves"
    frames[0].save(path, format_, save_all=True, append_images=frames[1:])
    with pytest.raises(DecodeError, match="more than 3 frames"):
        read_image(path, limits=ImageLimits(max_frames=3))


def test_the_size_of_the_file_is_limited(tmp_path: Path) -> None:
    path = save(Image.fromarray(quadrants()), tmp_path / "p.bmp", "BMP")
    with pytest.raises(DecodeError, match="more than the limit of 1000"):
        read_image(path, limits=ImageLimits(max_file_bytes=1000))


# --------------------------------------------------------------------------------------------- what is no picture


def test_a_format_is_told_by_content_not_by_name(tmp_path: Path) -> None:
    path = save(Image.fromarray(quadrants()), tmp_path / "picture.png", "JPEG")
    assert read_image(path).format is ImageFormat.JPEG


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "AVIF", "HEIF"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9])
def test_a_cut_file_is_never_half_a_picture(tmp_path: Path, format_: str, share: float) -> None:
    whole = io.BytesIO()
    source = Image.fromarray(noise((64, 64, 3)))
    if format_ == "HEIF":
        pillow_heif.from_pillow(source).save(whole)
    else:
        source.save(whole, format_)
    path = tmp_path / "cut"
    path.write_bytes(whole.getvalue()[: max(4, int(len(whole.getvalue()) * share))])
    with pytest.raises(MediaError):
        read_image(path)


def test_an_animation_cut_within_a_frame_is_refused(tmp_path: Path) -> None:
    frames = [Image.fromarray(noise((40, 40, 3), seed=i)) for i in range(3)]
    for format_ in ("GIF", "PNG", "WEBP", "AVIF"):
        whole = io.BytesIO()
        frames[0].save(whole, format_, save_all=True, append_images=frames[1:])
        path = tmp_path / format_
        path.write_bytes(whole.getvalue()[: int(len(whole.getvalue()) * 0.8)])
        with pytest.raises(DecodeError):
            read_image(path)


@pytest.mark.parametrize(
    ("content", "error", "says"),
    [
        (b"", DecodeError, "empty"),
        (b"hello, this is a text file", UnsupportedMediaError, "not a picture"),
        (b"\xff\xd8", DecodeError, "ends before"),
        (b"8BPS\x00\x01", UnsupportedMediaError, "Photoshop"),
        (b"%PDF-1.7", UnsupportedMediaError, "PDF"),
        (b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2", UnsupportedMediaError, "not a picture"),
    ],
)
def test_what_is_no_picture_is_named(tmp_path: Path, content: bytes, error: type[MediaError], says: str) -> None:
    path = tmp_path / "file.jpg"
    path.write_bytes(content)
    with pytest.raises(error, match=says):
        read_image(path)


def test_camera_raw_is_refused_rather_than_its_preview_taken(tmp_path: Path) -> None:
    path = save(Image.fromarray(quadrants()), tmp_path / "p.dng", "TIFF", tiffinfo={50706: b"\x01\x04\x00\x00"})
    with pytest.raises(UnsupportedMediaError, match="camera raw"):
        read_image(path)


def test_missing_files_folders_pipes_and_devices_are_clear_errors(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, says in (
        (tmp_path / "nothing.jpg", "No such file"),
        (tmp_path, "folder"),
        (tmp_path / "pipe", "not a regular file"),
        (Path("/dev/zero"), "not a regular file"),
        (tmp_path / "a\x00b", "not a file name"),
    ):
        with pytest.raises(DecodeError, match=says):
            read_image(path)


def seeds() -> list[bytes]:
    pictures = [(noise((12, 12, 3)), "RGB"), (noise((12, 12, 4)), "RGBA"), (noise((12, 12)), "L")]
    found = [raw_png(noise((9, 9, 3), np.uint16))]
    for samples, mode in pictures:
        for format_ in ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "AVIF"):
            if not (mode == "RGBA" and format_ == "JPEG"):
                out = io.BytesIO()
                icc = srgb_profile() if format_ in ("JPEG", "PNG") and mode == "RGB" else None
                options: dict[str, Any] = {"exif": exif_with_orientation(6)} if format_ != "GIF" else {}
                Image.fromarray(samples, mode).save(out, format_, icc_profile=icc, **options)
                found.append(out.getvalue())
    out = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(pictures[0][0])).save(out)
    return [*found, out.getvalue()]


SEEDS = seeds()


@settings(max_examples=300, deadline=None)
@given(
    seed=st.sampled_from(SEEDS),
    edits=st.lists(st.tuples(st.floats(0, 0.999), st.binary(min_size=1, max_size=4)), min_size=1, max_size=6),
    keep=st.floats(0.2, 1),
)
def test_a_damaged_file_is_a_picture_or_our_error(
    tmp_path_factory: pytest.TempPathFactory, seed: bytes, edits: list[tuple[float, bytes]], keep: float
) -> None:
    data = bytearray(seed)
    for place, new in edits:
        at = int(place * len(data))
        data[at : at + len(new)] = new
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(data[: max(1, int(keep * len(data)))])
    limits = ImageLimits(max_frame_pixels=4_000_000, max_decoded_bytes=50_000_000)
    try:
        outcome: object = read_image(path, limits=limits)
    except FaceguardError as error:
        outcome = error.message
    assert isinstance(outcome, Picture) or f"`{path}`" in str(outcome)
