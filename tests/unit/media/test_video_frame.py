"""What detection and age see of a native picture: the right colours at the right place, upright."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_videos import Clip, ground, head, paste

from faceguard.media.video_colour import pq_to_sdr
from faceguard.media.video_frame import VideoPicture
from faceguard.media.video_read import VideoReader, probe_video
from faceguard.types import Box


def first(path: Path) -> VideoPicture:
    info = probe_video(path)
    with VideoReader(path, info) as reader:
        return next(iter(reader.pictures(info.videos[0])))


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuvj420p", "yuv422p", "yuv444p", "yuv420p10le"])
def test_a_crop_has_the_colours_that_the_whole_picture_has(pix_fmt: str, tmp_path: Path) -> None:
    scene = paste(ground(160, 120), head(100), 31, 7)
    picture = first(Clip([scene], pix_fmt=pix_fmt).write(tmp_path / "in.mp4"))

    crop, (x, y) = picture.crop_bgr(Box(33.4, 11.2, 90.5, 100.9))

    assert (x, y) == (33, 11)
    assert crop.shape == (90, 58, 3)
    whole = picture.picture.to_ndarray(format="bgr24")[y : y + 90, x : x + 58].astype(int)
    assert np.abs(crop.astype(int) - whole).mean() < 6


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_crop_of_a_turned_video_is_upright(degrees: int, tmp_path: Path) -> None:
    scene = paste(ground(160, 120), head(60), 20, 30)
    clip = Clip([scene], setup=lambda stream: stream.set_display_rotation(degrees)).write(tmp_path / "in.mp4")
    picture = first(clip)
    small = picture.small_bgr(1000)

    crop, (x, y) = picture.crop_bgr(Box(10, 20, 50, 70))

    assert small.shape[:2] == picture.track.upright_size[::-1]
    assert np.abs(crop.astype(int) - small[y : y + 50, x : x + 40]).mean() < 6


def test_planes_are_handed_out_read_only(tmp_path: Path) -> None:
    picture = first(Clip([ground(64, 48)]).write(tmp_path / "in.mp4"))

    with pytest.raises(ValueError, match="read-only"):
        picture.planes()[0][0, 0] = 1


def test_writing_leaves_the_decoders_own_picture_alone(tmp_path: Path) -> None:
    """A reference picture that is written to would smear the fill over what is predicted from it."""
    clip = Clip([ground(64, 48)] * 6, options={"preset": "ultrafast", "crf": "18", "g": "100"})
    path = clip.write(tmp_path / "in.mp4")
    info = probe_video(path)
    means = []
    with VideoReader(path, info) as reader:
        for picture in reader.pictures(info.videos[0]):
            means.append(float(picture.planes()[0].mean()))
            picture.writable_planes()[0][:] = 0

    assert np.ptp(means) < 2


def test_pq_is_shown_as_a_standard_screen_would() -> None:
    """Diffuse white of ST 2084 (203 nits, code 0.58 by ITU-R BT.2408) comes out bright, and order is kept."""
    shown = pq_to_sdr(np.arange(256, dtype=np.uint8).reshape(1, 256, 1).repeat(3, axis=2))[0, :, 0].astype(int)

    assert (np.diff(shown) >= 0).all()
    assert shown[round(0.58 * 255)] > 180
