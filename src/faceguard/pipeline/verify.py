"""What a stranger sees in a finished output: faces that a second detector finds, and that nobody allowed to be shown.

The check of the writing (`redaction.check`) proves that what was decided on is covered. This one asks whether all was
decided on: it reads the file anew, looks with a detector that didn't make the plan, and believes it from a low score.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from faceguard.errors import BareFaceError
from faceguard.geometry import iou
from faceguard.media.detector_view import detector_images
from faceguard.media.embedded import embedded_pictures
from faceguard.media.picture import Picture
from faceguard.pipeline.analysis import Face
from faceguard.pipeline.link import Link
from faceguard.pipeline.picture.cover import NEIGHBOUR_FRAMES, CoveredPicture, Decide, RegionOf, judge
from faceguard.pipeline.stages import Stages
from faceguard.types import AgeUnknown, AgeUnknownReason, Box, Detection, Detector

COVERED_SHARE = 0.5
"""A find of which more lies in covered regions is a find in the covering itself, or in what it leaves of a head."""

ALLOWED_IOU = 0.3
"""A find that overlaps a face that may be shown by more is that face; as for boxes of two looks at one picture."""

_GRID = 32
"""Points a side at which it is asked what is covered: regions may overlap, so areas can't be added."""


@dataclass(frozen=True, slots=True)
class BareFace:
    """A face that shows though nobody allowed it; `frame_index` is its page or frame, from 0."""

    frame_index: int
    detection: Detection


def bare_faces(found: Sequence[Detection], covered: Sequence[Box], allowed: Sequence[Box]) -> tuple[Detection, ...]:
    """Those of `found` that lie neither in what is `covered` nor on a face that is `allowed` to be shown."""
    return tuple(
        detection
        for detection in found
        if covered_share(detection.box, covered) < COVERED_SHARE
        and not any(iou(detection.box, box) > ALLOWED_IOU for box in allowed)
    )


def covered_share(box: Box, covered: Sequence[Box]) -> float:
    """How much of `box` lies in one of `covered`, 0..1."""
    steps = (np.arange(_GRID) + 0.5) / _GRID
    x, y = box.x0 + steps * box.width, (box.y0 + steps * box.height)[:, None]
    inside = np.zeros((_GRID, _GRID), bool)
    for other in covered:
        inside |= ((x >= other.x0) & (x < other.x1)) & ((y >= other.y0) & (y < other.y1))
    return float(inside.mean())


def bare_in_picture(written: Picture, covered: CoveredPicture, verifier: Detector) -> tuple[BareFace, ...]:
    """The bare faces of every frame or page of `written`, as it was read back."""
    bare = []
    for number, frame in enumerate(written.frames):
        regions = [region.box for region in covered.regions[number]]
        allowed = _allowed_near(number, covered)
        found: list[Detection] = []
        for view in detector_images(frame):
            fresh = bare_faces(verifier.detect(view), regions, allowed)
            found += [new for new in fresh if all(iou(new.box, known.box) <= ALLOWED_IOU for known in found)]
        bare += [BareFace(number, detection) for detection in found]
    return tuple(bare)


def cover_also(
    covered: CoveredPicture, bare: Sequence[BareFace], stages: Stages, *, decide: Decide, region_of: RegionOf
) -> CoveredPicture:
    """`covered` with the faces that it lacks: of unknown age, decided on like others, covered like others."""
    missed = []
    for index, face in enumerate(bare, start=len(covered.faces) + 1):
        unknown = Face(face.detection, AgeUnknown(AgeUnknownReason.LOW_CONFIDENCE))
        missed.append(judge(index, unknown, Link(), decide=decide, region_of=region_of, frame_index=face.frame_index))
    reach = NEIGHBOUR_FRAMES if covered.before.is_animated else 0
    regions = tuple(
        (*old, *(f.region for f in missed if f.region is not None and abs(f.frame_index - number) <= reach))
        for number, old in enumerate(covered.regions)
    )
    frames = [
        stages.redactor.redact(frame, here) if here else frame
        for frame, here in zip(covered.before.frames, regions, strict=True)
    ]
    after = covered.before.with_frames(frames)
    return replace(covered, after=after, faces=(*covered.faces, *missed), regions=regions)


def _allowed_near(number: int, covered: CoveredPicture) -> list[Box]:
    """Faces that may be shown on frame `number`; in an animation one is sometimes only found in the next frame."""
    reach = NEIGHBOUR_FRAMES if covered.before.is_animated else 0
    return [
        face.detection.box for face in covered.faces if face.region is None and abs(face.frame_index - number) <= reach
    ]


def require_nothing_embedded(written: Path, verifier: Detector) -> None:
    """Raises BareFaceError when a picture inside the file (a thumbnail, cover or preview) shows a face."""
    for picture in embedded_pictures(written):
        if verifier.detect(picture):
            raise BareFaceError(
                "a picture inside the written file (a thumbnail, cover or preview) shows a face; it was withheld",
                path=written,
            )


def require_no_bare_face(written: Picture, covered: CoveredPicture, verifier: Detector) -> None:
    """Raises BareFaceError with the bare faces of `written` in `found`."""
    found = bare_in_picture(written, covered, verifier)
    if found:
        raise BareFaceError(
            f"a second detector finds {_faces(len(found))} in what was written, also after covering what it found "
            "first; nothing was released: name the places with `--subject` or `--cover`",
            found=found,
            actual=len(found),
        )


def finish_verified(
    covered: CoveredPicture,
    finish: Callable[[CoveredPicture, int], str],
    stages: Stages,
    *,
    decide: Decide,
    region_of: RegionOf,
) -> tuple[CoveredPicture, str]:
    """Gives `covered` to `finish`, which looks and records; after a BareFaceError once more, with those faces covered.

    `finish` gets how many faces were added. Returns what was finished and the record's id. A second BareFaceError goes
    on: what can't be covered is withheld.
    """
    try:
        return covered, finish(covered, 0)
    except BareFaceError as error:
        bare = [face for face in error.found if isinstance(face, BareFace)]
        if not bare:
            raise
        covered = cover_also(covered, bare, stages, decide=decide, region_of=region_of)
        return covered, finish(covered, len(bare))


def look_parameters(stages: Stages, added: int) -> dict[str, bool | int]:
    """What the record says of the second look: that there was one, and how many faces it added."""
    return {} if stages.verifier is None else {"second_look": True, "second_look_added": added}


def _faces(count: int) -> str:
    return "a face" if count == 1 else f"{count} faces"
