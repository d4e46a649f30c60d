"""One long video, worked on in segments by several workers, and joined to what one alone would have made of it.

Two rounds: all segments are looked at, their tracks are joined and decided once; then all are covered and encoded, and
put together without encoding anew. What can't be divided safely is told by None or by a DecodeError, and is then done
in one piece: a file with one key frame, missing or doubtful time stamps, several video tracks, damage.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
from numpy.typing import NDArray

from faceguard.age.estimator import CalibratedAgeEstimator
from faceguard.detection.plan import PlannedDetector
from faceguard.errors import DecodeError, EncodeError
from faceguard.media.video_info import MediaInfo, VideoTrack
from faceguard.media.video_keyframes import PacketIndex, cut_points, index_packets
from faceguard.media.video_parts import PART_SUFFIX, can_join, joined_packets, part_header
from faceguard.media.video_read import VideoReader
from faceguard.media.video_span import Span, span_of
from faceguard.media.video_write import VideoWriter, check_written
from faceguard.pipeline.stages import Stages
from faceguard.pipeline.video.covering import CoveredPath, Covering
from faceguard.pipeline.video.parts_folder import parts_folder
from faceguard.pipeline.video.render import RenderedVideo, RenderSettings
from faceguard.pipeline.video.segment_join import AgeTerms, join_faces, join_spans
from faceguard.pipeline.video.segment_task import Division, LookTask, OnPictures, RenderTask, SegmentFaces, SegmentPart
from faceguard.pipeline.video.sweep import Sweep, SweepSettings
from faceguard.pipeline.video.zones import Zones
from faceguard.redaction.coverage import RegionKind
from faceguard.redaction.planes import PlaneRedactor
from faceguard.tracking.path_join import between

MIN_SEGMENT_S, MAX_SEGMENT_S = 20.0, 60.0
"""Short enough to share out evenly, long enough that looking twice around the cuts costs little."""
_USUAL_SEGMENTS = 16
_FLASH_S = 0.5
"""After this time what looked like a cut is known to be a flash; see `tracking.recorder`."""


@dataclass(frozen=True, slots=True, eq=False)
class Segments:
    """How a video is divided: `own` pictures of each segment, and those that are `seen` for them."""

    track: VideoTrack
    index: PacketIndex
    own: tuple[Span, ...]
    seen: tuple[Span, ...]

    def pts_s(self, index: int, info: MediaInfo) -> float:
        """Seconds from the medium's start to picture `index`."""
        return float(int(self.index.pts[index]) * self.track.time_base) - info.start_us / 1_000_000

    def moments(self, info: MediaInfo) -> Iterator[Moment]:
        """All pictures of the track, in order."""
        for index, pts in enumerate(self.index.pts.tolist()):
            yield Moment(index, pts, self.pts_s(index, info))

    def windows(self) -> list[NDArray[np.int64]]:
        """For each cut the time stamps of the pictures that both neighbours see."""
        windows = []
        for left, right in zip(self.seen, self.seen[1:], strict=False):
            start = self.index.place_of(right.start_pts)
            end = None if left.end_pts is None else self.index.place_of(left.end_pts)
            windows.append(self.index.pts[start:end])
        return windows


@dataclass(frozen=True, slots=True)
class Moment:
    """When a picture is shown, without the picture."""

    index: int
    pts: int
    pts_s: float


def divide(
    source: Path, target: Path | None, info: MediaInfo, division: Division, settings: SweepSettings
) -> Segments | None:
    """Where to cut; None if the video is too short or can't be cut safely. Raises DecodeError for a broken file."""
    if len(info.videos) != 1 or (target is not None and not can_join(target)):
        return None
    (track,) = info.videos
    index = index_packets(source, info, track)
    if index is None:
        return None
    length_s = float((int(index.pts[-1]) - int(index.pts[0])) * track.time_base)
    segment_s = division.segment_s or min(MAX_SEGMENT_S, max(MIN_SEGMENT_S, length_s / _USUAL_SEGMENTS))
    starts = cut_points(index, track, segment_s)
    if len(starts) < 2:
        return None
    ends = [*starts[1:], None]
    own = tuple(span_of(index, start, end) for start, end in zip(starts, ends, strict=True))
    return Segments(track, index, own, tuple(_seen(index, track, span, settings) for span in own))


def _seen(index: PacketIndex, track: VideoTrack, own: Span, settings: SweepSettings) -> Span:
    """The span that has to be looked at to know what is in `own`.

    After it: as long as a face may be covered before its first sighting or a lost one may come back. Before it: as
    long, and so much that a thorough look comes before that.
    """
    recorder = settings.recorder
    reach_s = max(recorder.hold_s, recorder.rare_hold_s, settings.tracker.max_coast_s) + _FLASH_S
    lead = round(Fraction(reach_s + settings.looks.thorough_interval_s) / track.time_base)
    tail = round(Fraction(reach_s) / track.time_base)
    start = max(int(index.pts[0]), own.start_pts - lead)
    end = None if own.end_pts is None or own.end_pts + tail > int(index.pts[-1]) else own.end_pts + tail
    return span_of(index, start, end)


def one_thread(stages: Stages) -> Stages:
    """`stages` for a worker that shares the cores with others: our own models get one thread; nothing else changes."""
    detector, estimator = stages.detector, stages.estimator
    if isinstance(detector, PlannedDetector):
        detector = replace(detector, threads=1)
    if isinstance(estimator, CalibratedAgeEstimator):
        estimator = replace(estimator, threads=1)
    return replace(stages, detector=detector, estimator=estimator)


