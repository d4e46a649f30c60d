"""From native YUV to the BGR that the models were trained on; only ever for small pictures and crops."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from faceguard.media.video_info import VideoTrack
from faceguard.opencv import cv2
from faceguard.types import PixelFormat

_LUMA_WEIGHTS = {1: (0.2126, 0.0722), 9: (0.2627, 0.0593), 10: (0.2627, 0.0593)}
"""Kr and Kb by matrix code point (ITU-T H.273, table 4): BT.709 and BT.2020; all others as BT.601."""
_BT601 = (0.299, 0.114)

_CHROMA_STEP = {PixelFormat.YUV420: (2, 2), PixelFormat.YUV422: (2, 1), PixelFormat.YUV444: (1, 1)}


def yuv_to_bgr(planes: Sequence[NDArray[Any]], region: tuple[slice, slice], track: VideoTrack) -> NDArray[np.uint8]:
    """`region`, `(rows, columns)` of the coded picture, as `(h, w, 3)` BGR uint8."""
    rows, columns = region
    step_x, step_y = _CHROMA_STEP[track.layout.format]
    chroma_rows = slice(rows.start // step_y, -(-rows.stop // step_y))
    chroma_columns = slice(columns.start // step_x, -(-columns.stop // step_x))
    scale = 1 << (track.layout.bit_depth - 8)
    y = planes[0][rows, columns].astype(np.float32) / scale
    offset_y, offset_x = rows.start - chroma_rows.start * step_y, columns.start - chroma_columns.start * step_x
    chroma = []
    for plane in planes[1:]:
        part = plane[chroma_rows, chroma_columns].astype(np.float32) / scale - 128
        full = cv2.resize(part, (part.shape[1] * step_x, part.shape[0] * step_y), interpolation=cv2.INTER_LINEAR)
        chroma.append(full[offset_y : offset_y + y.shape[0], offset_x : offset_x + y.shape[1]])
    if not _is_full_range(track):
        y, chroma = (y - 16) * (255 / 219), [c * (255 / 224) for c in chroma]
    kr, kb = _LUMA_WEIGHTS.get(track.colour.matrix, _LUMA_WEIGHTS[1] if _looks_hd(track) else _BT601)
    red = y + chroma[1] * (2 - 2 * kr)
    blue = y + chroma[0] * (2 - 2 * kb)
    green = (y - kr * red - kb * blue) / (1 - kr - kb)
    bgr = np.clip(np.rint(np.stack((blue, green, red), axis=-1)), 0, 255).astype(np.uint8)
    return pq_to_sdr(bgr) if track.colour.transfer == 16 else bgr


def _is_full_range(track: VideoTrack) -> bool:
    return track.colour.range == 2 or track.layout.name.startswith("yuvj")


def _looks_hd(track: VideoTrack) -> bool:
    """Untagged video of 720 lines and more is BT.709 by the habit of all players."""
    return track.colour.matrix in (0, 2) and track.height >= 720


def pq_to_sdr(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """An image in SMPTE ST 2084 code values as a standard screen would show it, so that models see faces as trained."""
    return cast("NDArray[np.uint8]", cv2.LUT(image, _pq_table()))


@cache
def _pq_table() -> NDArray[np.uint8]:
    """256 code values: ST 2084 EOTF to nits, diffuse white at 203 nits (ITU-R BT.2408), soft shoulder, gamma 2.4."""
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 4096 * 128, 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    code = (np.arange(256) / 255) ** (1 / m2)
    nits = 10_000 * (np.maximum(code - c1, 0) / (c2 - c3 * code)) ** (1 / m1)
    light = nits / 203
    shown = (light * (1 + light / 16) / (1 + light)) ** (1 / 2.4) * 1.25  # Reinhard, white at 4 times diffuse white
    return np.clip(np.rint(shown * 255), 0, 255).astype(np.uint8)
