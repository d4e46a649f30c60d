"""`plan.json`: what `faceguard analyze` writes, a person may edit, and `faceguard render` carries out.

The part called `analysis` is the machine's and sealed by its digest; a person writes under `zones` and `edits`. There
are boxes, times, decisions and the operator's keys of people in it, and no pixels, no embeddings, no ages. Rendering
decides anew from it, under the same policy, so that a hand-made "keep" has no effect.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from faceguard.atomic import write_atomic
from faceguard.errors import ConfigurationError
from faceguard.pipeline.link import Link, Name
from faceguard.pipeline.rules import AssetScope, BoundRules
from faceguard.pipeline.video.plan import (
    Judged,
    OperatorEdit,
    PlannedFace,
    PlannedTrack,
    VideoPlan,
    judged_in_doubt,
)
from faceguard.pipeline.video.plan_document import (
    AgePart,
    Analysis,
    CoverBox,
    CoverFace,
    DetectionPart,
    DropFace,
    FacePart,
    NamePart,
    NameSubject,
    PlanDocument,
    TrackPart,
    ZonePart,
    ZonesPart,
)
from faceguard.pipeline.video.zones import Zone, Zones
from faceguard.policy.badge import BadgeRules
from faceguard.policy.engine import AgeAssessment
from faceguard.tracking.path import TrackPath
from faceguard.types import (
    Box,
    Detection,
    LinkMethod,
    SubjectRef,
)

_DECIMALS = 2
"""Of a pixel, in paths."""

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


def read_plan(source: Path, bound: BoundRules, scope: AssetScope, badges: BadgeRules | None = None) -> VideoPlan:
    """The plan in `source` with its edits carried out and every face decided anew; `badges` is today's list, needed if
    any face is known by one. Raises ConfigurationError."""
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
    if badges is None and _knows_by_badge(document):
        raise ConfigurationError(
            f"`{source.name}` knows faces by their badges, and a badge may have been revoked since; "
            "give the badge list with `--badges`, as for `analyze`",
            path=source,
        )
    scope = replace(scope, sha256=document.analysis.source_sha256)
    try:
        return _plan(_with_badges_that_hold(document, badges), bound, scope)
    except (ValueError, OverflowError) as error:  # a box without a size, a time that no video has
        raise ConfigurationError(f"`{source.name}` isn't a plan ({error}); analyse again", path=source) from error


def _knows_by_badge(document: PlanDocument) -> bool:
    faces = (face for track in document.analysis.tracks for face in track.faces)
    return any(name.linked_by is LinkMethod.BADGE for face in faces for name in face.names)


def _with_badges_that_hold(document: PlanDocument, badges: BadgeRules | None) -> PlanDocument:
    """`document`, in which a name that rests on a badge which doesn't hold any more is doubtful."""

    def now(name: NamePart) -> NamePart:
        lost = name.linked_by is LinkMethod.BADGE and badges is not None and not badges.still_holds(name.key)
        return name.model_copy(update={"beyond_doubt": False}) if lost else name

    tracks = tuple(
        track.model_copy(
            update={
                "faces": tuple(
                    face.model_copy(update={"names": tuple(now(name) for name in face.names)}) for face in track.faces
                )
            }
        )
        for track in document.analysis.tracks
    )
    return document.model_copy(update={"analysis": document.analysis.model_copy(update={"tracks": tracks})})


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
    link = _link(part.names, name)

    def judged(name: Name | None) -> Judged:
        if name is None:
            return assessment, bound.decide_assessed(part.face, None, assessment, scope)
        lowered = bound.reassess(assessment, name.declared_age, name.ref, scope)
        return lowered, bound.decide_assessed(part.face, name.ref, lowered, scope)

    concluded, decision = judged_in_doubt(link, judged)
    pts = np.array([row[0] for row in part.path], np.int64)
    if (np.diff(pts) <= 0).any():
        raise ConfigurationError(f"the path of face {part.face} goes back in time; analyse again", key="path")
    return PlannedFace(
        index=part.face,
        path=TrackPath(pts, np.array([row[1:] for row in part.path], np.float32)),
        best=Detection(Box(*part.detection.box), part.detection.score, None, part.detection.model_id),
        assessment=concluded,
        decision=decision,
        sightings=part.sightings,
        first_frame=part.first_frame,
        last_frame=part.last_frame,
        link=link,
    )


def _link(parts: Sequence[NamePart], edit: NameSubject | None) -> Link:
    """Whose a face is, after a person's word on it, if there is one.

    That word settles the doubt about places that the operator named before; what a badge says against it stays doubt.
    """
    names = [(Name(SubjectRef(part.key, part.linked_by), part.declared_age), part.beyond_doubt) for part in parts]
    sure = next((name for name, beyond_doubt in names if beyond_doubt), None)
    doubtful = tuple(name for name, beyond_doubt in names if not beyond_doubt)
    if edit is None:
        return Link(sure, doubtful)
    said = Name(SubjectRef(edit.key, LinkMethod.TRACK), edit.declared_age)
    others = [name for name, _ in names if name.ref.linked_by is LinkMethod.BADGE and name.ref.key != edit.key]
    return Link(None, (said, *others)) if others else Link(said)


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
        names=_name_parts(face.link),
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


def _name_parts(link: Link) -> tuple[NamePart, ...]:
    names = ((link.name, True), *((name, False) for name in link.doubtful))
    return tuple(
        NamePart(
            key=name.ref.key, linked_by=name.ref.linked_by, beyond_doubt=beyond_doubt, declared_age=name.declared_age
        )
        for name, beyond_doubt in names
        if name is not None
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
