"""Which encoders write video, with which settings, and what each container can hold."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from faceguard.errors import UnsupportedMediaError
from faceguard.media.video_info import HdrMetadata, PixelLayout, VideoTrack
from faceguard.opencv import cv2


class VideoCodec(StrEnum):
    """What the pictures are encoded to. AUTO: H.264 for 8 bits, HEVC for 10; in WebM VP9 for 8 bits, AV1 for 10."""

    AUTO = "auto"
    H264 = "h264"
    HEVC = "hevc"
    VP9 = "vp9"
    AV1 = "av1"


class ContainerFormat(StrEnum):
    """The containers faceguard writes, by FFmpeg's names."""

    MP4 = "mp4"
    MOV = "mov"
    MATROSKA = "matroska"
    WEBM = "webm"
    AVI = "avi"
    MPEGTS = "mpegts"


@dataclass(frozen=True, slots=True)
class EncodeSettings:
    """`quality` is the codec's own constant rate factor, smaller is better; None takes the default of `ENCODERS`.

    `threads` bounds the cores of one encoder; None takes all.
    """

    codec: VideoCodec = VideoCodec.AUTO
    quality: int | None = None
    threads: int | None = None


@dataclass(frozen=True, slots=True)
class Encoder:
    """An FFmpeg encoder. `layouts` are the native layouts it keeps; `options` set its speed."""

    name: str
    quality: int
    layouts: frozenset[str]
    options: tuple[tuple[str, str], ...]
    keeps_interlacing: bool = False


_YUV8 = frozenset({"yuv420p", "yuv422p", "yuv444p"})
_YUVJ = frozenset({"yuvj420p", "yuvj422p", "yuvj444p"})
_YUV10 = frozenset({"yuv420p10le", "yuv422p10le", "yuv444p10le"})

ENCODERS: dict[VideoCodec, Encoder] = {
    # crf: x264 and x265 call 18 visually lossless and 23/28 their defaults; 20/22 keeps a second generation clean.
    VideoCodec.H264: Encoder(
        "libx264", 20, _YUV8 | _YUVJ | _YUV10, (("preset", "veryfast"), ("forced-idr", "1")), keeps_interlacing=True
    ),
    VideoCodec.HEVC: Encoder("libx265", 22, _YUV8 | _YUVJ | _YUV10, (("preset", "veryfast"), ("forced-idr", "1"))),
    # cpu-used 5 and row-mt: what the WebM project advises for live speed at "good" quality.
    VideoCodec.VP9: Encoder(
        "libvpx-vp9", 30, _YUV8, (("deadline", "good"), ("cpu-used", "5"), ("row-mt", "1"), ("b", "0"))
    ),
    VideoCodec.AV1: Encoder("libsvtav1", 28, frozenset({"yuv420p", "yuv420p10le"}), (("preset", "9"),)),
}

_SUFFIXES = {
    ".mp4": ContainerFormat.MP4,
    ".m4v": ContainerFormat.MP4,
    ".mov": ContainerFormat.MOV,
    ".mkv": ContainerFormat.MATROSKA,
    ".webm": ContainerFormat.WEBM,
    ".avi": ContainerFormat.AVI,
    ".ts": ContainerFormat.MPEGTS,
    ".m2ts": ContainerFormat.MPEGTS,
}

_HOLDS: dict[ContainerFormat, frozenset[VideoCodec]] = {
    ContainerFormat.MP4: frozenset(ENCODERS),
    ContainerFormat.MOV: frozenset({VideoCodec.H264, VideoCodec.HEVC}),
    ContainerFormat.MATROSKA: frozenset(ENCODERS),
    ContainerFormat.WEBM: frozenset({VideoCodec.VP9, VideoCodec.AV1}),
    ContainerFormat.AVI: frozenset({VideoCodec.H264}),
    ContainerFormat.MPEGTS: frozenset({VideoCodec.H264, VideoCodec.HEVC}),
}

_HOLDS_ROTATION = frozenset({ContainerFormat.MP4, ContainerFormat.MOV, ContainerFormat.MATROSKA})


def container_for(target: Path) -> ContainerFormat:
    """The container that the suffix of `target` names. Raises UnsupportedMediaError."""
    try:
        return _SUFFIXES[target.suffix.lower()]
    except KeyError:
        known = ", ".join(sorted(_SUFFIXES))
        raise UnsupportedMediaError(
            f"`{target.name}` doesn't end in a container that faceguard writes; use one of {known}", path=target
        ) from None


