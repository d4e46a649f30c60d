"""Faces of an unlabelled clip, and the gaps in which a detector lost one that it saw before and after.

Each picture is looked at by itself. Detections are linked from picture to picture by their overlap; a chain that breaks
off and goes on within `MAX_GAP` pictures has a gap, in which the face is taken to move evenly. Some gaps may be cuts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from faceguard.geometry import iou
from faceguard.types import Box, Detector

MAX_GAP = 15
"""Pictures, half a second at 30 a second."""
MIN_IOU = 0.3
MIN_SIGHTINGS = 10
"""Shorter chains are left out: they may be false alarms."""


@dataclass(slots=True)
class Chain:
    """One face: picture -> where it was seen."""

    seen: dict[int, Box] = field(default_factory=dict)

    @property
    def last(self) -> int:
        return max(self.seen)

    def gaps(self) -> list[tuple[int, int]]:
        """Pairs of pictures between which it wasn't seen."""
        at = sorted(self.seen)
        return [(a, b) for a, b in pairwise(at) if b - a > 1]


def chains_of(pictures: Iterable[NDArray[np.uint8]], detector: Detector) -> list[Chain]:
    """The faces of `pictures`, `(H, W, 3)` BGR uint8, in order."""
    chains: list[Chain] = []
    for index, picture in enumerate(pictures):
        _link(chains, index, [found.box for found in detector.detect(picture)])
    return [chain for chain in chains if len(chain.seen) >= MIN_SIGHTINGS]


def _link(chains: list[Chain], index: int, boxes: Sequence[Box]) -> None:
    """Best overlaps first; what is left begins a chain of its own."""
    open_chains = [chain for chain in chains if index - chain.last <= MAX_GAP + 1]
    pairs = [
        (iou(chain.seen[chain.last], box), c, b) for c, chain in enumerate(open_chains) for b, box in enumerate(boxes)
    ]
    taken: set[int] = set()
    for overlap, c, b in sorted(pairs, reverse=True):
        if overlap < MIN_IOU:
            break
        if b not in taken and open_chains[c].last != index:
            open_chains[c].seen[index] = boxes[b]
            taken.add(b)
    chains += [Chain({index: box}) for b, box in enumerate(boxes) if b not in taken]


def labels_of(chains: Sequence[Chain], picture_count: int) -> list[list[dict[str, float | bool]]]:
    """Labels as those of a labelled clip, with `in_gap` where the face is only taken to be."""
    frames: list[list[dict[str, float | bool]]] = [[] for _ in range(picture_count)]
    for number, chain in enumerate(chains):
        for index, box in chain.seen.items():
            frames[index].append(_label(number, box, in_gap=False))
        for start, end in chain.gaps():
            for index in range(start + 1, end):
                share = (index - start) / (end - start)
                frames[index].append(_label(number, _between(chain.seen[start], chain.seen[end], share), in_gap=True))
    return frames


def _between(a: Box, b: Box, share: float) -> Box:
    corners = zip((a.x0, a.y0, a.x1, a.y1), (b.x0, b.y0, b.x1, b.y1), strict=True)
    return Box(*((1 - share) * start + share * end for start, end in corners))


def _label(number: int, box: Box, *, in_gap: bool) -> dict[str, float | bool]:
    return {"id": number, "x": box.x0, "y": box.y0, "w": box.width, "h": box.height, "in_gap": in_gap}
