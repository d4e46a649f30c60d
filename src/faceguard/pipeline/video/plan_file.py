"""`plan.json`: what `faceguard analyze` writes, a person may edit, and `faceguard render` carries out.

The part called `analysis` is the machine's and sealed by its digest; a person writes under `zones` and `edits`. There
are boxes, times and decisions in it, and no pixels, no embeddings, no ages. Rendering decides anew from it, under the
same policy, so that a hand-made "keep" has no effect.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from faceguard.atomic import write_atomic
from faceguard.errors import ConfigurationError
from faceguard.pipeline.rules import AssetScope, BoundRules
from faceguard.pipeline.video.plan import OperatorEdit, PlannedFace, PlannedTrack, VideoPlan
from faceguard.pipeline.video.zones import Zone, Zones
from faceguard.policy.engine import AgeAssessment
from faceguard.tracking.path import TrackPath
from faceguard.types import (
    AgeStatus,
    AgeUnknownReason,
    Box,
    Detection,
    Effect,
    LinkMethod,
    Reason,
    SubjectRef,
)

_DECIMALS = 2
"""Of a pixel, in paths."""

Text = Annotated[str, Field(min_length=1, max_length=1000)]
Number = Annotated[float, Field(allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


# ---------------------------------------------------------------------------------------------------- analysis


class DetectionPart(_Part):
    """The best of a face's sightings: corners in upright frame pixels."""

    model_id: str
    score: Annotated[float, Field(ge=0, le=1)]
    box: tuple[Number, Number, Number, Number]


class AgePart(_Part):
    """What was concluded of the age: never the age."""

    status: AgeStatus
    under_guardian_age: bool
    unknown_reason: AgeUnknownReason | None = None


class FacePart(_Part):
    """One face. `effect` and `reasons` tell what was decided; rendering decides again.

    A row of `path` is time stamp (ticks of the track), corners of the face, corners of what is covered.
    """

    face: int
    effect: Effect
    reasons: tuple[Reason, ...]
    age: AgePart
    detection: DetectionPart
    sightings: int
    first_frame: int
    last_frame: int
    path: Annotated[
        tuple[tuple[int, Number, Number, Number, Number, Number, Number, Number, Number], ...], Field(min_length=1)
    ]


class TrackPart(_Part):
    track_index: int
    width: Annotated[int, Field(gt=0)]
    height: Annotated[int, Field(gt=0)]
    frame_count: Annotated[int, Field(ge=0)]
    lost_spans: tuple[tuple[Number, Number], ...] = ()
    faces: tuple[FacePart, ...]


class Analysis(_Part):
    source_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    policy_id: str
    policy_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    model_ids: tuple[str, ...]
    tracks: tuple[TrackPart, ...]


# ------------------------------------------------------------------------------------------------------- edits


class ZonePart(_Part):
    """`box` is x, y, width, height in upright frame pixels; `end_s` None is the end of the video."""

    box: tuple[Number, Number, Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)]]
    start_s: Annotated[float, Field(ge=0)] = 0.0
    end_s: float | None = None

    def zone(self) -> Zone:
        x, y, w, h = self.box
        return Zone(Box(x, y, x + w, y + h), self.start_s, math.inf if self.end_s is None else self.end_s)


class ZonesPart(_Part):
    always: tuple[ZonePart, ...] = ()
    never: tuple[ZonePart, ...] = ()


class _Edit(_Part):
    who: Text
    why: Text
    approved_by: Text


class CoverBox(_Edit):
    """Covers a box over a time span, where a face was missed."""

    action: Literal["cover_box"]
    zone: ZonePart


class CoverFace(_Edit):
    """Covers a face that the policy would let be shown."""

    action: Literal["cover_face"]
    face: int


class DropFace(_Edit):
    """Takes away a false alarm: this is no face."""

    action: Literal["drop_face"]
    face: int


