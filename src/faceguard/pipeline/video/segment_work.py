"""What a worker does with one segment: look at it, or cover and encode it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress

import numpy as np

from faceguard.errors import EncodeError
from faceguard.media.video_frame import VideoPicture
from faceguard.media.video_parts import PartWriter
from faceguard.media.video_read import DecodeEffort, VideoReader
from faceguard.media.video_span import span_pictures
from faceguard.pipeline.video.check import OutputSamples
from faceguard.pipeline.video.covering import Covering, coded_regions, cover_in_place
from faceguard.pipeline.video.looks import quick_detector
from faceguard.pipeline.video.segment_task import (
    LookTask,
    RenderTask,
    SegmentFaces,
    SegmentPart,
    SegmentResult,
    SegmentTask,
)
from faceguard.pipeline.video.sweep import Sweeper
from faceguard.redaction.coverage import head_region

DECODER_THREADS = 1
"""There is a worker for each core, and each does all of its work on one: threads would take the others' time."""

OnCount = Callable[[int], None]
"""Told how many of the segment's own pictures are done."""


def carry_out(task: SegmentTask, on_count: OnCount) -> SegmentResult:
    """Does `task`. Raises FaceguardError."""
    return look(task, on_count) if isinstance(task, LookTask) else render(task, on_count)


def look(task: LookTask, on_count: OnCount) -> SegmentFaces:
    """Finds the faces of a segment: those that touch its own pictures. Nothing is decided, not even of an age."""
    sweeper = Sweeper(
        task.track,
        task.stages,
        quick_detector(task.stages.detector),
        cover_of=lambda found: head_region(found, 0.0, task.kind),
        min_age_face_px=task.min_age_face_px,
        zones=task.zones,
        settings=task.settings,
        is_settled=None,
    )
    own, pts = task.own, []

    def note(picture: VideoPicture) -> None:
        if picture.pts >= own.start_pts and (own.end_pts is None or picture.pts < own.end_pts):
            pts.append(picture.pts)
            on_count(len(pts))

    with VideoReader(task.source, task.info) as reader:
        sweep = sweeper.run(span_pictures(reader, task.track, task.seen, DecodeEffort.FAST, DECODER_THREADS), note)
    faces = tuple(
        face
        for face in sweep.faces
        if face.path.last_pts >= own.start_pts and (own.end_pts is None or face.path.first_pts < own.end_pts)
    )
    return SegmentFaces(task.number, faces, np.array(pts, np.int64), sweep.lost_spans)


def render(task: RenderTask, on_count: OnCount) -> SegmentPart:
    """Covers and encodes a segment, and checks on samples that what was written is covered. Or leaves no file."""
    samples = OutputSamples(task.track)
    partial = task.part.with_name(f"{task.part.stem}-{secrets.token_hex(4)}{task.part.suffix}")  # another may be at it
    try:
        with (
            VideoReader(task.source, task.info) as reader,
            PartWriter(partial, task.target, task.track, task.encode) as writer,
        ):
            for count, (picture, as_key) in enumerate(_covered(task, reader, samples), start=1):
                writer.write_picture(picture, as_key=as_key)
                on_count(count)
            pts = writer.finish()
        checked = samples.check(partial, 0, task.redactor)
        partial.replace(task.part)
    except OSError as error:
        raise EncodeError(f"a part of the video can't be kept: {error.strerror or error}; check free space") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    return SegmentPart(task.number, task.part, np.array(pts, np.int64), checked)


def _covered(task: RenderTask, reader: VideoReader, samples: OutputSamples) -> Iterator[tuple[VideoPicture, bool]]:
    """The segment's pictures, covered, and whether each was sampled for the check and so has to be a key frame."""
    covering = Covering(task.paths, task.zones, task.margin, task.track.upright_size)
    for picture in span_pictures(reader, task.track, task.own, DecodeEffort.EXACT, DECODER_THREADS):
        regions = coded_regions(covering.at(picture), task.track)
        as_key = samples.take(picture, regions)
        cover_in_place(picture, regions, task.redactor)
        yield picture, as_key
