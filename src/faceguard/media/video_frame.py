"""One decoded picture of a video in its native planes, with the views that detection, age and redaction need.

Boxes are in pixels of the upright frame; planes are as coded. `orientation` of the track goes between the two.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, cast

import av
import numpy as np
from numpy.typing import NDArray

from faceguard.geometry import pixel_slice
from faceguard.media.video_colour import pq_to_sdr, yuv_to_bgr
from faceguard.media.video_info import VideoTrack
from faceguard.opencv import cv2
from faceguard.types import Box, Frame


@dataclass(frozen=True, slots=True, eq=False)
class VideoPicture:
    """A picture of `track`. `pts` counts ticks of the track's time base; `pts_s` runs from the medium's start."""

    picture: av.VideoFrame
    track: VideoTrack
    index: int
    pts: int
    pts_s: float

    def planes(self) -> tuple[NDArray[Any], ...]:
        """Read-only views of Y, U, V as coded: `(H, W)` and chroma as the layout says; uint8, or uint16."""
        views = _plane_views(self.picture, self.track)
        for view in views:
            view.setflags(write=False)
        return views

    def as_frame(self) -> Frame:
        """The coded picture as a `Frame` of read-only views."""
        return Frame(self.planes(), self.track.layout.format, self.index, self.pts_s)

    def writable_planes(self) -> tuple[NDArray[Any], ...]:
        """Views of the planes that may be written to; copied first where the decoder still refers to them."""
        self.picture.make_writable()
        return _plane_views(self.picture, self.track)

    def small_size(self, max_side: int) -> tuple[int, int]:
        """Width and height of the upright frame with square pixels, shrunk (never grown) to `max_side`."""
        width, height = self.track.upright_size
        aspect = self.track.upright_aspect
        wide, high = (width * aspect, float(height)) if aspect >= 1 else (float(width), height / aspect)
        shrink = min(1.0, max_side / max(wide, high))
        return max(1, round(wide * shrink)), max(1, round(high * shrink))

    def small_bgr(self, max_side: int) -> NDArray[np.uint8]:
        """The upright frame, square pixels, longest side at most `max_side`: `(h, w, 3)` BGR uint8."""
        width, height = self.small_size(max_side)
        if self.track.orientation.transposed:
            width, height = height, width
        small = self.picture.reformat(width, height, "bgr24", interpolation="AREA").to_ndarray()
        upright = self.track.orientation.upright(small)
        return pq_to_sdr(upright) if self.track.colour.transfer == _PQ else upright

    def small_luma(self, max_side: int) -> NDArray[np.uint8]:
        """Luma of the upright frame, longest side at most `max_side`: `(h, w)` uint8. For motion and cuts.

        Its pixels are those of the upright frame over one common factor; not made square.
        """
        luma = self.planes()[0]
        step = max(1, max(luma.shape) // (2 * max_side))
        luma = luma[::step, ::step]
        shrink = min(1.0, max_side / max(luma.shape))
        size = (max(1, round(luma.shape[1] * shrink)), max(1, round(luma.shape[0] * shrink)))
        small = cv2.resize(luma, size, interpolation=cv2.INTER_AREA)
        if small.dtype != np.uint8:
            small = np.right_shift(small, self.track.layout.bit_depth - 8, dtype=np.uint16).astype(np.uint8)
        return cast("NDArray[np.uint8]", self.track.orientation.upright(small))

    def crop_bgr(self, box: Box) -> tuple[NDArray[np.uint8], tuple[int, int]]:
        """Every upright pixel that `box` touches, `(h, w, 3)` BGR uint8 at full size, and its `(x, y)` in the frame.

        Raises ValueError when the box lies outside of the frame.
        """
        track = self.track
        coded = pixel_slice(track.orientation.box_to_coded(box, track.width, track.height), track.width, track.height)
        upright = pixel_slice(box, *track.upright_size)
        if coded is None or upright is None:
            raise ValueError(f"{box} lies outside of the frame")
        image = track.orientation.upright(yuv_to_bgr(self.planes(), coded, track))
        return image, (upright[1].start, upright[0].start)


_PQ = 16
"""SMPTE ST 2084, as ITU-T H.273 numbers it."""


def _plane_views(picture: av.VideoFrame, track: VideoTrack) -> tuple[NDArray[Any], ...]:
    """Views of a picture's planes without the padding at the end of each line."""
    dtype = np.uint8 if track.layout.bytes_per_sample == 1 else np.uint16
    views = []
    for plane in picture.planes:
        lines = np.frombuffer(cast(Any, plane), dtype)  # a Plane is a buffer
        stride = abs(plane.line_size) // track.layout.bytes_per_sample
        rows = math.ceil(lines.size / stride)
        if plane.line_size < 0 or rows != plane.height:
            raise RuntimeError(f"FFmpeg handed out a plane of {rows} lines where {plane.height} were due")
        views.append(lines.reshape(plane.height, stride)[:, : plane.width])
    return tuple(views)