class NameSubject(_Edit):
    """Says whose face it is, by the operator's own key, so that consents can be asked for it."""

    action: Literal["name_subject"]
    face: int
    key: Text
    declared_age: Annotated[int, Field(ge=0, le=130)] | None = None


Edit = Annotated[CoverBox | CoverFace | DropFace | NameSubject, Field(discriminator="action")]


class PlanDocument(_Part):
    schema_version: Literal["1"] = "1"
    analysis: Analysis
    analysis_sha256: str
    zones: ZonesPart = ZonesPart()
    edits: tuple[Edit, ...] = ()


# ----------------------------------------------------------------------------------------------- write and read


def write_plan(plan: VideoPlan, bound: BoundRules, model_ids: Sequence[str], target: Path, *, overwrite: bool) -> None:
    """Writes `plan` as JSON. Raises EncodeError."""
    document = plan_document(plan, bound, model_ids)
    text = json.dumps(document.model_dump(mode="json", exclude_none=True), ensure_ascii=False, indent=None)
    write_atomic(target, (_one_face_a_line(text) + "\n").encode(), overwrite=overwrite)


def plan_document(plan: VideoPlan, bound: BoundRules, model_ids: Sequence[str]) -> PlanDocument:
    """`plan` in the form in which it is written."""
    analysis = Analysis(
        source_sha256=plan.source_sha256,
        policy_id=bound.policy.policy_id,
        policy_sha256=bound.policy.sha256,
        model_ids=tuple(model_ids),
        tracks=tuple(_track_part(track) for track in plan.tracks),
    )
    zones = ZonesPart(
        always=tuple(_zone_part(zone) for zone in plan.zones.always),
        never=tuple(_zone_part(zone) for zone in plan.zones.never),
    )
    return PlanDocument(analysis=analysis, analysis_sha256=_digest(analysis), zones=zones)


