"""Reads videos: probes a file, demultiplexes it, decodes its pictures. Foreign errors end here as ours.

Strict by default: the decoder stops at the first damaged slice (`err_detect=explode`) instead of guessing pixels, and a
file that ends before its own index says so. `Damage.TOLERATE` hands out what can be read and counts what can't.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import av
import av.error
import numpy as np
from av.sidedata.sidedata import Type as SideDataType
from av.stream import Disposition

from faceguard.errors import DecodeError, UnsupportedMediaError
from faceguard.media.video_frame import VideoPicture
from faceguard.media.video_info import ColourTags, HdrMetadata, MediaInfo, MediaTrack, TrackKind, VideoTrack
from faceguard.media.video_pixels import NATIVE, layout_of

MAX_PIXELS = 16384 * 8640
"""Refuses decompression bombs; above the largest level of HEVC (7.2: 142,606,336 luma samples)."""

_PICTURE_FORMATS = ("image2", "_pipe", "gif", "apng", "webp")
_NOT_A_FILM = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image


class Damage(StrEnum):
    """What to do about damaged input."""

    REFUSE = "refuse"
    TOLERATE = "tolerate"


class DecodeEffort(StrEnum):
    """EXACT decodes as the standard says. FAST leaves out the smoothing of block edges: to look at, never to show.

    KEYS decodes the key frames only; what lies between them isn't handed out.
    """

    EXACT = "exact"
    FAST = "fast"
    KEYS = "keys"


class VideoReader:
    """An open video file. Use as a context manager; one sweep over the file for each reader."""

    def __init__(self, path: Path, info: MediaInfo, damage: Damage = Damage.REFUSE) -> None:
        self.path = path
        self.info = info
        self.damage = damage
        self.damaged_count = 0
        """Packets that couldn't be decoded and pictures missing at the end; grows while reading."""
        self.container = _open(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.container.close()

    def pictures(self, track: VideoTrack, effort: DecodeEffort = DecodeEffort.EXACT) -> Iterator[VideoPicture]:
        """All pictures of one track in the order in which they are shown."""
        decoder = PictureDecoder(self, track, effort)
        for packet in self.packets((track.index,)):
            yield from decoder.decode(packet)
        yield from decoder.flush()

    def seek(self, track: VideoTrack, pts: int) -> None:
        """Goes on reading at the last key frame of `track` at or before `pts`, as far as the container knows it."""
        try:
            self.container.seek(pts, stream=self.container.streams[track.index], backward=True)
        except (av.error.FFmpegError, OSError) as error:
            raise _damaged(self.path, f"its place at tick {pts} can't be found") from error

    def packets(self, indices: tuple[int, ...]) -> Iterator[av.Packet[Any]]:
        """The packets of the tracks `indices`, in file order, without the empty ones at the end."""
        streams = [self.container.streams[i] for i in indices]
        demuxer = self.container.demux(streams)
        while True:
            try:
                packet = next(demuxer, None)
            except (av.error.FFmpegError, OSError) as error:
                if self.damage is Damage.REFUSE:
                    raise _damaged(self.path, str(error)) from error
                self.damaged_count += 1
                return
            if packet is None:
                return
            if packet.size > 0:
                yield packet


class PictureDecoder:
    """Decodes the packets of one track into pictures with exact, strictly rising time stamps.

    `whole` tells that all packets of the file will come, so that missing ones are noticed. `threads` None takes all
    cores.
    """

    def __init__(
        self,
        reader: VideoReader,
        track: VideoTrack,
        effort: DecodeEffort = DecodeEffort.EXACT,
        *,
        whole: bool = True,
        threads: int | None = None,
    ) -> None:
        self._reader = reader
        self._track = track
        self._stream = cast(av.VideoStream, reader.container.streams[track.index])
        self._stream.thread_type = "AUTO"
        self._stream.codec_context.thread_count = threads or 0
        options = {"err_detect": "explode"} if reader.damage is Damage.REFUSE else {}
        if effort is DecodeEffort.FAST:
            options["skip_loop_filter"] = "all"
        self._stream.codec_context.options = options
        self._stream.codec_context.skip_frame = "NONKEY" if effort is DecodeEffort.KEYS else "DEFAULT"
        self._is_whole = whole and effort is not DecodeEffort.KEYS
        self._packet_count = 0
        self._count = 0
        self._last_pts: int | None = None
        self._start_s = reader.info.start_us / 1_000_000

    def decode(self, packet: av.Packet[Any]) -> Iterator[VideoPicture]:
        """The pictures that become complete with `packet`."""
        self._packet_count += 1
        yield from self._decode(packet)

    def flush(self) -> Iterator[VideoPicture]:
        """The pictures still held back; then checks that the file held as many as its index promises."""
        yield from self._decode(None)
        missing = self._missing() if self._is_whole else 0
        if missing or self._count == 0:
            if self._reader.damage is Damage.REFUSE or self._count == 0:
                raise _damaged(self._reader.path, f"{missing or 'all'} pictures are missing at its end")
            self._reader.damaged_count += missing

    def _decode(self, packet: av.Packet[Any] | None) -> Iterator[VideoPicture]:
        try:
            pictures = self._stream.decode(packet)
        except av.error.EOFError:
            return
        except (av.error.FFmpegError, OSError) as error:
            if self._reader.damage is Damage.REFUSE:
                raise _damaged(self._reader.path, str(error)) from error
            self._reader.damaged_count += 1
            return
        for picture in pictures:
            if picture.is_corrupt and self._reader.damage is Damage.REFUSE:
                raise _damaged(self._reader.path, f"picture {self._count} is damaged")
            yield self._wrap(picture)

    def _wrap(self, picture: av.VideoFrame) -> VideoPicture:
        track = self._track
        layout = layout_of(picture.format.name)
        if (picture.width, picture.height) != (track.width, track.height) or layout != track.layout:
            raise UnsupportedMediaError(
                f"`{self._reader.path.name}` changes its pictures from {track.width}x{track.height} "
                f"{track.layout.name} to {picture.width}x{picture.height} {layout.name} at picture {self._count}; "
                "split the file there and redact the parts",
                path=self._reader.path,
            )
        pts = self._rising(picture)
        if picture.format.name not in NATIVE:
            picture = picture.reformat(format=layout.name)
        picture.pts, picture.time_base = pts, track.time_base
        wrapped = VideoPicture(picture, track, self._count, pts, float(pts * track.time_base) - self._start_s)
        self._count += 1
        return wrapped

    def _rising(self, picture: av.VideoFrame) -> int:
        """The picture's time stamp; one tick or one frame after the last where the file has none or goes back."""
        frame_ticks = max(1, round(1 / (self._track.frame_rate * self._track.time_base)))
        if picture.pts is None:
            pts = 0 if self._last_pts is None else self._last_pts + frame_ticks
        elif self._last_pts is not None and picture.pts <= self._last_pts:
            pts = self._last_pts + 1
        else:
            pts = picture.pts
        self._last_pts = pts
        return pts

    def _missing(self) -> int:
        """How many packets the container's own index promises beyond those that were there."""
        promised = self._stream.frames
        if self._reader.info.container.startswith(("mov", "avi")) and promised > 0:
            return max(0, promised - self._packet_count)
        return self._missing_by_duration()

    def _missing_by_duration(self) -> int:
        """As `_missing`, by the length that Matroska states; short by a second or 2 % is how muxers round."""
        stated, track = self._reader.info.duration_s, self._track
        if "matroska" not in self._reader.info.container or track.duration_s is None or stated is None:
            return 0
        reached = 0.0 if self._last_pts is None else float(self._last_pts * track.time_base) - self._start_s
        short_s = track.duration_s - reached
        return round(short_s * track.frame_rate) if short_s > max(1.0, 0.02 * track.duration_s) else 0


def probe_video(path: Path) -> MediaInfo:
    """What `path` holds. Decodes the first picture of each video track. Raises DecodeError, UnsupportedMediaError."""
    with _open(path) as container:
        name = container.format.name
        if any(mark in name for mark in _PICTURE_FORMATS):
            raise UnsupportedMediaError(f"`{path.name}` is a picture ({name}), not a video", path=path)
        tracks = tuple(_media_track(stream) for stream in container.streams)
        films = [t.index for t in tracks if t.kind is TrackKind.VIDEO]
        if not films:
            raise UnsupportedMediaError(f"`{path.name}` has no video track", path=path)
        seconds = None if container.duration is None else container.duration / av.time_base
        start_us = container.start_time or 0
    videos = tuple(_probe_track(path, index) for index in films)
    return MediaInfo(name, tracks, videos, seconds, start_us)


def _open(path: Path) -> av.container.InputContainer:
    """Opens a local file; never a playlist or a network address that its content names."""
    if not path.is_file():
        raise DecodeError(f"`{path}` isn't a file; check the name", path=path)
    try:
        return av.open(str(path.absolute()), options={"protocol_whitelist": "file"}, metadata_errors="replace")
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise DecodeError(
            f"`{path.name}` can't be read as a video: it is broken, cut or no video", path=path
        ) from error


def _media_track(stream: Any) -> MediaTrack:
    """A stream of a container as a `MediaTrack`; cover pictures, thumbnails and unknown codecs are OTHER."""
    context = stream.codec_context
    kind = TrackKind(stream.type) if stream.type in ("video", "audio", "subtitle") else TrackKind.OTHER
    if kind is TrackKind.VIDEO and (stream.disposition & _NOT_A_FILM or context is None):
        kind = TrackKind.OTHER
    codec = "unknown" if context is None else context.codec.canonical_name
    return MediaTrack(stream.index, kind, codec, stream.metadata.get("language"))


def _probe_track(path: Path, index: int) -> VideoTrack:
    """The video track `index`, from its header and its first picture."""
    with _open(path) as container:
        stream = cast(av.VideoStream, container.streams[index])
        if stream.codec_context.width * stream.codec_context.height > MAX_PIXELS:
            raise DecodeError(f"`{path.name}` is larger than {MAX_PIXELS} pixels a picture; shrink it first", path=path)
        picture: av.VideoFrame | None = None
        with contextlib.suppress(av.error.FFmpegError, OSError):
            picture = next(iter(container.decode(stream)), None)
        if picture is None:
            raise _damaged(path, f"no picture of track {index} can be decoded")
        context = stream.codec_context
        return VideoTrack(
            index=index,
            codec=context.codec.canonical_name,
            width=picture.width,
            height=picture.height,
            layout=layout_of(picture.format.name),
            time_base=stream.time_base or Fraction(1, 90_000),
            frame_rate=Fraction(stream.average_rate or stream.guessed_rate or 25),
            pixel_aspect=_pixel_aspect(stream),
            colour=_colour(picture),
            hdr=_hdr(picture),
            display_matrix=_display_matrix(picture),
            interlaced=picture.interlaced_frame,
            duration_s=_track_duration_s(stream),
        )


def _pixel_aspect(stream: av.VideoStream) -> Fraction | None:
    aspect = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio
    return Fraction(aspect) if aspect else None


def _track_duration_s(stream: av.VideoStream) -> float | None:
    """Length of the track in seconds; Matroska states it in a tag, `hh:mm:ss.nnnnnnnnn`."""
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    parts = stream.metadata.get("DURATION", "").split(":")
    try:
        return float(parts[-3]) * 3600 + float(parts[-2]) * 60 + float(parts[-1])
    except (IndexError, ValueError):
        return None


def _colour(picture: av.VideoFrame) -> ColourTags:
    """The tags of the planes as they are handled: RGB becomes limited-range BT.601, FFmpeg's default."""
    if picture.colorspace == 0:
        return ColourTags(picture.color_primaries, picture.color_trc, 6, 1)
    return ColourTags(picture.color_primaries, picture.color_trc, int(picture.colorspace), int(picture.color_range))


def _display_matrix(picture: av.VideoFrame) -> tuple[int, ...] | None:
    data = _side_data(picture, SideDataType.DISPLAYMATRIX)
    if data is None or len(data) != 36:
        return None
    matrix = tuple(int(v) for v in np.frombuffer(data, np.int32))
    return None if matrix == (65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30) else matrix


def _hdr(picture: av.VideoFrame) -> HdrMetadata:
    return HdrMetadata(
        _side_data(picture, SideDataType.MASTERING_DISPLAY_METADATA),
        _side_data(picture, SideDataType.CONTENT_LIGHT_LEVEL),
    )


def _side_data(picture: av.VideoFrame, kind: SideDataType) -> bytes | None:
    try:
        return bytes(cast(Any, picture.side_data)[kind])
    except KeyError:
        return None


def _damaged(path: Path, what: str) -> DecodeError:
    return DecodeError(
        f"`{path.name}` is broken or cut ({what}); repair it, or pass --partial to keep what can be read", path=path
    )
