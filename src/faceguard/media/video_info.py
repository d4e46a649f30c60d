"""What a video file holds, read without handing out a single picture."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from faceguard.media.video_orientation import Orientation, orientation_of
from faceguard.types import PixelFormat


class TrackKind(StrEnum):
    """What a track of a container holds; OTHER is data, an attachment, a cover picture: never copied."""

    VIDEO = "video"
    AUDIO = "audio"
    SUBTITLE = "subtitle"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class PixelLayout:
    """How decoded planes hold their colours. `name` is FFmpeg's; `bit_depth` is the number of bits in use."""

    name: str
    format: PixelFormat
    bit_depth: int

    @property
    def bytes_per_sample(self) -> int:
        return 1 if self.bit_depth == 8 else 2


@dataclass(frozen=True, slots=True)
class ColourTags:
    """Code points of ITU-T H.273; 2 means unspecified. `range` is FFmpeg's: 0 unspecified, 1 limited, 2 full."""

    primaries: int = 2
    transfer: int = 2
    matrix: int = 2
    range: int = 0


@dataclass(frozen=True, slots=True)
class HdrMetadata:
    """Static HDR metadata, as FFmpeg's structs `AVMasteringDisplayMetadata` and `AVContentLightMetadata`."""

    mastering_display: bytes | None = None
    content_light: bytes | None = None


@dataclass(frozen=True, slots=True)
class VideoTrack:
    """One video track. `width` and `height` are of the coded picture; `upright_*` as a person sees it.

    `pixel_aspect` is the width of a coded pixel over its height, None where nothing is said. `frame_rate` is the
    average, a hint only: times come from each picture's own stamp, in `time_base` seconds.
    """

    index: int
    codec: str
    width: int
    height: int
    layout: PixelLayout
    time_base: Fraction
    frame_rate: Fraction
    pixel_aspect: Fraction | None
    colour: ColourTags
    hdr: HdrMetadata
    display_matrix: tuple[int, ...] | None
    interlaced: bool
    duration_s: float | None

    @property
    def orientation(self) -> Orientation:
        return orientation_of(self.display_matrix)

    @property
    def upright_size(self) -> tuple[int, int]:
        """Width and height in pixels of the frame as a person sees it."""
        return self.orientation.upright_size(self.width, self.height)

    @property
    def upright_aspect(self) -> float:
        """Width of a pixel over its height, in the upright frame."""
        aspect = float(self.pixel_aspect or 1)
        return 1 / aspect if self.orientation.transposed else aspect


@dataclass(frozen=True, slots=True)
class MediaTrack:
    """A track of any kind, as the report names it."""

    index: int
    kind: TrackKind
    codec: str
    language: str | None


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """A container: its format, its tracks, and where its clock starts (FFmpeg's microseconds)."""

    container: str
    tracks: tuple[MediaTrack, ...]
    videos: tuple[VideoTrack, ...]
    duration_s: float | None
    start_us: int
