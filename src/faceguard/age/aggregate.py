"""Many crops of one track -> one answer, with bounded work (FG-A10).

A track's answer is the most protective one it ever got: one frame in which a child looks grown up must not show the
child. Frames a moment apart are near-copies, whose errors are the same error; they are told apart by time, and a
second look at the same moment is only worth it when the crop is much better. So a face seen for a minute costs a
handful of estimates, not 1,800.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from faceguard.types import AgeAnswer, AgeEstimate, AgeUnknown, AgeUnknownReason


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """`max_estimates` is how often one track is estimated at most."""

    max_estimates: int = 5
    near_copy_s: float = 1.0
    """Crops closer in time than this are near-copies."""
    much_better: float = 1.5
    """A near-copy is looked at again from this ratio of qualities up."""

    def __post_init__(self) -> None:
        if self.max_estimates < 1 or self.near_copy_s < 0 or self.much_better < 1:
            raise ValueError("a pool needs at least one estimate, a gap of 0 s or more and a ratio of 1 or more")


@dataclass(frozen=True, slots=True)
class _Seen:
    quality: float
    pts_s: float
    answer: AgeAnswer


@dataclass(slots=True)
class TrackAgePool:
    """The answers of one track. Ask `offer` before estimating, tell `add` what came of it, read `answer` at any time.

    `quality` is any positive number that rises with the worth of a crop, such as box area times detector score.
    """

    settings: PoolSettings = field(default_factory=PoolSettings)
    _seen: list[_Seen] = field(default_factory=list)

    def offer(self, quality: float, pts_s: float) -> bool:
        """Whether a crop of this quality at this moment is worth an estimate."""
        if quality <= 0 or len(self._seen) >= self.settings.max_estimates:
            return False
        near = [seen for seen in self._seen if abs(seen.pts_s - pts_s) < self.settings.near_copy_s]
        return all(quality >= self.settings.much_better * seen.quality for seen in near)

    def add(self, answer: AgeAnswer, *, quality: float, pts_s: float) -> None:
        """Takes the answer for a crop. An answer that was never offered counts too: it can only protect more."""
        self._seen.append(_Seen(quality, pts_s, answer))

    @property
    def estimates_made(self) -> int:
        return len(self._seen)

    def answer(self) -> AgeAnswer:
        """The most protective answer so far; `NOT_YET` before the first."""
        return most_protective(seen.answer for seen in self._seen)


def most_protective(answers: Iterable[AgeAnswer]) -> AgeAnswer:
    """Of answers on one face the one that protects most: the lowest of each figure any estimate gave.

    A crop that tells nothing takes nothing away: unknown only if no crop gave an estimate, and `NOT_YET` for no crop.
    """
    found: AgeAnswer = AgeUnknown(AgeUnknownReason.NOT_YET)
    for answer in answers:
        if isinstance(answer, AgeEstimate):
            found = _lower_of(found, answer) if isinstance(found, AgeEstimate) else answer
        elif isinstance(found, AgeUnknown):
            found = answer
    return found


def _lower_of(a: AgeEstimate, b: AgeEstimate) -> AgeEstimate:
    """The younger estimate, with the lower of both bounds and the higher of both probabilities of being under age."""
    younger = min(a, b, key=lambda estimate: (estimate.years, estimate.lower_years))
    under = dict(a.p_under)
    for threshold, probability in b.p_under:
        under[threshold] = max(probability, under.get(threshold, 0.0))
    return AgeEstimate(
        years=younger.years,
        std_years=max(a.std_years, b.std_years),
        lower_years=min(a.lower_years, b.lower_years),
        model_id=younger.model_id,
        calibration_id=a.calibration_id if a.calibration_id == b.calibration_id else "",
        p_under=tuple(sorted(under.items())),
    )