def read_plan(source: Path, bound: BoundRules, scope: AssetScope) -> VideoPlan:
    """The plan in `source` with its edits carried out and every face decided anew. Raises ConfigurationError."""
    try:
        document = PlanDocument.model_validate_json(source.read_bytes())
    except OSError as error:
        raise ConfigurationError(
            f"the plan `{source}` can't be read: {error.strerror or error}", path=source
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(
            f"`{source.name}` isn't a plan ({place}: {first['msg']}); see docs/video.md for what may be edited",
            path=source,
        ) from error
    if _digest(document.analysis) != document.analysis_sha256:
        raise ConfigurationError(
            f"the `analysis` of `{source.name}` was changed by hand; undo it and write under `edits` instead",
            path=source,
        )
    if document.analysis.policy_sha256 != bound.policy.sha256:
        raise ConfigurationError(
            f"`{source.name}` was made under another policy than `{bound.policy.policy_id}`; analyse again",
            path=source,
            expected=bound.policy.sha256,
            actual=document.analysis.policy_sha256,
        )
    return _plan(document, bound, replace(scope, sha256=document.analysis.source_sha256))


def _plan(document: PlanDocument, bound: BoundRules, scope: AssetScope) -> VideoPlan:
    names = {edit.face: edit for edit in document.edits if isinstance(edit, NameSubject)}
    tracks = tuple(_planned_track(part, names, bound, scope) for part in document.analysis.tracks)
    zones = Zones(
        tuple(part.zone() for part in document.zones.always), tuple(part.zone() for part in document.zones.never)
    )
    plan = VideoPlan(document.analysis.source_sha256, tracks, zones)
    known = {face.index for face in plan.faces}
    for edit in document.edits:
        if not isinstance(edit, CoverBox) and edit.face not in known:
            raise ConfigurationError(f"an edit is about face {edit.face}, which the plan doesn't have", key="edits")
        plan = _edited(plan, edit)
    return plan


def _edited(plan: VideoPlan, edit: CoverBox | CoverFace | DropFace | NameSubject) -> VideoPlan:
    match edit:
        case CoverBox(zone=part):
            what = "box covered"
            plan = replace(plan, zones=Zones((*plan.zones.always, part.zone()), plan.zones.never))
        case CoverFace(face=face):
            what = f"face {face} covered"
            plan = replace(plan, also_cover=plan.also_cover | {face})
        case DropFace(face=face):
            what = f"face {face} dropped"
            plan = plan.without([face])
        case NameSubject(face=face):
            what = f"face {face} named"
    note = OperatorEdit(what, edit.who, edit.why, edit.approved_by)
    return replace(plan, edits=(*plan.edits, note))


def _planned_track(
    part: TrackPart, names: dict[int, NameSubject], bound: BoundRules, scope: AssetScope
) -> PlannedTrack:
    faces = tuple(_planned_face(face, names.get(face.face), bound, scope) for face in part.faces)
    return PlannedTrack(part.track_index, (part.width, part.height), part.frame_count, faces, part.lost_spans)


def _planned_face(part: FacePart, name: NameSubject | None, bound: BoundRules, scope: AssetScope) -> PlannedFace:
    assessment = AgeAssessment(part.age.status, part.age.under_guardian_age, part.age.unknown_reason)
    ref = None
    if name is not None:
        ref = SubjectRef(name.key, LinkMethod.TRACK)
        assessment = bound.reassess(assessment, name.declared_age, ref, scope)
    pts = np.array([row[0] for row in part.path], np.int64)
    if (np.diff(pts) <= 0).any():
        raise ConfigurationError(f"the path of face {part.face} goes back in time; analyse again", key="path")
    return PlannedFace(
        index=part.face,
        path=TrackPath(pts, np.array([row[1:] for row in part.path], np.float32)),
        best=Detection(Box(*part.detection.box), part.detection.score, None, part.detection.model_id),
        assessment=assessment,
        decision=bound.decide_assessed(part.face, ref, assessment, scope),
        sightings=part.sightings,
        first_frame=part.first_frame,
        last_frame=part.last_frame,
    )


def _track_part(track: PlannedTrack) -> TrackPart:
    width, height = track.size
    return TrackPart(
        track_index=track.track_index,
        width=width,
        height=height,
        frame_count=track.frame_count,
        lost_spans=track.lost_spans,
        faces=tuple(_face_part(face) for face in track.faces),
    )


def _face_part(face: PlannedFace) -> FacePart:
    box = face.best.box
    rows = zip(face.path.pts.tolist(), face.path.boxes.tolist(), strict=True)
    return FacePart(
        face=face.index,
        effect=face.decision.effect,
        reasons=face.decision.reasons,
        age=AgePart(
            status=face.assessment.status,
            under_guardian_age=face.assessment.under_guardian_age,
            unknown_reason=face.assessment.unknown_reason,
        ),
        detection=DetectionPart(
            model_id=face.best.model_id,
            score=face.best.score,
            box=(box.x0, box.y0, box.x1, box.y1),
        ),
        sightings=face.sightings,
        first_frame=face.first_frame,
        last_frame=face.last_frame,
        path=tuple((pts, *(round(v, _DECIMALS) for v in row)) for pts, row in rows),
    )


def _zone_part(zone: Zone) -> ZonePart:
    box = zone.box
    end_s = None if math.isinf(zone.end_s) else zone.end_s
    return ZonePart(box=(box.x0, box.y0, box.width, box.height), start_s=zone.start_s, end_s=end_s)


def _digest(analysis: Analysis) -> str:
    """SHA-256 of the analysis as JSON with sorted keys and no spaces, hex."""
    content: dict[str, Any] = analysis.model_dump(mode="json", exclude_none=True)
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _one_face_a_line(text: str) -> str:
    """Breaks compact JSON where a person looks for it: at each face and at the parts that may be edited."""
    for mark in ('{"face":', '"analysis_sha256"', '"zones"', '"edits"', '{"track_index"'):
        text = text.replace(mark, "\n" + mark)
    return text
