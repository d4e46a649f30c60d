"""Encoders as faceguard sets them up: the same for a whole file and for a part of it."""

from __future__ import annotations

from typing import Any, cast

import av
from av.codec.context import Flags

from faceguard.media.video_codecs import (
    ENCODERS,
    ContainerFormat,
    EncodeSettings,
    VideoCodec,
    encoded_layout,
    encoder_options,
)
from faceguard.media.video_frame import VideoPicture
from faceguard.media.video_info import VideoTrack

_KEY_PICTURE = 1
"""FFmpeg's AV_PICTURE_TYPE_I."""


def add_video_stream(
    output: Any, track: VideoTrack, codec: VideoCodec, settings: EncodeSettings, container: ContainerFormat
) -> Any:
    """A stream of `output` whose encoder writes `track` with `codec` as `container` wants it."""
    encoder = ENCODERS[codec]
    options = encoder_options(codec, settings, track.hdr)
    if container is ContainerFormat.AVI:
        options["bf"] = "0"  # AVI has no presentation times, so pictures must come in order
    stream = cast(av.VideoStream, output.add_stream(encoder.name, rate=track.frame_rate, options=options))
    context = stream.codec_context
    context.width, context.height = track.width, track.height
    context.pix_fmt = encoded_layout(encoder, track.layout)
    context.time_base = stream.time_base = 1 / track.frame_rate if container is ContainerFormat.AVI else track.time_base
    if track.pixel_aspect is not None:
        context.sample_aspect_ratio = track.pixel_aspect
    context.color_primaries, context.color_trc = track.colour.primaries, track.colour.transfer
    context.colorspace, context.color_range = track.colour.matrix, track.colour.range
    context.thread_count = settings.threads or 0
    context.flags |= Flags.frame_duration
    if track.interlaced:
        context.flags |= Flags.interlaced_dct | Flags.interlaced_me
    if codec is VideoCodec.HEVC and container in (ContainerFormat.MP4, ContainerFormat.MOV):
        context.codec_tag = "hvc1"  # Apple's players open no other
    return stream


def encode_picture(stream: Any, picture: VideoPicture, pts: int, duration: int) -> list[av.Packet[Any]]:
    """Encodes `picture` at `pts` for `duration`, both in ticks of the encoder."""
    context = stream.codec_context
    native = picture.picture
    if native.format.name != context.pix_fmt:
        native = native.reformat(format=context.pix_fmt, src_color_range=2, dst_color_range=2)
    native.pts, native.time_base, native.duration = pts, context.time_base, duration
    return cast("list[av.Packet[Any]]", stream.encode(native))


def ask_for_key(picture: VideoPicture, *, as_key: bool) -> None:
    """Makes `picture` a key frame if `as_key`; otherwise the source's choice of key frames is forgotten."""
    picture.picture.pict_type = _KEY_PICTURE if as_key else 0