def choose_codec(asked: VideoCodec, track: VideoTrack, container: ContainerFormat) -> VideoCodec:
    """The codec for `track`. Raises UnsupportedMediaError, by name, for what codec or container can't keep."""
    codec = asked
    if asked is VideoCodec.AUTO:
        deep = track.layout.bit_depth > 8
        if container is ContainerFormat.WEBM:
            codec = VideoCodec.AV1 if deep else VideoCodec.VP9
        else:
            codec = VideoCodec.HEVC if deep and VideoCodec.HEVC in _HOLDS[container] else VideoCodec.H264
    if codec not in _HOLDS[container]:
        raise UnsupportedMediaError(
            f"{container} can't hold {codec}; choose another --codec or output suffix", key=codec
        )
    if encoded_layout(ENCODERS[codec], track.layout) not in ENCODERS[codec].layouts:
        raise UnsupportedMediaError(
            f"{codec} as built here can't keep {track.layout.name}; choose --codec hevc or h264 and .mp4 or .mkv",
            key=track.layout.name,
        )
    if track.interlaced and not ENCODERS[codec].keeps_interlacing:
        raise UnsupportedMediaError(f"{codec} can't keep interlaced pictures; choose --codec h264", key=codec)
    if track.display_matrix is not None and container not in _HOLDS_ROTATION:
        raise UnsupportedMediaError(
            f"{container} can't hold the rotation of this video; write to .mp4, .mov or .mkv", key="rotation"
        )
    return codec


def encoded_layout(encoder: Encoder, layout: PixelLayout) -> str:
    """FFmpeg's name of what the encoder is fed: full-range names lose the old `j` it may not know."""
    if layout.name in _YUVJ and layout.name not in encoder.layouts:
        return layout.name.replace("yuvj", "yuv")
    return layout.name


def encoder_options(codec: VideoCodec, settings: EncodeSettings, hdr: HdrMetadata) -> dict[str, str]:
    """FFmpeg options of the encoder for `codec`."""
    encoder = ENCODERS[codec]
    options = dict(encoder.options)
    options["crf"] = str(encoder.quality if settings.quality is None else settings.quality)
    private = [*_hdr_options(codec, hdr), *_thread_options(codec, settings.threads), *_repeatable_options(codec)]
    if codec is VideoCodec.HEVC:
        private = [*private, "log-level=error"]
    if private:
        options[_PRIVATE[codec]] = ":".join(private)
    return options


_PRIVATE = {VideoCodec.H264: "x264-params", VideoCodec.HEVC: "x265-params", VideoCodec.AV1: "svtav1-params"}


def _thread_options(codec: VideoCodec, threads: int | None) -> list[str]:
    """For the encoders that keep pools of their own, whatever FFmpeg's `threads` says."""
    if threads is None:
        return []
    if codec is VideoCodec.HEVC:
        return ["frame-threads=1", f"pools={threads if threads > 1 else 'none'}"]
    return [f"lp={threads}"] if codec is VideoCodec.AV1 else []


_AVX_512F = 13
"""OpenCV's CV_CPU_AVX_512F (core/cvdef.h)."""


def _repeatable_options(codec: VideoCodec) -> list[str]:
    """x264 with AVX-512 chooses quantisers by memory it never set (its macroblock tree; 5 of 14 runs over the same
    pictures differed), so that two workers would write two files. With AVX2 it takes as long and repeats itself."""
    if codec is VideoCodec.H264 and cv2.checkHardwareSupport(_AVX_512F):
        return ["asm=AVX2"]
    return []


def _hdr_options(codec: VideoCodec, hdr: HdrMetadata) -> list[str]:
    """Mastering display (SMPTE ST 2086) and content light level (CTA-861.3) in the encoder's own notation."""
    if codec not in _PRIVATE:
        return []
    names = {
        VideoCodec.H264: ("mastering-display", "cll"),
        VideoCodec.HEVC: ("master-display", "max-cll"),
        VideoCodec.AV1: ("mastering-display", "content-light"),
    }[codec]
    options = []
    if hdr.mastering_display is not None and (text := _mastering_text(hdr.mastering_display, codec)):
        options.append(f"{names[0]}={text}")
    if hdr.content_light is not None and len(hdr.content_light) >= 8:
        max_content, max_average = struct.unpack_from("=II", hdr.content_light)
        options.append(f"{names[1]}={max_content},{max_average}")
    return options


def _mastering_text(data: bytes, codec: VideoCodec) -> str | None:
    """`G(x,y)B(x,y)R(x,y)WP(x,y)L(max,min)` of FFmpeg's AVMasteringDisplayMetadata; None where it says nothing.

    x264 and x265 count chromaticities in 1/50000 and luminance in 1/10000 cd/m2; SVT-AV1 takes plain decimals.
    """
    if len(data) < 88:
        return None
    numbers = struct.unpack_from("=20i2i", data)
    if not (numbers[20] and numbers[21]):
        return None
    values = [numbers[i] / (numbers[i + 1] or 1) for i in range(0, 20, 2)]
    red, green, blue, white = values[0:2], values[2:4], values[4:6], values[6:8]
    low, high = values[8], values[9]
    if codec is VideoCodec.AV1:

        def point(v: list[float]) -> str:
            return f"({v[0]:.5f},{v[1]:.5f})"

        light = f"({high:.4f},{low:.4f})"
    else:

        def point(v: list[float]) -> str:
            return f"({round(v[0] * 50_000)},{round(v[1] * 50_000)})"

        light = f"({round(high * 10_000)},{round(low * 10_000)})"
    return f"G{point(green)}B{point(blue)}R{point(red)}WP{point(white)}L{light}"
