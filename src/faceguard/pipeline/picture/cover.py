"""A decoded picture through the sentence: every frame or page is looked at, decided and covered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from faceguard.badges.reader import read_codes
from faceguard.errors import ConfigurationError
from faceguard.geometry import clip, iou
from faceguard.media.detector_view import detector_images
from faceguard.media.picture import Picture
from faceguard.pipeline.analysis import Face, find_faces
from faceguard.pipeline.badges import BADGE_INDEX, SeenBadge, judge_codes, link_by_badge
from faceguard.pipeline.link import Link, Name, join_links, link_by_region, link_everyone
from faceguard.pipeline.stages import Stages
from faceguard.policy.badge import BadgeRules
from faceguard.redaction.check import check_covered
from faceguard.types import (
    AgeUnknown,
    AgeUnknownReason,
    Box,
    Decision,
    Detection,
    Effect,
    FaceResult,
    Frame,
    Reason,
    Region,
    Subject,
    SubjectRegion,
)

NEIGHBOUR_FRAMES = 2
"""In an animation a face's region is covered this many frames before and after as well: a face missed in one frame is
mostly found in its neighbours, and has moved by less than the margin (FG-R06)."""

SAME_FACE_IOU = 0.3
"""Boxes of neighbouring frames that overlap more than this are one face; the usual limit of IoU tracking."""

NAMED_BY_HAND = "operator"
"""What stands for the detector's model where no detector found the face that the operator named."""

OWN_CONSENT = frozenset({Reason.CONSENT_VALID, Reason.GUARDIAN_CONSENT_VALID})
"""Why a face may be shown because everybody in the picture is named: by a consent, never for want of a rule."""

Decide = Callable[[Subject], Decision]
RegionOf = Callable[[Detection], Box]


@dataclass(frozen=True, slots=True)
class Naming:
    """What is known of who is in a picture: places that the operator names, badges, and who all of them are.

    `everyone` are the keys of all people whose faces show, for consents to the whole event; `decide_event` asks for
    those alone, so that a consent to single files isn't stretched.
    """

    subjects: Sequence[SubjectRegion] = ()
    badges: BadgeRules | None = None
    everyone: Sequence[str] = ()
    decide_event: Decide | None = None


NOBODY_NAMED = Naming()


@dataclass(frozen=True, slots=True, eq=False)
class CoveredPicture:
    """A picture whose faces are decided on and covered, not yet written. `regions` has what was covered by frame, faces
    and badges; `badges` are those that were seen."""

    before: Picture
    after: Picture
    faces: tuple[FaceResult, ...]
    regions: tuple[tuple[Region, ...], ...]
    badges: tuple[SeenBadge, ...] = ()
    badge_list_sha256: str | None = None
    """The list by which badges were judged, if any were looked for."""

    def check(self, written: Picture, stages: Stages) -> None:
        """Raises RedactionError unless `written`, read back from what was encoded, is covered everywhere."""
        for before, after, regions in zip(self.before.frames, written.frames, self.regions, strict=True):
            check_covered(before, after, regions, stages.redactor)


def cover_picture(
    picture: Picture, stages: Stages, *, decide: Decide, region_of: RegionOf, naming: Naming = NOBODY_NAMED
) -> CoveredPicture:
    """Looks at every frame, asks `decide` for every face, and covers what is not to be kept, and every badge.

    A place that `naming` names and where no face is found is a face too, of unknown age. Raises ConfigurationError
    for a place outside of the picture.
    """
    _require_inside(picture, naming.subjects)
    faces: list[FaceResult] = []
    badges: list[tuple[SeenBadge, ...]] = []
    for number, frame in enumerate(picture.frames):
        here = _LinkedFrame.of(frame, stages, number, naming)
        badges.append(here.badges)
        for face, link in zip(here.faces, here.links, strict=True):
            faces.append(judge(len(faces) + 1, face, link, decide=decide, region_of=region_of, frame_index=number))
    if picture.is_animated:
        faces = _most_protective(faces, region_of)
    reach = NEIGHBOUR_FRAMES if picture.is_animated else 0
    regions = tuple(
        (*_regions_near(number, faces, reach), *_badge_regions(number, badges, reach))
        for number in range(len(picture.frames))
    )
    covered = [
        stages.redactor.redact(frame, here) if here else frame
        for frame, here in zip(picture.frames, regions, strict=True)
    ]
    seen = tuple(badge for here in badges for badge in here)
    known_by = None if naming.badges is None else naming.badges.badges.sha256
    return CoveredPicture(picture, picture.with_frames(covered), tuple(faces), regions, seen, known_by)


