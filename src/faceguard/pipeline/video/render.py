"""The second sweep: covers the native planes of every picture and writes the file, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import av

from faceguard.errors import SafetyError
from faceguard.media.video_codecs import EncodeSettings
from faceguard.media.video_frame import VideoPicture
from faceguard.media.video_info import MediaInfo, MediaTrack, TrackKind, VideoTrack
from faceguard.media.video_read import Damage, PictureDecoder, VideoReader
from faceguard.media.video_write import VideoWriter, check_written
from faceguard.pipeline.video.ahead import run_ahead
from faceguard.pipeline.video.check import OutputSamples
from faceguard.pipeline.video.covering import Covering, coded_regions, cover_in_place
from faceguard.pipeline.video.verify import SecondLook
from faceguard.redaction.planes import PlaneRedactor

QUEUE_BYTES = 64_000_000
"""What pictures that wait between two stages may take."""


class TrackChoice(StrEnum):
    """What becomes of the audio or the subtitle tracks."""

    KEEP = "keep"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class RenderSettings:
    """How the output is written. Voices and subtitles may identify people too."""

    encode: EncodeSettings = field(default_factory=EncodeSettings)
    audio: TrackChoice = TrackChoice.KEEP
    subtitles: TrackChoice = TrackChoice.KEEP
    damage: Damage = Damage.REFUSE

    def copied(self, info: MediaInfo) -> tuple[MediaTrack, ...]:
        """The tracks that go to the output as they are."""
        keep = {TrackKind.AUDIO: self.audio, TrackKind.SUBTITLE: self.subtitles}
        return tuple(track for track in info.tracks if keep.get(track.kind) is TrackChoice.KEEP)


@dataclass(frozen=True, slots=True)
class RenderedVideo:
    """What was written: pictures for each video track, how many were checked, what the input was too damaged for.

    `segments` is how many parts were encoded side by side.
    """

    frame_counts: tuple[int, ...]
    checked_count: int
    damaged_count: int
    segments: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class _Ready:
    """A covered picture; `as_key` if it was sampled for the check."""

    picture: VideoPicture
    as_key: bool


def queue_items(track: VideoTrack) -> int:
    """How many pictures of `track` may wait in a queue: 2 to 16."""
    chroma = {"yuv420": 1.5, "yuv422": 2.0, "yuv444": 3.0}[track.layout.format]
    frame_bytes = track.width * track.height * chroma * track.layout.bytes_per_sample
    return max(2, min(16, int(QUEUE_BYTES / frame_bytes)))


def render_to(
    partial: Path,
    target: Path,
    source: Path,
    info: MediaInfo,
    coverings: dict[int, Covering],
    redactor: PlaneRedactor,
    settings: RenderSettings,
    on_picture: Callable[[VideoPicture], None] | None = None,
    looks: Mapping[int, SecondLook] | None = None,
) -> RenderedVideo:
    """Writes `source` to `partial` with `coverings`, by the index of each video track, and checks what was written.

    `looks`, by the same index, are told what is covered where.
    Decoding and covering run in a thread ahead of encoding. Raises MediaError or SafetyError.
    """
    copied = settings.copied(info)
    samples = {track.index: OutputSamples(track) for track in info.videos}
    with (
        VideoReader(source, info, settings.damage) as reader,
        VideoWriter(partial, target, reader, settings.encode, copied) as writer,
    ):
        items = run_ahead(
            _covered(reader, info, copied, coverings, samples, redactor, looks or {}),
            max_items=min(queue_items(track) for track in info.videos),
            name="faceguard-decode",
        )
        try:
            for item in items:
                if isinstance(item, _Ready):
                    writer.write_picture(item.picture, as_key=item.as_key)
                    if on_picture is not None:
                        on_picture(item.picture)
                else:
                    writer.write_packet(item)
        finally:
            items.close()
        writer.finish()
        counts = tuple(writer.written_counts.values())
        damaged = reader.damaged_count
    check_written(partial, target, counts)
    checked = sum(samples[t.index].check(partial, place, redactor) for place, t in enumerate(info.videos))
    return RenderedVideo(counts, checked, damaged)


def _covered(
    reader: VideoReader,
    info: MediaInfo,
    copied: Sequence[MediaTrack],
    coverings: dict[int, Covering],
    samples: dict[int, OutputSamples],
    redactor: PlaneRedactor,
    looks: Mapping[int, SecondLook],
) -> Iterator[_Ready | av.Packet[Any]]:
    """Pictures, covered, and packets to copy, in file order."""
    decoders = {track.index: PictureDecoder(reader, track) for track in info.videos}
    for packet in reader.packets((*decoders, *(track.index for track in copied))):
        decoder = decoders.get(packet.stream_index)
        if decoder is None:
            yield packet
            continue
        for picture in decoder.decode(packet):
            yield _cover(picture, coverings, samples, redactor, looks)
    for decoder in decoders.values():
        for picture in decoder.flush():
            yield _cover(picture, coverings, samples, redactor, looks)


def _cover(
    picture: VideoPicture,
    coverings: dict[int, Covering],
    samples: dict[int, OutputSamples],
    redactor: PlaneRedactor,
    looks: Mapping[int, SecondLook],
) -> _Ready:
    covering = coverings.get(picture.track.index)
    if covering is None:
        raise SafetyError(f"video track {picture.track.index} was never looked at, so it isn't shown")
    upright = covering.at(picture)
    look = looks.get(picture.track.index)
    if look is not None:
        look.note(picture, upright)
    regions = coded_regions(upright, picture.track)
    as_key = samples[picture.track.index].take(picture, regions)
    cover_in_place(picture, regions, redactor)
    return _Ready(picture, as_key)
