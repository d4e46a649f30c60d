"""Pictures and videos -> counts. Faces live here for as long as their medium is looked at, and no longer.

What is counted: in a video a track, once, in the interval in which it is first seen; in a photo a face; in an animation
the faces of the frame that has most. A person who leaves and comes back, or stands in two photos, is counted again:
nobody is recognised. Detections that the policy holds unsure (`detection.confident_score`) are not counted.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from faceguard.age.aggregate import most_protective
from faceguard.audit.compose import new_salt
from faceguard.errors import DecodeError, UnsupportedMediaError
from faceguard.media.detector_view import detector_images
from faceguard.media.image import read_image
from faceguard.media.picture import Picture
from faceguard.media.sniff import HEAD_BYTES, sniff_image
from faceguard.media.video_frame import VideoPicture
from faceguard.media.video_info import VideoTrack
from faceguard.media.video_read import DecodeEffort, VideoReader, probe_video
from faceguard.pipeline.analysis import find_faces
from faceguard.pipeline.video.ahead import run_ahead
from faceguard.pipeline.video.looks import quick_detector
from faceguard.pipeline.video.sweep import Sweep, Sweeper, SweepSettings
from faceguard.pipeline.video.zones import Zones
from faceguard.statistics.bands import AgeBands, Interval
from faceguard.statistics.models import Models
from faceguard.tracking.recorder import RecorderSettings
from faceguard.types import Function

Progress = Callable[[Path, float, float | None], None]
"""Told the source, the seconds looked at so far and the whole length, if the file says it."""

_AHEAD = 8
_MEDIA_TYPE_OF_VIDEOS = "video/*"
"""The record needs no more of a source than that it was a film."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file to count in, and when its first picture was taken, if the operator says so."""

    path: Path
    captured_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FileDigests:
    """A file's SHA-256, and the salted one by which a record names it; hex."""

    sha256: str
    salt: str
    salted_sha256: str


@dataclass(frozen=True, slots=True)
class SourceCounts:
    """What one source adds. `intervals` are all that it spans, also those without a face."""

    counts: Counter[tuple[Interval, int]]
    intervals: frozenset[Interval]
    digests: FileDigests
    media_type: str
    size: tuple[int, int]
    frames: int
    duration_s: float | None


def is_picture(path: Path) -> bool:
    """Whether the file is a still picture or an animation, by its content. Raises DecodeError if it can't be read."""
    try:
        with path.open("rb") as file:
            return sniff_image(file.read(HEAD_BYTES)) is not None
    except OSError as error:
        raise DecodeError(f"`{path}` can't be read: {error.strerror or error}", path=path) from error


def functions_for(paths: Sequence[Path]) -> frozenset[Function]:
    """What the notice has to name besides `statistics`: following faces only where there is a video."""
    still = {Function.FACE_DETECTION, Function.AGE_ESTIMATION}
    return frozenset(still if all(is_picture(path) for path in paths) else still | {Function.TRACKING})


def count_source(
    source: Source, models: Models, bands: AgeBands, length: timedelta, progress: Progress | None = None
) -> SourceCounts:
    """Counts the faces of one file. Raises MediaError or ModelError; then nothing is known of it."""
    before = _digests(source.path, new_salt())
    if is_picture(source.path):
        counted = _count_picture(source, models, bands, length, before)
    else:
        counted = _count_video(source, models, bands, length, before, progress)
    if _digests(source.path, before.salt) != before:
        raise DecodeError(f"`{source.path}` was changed while it was counted; try again", path=source.path)
    return counted


def _count_picture(
    source: Source, models: Models, bands: AgeBands, length: timedelta, digests: FileDigests
) -> SourceCounts:
    picture = read_image(source.path)
    taken = source.captured_at or _taken_at(picture)
    interval = Interval.unknown() if taken is None else Interval.at(taken, length)
    frames = [
        [face for face in find_faces(detector_images(frame), models.stages) if models.is_sure(face.detection)]
        for frame in picture.frames
    ]
    counted = [max(frames, key=len)] if picture.is_animated else frames
    counts = Counter((interval, bands.index(face.age)) for faces in counted for face in faces)
    first = picture.frames[0]
    size = (first.width, first.height)
    return SourceCounts(
        counts, frozenset({interval}), digests, f"image/{picture.format}", size, len(picture.frames), None
    )


