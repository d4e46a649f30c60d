from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
from made_pictures import QUADRANTS_RGB, SECRET, moving_square, noise, quadrants, save, srgb_profile, talkative_jpeg
from PIL import Image, ImageCms

from faceguard.errors import EncodeError, RedactionError, UnsupportedMediaError
from faceguard.media.image import read_image
from faceguard.media.image_write import output_format, write_image
from faceguard.media.picture import CaptureMetadata, ImageFormat, KeepMetadata, Picture
from faceguard.types import Frame

EVERY_SUFFIX = [".jpg", ".png", ".webp", ".tiff", ".gif", ".bmp", ".avif", ".heic"]


def picture_of(
    *arrays: np.ndarray, alpha: np.ndarray | None = None, durations_ms: tuple[float, ...] = (), **facts: Any
) -> Picture:
    """A picture of `(H, W, 3)` RGB arrays."""
    frames = tuple(Frame((np.ascontiguousarray(a[:, :, ::-1]),), index=i, alpha=alpha) for i, a in enumerate(arrays))
    return Picture(frames, ImageFormat.PNG, durations_ms=durations_ms, **facts)


def rgb(frame: Frame) -> np.ndarray:
    return frame.planes[0][:, :, ::-1]


# ------------------------------------------------------------------------------------------ what must not survive


@pytest.mark.parametrize("keep", list(KeepMetadata))
@pytest.mark.parametrize("suffix", EVERY_SUFFIX)
def test_nothing_but_pixels_survives(tmp_path: Path, suffix: str, keep: KeepMetadata) -> None:
    """FG-R05: no thumbnail, GPS, maker note, serial, comment, XMP, IPTC, second picture or trailing bytes."""
    source = tmp_path / "talkative.jpg"
    source.write_bytes(talkative_jpeg())
    before = Image.open(source)
    assert before.getexif().get_ifd(0x8825)
    assert SECRET in source.read_bytes()
    target = tmp_path / f"out{suffix}"
    write_image(read_image(source), target, keep_metadata=keep)
    data = target.read_bytes()
    assert SECRET not in data
    assert b"xmpmeta" not in data
    assert data.count(b"\xff\xd8\xff") == (1 if suffix == ".jpg" else 0)
    exif = pillow_heif.open_heif(target).info["exif"] if suffix == ".heic" else Image.open(target).info.get("exif")
    if keep is KeepMetadata.NONE:
        assert not exif


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tiff", ".avif", ".heic"])
def test_time_and_exposure_are_kept_on_request_and_nothing_else(tmp_path: Path, suffix: str) -> None:
    """FG-R05: tags by an allow-list, written anew; no orientation, since the pixels are upright."""
    source = tmp_path / "talkative.jpg"
    source.write_bytes(talkative_jpeg())
    target = tmp_path / f"out{suffix}"
    write_image(read_image(source), target, keep_metadata=KeepMetadata.SAFE)
    kept = read_image(target).metadata
    assert kept == CaptureMetadata(
        captured_at="2024:05:06 07:08:09",
        utc_offset="+09:00",
        exposure_time_s=Fraction(1, 125),
        f_number=Fraction(14, 5),
        iso=400,
    )
    if suffix != ".heic":
        exif = Image.open(target).getexif()
        assert 0x0112 not in exif
        assert set(exif.get_ifd(0x8769)) == {0x9003, 0x9011, 0x829D, 0x8827, 0x829A}


def test_colours_that_nobody_sees_are_not_written(tmp_path: Path) -> None:
    """FG-R05: what lies under alpha 0 is gone, so that no face that was missed there can be brought out."""
    samples = noise((24, 24, 4))
    samples[:12, :, 3] = 0
    samples[12:, :, 3] = 200
    picture = picture_of(samples[:, :, :3], alpha=samples[:, :, 3].copy())
    for suffix in (".png", ".tiff"):
        target = tmp_path / f"out{suffix}"
        write_image(picture, target)
        written = np.asarray(Image.open(target))
        assert not written[:12, :, :3].any()
        np.testing.assert_array_equal(written[12:], samples[12:])


def test_a_format_without_alpha_shows_white_where_nothing_showed(tmp_path: Path) -> None:
    alpha = np.zeros((16, 16), np.uint8)
    alpha[8:] = 255
    picture = picture_of(np.zeros((16, 16, 3), np.uint8), alpha=alpha)
    for suffix in (".jpg", ".bmp"):
        write_image(picture, tmp_path / f"out{suffix}")
        written = rgb(read_image(tmp_path / f"out{suffix}").frames[0])
        assert written[:7].min() > 250
        assert written[9:].max() < 5


