"""The redactions under attack, and what can be said of one without attacking it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceguard.bench.leak.scenes import Scene
from faceguard.geometry import iou
from faceguard.redaction.coverage import RegionKind, head_region
from faceguard.redaction.registry import create_redactor
from faceguard.types import Detection, Detector, Frame, Region

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


BARE = Cover("none", "bare", "nothing", "control", lambda image, _: image.copy())


def our_cover(name: str, kind: RegionKind, margin: float, region: str) -> Cover:
    """Our method `name` over the region that a policy with `kind` and `margin` asks for."""
    redactor = create_redactor(name)

    def apply(image: Image, detection: Detection) -> Image:
        box = head_region(detection, margin, kind)
        return np.array(redactor.redact(Frame((image,)), [Region(0, box)]).planes[0])

    return Cover("faceguard", name, region, str(redactor.redaction_class), apply)


@dataclass(frozen=True, slots=True)
class CoverFacts:
    """`depends_on_inside`: some output changes when only the face box of the input does (FG-R02)."""

    depends_on_inside: bool
    still_detected: float
    """Share of faces that the detector finds in the output."""

    scenes: int


def examine(cover: Cover, scenes: Sequence[Scene], detector: Detector) -> CoverFacts:
    """What holds for `cover` on `scenes`, whoever is in them."""
    depends = detected = 0
    for scene in scenes:
        box = scene.detection.box
        rows, columns = slice(int(box.y0) + 2, int(box.y1) - 2), slice(int(box.x0) + 2, int(box.x1) - 2)
        swapped = scene.image.copy()
        swapped[rows, columns] = 255 - swapped[rows, columns]
        covered = cover.apply(scene.image, scene.detection)
        depends += covered.tobytes() != cover.apply(swapped, scene.detection).tobytes()
        detected += any(iou(found.box, box) > 0.3 for found in detector.detect(covered))
    return CoverFacts(depends > 0, detected / len(scenes), len(scenes))
