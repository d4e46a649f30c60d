"""The redactions under attack: each of ours, and each of deface, UniFace and supervision as it comes."""

from __future__ import annotations

from types import SimpleNamespace

import cv2
import numpy as np
from numpy.typing import NDArray

from faceguard.bench.leak.covers import BARE, Cover, our_cover
from faceguard.redaction.coverage import RegionKind
from faceguard.redaction.registry import METHODS
from faceguard.types import Detection

Image = NDArray[np.uint8]


def all_covers() -> list[Cover]:
    """Every redaction under attack, the bare picture first as a control."""
    return [
        BARE,
        *[our_cover(name, RegionKind.HEAD, 0.25, "head + 0.25") for name in METHODS],
        *[our_cover(name, RegionKind.FACE, 0.0, "face box") for name in METHODS],
        *[_deface(name) for name in ("blur", "mosaic", "solid")],
        *[_uniface(name) for name in ("pixelate", "gaussian", "elliptical", "median", "blackout")],
        *[_supervision(name) for name in ("BlurAnnotator", "PixelateAnnotator")],
        Cover("OpenCV", "GaussianBlur 31", "face box", "blur", _plain_gaussian),
    ]


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
