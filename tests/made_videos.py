"""Videos made by code: a face that moves over a textured ground, in every container and oddity that tests need."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import skimage.data
from numpy.typing import NDArray

from faceguard.opencv import cv2

Image = NDArray[np.uint8]

FACE_ROWS, FACE_COLUMNS = slice(40, 230), slice(150, 300)
"""The head in `skimage.data.astronaut()`."""


def ground(width: int, height: int, seed: int = 1) -> Image:
    """Smooth grey noise with enough corners to follow, `(height, width, 3)` BGR."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(40, 200, (height // 16 + 2, width // 16 + 2), dtype=np.uint8)
    grey = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.repeat(np.asarray(grey, np.uint8)[..., None], 3, axis=2)


def head(height: int) -> Image:
    """The astronaut's head, `height` pixels high, BGR."""
    face = skimage.data.astronaut()[FACE_ROWS, FACE_COLUMNS, ::-1]
    width = round(height * face.shape[1] / face.shape[0])
    return np.asarray(cv2.resize(face, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def paste(image: Image, part: Image, x: int, y: int) -> Image:
    """A copy of `image` with `part` at `(x, y)`, as far as it lies inside."""
    out = image.copy()
    x0, y0 = max(x, 0), max(y, 0)
    x1, y1 = min(x + part.shape[1], image.shape[1]), min(y + part.shape[0], image.shape[0])
    if x1 > x0 and y1 > y0:
        out[y0:y1, x0:x1] = part[y0 - y : y1 - y, x0 - x : x1 - x]
    return out


def walking_head(count: int, width: int = 320, height: int = 240, size: int = 90, step: float = 2.0) -> list[Image]:
    """A head that moves to the right by `step` pixels a picture."""
    scene, face = ground(width, height), head(size)
    return [paste(scene, face, round(40 + step * i), 60) for i in range(count)]


@dataclass
class Clip:
    """How to write a test video."""

    images: Sequence[Image]
    codec: str = "libx264"
    pix_fmt: str = "yuv420p"
    rate: Fraction = Fraction(30)
    time_base: Fraction = Fraction(1, 15360)
    pts: Sequence[int] | None = None
    options: dict[str, str] = field(default_factory=lambda: {"preset": "ultrafast", "crf": "18"})
    container_options: dict[str, str] = field(default_factory=dict)
    audio_s: float = 0.0
    metadata: dict[str, str] = field(default_factory=dict)
    setup: Callable[[Any], None] | None = None
    """Called with the video stream before the first picture."""

    def write(self, path: Path) -> Path:
        height, width = self.images[0].shape[:2]
        with av.open(str(path), "w", options=self.container_options) as out:
            out.metadata.update(self.metadata)
            stream = out.add_stream(self.codec, rate=self.rate, options=self.options)
            stream.width, stream.height, stream.pix_fmt = width, height, self.pix_fmt
            stream.codec_context.time_base = self.time_base
            stream.time_base = self.time_base
            if self.setup is not None:
                self.setup(stream)
            audio = out.add_stream("aac", rate=48_000) if self.audio_s else None
            ticks = round(1 / (self.rate * self.time_base))
            for i, image in enumerate(self.images):
                frame = av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format=self.pix_fmt)
                frame.pts = self.pts[i] if self.pts is not None else i * ticks
                frame.time_base = self.time_base
                out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
            if audio is not None:
                _write_tone(out, audio, self.audio_s)
        return path


def _write_tone(out: Any, stream: Any, seconds: float) -> None:
    for start in range(0, round(seconds * 48_000), 1024):
        wave = 0.2 * np.sin(2 * np.pi * 440 * (start + np.arange(1024)) / 48_000)
        frame = av.AudioFrame.from_ndarray(np.stack([wave, wave]).astype(np.float32), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, start, Fraction(1, 48_000)
        out.mux(stream.encode(frame))
    out.mux(stream.encode(None))


def presentation_times(path: Path, index: int = 0) -> list[Fraction]:
    """Exact times of the pictures of one video track, read by PyAV alone."""
    with av.open(str(path)) as container:
        stream = container.streams.video[index]
        return [frame.pts * stream.time_base for frame in container.decode(stream)]


def pictures(path: Path, index: int = 0) -> list[Image]:
    """All pictures of one video track, BGR, read by PyAV alone."""
    with av.open(str(path)) as container:
        stream = container.streams.video[index]
        return [frame.to_ndarray(format="bgr24") for frame in container.decode(stream)]
