"""Nothing of what was covered is in the file: inputs that differ only inside give the same files, bit for bit."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from skimage import data

from faceguard.opencv import cv2
from faceguard.redaction.planes import PlaneRedactor
from faceguard.redaction.registry import METHODS, create_redactor
from faceguard.redaction.solid import GREY_LEVEL, fill_levels
from faceguard.types import Box, Frame, PixelFormat, RedactionClass, Region

IRREVERSIBLE = [r for r in map(create_redactor, METHODS) if r.redaction_class is RedactionClass.IRREVERSIBLE]
every_irreversible = pytest.mark.parametrize("redactor", IRREVERSIBLE, ids=lambda redactor: redactor.method)

HEAD = Region(0, Box(66.5, -10, 157, 109))
"""The head in the portrait below, not on the grid of chroma samples or transform blocks."""


@pytest.fixture(scope="module")
def portrait() -> NDArray[np.uint8]:
    """`(256, 256, 3)` BGR: an astronaut, NASA, public domain."""
    return cv2.resize(np.ascontiguousarray(data.astronaut()[..., ::-1]), (256, 256), interpolation=cv2.INTER_AREA)


def mirrored_head(portrait: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same picture with another head: upside down and in other colours."""
    other = portrait.copy()
    other[0:109, 67:157] = 255 - other[108::-1, 67:157]
    return other


@every_irreversible
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_pictures_of_different_heads_become_the_same_file(
    redactor: PlaneRedactor, portrait: NDArray[np.uint8], format: str
) -> None:
    """FG-R02: also in the ringing that a lossy coder lets run across the region's border."""
    files = []
    for image in (portrait, mirrored_head(portrait)):
        file = io.BytesIO()
        redacted = redactor.redact(Frame((image,)), (HEAD,)).planes[0]
        Image.fromarray(redacted[..., ::-1]).save(file, format, quality=90)
        files.append(file.getvalue())
    assert len(files[0]) > 1000
    assert files[0] == files[1]


def planes_of(image: NDArray[np.uint8]) -> Frame:
    """`image` as 4:2:0 planes."""
    video = av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format="yuv420p").to_ndarray()
    height, width = image.shape[:2]
    u, v = video[height:].reshape(2, height // 2, width // 2)
    return Frame((video[:height], u, v), PixelFormat.YUV420)


def coded(frames: list[Frame]) -> bytes:
    """The H.264 packets of `frames`, coded with motion compensation by one thread, so that they can be compared."""
    file = io.BytesIO()
    with av.open(file, "w", format="h264") as container:
        stream = container.add_stream("libx264", rate=Fraction(25))
        stream.width, stream.height, stream.pix_fmt, stream.thread_count = 256, 256, "yuv420p", 1
        for frame in frames:
            whole = np.concatenate([frame.planes[0].ravel(), frame.planes[1].ravel(), frame.planes[2].ravel()])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(whole.reshape(384, 256), format="yuv420p")))
        container.mux(stream.encode())
    return file.getvalue()


@every_irreversible
def test_films_of_different_heads_become_the_same_stream(redactor: PlaneRedactor, portrait: NDArray[np.uint8]) -> None:
    """FG-R02: no frame predicts from a bare one, and no chroma sample keeps a ghost."""
    streams = []
    for image in (portrait, mirrored_head(portrait)):
        frames = [planes_of(np.roll(image, shift, axis=1)) for shift in range(0, 12, 3)]
        # The head moves with the picture; 4:2:0 mixes colours across one sample, which a head's margin holds.
        regions = [Region(0, Box(HEAD.box.x0 - 2 + s, -10, HEAD.box.x1 + 2 + s, 112)) for s in range(0, 12, 3)]
        streams.append(coded([redactor.redact(f, (r,)) for f, r in zip(frames, regions, strict=True)]))
    assert len(streams[0]) > 1000
    assert streams[0] == streams[1]


def test_no_chroma_ghost_is_left_around_a_filled_region() -> None:
    """FG-R04: a saturated face in a grey picture; after the fill no chroma sample is anything but grey."""
    picture = np.full((96, 96, 3), 128, np.uint8)
    picture[21:60, 33:72] = (20, 40, 230)
    frame = planes_of(picture)
    assert np.ptp(frame.planes[2]) > 50
    redacted = create_redactor("solid").redact(frame, (Region(0, Box(33, 21, 72, 60)),))
    assert all(np.abs(plane.astype(int) - 128).max() <= 1 for plane in redacted.planes[1:])


def test_bgr_and_yuv_fills_look_alike() -> None:
    luma, blue, red = fill_levels(PixelFormat.YUV420, 8)
    planes = np.concatenate([np.full(16, luma), np.full(4, blue), np.full(4, red)]).astype(np.uint8).reshape(6, 4)
    seen = av.VideoFrame.from_ndarray(planes, format="yuv420p").to_ndarray(format="bgr24")
    assert np.abs(seen.astype(int) - GREY_LEVEL).max() <= 1
