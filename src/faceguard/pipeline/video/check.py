"""Reads a written video back and proves, on samples, that what had to be covered is covered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import av
import av.error
import numpy as np

from faceguard.errors import EncodeError, RedactionError
from faceguard.media.video_frame import VideoPicture
from faceguard.media.video_info import VideoTrack
from faceguard.media.video_read import DecodeEffort, VideoReader, probe_video
from faceguard.redaction.check import check_covered
from faceguard.types import Frame, Redactor, Region

SAMPLE_INTERVAL_S = 5.0
MAX_SAMPLE_BYTES = 48_000_000
MAX_SAMPLES = 12


_SAME_TIME_S = 0.002
"""Matroska and WebM round times to a thousandth of a second."""


@dataclass(frozen=True, slots=True, eq=False)
class _Sample:
    """`at_s` is the time since the track's first picture: AVI begins its clock where it likes."""

    at_s: float
    before: Frame
    regions: tuple[Region, ...]


@dataclass(slots=True)
class OutputSamples:
    """Pictures of one video track as they were before they were covered, a bounded number of them.

    A sampled picture is made a key frame, so that it can be read back without decoding all that comes before.
    """

    track: VideoTrack
    _samples: list[_Sample] = field(default_factory=list)
    _interval_s: float = SAMPLE_INTERVAL_S
    _next_s: float = 0.0
    _first_s: float | None = None

    def take(self, picture: VideoPicture, regions: Sequence[Region]) -> bool:
        """Keeps `picture`, not yet covered, if it is due for a sample; `regions` are in coded pixels."""
        if self._first_s is None:
            self._first_s = picture.pts_s
        if not regions or picture.pts_s < self._next_s:
            return False
        frame = picture.as_frame()
        copy = Frame(tuple(np.array(plane) for plane in frame.planes), frame.format, frame.index, frame.pts_s)
        self._samples.append(_Sample(picture.pts_s - self._first_s, copy, tuple(regions)))
        frame_bytes = sum(plane.nbytes for plane in copy.planes)
        if len(self._samples) > max(1, min(MAX_SAMPLES, MAX_SAMPLE_BYTES // frame_bytes)):
            self._samples = self._samples[::2]
            self._interval_s *= 2
        self._next_s = picture.pts_s + self._interval_s
        return True

    def check(self, written: Path, track_index: int, redactor: Redactor) -> int:
        """Compares the samples with track `track_index` of `written`. Returns how many; raises RedactionError."""
        left = list(self._samples)
        try:
            for effort in (DecodeEffort.KEYS, DecodeEffort.EXACT):  # an encoder may not have made the key frames
                if left:
                    left = _compare(written, track_index, left, redactor, effort)
        except (av.error.FFmpegError, OSError) as error:
            raise EncodeError("the written video can't be read back, so it isn't released", path=written) from error
        if left:
            raise RedactionError("pictures are missing from the written video, so it can't be checked")
        return len(self._samples)


def _compare(
    written: Path, track_index: int, samples: Sequence[_Sample], redactor: Redactor, effort: DecodeEffort
) -> list[_Sample]:
    """Checks those of `samples` that are found; gives back the others."""
    info = probe_video(written)
    track = info.videos[track_index]
    left = list(samples)
    first_s: float | None = None
    with VideoReader(written, info) as reader:
        for picture in reader.pictures(track, effort):
            first_s = picture.pts_s if first_s is None else first_s
            at_s = picture.pts_s - first_s
            found = next((s for s in left if abs(s.at_s - at_s) <= _SAME_TIME_S), None)
            if found is not None:
                check_covered(found.before, picture.as_frame(), found.regions, redactor)
                left.remove(found)
            if not left:
                break
    return left
