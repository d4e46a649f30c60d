"""Frame -> faces with an age answer each: the part of the sentence that only looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceguard.age.crop import context_box
from faceguard.geometry import iou, move_detection, pixel_slice
from faceguard.pipeline.stages import Stages
from faceguard.types import AgeAnswer, AgeUnknown, AgeUnknownReason, Detection, FaceCrop

SAME_FACE_IOU = 0.4
"""Boxes of two views of one frame that overlap more than this are one face; the usual limit of non-maximum suppression
in face detection (0.3 to 0.5)."""

_NOT_ASKED = AgeUnknown(AgeUnknownReason.NO_ESTIMATOR)


@dataclass(frozen=True, slots=True)
class Face:
    """A face of one frame, before anything is decided."""

    detection: Detection
    age: AgeAnswer


def find_faces(views: Sequence[NDArray[np.uint8]], stages: Stages) -> tuple[Face, ...]:
    """The faces of one frame. `views` are `(H, W, 3)` BGR uint8 of the frame's size, at least one; a face that shows
    in any of them counts (a picture with transparency has more than one way to be seen)."""
    found: list[tuple[Detection, NDArray[np.uint8]]] = []
    for view in views:
        for detection in stages.detector.detect(view):
            if all(iou(detection.box, known.box) < SAME_FACE_IOU for known, _ in found):
                found.append((detection, view))
    if stages.estimator is None:
        return tuple(Face(detection, _NOT_ASKED) for detection, _ in found)
    faults = {id(detection): _fault(detection, stages) for detection, _ in found}
    asked = [(detection, view) for detection, view in found if faults[id(detection)] is None]
    answers = stages.estimator.estimate([crop_of(view, detection) for detection, view in asked]) if asked else ()
    ages = {id(detection): age for (detection, _), age in zip(asked, answers, strict=True)}
    return tuple(Face(detection, faults[id(detection)] or ages[id(detection)]) for detection, _ in found)


def _fault(detection: Detection, stages: Stages) -> AgeUnknown | None:
    """Why this face isn't worth an estimate under the policy, if so (FG-A06)."""
    if detection.score < stages.confident_score:
        return AgeUnknown(AgeUnknownReason.LOW_CONFIDENCE)
    if min(detection.box.width, detection.box.height) < stages.min_age_face_px:
        return AgeUnknown(AgeUnknownReason.TOO_SMALL)
    return None


def crop_of(view: NDArray[np.uint8], detection: Detection) -> FaceCrop:
    """The face with the context that the age model asks for, as far as the frame has it; a view, not a copy."""
    height, width = view.shape[:2]
    window = pixel_slice(context_box(detection), width, height)
    if window is None:
        raise ValueError(f"the face {detection.box} lies outside of its frame of {width} x {height}")
    rows, columns = window
    return FaceCrop(view[rows, columns], move_detection(detection, -columns.start, -rows.start))
