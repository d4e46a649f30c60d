"""The pictures of a part of a video, the same as they are when the whole is decoded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from faceguard.errors import DecodeError
from faceguard.media.video_frame import VideoPicture
from faceguard.media.video_info import VideoTrack
from faceguard.media.video_keyframes import PacketIndex
from faceguard.media.video_read import DecodeEffort, PictureDecoder, VideoReader

_SEEK_BACK_S = 10.0
"""How much earlier to look for a key frame that seeking has missed."""


@dataclass(frozen=True, slots=True)
class Span:
    """Pictures from `start_pts` on and before `end_pts` (None: to the end), in ticks; `first_index` is the first one's.

    Decoding begins at the key frame `key_pts`, at or before the start.
    """

    key_pts: int
    start_pts: int
    end_pts: int | None
    first_index: int


def span_of(index: PacketIndex, start_pts: int, end_pts: int | None) -> Span:
    """The span of these ticks."""
    return Span(index.key_before(start_pts), start_pts, end_pts, index.place_of(start_pts))


def span_pictures(
    reader: VideoReader, track: VideoTrack, span: Span, effort: DecodeEffort, threads: int | None = None
) -> Iterator[VideoPicture]:
    """The pictures of `span` with the numbers they have in the whole. Raises DecodeError.

    Pictures that come after the end in the file but before it on the screen are waited for.
    """
    decoder = PictureDecoder(reader, track, effort, whole=False, threads=threads)
    count = 0
    for picture in _from_key(reader, track, span, decoder):
        if span.end_pts is not None and picture.pts >= span.end_pts:
            return
        if picture.pts >= span.start_pts:
            yield replace(picture, index=span.first_index + count)
            count += 1


def _from_key(reader: VideoReader, track: VideoTrack, span: Span, decoder: PictureDecoder) -> Iterator[VideoPicture]:
    """All pictures from the key frame of `span` on, and maybe some before it that aren't whole."""
    _seek_to(reader, track, span.key_pts)
    at_key = False
    for packet in reader.packets((track.index,)):
        at_key = at_key or (packet.is_keyframe and packet.pts == span.key_pts)
        if at_key:
            yield from decoder.decode(packet)
    if not at_key:
        raise DecodeError(
            f"the key frame at tick {span.key_pts} of `{reader.path.name}` wasn't found", path=reader.path
        )
    yield from decoder.flush()


def _seek_to(reader: VideoReader, track: VideoTrack, key_pts: int) -> None:
    """Goes to where the key frame at `key_pts` is still to come; not every container finds it at the first try."""
    back = round(_SEEK_BACK_S / track.time_base)
    for away in (0, back, 10 * back):
        reader.seek(track, key_pts - away)
        for packet in reader.packets((track.index,)):
            if packet.is_keyframe:
                if packet.pts is not None and packet.pts <= key_pts:
                    reader.seek(track, key_pts - away)
                    return
                break
    raise _lost_key(reader, key_pts)


def _lost_key(reader: VideoReader, key_pts: int) -> DecodeError:
    return DecodeError(f"the key frame at tick {key_pts} of `{reader.path.name}` wasn't found", path=reader.path)