# --------------------------------------------------------------------------------------------- pixels come through


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("with_alpha", [False, True])
@pytest.mark.parametrize("is_grey", [False, True])
def test_lossless_formats_return_every_bit(
    tmp_path: Path, suffix: str, dtype: Any, with_alpha: bool, is_grey: bool
) -> None:
    colour = noise((33, 47, 3), dtype)
    if is_grey:
        colour = np.repeat(colour[:, :, :1], 3, axis=2)
    alpha = np.maximum(noise((33, 47), dtype, seed=6), 1) if with_alpha else None
    write_image(picture_of(colour, alpha=alpha, is_grey=is_grey), tmp_path / f"out{suffix}")
    again = read_image(tmp_path / f"out{suffix}")
    np.testing.assert_array_equal(rgb(again.frames[0]), colour)
    has_no_tiff_of_its_own = suffix == ".tiff" and is_grey and with_alpha and dtype is np.uint16
    assert again.is_grey is (is_grey and not has_no_tiff_of_its_own)
    assert again.bit_depth == 8 * np.dtype(dtype).itemsize
    if with_alpha:
        np.testing.assert_array_equal(again.frames[0].alpha, alpha)
    else:
        assert again.frames[0].alpha is None


@pytest.mark.parametrize("suffix", [".bmp", ".webp"])
def test_other_lossless_formats_return_every_pixel(tmp_path: Path, suffix: str) -> None:
    colour = noise((21, 34, 3))
    write_image(picture_of(colour), tmp_path / f"out{suffix}")
    np.testing.assert_array_equal(rgb(read_image(tmp_path / f"out{suffix}").frames[0]), colour)


def test_a_gif_of_few_colours_returns_every_pixel(tmp_path: Path) -> None:
    colour = (noise((21, 34, 3)) // 64 * 64).astype(np.uint8)
    write_image(picture_of(colour), tmp_path / "out.gif")
    np.testing.assert_array_equal(rgb(read_image(tmp_path / "out.gif").frames[0]), colour)


def test_a_gif_of_many_colours_carries_none_into_a_flat_region(tmp_path: Path) -> None:
    """No dithering: error diffusion would carry what surrounds a covered region into it."""
    colour = noise((64, 64, 3))
    colour[16:48, 16:48] = 0
    write_image(picture_of(colour), tmp_path / "out.gif")
    covered = rgb(read_image(tmp_path / "out.gif").frames[0])[16:48, 16:48]
    assert len(np.unique(covered.reshape(-1, 3), axis=0)) == 1


@pytest.mark.parametrize(("suffix", "tolerance"), [(".jpg", 6), (".webp", 8), (".avif", 8), (".heic", 8)])
def test_lossy_formats_keep_colours_and_edges(tmp_path: Path, suffix: str, tolerance: int) -> None:
    write_image(picture_of(quadrants(), is_lossless=False), tmp_path / f"out{suffix}")
    written = rgb(read_image(tmp_path / f"out{suffix}").frames[0]).astype(int)
    assert written.shape == (64, 96, 3)
    assert np.abs(written[16::32, 24::48].reshape(4, 3) - QUADRANTS_RGB).max() <= tolerance


def test_a_jpeg_has_colour_at_full_resolution(tmp_path: Path) -> None:
    write_image(picture_of(quadrants()), tmp_path / "out.jpg")
    layers = Image.open(tmp_path / "out.jpg").layer  # type: ignore[attr-defined]
    assert [layer[1:3] for layer in layers] == [(1, 1)] * 3


def test_sixteen_bits_are_rounded_where_the_format_has_eight(tmp_path: Path) -> None:
    colour = np.full((16, 16, 3), 257 * 130 + 120, np.uint16)
    write_image(picture_of(colour), tmp_path / "out.bmp")
    assert set(np.unique(rgb(read_image(tmp_path / "out.bmp").frames[0]))) == {130}


def test_a_grey_picture_stays_grey_until_a_colour_covers_it(tmp_path: Path) -> None:
    grey = np.repeat(noise((32, 32, 1)), 3, axis=2)
    write_image(picture_of(grey, is_grey=True), tmp_path / "grey.jpg")
    assert Image.open(tmp_path / "grey.jpg").mode == "L"
    covered = grey.copy()
    covered[4:20, 4:20] = (200, 30, 30)
    write_image(picture_of(covered, is_grey=True), tmp_path / "colour.jpg")
    assert Image.open(tmp_path / "colour.jpg").mode == "RGB"


# ------------------------------------------------------------------------------------------------- colour profiles


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tiff", ".avif", ".heic"])
def test_the_colour_profile_is_kept(tmp_path: Path, suffix: str) -> None:
    source = save(Image.fromarray(quadrants()), tmp_path / "in.png", "PNG", icc_profile=srgb_profile())
    picture = read_image(source)
    write_image(picture, tmp_path / f"out{suffix}")
    kept = read_image(tmp_path / f"out{suffix}").icc_profile
    assert kept == picture.icc_profile
    assert kept is not None
    name = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(kept)))
    assert "sRGB" in name


