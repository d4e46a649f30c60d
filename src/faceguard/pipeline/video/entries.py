"""What the record says of a video's plan and of its output."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from faceguard.audit.compose import FrameSpan
from faceguard.audit.record import OutputEntry, Override
from faceguard.media.video_codecs import container_for
from faceguard.media.video_info import MediaInfo
from faceguard.pipeline.video.job import VideoJob
from faceguard.pipeline.video.plan import VideoPlan
from faceguard.pipeline.video.render import RenderedVideo
from faceguard.types import FaceResult, Region


def results_of(plan: VideoPlan) -> list[FaceResult]:
    """The faces as the record knows them: found in their best picture, covered from their first."""
    return [
        FaceResult(
            face.best,
            face.decision,
            Region(face.index, face.path.points()[0].cover) if face.is_covered else None,
            face.first_frame,
        )
        for face in plan.faces
    ]


def spans_of(plan: VideoPlan) -> Mapping[int, FrameSpan]:
    return {face.index: FrameSpan(face.first_frame, face.last_frame) for face in plan.faces}


def parameters_of(
    job: VideoJob, info: MediaInfo, plan: VideoPlan, rendered: RenderedVideo
) -> dict[str, str | int | float | bool]:
    copied = job.render.copied(info)
    parameters: dict[str, str | int | float | bool] = {
        "video_tracks": len(info.videos),
        "tracks_copied": len(copied),
        "tracks_dropped": len(info.tracks) - len(info.videos) - len(copied),
        "pictures_checked": rendered.checked_count,
    }
    if plan.zones.always:
        parameters["zones_always"] = len(plan.zones.always)
    if plan.zones.never:
        parameters["zones_never"] = len(plan.zones.never)
    if rendered.damaged_count:
        parameters["partial"] = True
        parameters["damaged"] = rendered.damaged_count
    return parameters


def override_of(plan: VideoPlan) -> Override | None:
    """All edits as one entry: who, what and why, and who allowed it."""
    if not plan.edits:
        return None
    return Override(
        who="; ".join(dict.fromkeys(edit.who for edit in plan.edits)),
        why="; ".join(f"{edit.what}: {edit.why}" for edit in plan.edits),
        approved_by="; ".join(dict.fromkeys(edit.approved_by for edit in plan.edits)),
    )


_MEDIA_TYPES = {
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "matroska": "video/matroska",
    "webm": "video/webm",
    "avi": "video/vnd.avi",
    "mpegts": "video/mp2t",
}


def media_type_of(target: Path) -> str:
    return _MEDIA_TYPES[container_for(target).value]


def output_entry(written: Path, target: Path) -> OutputEntry:
    with written.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return OutputEntry(media_type=media_type_of(target), sha256=digest, size_bytes=written.stat().st_size)
