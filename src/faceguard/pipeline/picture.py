"""A decoded picture through the sentence: every frame or page is looked at, decided and covered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from faceguard.geometry import iou
from faceguard.media.detector_view import detector_images
from faceguard.media.picture import Picture
from faceguard.pipeline.analysis import Face, find_faces
from faceguard.pipeline.link import link_by_region
from faceguard.pipeline.stages import Stages
from faceguard.redaction.check import check_covered
from faceguard.types import (
    Box,
    Decision,
    Detection,
    Effect,
    FaceResult,
    LinkMethod,
    Region,
    Subject,
    SubjectRef,
    SubjectRegion,
)

NEIGHBOUR_FRAMES = 2
"""In an animation a face's region is covered this many frames before and after as well: a face missed in one frame is
mostly found in its neighbours, and has moved by less than the margin (FG-R06)."""

SAME_FACE_IOU = 0.3
"""Boxes of neighbouring frames that overlap more than this are one face; the usual limit of IoU tracking."""

Decide = Callable[[Subject], Decision]
RegionOf = Callable[[Detection], Box]


@dataclass(frozen=True, slots=True, eq=False)
class CoveredPicture:
    """A picture whose faces are decided on and covered, not yet written. `regions` has what was covered by frame."""

    before: Picture
    after: Picture
    faces: tuple[FaceResult, ...]
    regions: tuple[tuple[Region, ...], ...]

    def check(self, written: Picture, stages: Stages) -> None:
        """Raises RedactionError unless `written`, read back from what was encoded, is covered everywhere."""
        for before, after, regions in zip(self.before.frames, written.frames, self.regions, strict=True):
            check_covered(before, after, regions, stages.redactor)


def cover_picture(
    picture: Picture, stages: Stages, *, decide: Decide, region_of: RegionOf, subjects: Sequence[SubjectRegion] = ()
) -> CoveredPicture:
    """Looks at every frame, asks `decide` for every face, and covers what is not to be kept."""
    faces: list[FaceResult] = []
    for number, frame in enumerate(picture.frames):
        found = find_faces(detector_images(frame), stages)
        here = [subject for subject in subjects if subject.frame_index == number]
        for face, link in zip(found, link_by_region([face.detection.box for face in found], here), strict=True):
            faces.append(judge(len(faces) + 1, face, link, decide=decide, region_of=region_of, frame_index=number))
    if picture.is_animated:
        faces = _most_protective(faces, region_of)
    reach = NEIGHBOUR_FRAMES if picture.is_animated else 0
    regions = tuple(_regions_near(number, faces, reach) for number in range(len(picture.frames)))
    covered = [
        stages.redactor.redact(frame, here) if here else frame
        for frame, here in zip(picture.frames, regions, strict=True)
    ]
    return CoveredPicture(picture, picture.with_frames(covered), tuple(faces), regions)


def judge(
    index: int, face: Face, link: SubjectRegion | None, *, decide: Decide, region_of: RegionOf, frame_index: int = 0
) -> FaceResult:
    """One face of a frame with its decision, and its region if it is to be covered."""
    ref = SubjectRef(link.key, LinkMethod.REGION) if link is not None else None
    decision = decide(Subject(index, face.age, ref, link.declared_age if link is not None else None))
    region = None if decision.effect is Effect.KEEP else Region(index, region_of(face.detection))
    return FaceResult(face.detection, decision, region, frame_index)


def _regions_near(number: int, faces: Sequence[FaceResult], reach: int) -> tuple[Region, ...]:
    """The regions of frame `number`, and of up to `reach` frames before and after it."""
    return tuple(face.region for face in faces if face.region is not None and abs(face.frame_index - number) <= reach)


def _most_protective(faces: Sequence[FaceResult], region_of: RegionOf) -> list[FaceResult]:
    """The faces of an animation, where one that is covered anywhere is covered everywhere (FG-A10).

    A face is followed from frame to frame, over gaps of `NEIGHBOUR_FRAMES`, by the overlap of its boxes.
    """
    strict = {face.decision.index: face.decision for face in faces if face.decision.effect is Effect.REDACT}
    waiting = [face for face in faces if face.decision.index in strict]
    while waiting:
        covered = waiting.pop()
        for face in faces:
            if face.decision.index not in strict and _is_same(face, covered):
                strict[face.decision.index] = _as_covered(face.decision, strict[covered.decision.index])
                waiting.append(face)
    return [_covered(face, strict.get(face.decision.index), region_of) for face in faces]


def _is_same(a: FaceResult, b: FaceResult) -> bool:
    apart = abs(a.frame_index - b.frame_index)
    return 0 < apart <= NEIGHBOUR_FRAMES + 1 and iou(a.detection.box, b.detection.box) > SAME_FACE_IOU


def _as_covered(kept: Decision, covered: Decision) -> Decision:
    """The decision on the same face in another frame, taken over by this one."""
    return replace(covered, index=kept.index)


def _covered(face: FaceResult, decision: Decision | None, region_of: RegionOf) -> FaceResult:
    if decision is None or face.region is not None:
        return face
    return replace(face, decision=decision, region=Region(decision.index, region_of(face.detection)))