def test_a_profile_for_other_pixels_or_a_broken_one_is_dropped(tmp_path: Path) -> None:
    grey = save(Image.new("L", (8, 8)), tmp_path / "grey.png", "PNG", icc_profile=srgb_profile())
    broken = save(Image.new("RGB", (8, 8)), tmp_path / "broken.png", "PNG", icc_profile=srgb_profile()[:200])
    assert read_image(grey).icc_profile is None
    assert read_image(broken).icc_profile is None


def test_a_colour_profile_hides_nothing(tmp_path: Path) -> None:
    """FG-R05: private tags and bytes behind the profile go."""
    profile = bytearray(srgb_profile())
    profile[132:136] = b"mmod"  # the first tag becomes a private one, which names a display
    source = tmp_path / "in.png"
    save(Image.fromarray(quadrants()), source, "PNG", icc_profile=bytes(profile) + SECRET)
    kept = read_image(source).icc_profile
    assert kept is not None
    assert SECRET not in kept
    assert b"mmod" not in kept


# ------------------------------------------------------------------------------------------------- many frames


@pytest.mark.parametrize("suffix", [".gif", ".png", ".webp", ".avif"])
def test_an_animation_keeps_its_frames_durations_and_loop(tmp_path: Path, suffix: str) -> None:
    source = [np.asarray(frame) for frame in moving_square()]
    picture = picture_of(*source, durations_ms=(50, 100, 150, 200), loop=0)
    write_image(picture, tmp_path / f"out{suffix}")
    again = read_image(tmp_path / f"out{suffix}")
    assert again.durations_ms == (50, 100, 150, 200)
    assert again.loop == 0
    for frame, original in zip(again.frames, source, strict=True):
        assert np.abs(rgb(frame).astype(int) - original).mean() < (3 if suffix == ".avif" else 1e-9)


@pytest.mark.parametrize("loop", [1, 3])
@pytest.mark.parametrize("suffix", [".gif", ".png", ".webp"])
def test_an_animation_plays_as_often_as_before(tmp_path: Path, suffix: str, loop: int) -> None:
    picture = picture_of(*(np.asarray(f) for f in moving_square()), durations_ms=(40,) * 4, loop=loop)
    write_image(picture, tmp_path / f"out{suffix}")
    assert read_image(tmp_path / f"out{suffix}").loop == loop


@pytest.mark.parametrize("suffix", [".gif", ".png", ".webp", ".avif"])
def test_frames_that_look_alike_are_not_merged(tmp_path: Path, suffix: str) -> None:
    picture = picture_of(*[quadrants()] * 3, durations_ms=(40, 50, 60))
    write_image(picture, tmp_path / f"out{suffix}")
    assert read_image(tmp_path / f"out{suffix}").durations_ms == (40, 50, 60)


@pytest.mark.parametrize("suffix", [".gif", ".png", ".webp"])
def test_no_pixel_of_an_earlier_frame_shows_through(tmp_path: Path, suffix: str) -> None:
    square = np.zeros((24, 24, 3), np.uint8)
    frames, alphas = [], []
    for index in range(3):
        colour, alpha = square.copy(), np.zeros((24, 24), np.uint8)
        colour[8 * index : 8 * index + 8] = (250, 10, 10)
        alpha[8 * index : 8 * index + 8] = 255
        frames.append(Frame((np.ascontiguousarray(colour[:, :, ::-1]),), index=index, alpha=alpha))
        alphas.append(alpha)
    write_image(Picture(tuple(frames), ImageFormat.PNG, durations_ms=(40.0,) * 3), tmp_path / f"out{suffix}")
    for frame, alpha in zip(read_image(tmp_path / f"out{suffix}").frames, alphas, strict=True):
        np.testing.assert_array_equal(frame.alpha, alpha)


