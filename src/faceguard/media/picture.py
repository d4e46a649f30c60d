"""The nouns of still pictures and animations: what was read, what limits held, what may be kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from pathlib import Path

from faceguard.errors import DecodeError
from faceguard.types import Frame


class ImageFormat(StrEnum):
    """The picture formats that are read; all but MPO are also written (HEIF with the extra `heic`)."""

    JPEG = "jpeg"
    MPO = "mpo"
    """A JPEG with further pictures behind it. Only the first is read, and a plain JPEG is written."""
    PNG = "png"
    WEBP = "webp"
    TIFF = "tiff"
    GIF = "gif"
    BMP = "bmp"
    AVIF = "avif"
    HEIF = "heif"


class KeepMetadata(StrEnum):
    """What of the metadata goes into an output. There is no way to keep all of it (FG-R05)."""

    NONE = "none"
    SAFE = "safe"
    """Capture time and exposure, as `CaptureMetadata` lists them; written anew, never copied as bytes."""


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """What is refused before any pixel is decoded.

    The defaults hold a run under 2 GB: a picture is in memory as read, as redacted and, when it is read back, once
    more, and the codec needs 4 bytes for each pixel on top of it.
    """

    max_frame_pixels: int = 110_000_000
    """Of one frame or page: lets the 108 megapixels of today's phones through."""
    max_decoded_bytes: int = 360_000_000
    """Of all frames together: 120 megapixels of 8-bit colour, 60 of 16-bit colour."""
    max_frames: int = 1_000
    max_file_bytes: int = 512_000_000

    def check_frame(self, width: int, height: int, decoded_bytes: int, path: Path) -> None:
        """Raises DecodeError when a frame of `width` x `height`, or the sum so far, is over a limit, or is empty."""
        if width < 1 or height < 1:
            raise DecodeError(f"`{path}` holds a picture without pixels ({width} x {height})", path=path)
        if width * height > self.max_frame_pixels:
            raise DecodeError(
                f"`{path}` has {width} x {height} pixels, over the limit of {self.max_frame_pixels} for one frame; "
                "make it smaller, or raise max_frame_pixels if you trust it and have the memory",
                path=path,
                expected=self.max_frame_pixels,
                actual=width * height,
            )
        if decoded_bytes > self.max_decoded_bytes:
            raise DecodeError(
                f"`{path}` needs more than {self.max_decoded_bytes} bytes for its pixels, which is the limit; "
                "split it, make it smaller, or raise max_decoded_bytes if you trust it and have the memory",
                path=path,
                expected=self.max_decoded_bytes,
                actual=decoded_bytes,
            )

    def check_count(self, frames: int, path: Path) -> None:
        """Raises DecodeError for more frames than allowed."""
        if frames > self.max_frames:
            raise DecodeError(
                f"`{path}` has more than {self.max_frames} frames, which is the limit; split it or raise max_frames",
                path=path,
                expected=self.max_frames,
            )


@dataclass(frozen=True, slots=True)
class CaptureMetadata:
    """All that may be kept of a picture's metadata: numbers and times that say nothing of place, person or device.

    `captured_at` is `YYYY:MM:DD HH:MM:SS` and `utc_offset` is `+HH:MM`, as Exif 2.32 has them (CIPA DC-008).
    """

    captured_at: str | None = None
    utc_offset: str | None = None
    exposure_time_s: Fraction | None = None
    f_number: Fraction | None = None
    iso: int | None = None
    focal_length_mm: Fraction | None = None
    focal_length_35mm: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A decoded picture: one frame, the frames of an animation, or the pages of a document.

    `frames` are BGR, uint8 or uint16, upright as a person sees them; animation frames are fully composed and share one
    size, pages may differ. `icc_profile` fits the pixels as they are now. `durations_ms` has one entry for each frame
    of an animation and is empty otherwise; `loop` is how often it plays, 0 for ever. `notes` says in plain words what
    of the file was left out.
    """

    frames: tuple[Frame, ...]
    format: ImageFormat
    is_grey: bool = False
    is_lossless: bool = True
    icc_profile: bytes | None = None
    durations_ms: tuple[float, ...] = ()
    loop: int = 0
    metadata: CaptureMetadata = field(default_factory=CaptureMetadata)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.frames:
            raise ValueError("a picture needs at least one frame")
        if self.durations_ms and len(self.durations_ms) != len(self.frames):
            raise ValueError(f"{len(self.durations_ms)} durations for {len(self.frames)} frames")

    @property
    def is_animated(self) -> bool:
        return bool(self.durations_ms)

    @property
    def has_alpha(self) -> bool:
        return any(frame.alpha is not None for frame in self.frames)

    @property
    def bit_depth(self) -> int:
        """Bits of one sample as held in memory: 8 or 16."""
        return 8 * self.frames[0].planes[0].dtype.itemsize

    def with_frames(self, frames: Sequence[Frame]) -> Picture:
        """The same picture with `frames` instead: as many, of the same sizes."""
        old, new = [(f.width, f.height) for f in self.frames], [(f.width, f.height) for f in frames]
        if old != new:
            raise ValueError("a picture's frames can only be replaced by as many of the same sizes")
        return dataclasses.replace(self, frames=tuple(frames))