def _taken_at(picture: Picture) -> datetime | None:
    """When the camera says it was; without an offset its clock is taken to be this computer's."""
    written = picture.metadata.captured_at
    if written is None:
        return None
    with contextlib.suppress(ValueError, OverflowError):
        if picture.metadata.utc_offset is not None:
            return datetime.strptime(f"{written} {picture.metadata.utc_offset}", "%Y:%m:%d %H:%M:%S %z")
        return datetime.strptime(written, "%Y:%m:%d %H:%M:%S").astimezone()
    return None


def _count_video(
    source: Source, models: Models, bands: AgeBands, length: timedelta, digests: FileDigests, progress: Progress | None
) -> SourceCounts:
    """Of several video tracks the first is counted: others show the same people again."""
    info = probe_video(source.path)
    if not info.videos:
        raise UnsupportedMediaError(f"`{source.path}` holds no video", path=source.path)
    track = info.videos[0]

    def report(picture: VideoPicture) -> None:
        if progress is not None:
            progress(source.path, picture.pts_s, info.duration_s)

    with VideoReader(source.path, info) as reader:
        pictures = run_ahead(reader.pictures(track, DecodeEffort.FAST), max_items=_AHEAD, name="faceguard-count")
        try:
            sweep = _sweeper(track, models).run(pictures, report)
        finally:
            pictures.close()
    seconds = float((sweep.last_pts - sweep.first_pts) * track.time_base)
    counts = Counter(_places(sweep, track, source, models, bands, length))
    spanned = frozenset(_spanned(source, seconds, length))
    return SourceCounts(counts, spanned, digests, _MEDIA_TYPE_OF_VIDEOS, track.upright_size, sweep.frame_count, seconds)


def _sweeper(track: VideoTrack, models: Models) -> Sweeper:
    """Looks as a redaction does, holds nothing back in time, and asks every age: nothing is going to be covered."""
    return Sweeper(
        track,
        models.stages,
        quick_detector(models.stages.detector),
        cover_of=lambda found: found.box,
        min_age_face_px=models.stages.min_age_face_px,
        zones=Zones(),
        settings=SweepSettings(recorder=RecorderSettings(hold_s=0.0, rare_hold_s=0.0)),
        is_settled=lambda _: False,
    )


def _places(
    sweep: Sweep, track: VideoTrack, source: Source, models: Models, bands: AgeBands, length: timedelta
) -> Iterator[tuple[Interval, int]]:
    for face in sweep.faces:
        if models.is_sure(face.best):
            seconds = max(0.0, float((face.path.first_pts - sweep.first_pts) * track.time_base))
            yield _interval(source, seconds, length), bands.index(most_protective(face.ages))


def _interval(source: Source, seconds: float, length: timedelta) -> Interval:
    offset = timedelta(seconds=seconds)
    if source.captured_at is None:
        return Interval.after(offset, length)
    return Interval.at(source.captured_at + offset, length)


def _spanned(source: Source, seconds: float, length: timedelta) -> Sequence[Interval]:
    """All intervals from the first picture to the last: which they are must not tell when somebody was there."""
    steps = int(timedelta(seconds=seconds) // length) + 1
    offsets = [min(seconds, step * length.total_seconds()) for step in range(steps + 1)]
    return [_interval(source, offset, length) for offset in offsets]


def _digests(path: Path, salt: str) -> FileDigests:
    plain, salted = hashlib.sha256(), hashlib.sha256(bytes.fromhex(salt))
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                plain.update(block)
                salted.update(block)
    except OSError as error:
        raise DecodeError(f"`{path}` can't be read: {error.strerror or error}", path=path) from error
    return FileDigests(plain.hexdigest(), salt, salted.hexdigest())
