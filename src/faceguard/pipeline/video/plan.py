"""What is going to be done to a video: each face's whole life with its decision, and the operator's zones and edits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from faceguard.pipeline.link import Link, Name
from faceguard.pipeline.video.covering import CoveredPath, Covering
from faceguard.pipeline.video.zones import Zone, Zones
from faceguard.policy.engine import AgeAssessment
from faceguard.tracking.crowd import Span
from faceguard.tracking.path import TrackPath
from faceguard.types import AgeStatus, Box, Decision, Detection, Effect

_NOBODYS = Link()


@dataclass(frozen=True, slots=True, eq=False)
class PlannedFace:
    """A face of one video track. `first_frame` and `last_frame` are of its first and last sighting, from 0.

    `assessment` is what was concluded of its age, the most protective of its life; no age is kept. `link` is whose the
    face is, or may be.
    """

    index: int
    path: TrackPath
    best: Detection
    assessment: AgeAssessment
    decision: Decision
    sightings: int
    first_frame: int
    last_frame: int
    link: Link = _NOBODYS

    @property
    def is_covered(self) -> bool:
        return self.decision.effect is not Effect.KEEP


@dataclass(frozen=True, slots=True, eq=False)
class PlannedTrack:
    """One video track of the file, `track_index` in its container; `size` of the upright frame."""

    track_index: int
    size: tuple[int, int]
    frame_count: int
    faces: tuple[PlannedFace, ...]
    lost_spans: tuple[Span, ...] = ()
    """Seconds in which the whole picture is covered, because too many faces were lost at once."""

    def covering(self, margin: float, zones: Zones, also_cover: frozenset[int] = frozenset()) -> Covering:
        """What is covered at each moment: the faces that are to be redacted, and those in `also_cover`."""
        paths = [
            CoveredPath(face.index, face.path) for face in self.faces if face.is_covered or face.index in also_cover
        ]
        whole = tuple(Zone(Box(0, 0, *self.size), start_s, end_s) for start_s, end_s in self.lost_spans)
        return Covering(paths, replace(zones, always=zones.always + whole), margin, self.size)


@dataclass(frozen=True, slots=True)
class OperatorEdit:
    """A person's word on the plan: what was changed, who did it, why, and who allowed it."""

    what: str
    who: str
    why: str
    approved_by: str


@dataclass(frozen=True, slots=True, eq=False)
class VideoPlan:
    """The plan of one file. `source_sha256` names the exact file that it is for."""

    source_sha256: str
    tracks: tuple[PlannedTrack, ...]
    zones: Zones = field(default_factory=Zones)
    also_cover: frozenset[int] = frozenset()
    """Faces that a person wants covered though the policy would let them be shown."""
    edits: tuple[OperatorEdit, ...] = ()

    @property
    def faces(self) -> tuple[PlannedFace, ...]:
        return tuple(face for track in self.tracks for face in track.faces)

    def without(self, indices: Sequence[int]) -> VideoPlan:
        """The plan without the faces `indices`, which turned out to be none."""
        tracks = tuple(
            replace(track, faces=tuple(face for face in track.faces if face.index not in indices))
            for track in self.tracks
        )
        return replace(self, tracks=tracks)


Judged = tuple[AgeAssessment, Decision]


def judged_in_doubt(link: Link, judge: Callable[[Name | None], Judged]) -> Judged:
    """What is concluded and decided of a face. Who may be somebody who asked to be covered, or a child, is covered like
    them; `judge` says what holds if the face is that person's, or nobody's."""
    judged = judge(link.name)
    for doubtful in link.doubtful if judged[1].effect is Effect.KEEP else ():
        other = judge(doubtful)
        if other[1].effect is Effect.REDACT:
            return other
    return judged


_PROTECTION = (AgeStatus.ADULT_CLEAR, AgeStatus.MINOR_POSSIBLE, AgeStatus.UNKNOWN, AgeStatus.MINOR)


def most_protective(assessments: Sequence[AgeAssessment]) -> AgeAssessment:
    """Of the assessments of one face's epochs (at least one) the one that protects most (FG-A10)."""
    return max(assessments, key=lambda a: (a.under_guardian_age, _PROTECTION.index(a.status)))
