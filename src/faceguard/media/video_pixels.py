"""Which pixel layouts stay native, which are converted to the nearest one that does, and which are refused by name."""

from __future__ import annotations

from faceguard.errors import UnsupportedMediaError
from faceguard.media.video_info import PixelLayout
from faceguard.types import PixelFormat

_PLANAR = {"420": PixelFormat.YUV420, "422": PixelFormat.YUV422, "444": PixelFormat.YUV444}

NATIVE: dict[str, PixelLayout] = {
    **{f"yuv{s}p": PixelLayout(f"yuv{s}p", f, 8) for s, f in _PLANAR.items()},
    **{f"yuvj{s}p": PixelLayout(f"yuvj{s}p", f, 8) for s, f in _PLANAR.items()},
    **{f"yuv{s}p10le": PixelLayout(f"yuv{s}p10le", f, 10) for s, f in _PLANAR.items()},
}
"""Planar YUV, 8 or 10 bits: decoded, covered and encoded without a conversion."""

CONVERTED: dict[str, str] = {
    # the same samples in another order
    "nv12": "yuv420p",
    "nv21": "yuv420p",
    "nv16": "yuv422p",
    "p010le": "yuv420p10le",
    "yuyv422": "yuv422p",
    "uyvy422": "yuv422p",
    "yvyu422": "yuv422p",
    # chroma that no modern encoder takes, repeated to the next finer grid
    "yuv410p": "yuv420p",
    "yuv411p": "yuv422p",
    "yuv440p": "yuv444p",
    "yuvj411p": "yuvj422p",
    "yuvj440p": "yuvj444p",
    # grey gets neutral chroma
    "gray": "yuv420p",
    "gray10le": "yuv420p10le",
    # RGB from screen and lossless codecs, full chroma kept
    "gbrp": "yuv444p",
    "gbrp10le": "yuv444p10le",
    "rgb24": "yuv444p",
    "bgr24": "yuv444p",
    "rgb0": "yuv444p",
    "bgr0": "yuv444p",
    "pal8": "yuv444p",
    "rgb555le": "yuv444p",
    "rgb565le": "yuv444p",
}


def layout_of(name: str | None) -> PixelLayout:
    """The layout in which a picture decoded as `name` is handled. Raises UnsupportedMediaError, naming what it is."""
    if name in NATIVE:
        return NATIVE[name]
    if name in CONVERTED:
        return NATIVE[CONVERTED[name]]
    if name is None:
        raise UnsupportedMediaError("the video's pixel format can't be told, so it can't be redacted; convert it first")
    if name.startswith(("yuva", "rgba", "bgra", "argb", "abgr", "gbrap", "ya")):
        raise UnsupportedMediaError(
            f"the video has transparency (`{name}`), which redaction could change; remove the alpha channel first",
            key=name,
        )
    raise UnsupportedMediaError(
        f"the video's pixel format `{name}` can't be kept; convert it to 8- or 10-bit 4:2:0, 4:2:2 or 4:4:4 first",
        key=name,
    )