def look_in_segments(
    source: Path,
    info: MediaInfo,
    segments: Segments,
    division: Division,
    stages: Stages,
    terms: AgeTerms,
    *,
    kind: RegionKind,
    min_age_face_px: float,
    zones: Zones,
    settings: SweepSettings,
    on_pictures: OnPictures,
) -> Sweep:
    """What one sweep over the whole would have found, or more. Raises DecodeError if pictures are missing."""
    worker_stages = one_thread(stages)
    tasks = [
        LookTask(
            number,
            source,
            info,
            segments.track,
            own,
            seen,
            worker_stages,
            kind,
            min_age_face_px,
            zones,
            settings,
        )
        for number, (own, seen) in enumerate(zip(segments.own, segments.seen, strict=True))
    ]
    found = cast("Sequence[SegmentFaces]", division.crew.carry_out(tasks, on_pictures))
    _require_all(source, segments, [part.own_pts for part in found])
    pts = segments.index.pts
    faces = join_faces(found, segments.windows(), terms)
    return Sweep(faces, len(pts), int(pts[0]), int(pts[-1]), join_spans(found))


def _require_all(source: Path, segments: Segments, seen: Sequence[NDArray[np.int64]]) -> None:
    """Every picture of the index was seen by the segment that answers for it, and no other."""
    if not np.array_equal(np.concatenate(seen), segments.index.pts):
        raise DecodeError(f"the segments of `{source.name}` don't hold the pictures of the whole", path=source)


def render_in_segments(
    partial: Path,
    target: Path,
    source: Path,
    info: MediaInfo,
    segments: Segments,
    division: Division,
    covering: Covering,
    redactor: PlaneRedactor,
    settings: RenderSettings,
    on_pictures: OnPictures,
) -> RenderedVideo:
    """Writes `source` to `partial` with `covering`, segment by segment. Raises MediaError or SafetyError."""
    encode = replace(settings.encode, threads=1)
    with parts_folder(target) as folder:
        tasks = [
            RenderTask(
                number,
                source,
                target,
                folder / f"{number:05d}{PART_SUFFIX}",
                info,
                segments.track,
                own,
                _within(covering.paths, own, int(segments.index.pts[-1])),
                covering.zones,
                covering.margin,
                redactor,
                encode,
            )
            for number, own in enumerate(segments.own)
        ]
        parts = cast("Sequence[SegmentPart]", division.crew.carry_out(tasks, on_pictures))
        _require_all(source, segments, [part.own_pts for part in parts])
        copy_settings = replace(settings, encode=encode)
        _join(partial, target, source, info, segments, parts, copy_settings)
    check_written(partial, target, [len(segments.index.pts)])
    count = len(segments.index.pts)
    return RenderedVideo((count,), sum(part.checked_count for part in parts), 0, len(parts))


def _within(paths: Sequence[CoveredPath], own: Span, last_pts: int) -> tuple[CoveredPath, ...]:
    end = last_pts if own.end_pts is None else own.end_pts
    found = ((covered.index, between(covered.path, own.start_pts, end)) for covered in paths)
    return tuple(CoveredPath(index, path) for index, path in found if path is not None)


def _join(
    partial: Path,
    target: Path,
    source: Path,
    info: MediaInfo,
    segments: Segments,
    parts: Sequence[SegmentPart],
    settings: RenderSettings,
) -> None:
    """Puts the parts and the copied tracks together, in the order of their time."""
    track, copied = segments.track, settings.copied(info)
    if len({part_header(part.part) for part in parts}) != 1:
        raise EncodeError("the encoder gave the parts different headers, so they can't be joined", path=target)
    shift = round(Fraction(info.start_us, av.time_base) / track.time_base)
    with (
        VideoReader(source, info) as reader,
        VideoWriter(partial, target, reader, settings.encode, copied) as writer,
    ):
        encoded = joined_packets(
            [part.part for part in parts],
            [part.own_pts.tolist() for part in parts],
            track,
            shift,
            writer.last_duration(track, int(segments.index.pts[-1])),
        )
        others = reader.packets(tuple(t.index for t in copied)) if copied else iter(())
        start = Fraction(info.start_us, av.time_base)
        merged = heapq.merge(_timed(encoded, Fraction(0), 0), _timed(others, start, 1), key=lambda item: item[:2])
        for _, kind, packet in merged:
            if kind == 0:
                writer.write_encoded(track, packet)
            else:
                writer.write_packet(packet)
        writer.finish()


def _timed(
    packets: Iterator[av.Packet[Any]], start: Fraction, kind: int
) -> Iterator[tuple[Fraction, int, av.Packet[Any]]]:
    """Each packet with its decoding time since the medium's start; one without goes with the one before it."""
    latest = Fraction(-(10**9))
    for packet in packets:
        ticks = packet.pts if packet.dts is None else packet.dts
        if ticks is not None:
            latest = max(latest, ticks * Fraction(packet.time_base) - start)
        yield latest, kind, packet


Count = Callable[[int], None]


def counting(report: Count) -> OnPictures:
    """Adds up what the segments tell of their pictures."""
    counts: dict[int, int] = {}

    def add(number: int, count: int) -> None:
        counts[number] = max(count, counts.get(number, 0))
        report(sum(counts.values()))

    return add
