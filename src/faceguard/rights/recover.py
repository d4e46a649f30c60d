"""Covers a face in an output that was made before, from the output itself: the original is not needed, nor kept.

The file is written beside, read back, checked and recorded before it takes the old one's place, as any output.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from faceguard.atomic import atomic_path
from faceguard.errors import ConfigurationError
from faceguard.media.image import read_image
from faceguard.media.image_write import write_image
from faceguard.media.picture import KeepMetadata
from faceguard.media.video_info import VideoTrack
from faceguard.media.video_read import probe_video
from faceguard.pipeline.video.covering import CoveredPath, Covering
from faceguard.pipeline.video.render import RenderSettings, render_to
from faceguard.pipeline.video.zones import Zones
from faceguard.redaction.check import check_covered
from faceguard.redaction.planes import PlaneRedactor
from faceguard.rights.index import IndexedFace, IndexedOutput
from faceguard.tracking.path import TrackPath
from faceguard.types import Box, Region

Before = Callable[[str, int], None]
"""Told the new file's digest and size before it gets its name; when it raises, the old file stays."""

_EDGE_S = 0.1
"""Covered before the first and after the last point of a path: more than a picture of rounded times, at 10 a second."""


def cover_again(
    path: Path, output: IndexedOutput, faces: Sequence[IndexedFace], redactor: PlaneRedactor, before: Before
) -> str:
    """Rewrites `path` with `faces` covered. Returns its new SHA-256. Raises FaceguardError; then nothing changed."""
    if output.media_type.startswith("video/"):
        return _cover_video(path, faces, redactor, before)
    return _cover_picture(path, output, faces, redactor, before)


def _cover_picture(
    path: Path, output: IndexedOutput, faces: Sequence[IndexedFace], redactor: PlaneRedactor, before: Before
) -> str:
    picture = read_image(path)
    frames, regions = [], []
    for number, frame in enumerate(picture.frames):
        here = [
            Region(face.number, Box(*face.place["box"]))
            for face in faces
            if output.is_animated or face.place["frame"] == number  # somebody who moves is covered in every frame
        ]
        regions.append(here)
        frames.append(redactor.redact(frame, here) if here else frame)
    digests: list[str] = []

    def check(written: Path) -> None:
        read_back = read_image(written)
        for old, new, here in zip(picture.frames, read_back.frames, regions, strict=True):
            if here:
                check_covered(old, new, here, redactor)
        digests.append(_told(written, before))

    write_image(picture.with_frames(frames), path, keep_metadata=KeepMetadata.SAFE, overwrite=True, check=check)
    return digests[0]


def _cover_video(path: Path, faces: Sequence[IndexedFace], redactor: PlaneRedactor, before: Before) -> str:
    info = probe_video(path)
    coverings = {}
    for number, track in enumerate(info.videos):
        start_s = info.start_us / 1_000_000
        paths = [
            CoveredPath(face.number, _path(face.place["points"], track, start_s))
            for face in faces
            if face.place["video"] == number
        ]
        coverings[track.index] = Covering(paths, Zones(), 0.0, track.upright_size)
    if any(face.place["video"] >= len(info.videos) for face in faces):
        raise ConfigurationError(f"`{path}` hasn't the video tracks that the index knows; delete it instead", path=path)
    with atomic_path(path, overwrite=True) as partial:
        render_to(partial, path, path, info, coverings, redactor, RenderSettings())
        return _told(partial, before)


def _path(points: Sequence[Sequence[float]], track: VideoTrack, start_s: float) -> TrackPath:
    """A path in seconds as one in ticks of `track`, a little longer at both ends."""
    first, last = points[0], points[-1]
    widened = [[first[0] - _EDGE_S, *first[1:]], *points, [last[0] + _EDGE_S, *last[1:]]]
    ticks = np.array([round((point[0] + start_s) / float(track.time_base)) for point in widened], np.int64)
    boxes = np.array([[*point[1:], *point[1:]] for point in widened], np.float32)
    rising = np.concatenate(([True], np.diff(ticks) > 0))
    return TrackPath(ticks[rising], boxes[rising])


def _told(written: Path, before: Before) -> str:
    with written.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    before(digest, written.stat().st_size)
    return digest