@pytest.mark.parametrize("suffix", [".tiff", ".heic"])
def test_pages_keep_their_sizes(tmp_path: Path, suffix: str) -> None:
    pages = [noise((64 + 16 * i, 80, 3), seed=i) for i in range(3)]
    write_image(picture_of(*pages), tmp_path / f"out{suffix}")
    assert [frame.height for frame in read_image(tmp_path / f"out{suffix}").frames] == [64, 80, 96]


def test_a_large_heic_is_coded_in_tiles_and_is_still_one_picture(tmp_path: Path) -> None:
    colour = np.zeros((2010, 2050, 3), np.uint8)
    colour[1000:, 1000:] = (200, 100, 50)
    alpha = np.full((2010, 2050), 255, np.uint8)
    alpha[:500] = 100
    write_image(picture_of(colour, alpha=alpha, is_lossless=False), tmp_path / "out.heic")
    (frame,) = read_image(tmp_path / "out.heic").frames
    assert np.abs(rgb(frame)[1500, 2000].astype(int) - (200, 100, 50)).max() <= 8
    assert frame.alpha is not None
    assert np.abs(frame.alpha[::250, ::250].astype(int) - alpha[::250, ::250]).max() <= 8


@pytest.mark.parametrize(
    ("suffix", "durations"), [(".jpg", ()), (".png", ()), (".bmp", (40.0, 40.0)), (".jpg", (40.0, 40.0))]
)
def test_frames_are_never_dropped_in_silence(tmp_path: Path, suffix: str, durations: tuple[float, ...]) -> None:
    picture = picture_of(quadrants(), quadrants(), durations_ms=durations)
    with pytest.raises(UnsupportedMediaError, match=r"can't hold the 2 .*use"):
        write_image(picture, tmp_path / f"out{suffix}")
    assert list(tmp_path.iterdir()) == []


# --------------------------------------------------------------------------------------------------- whole or not


def test_an_existing_file_is_not_overwritten_unless_asked(tmp_path: Path) -> None:
    target = tmp_path / "out.png"
    target.write_bytes(b"mine")
    with pytest.raises(EncodeError, match="exists"):
        write_image(picture_of(quadrants()), target)
    assert target.read_bytes() == b"mine"
    write_image(picture_of(quadrants()), target, overwrite=True)
    assert len(read_image(target).frames) == 1


def test_a_failed_check_leaves_nothing(tmp_path: Path) -> None:
    """FG-R07: the finished file gets its name only after it was checked."""
    seen: list[Path] = []

    def refuse(written: Path) -> None:
        seen.append(written)
        assert len(read_image(written).frames) == 1
        raise RedactionError("a face is still there")

    with pytest.raises(RedactionError):
        write_image(picture_of(quadrants()), tmp_path / "out.png", check=refuse)
    assert len(seen) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_picture_too_large_for_its_format_is_our_error(tmp_path: Path) -> None:
    with pytest.raises(EncodeError, match="WEBP"):
        write_image(picture_of(np.zeros((1, 20_000, 3), np.uint8)), tmp_path / "out.webp")
    assert list(tmp_path.iterdir()) == []


def test_an_avif_that_would_take_too_much_memory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedMediaError, match="memory"):
        write_image(picture_of(np.zeros((1, 32_000_001, 3), np.uint8)), tmp_path / "out.avif")
    assert list(tmp_path.iterdir()) == []


def test_the_format_follows_the_suffix_and_else_the_source() -> None:
    assert output_format(ImageFormat.PNG, Path("a.JPG")) is ImageFormat.JPEG
    assert output_format(ImageFormat.MPO, Path("a")) is ImageFormat.JPEG
    assert output_format(ImageFormat.GIF, Path("a")) is ImageFormat.GIF
    with pytest.raises(UnsupportedMediaError, match=r"`\.psd`"):
        output_format(ImageFormat.PNG, Path("a.psd"))


def test_frames_are_replaced_only_by_as_many_of_the_same_sizes() -> None:
    picture = picture_of(quadrants())
    assert picture.with_frames(picture.frames).frames == picture.frames
    with pytest.raises(ValueError, match="same sizes"):
        picture.with_frames(picture.frames * 2)
    with pytest.raises(ValueError, match="same sizes"):
        picture.with_frames(picture_of(quadrants(32, 32)).frames)
