"""Writes a redacted video: encodes pictures, copies audio and subtitles as they are, leaves everything else out.

Left out: every tag of the container and the tracks except the language, cover pictures and thumbnails, attachments,
data tracks, chapters (their titles may name people). What the input's clock starts at becomes zero.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import av.error

from faceguard.errors import EncodeError, UnsupportedMediaError
from faceguard.media.video_codecs import (
    ContainerFormat,
    EncodeSettings,
    VideoCodec,
    choose_codec,
    container_for,
)
from faceguard.media.video_encoder import add_video_stream, ask_for_key, encode_picture
from faceguard.media.video_frame import VideoPicture
from faceguard.media.video_info import MediaTrack, VideoTrack
from faceguard.media.video_read import VideoReader

_MUXER_OPTIONS = {
    ContainerFormat.MP4: {"movflags": "+faststart"},
    ContainerFormat.MOV: {"movflags": "+faststart"},
}


class VideoWriter:
    """An output file being written. `target` names it in errors and by its suffix; bytes go to `partial`."""

    def __init__(
        self,
        partial: Path,
        target: Path,
        reader: VideoReader,
        settings: EncodeSettings,
        copied: Sequence[MediaTrack],
    ) -> None:
        self._target = target
        self._reader = reader
        self._settings = settings
        self._format = container_for(target)
        self._streams: dict[int, Any] = {}
        self._written: dict[int, int] = {}
        self._waiting: dict[int, VideoPicture] = {}
        self._passed_on: set[int] = set()
        codecs = {t.index: choose_codec(settings.codec, t, self._format) for t in reader.info.videos}
        with self._refusals():
            self._output = av.open(
                str(partial), "w", format=self._format.value, options=_MUXER_OPTIONS.get(self._format, {})
            )
        try:
            for track in reader.info.videos:
                self._streams[track.index] = self._add_video(track, codecs[track.index])
                self._written[track.index] = 0
            for other in copied:
                self._streams[other.index] = self._add_copy(other)
        except BaseException:
            self._abandon()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._abandon()

    def write_picture(self, picture: VideoPicture, *, as_key: bool = False) -> None:
        """Encodes `picture`, which must already be covered, at its own time; it lasts until the next of its track.

        `as_key` asks for a key frame. Otherwise the source's choice of key frames is forgotten.
        """
        ask_for_key(picture, as_key=as_key)
        waiting = self._waiting.get(picture.track.index)
        self._waiting[picture.track.index] = picture
        if waiting is not None:
            self._encode(waiting, picture.pts - waiting.pts)

    def _encode(self, picture: VideoPicture, duration: int) -> None:
        """`duration` in ticks of the track: FFmpeg's guess is wrong where variable rates meet reordered pictures."""
        stream = self._streams[picture.track.index]
        lasts = 1 if self._format is ContainerFormat.AVI else duration
        with self._refusals():
            self._output.mux(encode_picture(stream, picture, self._time(picture), lasts))
        self._written[picture.track.index] += 1

    def write_encoded(self, track: VideoTrack, packet: av.Packet[Any]) -> None:
        """Takes over a packet that was encoded elsewhere with the same settings, with its times counted from zero."""
        self._passed_on.add(track.index)
        packet.stream = self._streams[track.index]
        with self._refusals():
            self._output.mux(packet)
        self._written[track.index] += 1

    def write_packet(self, packet: av.Packet[Any]) -> None:
        """Copies a packet of an audio or subtitle track."""
        shift = round(Fraction(self._reader.info.start_us, av.time_base) / packet.time_base)
        if packet.dts is None and packet.pts is None:
            return
        packet.pts = None if packet.pts is None else packet.pts - shift
        packet.dts = packet.pts if packet.dts is None else packet.dts - shift
        packet.stream = self._streams[packet.stream_index]
        with self._refusals():
            self._output.mux(packet)

    def finish(self) -> None:
        """Flushes the encoders and closes the file."""
        for track in self._reader.info.videos:
            last = self._waiting.pop(track.index, None)
            if last is not None:
                self._encode(last, self.last_duration(track, last.pts))
        with self._refusals():
            for index in self._written.keys() - self._passed_on:
                self._output.mux(self._streams[index].encode(None))
            self._output.close()

    @property
    def written_counts(self) -> dict[int, int]:
        """How many pictures of each input track were written, in the order of the output's video tracks."""
        return dict(self._written)

    def _add_video(self, track: VideoTrack, codec: VideoCodec) -> Any:
        with self._refusals():
            stream = add_video_stream(self._output, track, codec, self._settings, self._format)
            if track.display_matrix is not None:
                stream.set_display_matrix(track.display_matrix)
            self._copy_language(track.index, stream)
        return stream

    def _add_copy(self, track: MediaTrack) -> Any:
        template = self._reader.container.streams[track.index]
        try:
            stream = self._output.add_stream_from_template(template)
        except (ValueError, av.error.FFmpegError) as error:
            raise UnsupportedMediaError(
                f"{self._format} can't hold the {track.kind} track {track.index} ({track.codec}) as it is; "
                f"write to .mkv, or pass --{'audio' if track.kind == 'audio' else 'subtitles'} drop",
                path=self._target,
                key=track.codec,
            ) from error
        self._copy_language(track.index, stream)
        return stream

    def _copy_language(self, index: int, stream: Any) -> None:
        template = self._reader.container.streams[index]
        language = template.metadata.get("language")
        if language:
            stream.metadata["language"] = language
        stream.disposition = template.disposition

    def _time(self, picture: VideoPicture) -> int:
        """The picture's time in ticks of the output, from the medium's start."""
        track = picture.track
        start = Fraction(self._reader.info.start_us, av.time_base)
        if self._format is not ContainerFormat.AVI:
            return picture.pts - round(start / track.time_base)
        exact = (picture.pts * track.time_base - start) * track.frame_rate
        if abs(exact - picture.index) > 1:
            raise UnsupportedMediaError(
                "avi can't hold a variable frame rate or a late start; write to .mp4 or .mkv", path=self._target
            )
        return picture.index

    def last_duration(self, track: VideoTrack, last_pts: int) -> int:
        """Ticks from the last picture to the track's stated end if that is within a second, else one average frame."""
        average = max(1, round(1 / (track.frame_rate * track.time_base)))
        if track.duration_s is None:
            return average
        start = self._reader.container.streams[track.index].start_time or 0
        left = start + round(Fraction(track.duration_s) / track.time_base) - last_pts
        return left if 0 < left * track.time_base <= 1 else average

    def _abandon(self) -> None:
        with contextlib.suppress(Exception):
            self._output.close()

    @contextlib.contextmanager
    def _refusals(self) -> Iterator[None]:
        """Turns what FFmpeg refuses into EncodeError."""
        try:
            yield
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise EncodeError(
                f"`{self._target.name}` can't be written ({error}); check free space, or choose another codec",
                path=self._target,
            ) from error


def check_written(path: Path, target: Path, expected: Sequence[int]) -> None:
    """Opens what was written and counts: one picture for each that went in, and no video track more. EncodeError."""
    try:
        with av.open(str(path)) as container:
            streams = container.streams.video
            counts = {stream.index: 0 for stream in streams}
            for packet in container.demux(streams):
                counts[packet.stream_index] += packet.size > 0
    except (av.error.FFmpegError, OSError) as error:
        raise EncodeError(f"`{target.name}` can't be read back, so it isn't released", path=target) from error
    if list(counts.values()) != list(expected):
        raise EncodeError(
            f"`{target.name}` holds {list(counts.values())} pictures, not the {list(expected)} that were written; "
            "it isn't released",
            path=target,
            expected=list(expected),
            actual=list(counts.values()),
        )
