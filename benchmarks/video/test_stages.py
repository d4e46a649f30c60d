"""Time of each stage for one picture: `pytest benchmarks/video/test_stages.py`. Pictures are made by code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from faceguard.media.video_frame import VideoPicture
from faceguard.media.video_read import VideoReader, probe_video
from faceguard.pipeline.video.covering import cover_in_place
from faceguard.redaction.solid import SolidRedactor
from faceguard.tracking.camera import LUMA_SIDE_PX, CameraStep, CameraWatch
from faceguard.tracking.tracker import FaceTracker
from faceguard.types import Box, Detection, Region

HEIGHTS = [360, 720, 1080, 2160]


@pytest.fixture(params=HEIGHTS)
def picture(request: pytest.FixtureRequest, tmp_path: Path) -> VideoPicture:
    height = request.param
    noise = np.random.default_rng(1).integers(0, 255, (height, height * 16 // 9, 3), dtype=np.uint8)
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=30, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = noise.shape[1], height, "yuv420p"
        out.mux(stream.encode(av.VideoFrame.from_ndarray(noise, format="bgr24")))
        out.mux(stream.encode(None))
    info = probe_video(path)
    with VideoReader(path, info) as reader:
        return next(iter(reader.pictures(info.videos[0])))


def test_small_bgr_for_the_detector(benchmark: Any, picture: VideoPicture) -> None:
    assert benchmark(picture.small_bgr, 640).shape[1] == 640


def test_luma_for_the_camera(benchmark: Any, picture: VideoPicture) -> None:
    assert benchmark(picture.small_luma, LUMA_SIDE_PX).shape[1] == LUMA_SIDE_PX


def test_camera_motion(benchmark: Any, picture: VideoPicture) -> None:
    watch, luma = CameraWatch(picture.track.width), picture.small_luma(LUMA_SIDE_PX)
    watch.step(luma, 0.0)
    benchmark(watch.step, luma, 0.03)


def test_covering_ten_faces_in_place(benchmark: Any, picture: VideoPicture) -> None:
    size = picture.track.height // 12
    regions = [Region(i, Box(i * size, size, (i + 1) * size, 2.2 * size)) for i in range(1, 11)]
    benchmark(cover_in_place, picture, regions, SolidRedactor())


def test_tracking_twenty_faces(benchmark: Any) -> None:
    tracker = FaceTracker()
    faces = [Detection(Box(40 * i, 100, 40 * i + 30, 140), 0.9) for i in range(20)]
    benchmark(lambda: tracker.step(0.0, CameraStep(), faces, (1920, 1080)))
