"""Pictures with known ages: the labels file, and one face of each picture."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from faceguard.age.crop import context_box
from faceguard.age.evaluation import Case
from faceguard.errors import ConfigurationError
from faceguard.geometry import move_detection, pixel_slice
from faceguard.opencv import cv2
from faceguard.types import AgeAnswer, AgeEstimator, AgeUnknown, AgeUnknownReason, Detection, Detector, FaceCrop

_NOT_GROUPS = frozenset({"file", "age"})
_PADDING_SHARE = 0.5


class Label(BaseModel):
    """One labelled picture. `age` in completed years; every other column is a group that parity is measured over."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: Annotated[str, Field(min_length=1)]
    age: Annotated[int, Field(ge=0, le=120)]
    groups: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """Labels and where their pictures lie."""

    name: str
    labels: tuple[Label, ...]
    images: Path
    sha256: str


def read_labelled(labels: Path, images: Path) -> LabelledSet:
    """Labels from a JSON list (or an object with a list `labels`) or a CSV with the columns `file` and `age`.

    Raises ConfigurationError for a file that can't be read, a label that isn't one, or a picture that isn't there.
    """
    from faceguard.age.calibration import digest

    try:
        data = labels.read_bytes()
        rows = _rows(data, labels)
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, csv.Error) as error:
        raise ConfigurationError(f"the labels `{labels}` can't be read ({error})", path=labels) from error
    try:
        parsed = TypeAdapter(tuple[Label, ...]).validate_python([_label(row) for row in rows])
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigurationError(
            f"`{labels}`, label {first['loc'][0]}: {first['msg']}; each needs `file` and `age` in whole years",
            path=labels,
        ) from error
    if not parsed:
        raise ConfigurationError(f"`{labels}` has no labels", path=labels)
    for label in parsed:
        if not (images / label.file).is_file():
            raise ConfigurationError(f"`{labels}` names `{label.file}`, which is not in `{images}`", path=labels)
    return LabelledSet(labels.resolve().parent.name, parsed, images, digest(data))


def _rows(data: bytes, labels: Path) -> list[dict[str, Any]]:
    text = data.decode("utf-8-sig")
    if labels.suffix.lower() == ".csv":
        return list(csv.DictReader(io.StringIO(text)))
    document = json.loads(text)
    rows = document.get("labels") if isinstance(document, dict) else document
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ConfigurationError(
            f"`{labels}` must hold a list of labels, or an object with a list `labels`", path=labels
        )
    return rows


def _label(row: dict[str, Any]) -> dict[str, Any]:
    groups = {str(k): str(v) for k, v in row.items() if k not in _NOT_GROUPS and v not in (None, "")}
    return {"file": row.get("file"), "age": row.get("age"), "groups": groups}


def faces(labelled: LabelledSet, detector: Detector) -> Iterator[tuple[Label, FaceCrop | None]]:
    """The main face of each picture, or None where none is found (a failure to acquire)."""
    for label in labelled.labels:
        image = cv2.imread(str(labelled.images / label.file), cv2.IMREAD_COLOR)
        if image is None:
            raise ConfigurationError(f"`{label.file}` can't be decoded; leave it out of the labels", path=label.file)
        yield label, main_face(np.asarray(image, np.uint8), detector)


def answer_all(
    labelled: LabelledSet, detector: Detector, estimator: AgeEstimator, *, min_face_px: float, min_score: float
) -> tuple[Case, ...]:
    """What the product answers for each picture, under a policy's limits of size and sureness. Raises ModelError."""
    cases = []
    for label, crop in faces(labelled, detector):
        answer: AgeAnswer | None = None
        if crop is not None:
            answer = too_weak(crop.detection, min_face_px=min_face_px, min_score=min_score)
            if answer is None:
                answer = estimator.estimate([crop])[0]
        cases.append(Case(label.age, answer, tuple(sorted(label.groups.items()))))
    return tuple(cases)


def too_weak(detection: Detection, *, min_face_px: float, min_score: float) -> AgeUnknown | None:
    """The answer for a face that a policy's limits keep from the estimator; None for one that may be estimated."""
    if detection.score < min_score:
        return AgeUnknown(AgeUnknownReason.LOW_CONFIDENCE)
    if min(detection.box.width, detection.box.height) < min_face_px:
        return AgeUnknown(AgeUnknownReason.TOO_SMALL)
    return None


def main_face(image: NDArray[np.uint8], detector: Detector) -> FaceCrop | None:
    """The largest sure face of `(H, W, 3)` BGR uint8. A crop too tight for the detector is tried again inside a
    border."""
    detection = _largest(detector.detect(image))
    if detection is not None:
        return crop_face(image, detection)
    pad = round(_PADDING_SHARE * max(image.shape[:2]))
    padded = np.asarray(cv2.copyMakeBorder(image, pad, pad, pad, pad, cv2.BORDER_REPLICATE), np.uint8)
    detection = _largest(detector.detect(padded))
    return None if detection is None else crop_face(padded, detection)


def crop_face(image: NDArray[np.uint8], detection: Detection) -> FaceCrop | None:
    """The face with its context, as the pipeline cuts it; None when its box lies outside of the picture."""
    window = pixel_slice(context_box(detection), image.shape[1], image.shape[0])
    if window is None:
        return None
    rows, columns = window
    return FaceCrop(image[rows, columns], move_detection(detection, -columns.start, -rows.start))


def _largest(detections: tuple[Detection, ...]) -> Detection | None:
    return max(detections, key=lambda found: found.score * found.box.area, default=None)
