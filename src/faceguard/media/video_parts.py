"""A video's pictures encoded in parts, each a file of its own, and put together again without encoding anew.

Every part begins with a key frame that forgets all before it. Parts are NUT files: FFmpeg's own container, which keeps
any time base exactly. Decoding times are made anew for the whole: a part can't know how its neighbour's pictures are
ordered.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import av.error
import numpy as np
from av.codec.context import Flags
from numpy.typing import NDArray

from faceguard.errors import EncodeError
from faceguard.media.video_codecs import ContainerFormat, EncodeSettings, choose_codec, container_for
from faceguard.media.video_encoder import add_video_stream, ask_for_key, encode_picture
from faceguard.media.video_frame import VideoPicture
from faceguard.media.video_info import VideoTrack

PART_SUFFIX = ".nut"

_JOINED = frozenset({ContainerFormat.MP4, ContainerFormat.MOV, ContainerFormat.MATROSKA, ContainerFormat.WEBM})
_IN_BAND = frozenset({ContainerFormat.MPEGTS})
"""Containers that want the encoder's parameters at every key frame."""


def can_join(target: Path) -> bool:
    """Whether parts can be put together in the container of `target`; AVI counts pictures and keeps no times."""
    return container_for(target) in _JOINED | _IN_BAND


class PartWriter:
    """Writes one part of the video that becomes `target`. Use as a context manager; `finish` makes it whole."""

    def __init__(self, path: Path, target: Path, track: VideoTrack, settings: EncodeSettings) -> None:
        container = container_for(target)
        self._path = path
        self._waiting: VideoPicture | None = None
        self._times: list[int] = []
        with _refusals(path):
            self._output = av.open(str(path), "w", format="nut")
        try:
            codec = choose_codec(settings.codec, track, container)
            with _refusals(path):
                self._stream = add_video_stream(self._output, track, codec, settings, container)
            if container in _IN_BAND:
                self._stream.codec_context.flags &= ~Flags.global_header
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

    def write_picture(self, picture: VideoPicture, *, as_key: bool) -> None:
        """Encodes `picture`, which must already be covered, at its own time; the first one becomes a key frame."""
        ask_for_key(picture, as_key=as_key or not self._times)
        if self._waiting is not None:
            self._encode(self._waiting, picture.pts - self._waiting.pts)
        self._waiting = picture
        self._times.append(picture.pts)

    def finish(self) -> tuple[int, ...]:
        """Closes the file; gives back the time stamps of its pictures in ticks of the track."""
        if self._waiting is not None:
            self._encode(self._waiting, 1)
        with _refusals(self._path):
            if self._times:
                self._output.mux(self._stream.encode(None))
            self._output.close()
        return tuple(self._times)

    def _encode(self, picture: VideoPicture, duration: int) -> None:
        with _refusals(self._path):
            self._output.mux(encode_picture(self._stream, picture, picture.pts, duration))

    def _abandon(self) -> None:
        with contextlib.suppress(Exception):
            self._output.close()


def joined_packets(
    parts: Sequence[Path], times: Sequence[Sequence[int]], track: VideoTrack, shift: int, last_duration: int
) -> Iterator[av.Packet[Any]]:
    """The packets of all `parts` in decoding order, timed as in the whole, `shift` ticks earlier. Raises EncodeError.

    `times` are the time stamps of each part's pictures, rising, from part to part too.
    """
    shown = np.concatenate([np.array(part, np.int64) for part in times])
    lasts = np.append(np.diff(shown), last_duration)
    orders = [_shown_order(path, len(part)) for path, part in zip(parts, times, strict=True)]
    delay = max(int((np.arange(len(order)) - order).max(initial=0)) for order in orders)
    decoded = _decoding_times(shown, delay)
    done = 0
    for path, order in zip(parts, orders, strict=True):
        for place, packet in enumerate(_packets(path)):
            at, nth = done + int(order[place]), done + place
            packet.time_base = track.time_base
            packet.pts, packet.dts = int(shown[at]) - shift, int(decoded[nth]) - shift
            packet.duration = int(lasts[at])
            yield packet
        done += len(order)


def part_header(path: Path) -> bytes:
    """The encoder's parameters, which must be the same in all parts."""
    with _refusals(path), av.open(str(path)) as container:
        return bytes(container.streams.video[0].codec_context.extradata or b"")


def _decoding_times(shown: NDArray[np.int64], delay: int) -> NDArray[np.int64]:
    """When each packet is decoded if pictures are held back by `delay`; before the first one, backwards from it."""
    if delay == 0:
        return shown
    ahead = shown[0] - (shown[min(delay, len(shown) - 1)] - shown[:delay])
    return np.concatenate((ahead, shown[:-delay]))[: len(shown)]


def _shown_order(path: Path, expected: int) -> NDArray[np.int64]:
    """For each packet of a part, in decoding order, the place at which it is shown. Raises EncodeError."""
    pts = np.array([packet.pts for packet in _packets(path)], np.int64)
    first_is_key = next((packet.is_keyframe for packet in _packets(path)), False)
    if len(pts) != expected or len(np.unique(pts)) != expected or not first_is_key or pts[0] != pts.min():
        raise EncodeError(
            f"a part holds {len(pts)} packets for {expected} pictures, or doesn't begin with a key frame; "
            "it can't be joined",
            path=path,
        )
    return np.argsort(np.argsort(pts))


def _packets(path: Path) -> Iterator[av.Packet[Any]]:
    with _refusals(path), av.open(str(path)) as container:
        for packet in container.demux(container.streams.video[0]):
            if packet.size > 0:
                yield packet


@contextlib.contextmanager
def _refusals(path: Path) -> Iterator[None]:
    """Turns what FFmpeg refuses into EncodeError."""
    try:
        yield
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise EncodeError(f"a part of the video can't be written or read back ({error}); check free space") from error