def judge(
    index: int, face: Face, link: Link, *, decide: Decide, region_of: RegionOf, frame_index: int = 0
) -> FaceResult:
    """One face of a frame with its decision, and its region if it is to be covered.

    Who may be somebody who asked to be covered, or a child, is covered like them.
    """
    decision = decide(_subject(index, face, link.name))
    for doubtful in link.doubtful if decision.effect is Effect.KEEP else ():
        other = decide(_subject(index, face, doubtful))
        if other.effect is Effect.REDACT:
            decision = other
            break
    region = None if decision.effect is Effect.KEEP else Region(index, region_of(face.detection))
    return FaceResult(face.detection, decision, region, frame_index, link.doubtful_keys)


def _subject(index: int, face: Face, name: Name | None) -> Subject:
    return Subject(index, face.age) if name is None else Subject(index, face.age, name.ref, name.declared_age)


@dataclass(frozen=True, slots=True, eq=False)
class _LinkedFrame:
    """The faces that are found in a frame, then those that were only named, each with whose it is; and the badges."""

    faces: tuple[Face, ...]
    links: tuple[Link, ...]
    badges: tuple[SeenBadge, ...]

    @classmethod
    def of(cls, frame: Frame, stages: Stages, number: int, naming: Naming) -> _LinkedFrame:
        views = detector_images(frame)
        found = find_faces(views, stages)
        here = [subject for subject in naming.subjects if subject.frame_index == number]
        by_region = link_by_region([face.detection.box for face in found], here)
        faces = (*found, *(_named_face(subject, frame) for subject in by_region.empty))
        links = (*by_region.links, *(Link(Name.of_region(subject)) for subject in by_region.empty))
        badges: tuple[SeenBadge, ...] = ()
        if naming.badges is not None:
            boxes = [face.detection.box for face in faces]
            badges = judge_codes(read_codes(views[0], boxes), boxes, naming.badges)
            links = join_links(links, link_by_badge(badges, [face.age for face in faces]))
        if naming.everyone:
            links = link_everyone(links, naming.everyone, lambda n, name: _consents(faces[n], name, naming))
        return cls(faces, links, badges)


def _consents(face: Face, name: Name, naming: Naming) -> bool:
    """Whether a consent of `name` to the whole event lets `face` be shown."""
    if naming.decide_event is None:
        return False
    decision = naming.decide_event(_subject(0, face, name))
    return decision.effect is Effect.KEEP and OWN_CONSENT.issuperset(decision.reasons)


def _badge_regions(number: int, badges: Sequence[Sequence[SeenBadge]], reach: int) -> tuple[Region, ...]:
    """What hides the badges of frame `number`, and of up to `reach` frames before and after it."""
    near = badges[max(0, number - reach) : number + reach + 1]
    return tuple(Region(BADGE_INDEX, badge.cover) for here in near for badge in here)


def _named_face(subject: SubjectRegion, frame: Frame) -> Face:
    """The operator says that a face is here, and it is believed: detectors miss faces."""
    box = clip(subject.box, frame.width, frame.height) or subject.box
    return Face(Detection(box, 0.0, None, NAMED_BY_HAND), AgeUnknown(AgeUnknownReason.LOW_CONFIDENCE))


def _require_inside(picture: Picture, subjects: Sequence[SubjectRegion]) -> None:
    """A place outside of the picture is a slip, and whose face was meant would be shown or covered by chance."""
    for subject in subjects:
        if not 0 <= subject.frame_index < len(picture.frames):
            raise ConfigurationError(
                f"`{subject.key}` is named on page {subject.frame_index + 1}, and the picture has "
                f"{len(picture.frames)}; name the right page",
                key="subject",
            )
        frame = picture.frames[subject.frame_index]
        if clip(subject.box, frame.width, frame.height) is None:
            raise ConfigurationError(
                f"the place of `{subject.key}` lies outside of the picture of {frame.width}x{frame.height} pixels; "
                "name it in pixels of the upright picture",
                key="subject",
            )


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
