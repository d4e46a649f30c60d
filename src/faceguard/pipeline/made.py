"""What was made of whom, told to an index that the operator may keep (FG-T02), before the output gets its name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from faceguard.audit.record import OutputEntry
from faceguard.media.video_info import MediaInfo, VideoTrack
from faceguard.pipeline.rules import BoundRules
from faceguard.pipeline.video.plan import PlannedFace, VideoPlan
from faceguard.types import AgeStatus, Box, Decision, DocumentRef, Effect, FaceResult, LinkMethod


@dataclass(frozen=True, slots=True)
class MadeFace:
    """One face of an output. `place` is a JSON value, in pixels of the upright output:

    `{"frame": n, "box": [x0, y0, x1, y1]}` in a picture, `{"video": n, "points": [[pts_s, x0, y0, x1, y1], ...]}` in
    the n-th video track, straight lines between the points; all that would be covered, margin included.
    """

    index: int
    shown: bool
    possible_minor: bool
    place: dict[str, Any]
    subject_key: str | None = None
    linked_by: LinkMethod | None = None
    possible_subjects: tuple[str, ...] = ()
    """Whose it may be besides: a request of theirs finds it too."""


@dataclass(frozen=True, slots=True)
class MadeOutput:
    """An output that is about to get its name. `named` are people who are in it, whichever face is theirs."""

    path: Path
    sha256: str
    media_type: str
    record_id: str
    moment: datetime
    policy: DocumentRef
    notice: DocumentRef
    purpose: str
    disclosure: str
    faces: tuple[MadeFace, ...]
    named: tuple[str, ...] = ()
    is_animated: bool = field(default=False)


class OutputIndex(Protocol):
    """Keeps what was made. When `add` raises, the output is not released."""

    def add(self, made: MadeOutput) -> None: ...


def made_picture(
    path: Path,
    output: OutputEntry,
    record_id: str,
    bound: BoundRules,
    faces: Sequence[FaceResult],
    *,
    named: Sequence[str],
    is_animated: bool,
) -> MadeOutput:
    """What the index is told of a picture."""
    made = []
    for face in faces:
        box = bound.region_of(face.detection)
        made.append(_face(face.decision, {"frame": face.frame_index, "box": _corners(box)}, face.possible_subjects))
    return _made(path, output, record_id, bound, made, named, is_animated=is_animated)


def made_video(
    path: Path, output: OutputEntry, record_id: str, bound: BoundRules, info: MediaInfo, plan: VideoPlan
) -> MadeOutput:
    """What the index is told of a video."""
    margin = bound.policy.redaction.margin.value
    made = []
    for number, (track, planned) in enumerate(zip(info.videos, plan.tracks, strict=True)):
        for face in planned.faces:
            place = {"video": number, "points": _points(face, track, info.start_us / 1_000_000, margin)}
            found = _face(face.decision, place, _everybody(face))
            made.append(replace(found, shown=found.shown and face.index not in plan.also_cover))
    return _made(path, output, record_id, bound, made, (), is_animated=False)


def _made(
    path: Path,
    output: OutputEntry,
    record_id: str,
    bound: BoundRules,
    faces: Sequence[MadeFace],
    named: Sequence[str],
    *,
    is_animated: bool,
) -> MadeOutput:
    return MadeOutput(
        path=path.absolute(),
        sha256=output.sha256,
        media_type=output.media_type,
        record_id=record_id,
        moment=bound.moment,
        policy=bound.policy.ref,
        notice=bound.notice.ref,
        purpose=bound.notice.purpose,
        disclosure=str(bound.notice.disclosure),
        faces=tuple(faces),
        named=tuple(dict.fromkeys(named)),
        is_animated=is_animated,
    )


def _everybody(face: PlannedFace) -> tuple[str, ...]:
    sure = () if face.link.name is None else (face.link.name.ref.key,)
    return (*sure, *face.link.doubtful_keys)


def _face(decision: Decision, place: dict[str, Any], possible_subjects: Sequence[str]) -> MadeFace:
    ref = decision.subject
    return MadeFace(
        index=decision.index,
        shown=decision.effect is Effect.KEEP,
        possible_minor=decision.age_status is not AgeStatus.ADULT_CLEAR,
        place=place,
        subject_key=None if ref is None else ref.key,
        linked_by=None if ref is None else ref.linked_by,
        possible_subjects=tuple(dict.fromkeys(key for key in possible_subjects if ref is None or key != ref.key)),
    )


def _points(face: PlannedFace, track: VideoTrack, start_s: float, margin: float) -> list[list[float]]:
    points = []
    for point in face.path.points():
        x, y = margin * point.face.width, margin * point.face.height
        cover = point.cover
        grown = Box(cover.x0 - x, cover.y0 - y, cover.x1 + x, cover.y1 + y)
        points.append([round(float(point.pts * track.time_base) - start_s, 6), *_corners(grown)])
    return points


def _corners(box: Box) -> list[float]:
    return [round(value, 2) for value in (box.x0, box.y0, box.x1, box.y1)]
