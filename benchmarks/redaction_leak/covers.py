"""The redactions under attack: each of ours, and each of deface, UniFace and supervision as it comes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

import cv2
import numpy as np
from numpy.typing import NDArray

from faceguard.redaction.coverage import RegionKind, head_region
from faceguard.redaction.registry import METHODS, create_redactor
from faceguard.types import Detection, Frame, Region

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Cover:
    """One redaction. `claim` is our class for it, or what its authors call it; `region` says what is covered."""

    tool: str
    name: str
    region: str
    claim: str
    apply: Callable[[Image, Detection], Image]

    @property
    def label(self) -> str:
        return f"{self.tool} {self.name}, {self.region}"


def all_covers() -> list[Cover]:
    """Every redaction under attack, the bare picture first as a control."""
    return [
        Cover("none", "bare", "nothing", "control", lambda image, _: image.copy()),
        *[_ours(name, RegionKind.HEAD, 0.25, "head + 0.25") for name in METHODS],
        *[_ours(name, RegionKind.FACE, 0.0, "face box") for name in METHODS],
        *[_deface(name) for name in ("blur", "mosaic", "solid")],
        *[_uniface(name) for name in ("pixelate", "gaussian", "elliptical", "median", "blackout")],
        *[_supervision(name) for name in ("BlurAnnotator", "PixelateAnnotator")],
        Cover("OpenCV", "GaussianBlur 31", "face box", "blur", _plain_gaussian),
    ]


def _ours(name: str, kind: RegionKind, margin: float, region: str) -> Cover:
    redactor = create_redactor(name)

    def apply(image: Image, detection: Detection) -> Image:
        box = head_region(detection, margin, kind)
        return np.array(redactor.redact(Frame((image,)), [Region(0, box)]).planes[0])

    return Cover("faceguard", name, region, str(redactor.redaction_class), apply)


def _corners(detection: Detection, image: Image) -> tuple[int, int, int, int]:
    """The face box in whole pixels, inside the image: `x0, y0, x1, y1`."""
    box = detection.box
    height, width = image.shape[:2]
    return max(int(box.x0), 0), max(int(box.y0), 0), min(int(box.x1), width), min(int(box.y1), height)


def _deface(replacewith: str) -> Cover:
    """deface 1.5.0 with its defaults: box scaled by 1.3, ellipse, mosaic of 20 px."""
    from deface.deface import anonymize_frame

    def apply(image: Image, detection: Detection) -> Image:
        covered = image.copy()
        boxes = np.array([[*_corners(detection, image), detection.score]])
        anonymize_frame(boxes, covered, 1.3, replacewith, True, False, None, 20)
        return covered

    return Cover("deface", replacewith, "its mask", replacewith, apply)


def _uniface(method: str) -> Cover:
    from uniface.privacy import BlurFace

    blurrer = BlurFace(method=method)

    def apply(image: Image, detection: Detection) -> Image:
        return blurrer.anonymize(image, [SimpleNamespace(bbox=_corners(detection, image))])

    return Cover("UniFace", method, "face box", method, apply)


def _supervision(name: str) -> Cover:
    import supervision

    annotator = getattr(supervision, name)()

    def apply(image: Image, detection: Detection) -> Image:
        boxes = supervision.Detections(xyxy=np.array([_corners(detection, image)], dtype=np.float32))
        return annotator.annotate(image.copy(), boxes)

    return Cover("supervision", name.removesuffix("Annotator").lower(), "face box", name, apply)


def _plain_gaussian(image: Image, detection: Detection) -> Image:
    x0, y0, x1, y1 = _corners(detection, image)
    covered = image.copy()
    covered[y0:y1, x0:x1] = cv2.GaussianBlur(covered[y0:y1, x0:x1], (31, 31), 0)
    return covered
