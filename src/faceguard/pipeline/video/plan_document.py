"""What stands in a `plan.json`: the machine's analysis, sealed by its digest, and what a person writes beside it."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from faceguard.pipeline.video.zones import Zone
from faceguard.types import AgeStatus, AgeUnknownReason, Box, Effect, LinkMethod, Reason

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


class NamePart(_Part):
    """Who a face was said to be, by the operator's own key; `beyond_doubt` is false for one of those it may be."""

    key: Text
    linked_by: LinkMethod
    beyond_doubt: bool
    declared_age: Annotated[int, Field(ge=0, le=130)] | None = None


class FacePart(_Part):
    """One face. `effect` and `reasons` tell what was decided; rendering decides again, for the same `names`.

    A row of `path` is time stamp (ticks of the track), corners of the face, corners of what is covered.
    """

    face: int
    effect: Effect
    reasons: tuple[Reason, ...]
    age: AgePart
    names: tuple[NamePart, ...] = ()
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
