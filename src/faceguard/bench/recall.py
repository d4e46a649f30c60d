"""How many labelled faces a detector finds and covers, and what it takes for a face that isn't labelled as one."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from faceguard.bench.conditions import CONDITIONS
from faceguard.bench.labels import LabelledPicture
from faceguard.bench.report import Measurement
from faceguard.bench.scoring import ScoredFinds, average_precision, covered_share, grown, unmatched
from faceguard.errors import ConfigurationError
from faceguard.opencv import cv2
from faceguard.redaction.coverage import head_region
from faceguard.types import Detection, Detector

MARGIN = 1.3
"""A find is grown by this factor before it is compared with a label, as a plain redaction would."""
FOUND_FROM = 0.8
"""A face is found when at least this share of its labelled box is covered."""
COVERED_FROM = 0.99
"""FG-R04: share of the face that the product's own region, head and policy margin, must cover."""
POLICY_MARGIN = 0.25
SIZE_EDGES_PX = (0, 8, 16, 24, 40, 64, 96, 160, 320, math.inf)
_SUBSETS = ("easy", "medium", "hard")


@dataclass(slots=True)
class Tally:
    """What one detector did under one condition, picture by picture."""

    sizes_px: list[NDArray[np.float64]] = field(default_factory=list)
    found_share: list[NDArray[np.float64]] = field(default_factory=list)
    region_share: list[NDArray[np.float64]] = field(default_factory=list)
    tags: list[frozenset[str]] = field(default_factory=list)
    finds: list[ScoredFinds] = field(default_factory=list)
    subset_finds: dict[str, list[ScoredFinds]] = field(default_factory=dict)
    unmatched: list[int] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)

    def add(
        self, picture: LabelledPicture, labels: NDArray[np.float64], detections: Sequence[Detection], cpu_ms: float
    ) -> None:
        """`labels` are the picture's boxes as they lie in what the detector saw."""
        boxes = as_boxes([(d.box.x0, d.box.y0, d.box.x1, d.box.y1) for d in detections])
        regions = [head_region(d, POLICY_MARGIN) for d in detections]
        counted = ~picture.ignored
        self.sizes_px.append(np.sqrt((labels[counted, 2:] - labels[counted, :2]).prod(axis=1)))
        self.found_share.append(covered_share(labels[counted], grown(boxes, MARGIN)))
        self.region_share.append(covered_share(labels[counted], as_boxes([(r.x0, r.y0, r.x1, r.y1) for r in regions])))
        self.tags += [tag for tag, counts in zip(picture.tags, counted, strict=True) if counts]
        scores = np.array([d.score for d in detections])
        self.finds.append(ScoredFinds(boxes, scores, labels, counted))
        for subset in _SUBSETS:
            member = counted & np.array([subset in tags for tags in picture.tags], np.bool_).reshape(counted.shape)
            self.subset_finds.setdefault(subset, []).append(ScoredFinds(boxes, scores, labels, member))
        self.unmatched.append(unmatched(boxes, labels))
        self.cpu_ms.append(cpu_ms)


def as_boxes(corners: Sequence[tuple[float, float, float, float]]) -> NDArray[np.float64]:
    """(n, 4), also for none."""
    return np.array(corners, np.float64).reshape(-1, 4)


def run_recall(
    pictures: Sequence[LabelledPicture],
    detectors: Mapping[str, Detector],
    conditions: Sequence[str],
    progress: Callable[[str], None],
) -> dict[tuple[str, str], Tally]:
    """(detector, condition) -> tally. Each picture is seen by all detectors in turn, so that they share the noise."""
    tallies = {(name, condition): Tally() for name in detectors for condition in conditions}
    for detector in detectors.values():
        detector.detect(np.zeros((64, 64, 3), np.uint8))
    for number, picture in enumerate(pictures, 1):
        image = cv2.imread(str(picture.path), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
        if image is None:
            raise ConfigurationError(f"the labelled picture `{picture.path}` can't be read", path=picture.path)
        for condition in conditions:
            seen, labels = CONDITIONS[condition](np.asarray(image, np.uint8), picture.boxes)
            for name, detector in detectors.items():
                start = time.process_time()
                detections = detector.detect(seen)
                cpu_ms = (time.process_time() - start) * 1e3
                tallies[name, condition].add(picture, labels, detections, cpu_ms)
        progress(f"{number} of {len(pictures)}")
    return tallies


def measurements(tallies: Mapping[tuple[str, str], Tally]) -> list[Measurement]:
    """All figures of a run, `detector | condition | what`."""
    return [
        measurement.model_copy(update={"name": f"{name} | {condition} | {measurement.name}"})
        for (name, condition), tally in tallies.items()
        for measurement in _of_tally(tally)
    ]


def _of_tally(tally: Tally) -> Iterator[Measurement]:
    sizes = np.concatenate(tally.sizes_px)
    found = np.concatenate(tally.found_share) >= FOUND_FROM
    region = np.concatenate(tally.region_share)
    for smallest in (16, 40):
        yield from _rate(f"recall, faces >= {smallest} px", found[sizes >= smallest])
        yield from _rate(
            f"99 % covered by the region, faces >= {smallest} px", region[sizes >= smallest] >= COVERED_FROM
        )
    if len(region):
        yield Measurement(name="mean share covered by the region", value=100 * region.mean(), unit="%", better="higher")
    for low, high in pairwise(SIZE_EDGES_PX):
        yield from _rate(f"recall, {low} to {high} px", found[(sizes >= low) & (sizes < high)])
    for tag in sorted({tag for tags in tally.tags for tag in tags} - set(_SUBSETS)):
        yield from _rate(f"recall, {tag}", found[[tag in tags for tags in tally.tags]])
    count = sum(tally.unmatched)
    yield Measurement(name="unmatched finds", value=count, unit="finds", noise=1.96 * count**0.5, better="lower")
    for name, finds in {"": tally.finds, **{f", {s}": tally.subset_finds.get(s, []) for s in _SUBSETS}}.items():
        precision = average_precision(finds)
        if not math.isnan(precision):
            yield Measurement(name=f"AP at IoU 0.5{name}", value=100 * precision, unit="%", noise=1.0, better="higher")
    spread = 1.96 * float(np.std(tally.cpu_ms)) / max(1, len(tally.cpu_ms)) ** 0.5
    yield Measurement(
        name="CPU time a picture", value=float(np.mean(tally.cpu_ms)), unit="ms", noise=spread, better="lower"
    )


def _rate(name: str, hits: NDArray[np.bool_]) -> Iterator[Measurement]:
    """A share in per cent with its binomial noise; nothing for an empty class."""
    if len(hits):
        share = float(hits.mean())
        noise = 196 * (max(share * (1 - share), 0.25 / len(hits)) / len(hits)) ** 0.5
        yield Measurement(name=name, value=100 * share, unit="%", noise=noise, better="higher")


def recall_by_size(tally: Tally) -> tuple[list[str], list[float]]:
    """Labels and recall (0..1, NaN for an empty class) for a curve."""
    sizes = np.concatenate(tally.sizes_px)
    found = np.concatenate(tally.found_share) >= FOUND_FROM
    pairs = list(pairwise(SIZE_EDGES_PX))
    picked = [found[(sizes >= low) & (sizes < high)] for low, high in pairs]
    names = [f"{low:g}-{high:g}" if math.isfinite(high) else f"{low:g}+" for low, high in pairs]
    return names, [float(hits.mean()) if len(hits) else float("nan") for hits in picked]
