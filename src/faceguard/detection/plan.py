"""A detection plan: several passes over a picture, and one list of faces.

    1. Which way is up? A quick pass over the picture in all four quarter turns; another turn than the picture's own
       wins if its finds are firmer, also when the other networks have looked at the finds of both (leaves look like
       faces to one network, not to all).
    2. The plan's passes, in that turn, are joined by `fusion`.
    3. Firm finds of the other turns that aren't among them (a lying head) are kept if the other networks confirm them.

A plan without a turned pass does step 2 only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceguard.detection.candidates import Candidates, concatenate, nothing
from faceguard.detection.confirm import second_opinions
from faceguard.detection.fusion import Fusion
from faceguard.detection.merge import best_of_overlapping, best_overlap
from faceguard.detection.network import Network
from faceguard.detection.scaling import Pyramid
from faceguard.detection.turning import TURNS, turn, turn_back
from faceguard.types import Box, Detection, Landmarks

_UPRIGHT_BONUS = 1.2
"""A picture is taken to be turned only if another turn finds this much more."""
_FIRM = 0.5
"""Probability from which a find counts when the turns are compared."""
_FINDS_TO_CONFIRM = 16
"""So many of the firmest finds decide whether a turn is believed."""
_SAME_PLACE_IOU = 0.2
"""A find of another turn that overlaps a face already found by more is that face again."""


@dataclass(frozen=True, slots=True)
class Pass:
    """One look at the whole picture: `network`, with the picture's longer side at `side_px`."""

    network: Network
    side_px: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What a tier does. Faces less probable than `min_probability` are dropped.

    `min_score` is where the networks' own scores begin to be heard. `turned` is the pass that looks for other turns;
    its finds count from `min_turned_score`.
    """

    passes: tuple[Pass, ...]
    fusion: Fusion
    min_probability: float
    min_score: float = 0.1
    turned: Pass | None = None
    min_turned_score: float = 0.5


@dataclass(frozen=True, slots=True)
class PlannedDetector:
    """Carries out a plan. A `types.Detector`."""

    plan: Plan
    threads: int | None = None

    @property
    def model_ids(self) -> tuple[str, ...]:
        steps = (*self.plan.passes, self.plan.turned) if self.plan.turned else self.plan.passes
        return tuple(dict.fromkeys(step.network.model_id for step in steps))

    def detect(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        """Faces of `image`, `(H, W, 3)` BGR uint8, any size; boxes in its pixels, clipped to it, best score first.

        A score is the probability that this is a face, as far as the plan's networks can tell.
        """
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
            raise ValueError(f"a picture must be (H, W, 3) uint8 and not empty, got {image.shape} {image.dtype}")
        pyramid = Pyramid(image)
        looks = self._look_around(pyramid)
        turns = self._best_turn(pyramid, looks)
        faces = self._upright_faces(pyramid, turns, looks)
        faces = concatenate([faces, self._other_faces(pyramid, turns, looks, faces)])
        return to_detections(faces, image.shape[1], image.shape[0], "+".join(self.model_ids))

    def _run(self, step: Pass, pyramid: Pyramid, turns: int) -> Candidates:
        scaled = pyramid.scaled(step.side_px)
        (found,) = step.network.find(turn(scaled.image, turns)[None], self.plan.min_score, self.threads)
        size = (scaled.image.shape[0], scaled.image.shape[1])
        return turn_back(found, turns, size).affine((scaled.sx, scaled.sy), (0.0, 0.0))

    def _look_around(self, pyramid: Pyramid) -> dict[int, Candidates]:
        """Turn -> what the turned pass finds; empty for a plan without one."""
        step = self.plan.turned
        return {} if step is None else {turns: self._run(step, pyramid, turns) for turns in TURNS}

    def _best_turn(self, pyramid: Pyramid, looks: dict[int, Candidates]) -> int:
        """The turn in which the faces of most of the picture stand upright; 0 when in doubt."""
        step = self.plan.turned
        if step is None:
            return 0
        strength = {turns: _strength(step.network.probability(found.scores)) for turns, found in looks.items()}
        best = max(TURNS, key=lambda turns: strength[turns] * (_UPRIGHT_BONUS if turns == 0 else 1))
        if best == 0:
            return 0
        own, other = (self._confirmed_strength(pyramid, looks[turns], turns, step.network) for turns in (0, best))
        return best if other > own * _UPRIGHT_BONUS else 0

    def _confirmed_strength(self, pyramid: Pyramid, found: Candidates, turns: int, network: Network) -> float:
        firmest = found.take(np.arange(min(len(found), _FINDS_TO_CONFIRM)))
        return _strength(self._confirm(pyramid, firmest, turns, network))

    def _confirm(self, pyramid: Pyramid, found: Candidates, turns: int, network: Network) -> NDArray[np.float32]:
        """(n,) how probable the finds of one `network` are once the others have looked at each."""
        others = [other for other in self.plan.fusion.weights if other != network]
        opinions = second_opinions(pyramid, found, turns, others, self.threads)
        return self.plan.fusion.probability({**opinions, network: found.scores})

    def _upright_faces(self, pyramid: Pyramid, turns: int, looks: dict[int, Candidates]) -> Candidates:
        """What all passes together see in the picture turned by `turns`."""
        finds = [
            (step.network, looks[turns] if looks and step == self.plan.turned else self._run(step, pyramid, turns))
            for step in self.plan.passes
        ]
        joined, _ = self.plan.fusion.join(finds)
        return joined.take(joined.scores >= self.plan.min_probability)

    def _other_faces(self, pyramid: Pyramid, turns: int, looks: dict[int, Candidates], known: Candidates) -> Candidates:
        """Faces that stand upright in another turn than `turns` only."""
        step = self.plan.turned
        if step is None:
            return nothing()
        faces = []
        for other in (t for t in TURNS if t != turns):
            strays = looks[other].take(looks[other].scores >= self.plan.min_turned_score)
            if len(known) and len(strays):
                strays = strays.take(best_overlap(strays.boxes, known.boxes)[1] < _SAME_PLACE_IOU)
            probability = self._confirm(pyramid, strays, other, step.network)
            faces.append(Candidates(strays.boxes, probability, strays.landmarks))
        every = concatenate(faces)
        every = every.take(every.scores >= self.plan.min_probability)
        return every.take(best_of_overlapping(every.boxes, every.scores, _SAME_PLACE_IOU))


def _strength(probabilities: NDArray[np.float32]) -> float:
    """How much the finds say that faces stand upright: firm ones only, and firmer ones more."""
    return float((probabilities[probabilities >= _FIRM] ** 2).sum())


def to_detections(found: Candidates, width: int, height: int, model_id: str) -> tuple[Detection, ...]:
    """As the rest of the package knows faces. What lies wholly outside the frame (in the padding) is dropped."""
    found = found.take(np.argsort(-found.scores, kind="stable"))
    boxes = np.clip(found.boxes.astype(np.float64), 0, (width, height, width, height))
    inside = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    return tuple(
        Detection(Box(*box), min(score, 1.0), Landmarks(*((x, y) for x, y in points)), model_id)
        for box, score, points in zip(
            boxes[inside].tolist(),
            found.scores[inside].tolist(),
            found.landmarks[inside].astype(np.float64).tolist(),
            strict=True,
        )
    )
