"""Faces that were found segment by segment, joined across the cuts.

Neighbours look at the same pictures for a few seconds around a cut. Two paths that are in the same place there are one
face: it is covered wherever either covers, and has the ages of both. Where that is in doubt they stay two faces, and
each is decided by the ages of both, so that the most protective answer holds for either (FG-A10).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from faceguard.pipeline.stages import Stages
from faceguard.pipeline.video.face_ages import IsSettled, life_ages
from faceguard.pipeline.video.segment_task import SegmentFaces
from faceguard.pipeline.video.sweep import SweptFace
from faceguard.tracking.crowd import Span as LostSpan
from faceguard.tracking.path_join import envelope, face_overlaps, sampled
from faceguard.types import AgeAnswer, AgeUnknown, AgeUnknownReason, Detection

SAME_IOU = 0.4
"""Mean IoU, over the pictures in which both are, from which two paths are one face. Two looks at the same pictures give
nearly the same boxes; faces of two people that overlap this much on average are not told apart by a tracker either."""
DOUBT_IOU = 0.15
"""Best IoU in any picture from which an unmatched path may be the same face after all."""


@dataclass(frozen=True, slots=True)
class AgeTerms:
    """How ages are concluded from answers: as when the whole video is looked at by one."""

    has_estimator: bool
    confident_score: float
    is_settled: IsSettled

    @classmethod
    def of(cls, stages: Stages, is_settled: IsSettled) -> AgeTerms:
        return cls(stages.estimator is not None, stages.confident_score, is_settled)

    def ages(self, best: Detection, epochs: Sequence[Sequence[AgeAnswer]]) -> tuple[AgeAnswer, ...]:
        if not self.has_estimator:
            return (AgeUnknown(AgeUnknownReason.NO_ESTIMATOR),)
        if best.score < self.confident_score:
            return (AgeUnknown(AgeUnknownReason.LOW_CONFIDENCE),)
        return life_ages(epochs, lambda answer: answer, self.is_settled)


def join_faces(
    parts: Sequence[SegmentFaces], windows: Sequence[NDArray[np.int64]], terms: AgeTerms
) -> tuple[SweptFace, ...]:
    """All faces of the video, in the order of their appearance.

    `windows` has, for each cut, the time stamps of the pictures that both neighbours looked at.
    """
    chains = [[face] for face in parts[0].faces]
    doubts: list[tuple[list[SweptFace], list[SweptFace]]] = []
    ends = chains
    for part, window in zip(parts[1:], windows, strict=True):
        same, unsure = _pairs([chain[-1] for chain in ends], part.faces, window)
        begun = [[face] for face in part.faces]
        for left, right in same:
            ends[left].append(part.faces[right])
            begun[right] = ends[left]
        doubts += [(ends[left], begun[right]) for left, right in unsure]
        matched = {right for _, right in same}
        chains += [chain for place, chain in enumerate(begun) if place not in matched]
        ends = begun
    joined = {id(chain): _one(chain, terms) for chain in chains}
    for group in _groups(doubts):
        ages = tuple(age for chain in group for age in joined[id(chain)].ages)
        for chain in group:
            joined[id(chain)] = replace(joined[id(chain)], ages=ages)
    return tuple(sorted(joined.values(), key=lambda face: (face.first_frame, face.path.first_pts)))


def join_spans(parts: Sequence[SegmentFaces]) -> tuple[LostSpan, ...]:
    """The seconds in which the crowd was lost for anyone, each once."""
    spans: list[LostSpan] = []
    for start, end in sorted(span for part in parts for span in part.lost_spans):
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return tuple(spans)


def _pairs(
    left: Sequence[SweptFace], right: Sequence[SweptFace], window: NDArray[np.int64]
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Pairs of places in `left` and `right`: those that are one face, and those that may be."""
    paths_left = [sampled(face.path, window) for face in left]
    paths_right = [sampled(face.path, window) for face in right]
    found = []
    for i, a in enumerate(paths_left):
        for j, b in enumerate(paths_right):
            overlaps = face_overlaps(a, b)
            if len(overlaps) and overlaps.max() >= DOUBT_IOU:
                found.append((float(overlaps.mean()), i, j))
    found.sort(key=lambda pair: (-pair[0], pair[1], pair[2]))
    same: list[tuple[int, int]] = []
    taken_left: set[int] = set()
    taken_right: set[int] = set()
    for mean, i, j in found:
        if mean >= SAME_IOU and i not in taken_left and j not in taken_right:
            same.append((i, j))
            taken_left.add(i)
            taken_right.add(j)
    unsure = [(i, j) for _, i, j in found if i not in taken_left or j not in taken_right]
    return same, unsure


def _one(chain: Sequence[SweptFace], terms: AgeTerms) -> SweptFace:
    """One face of what each segment saw of it."""
    path, epochs = chain[0].path, [list(epoch) for epoch in chain[0].answers]
    for face in chain[1:]:
        path = envelope(path, face.path)
        first, *others = [list(epoch) for epoch in face.answers] or [[]]
        if epochs:
            epochs[-1] += first  # the epoch goes on across the cut
        else:
            epochs = [first]
        epochs += others
    best = max((face.best for face in chain), key=lambda found: found.score)
    return SweptFace(
        path,
        best,
        terms.ages(best, epochs),
        sum(face.sightings for face in chain),
        min(face.first_frame for face in chain),
        max(face.last_frame for face in chain),
    )


def _groups(pairs: Sequence[tuple[list[SweptFace], list[SweptFace]]]) -> list[list[list[SweptFace]]]:
    """The chains that are linked by `pairs`, also over several."""
    leader: dict[int, int] = {}
    chains: dict[int, list[SweptFace]] = {}

    def head(key: int) -> int:
        while leader[key] != key:
            key = leader[key]
        return key

    for a, b in pairs:
        for chain in (a, b):
            leader.setdefault(id(chain), id(chain))
            chains[id(chain)] = chain
        leader[head(id(b))] = head(id(a))
    groups: dict[int, list[list[SweptFace]]] = {}
    for key, chain in chains.items():
        groups.setdefault(head(key), []).append(chain)
    return list(groups.values())
