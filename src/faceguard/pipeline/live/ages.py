"""Decisions on faces of a live stream: REDACT until enough is known, and never back once a minor seems possible."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from faceguard.age.aggregate import NEAR_COPY_S, most_protective
from faceguard.types import AgeAnswer, AgeEstimate, AgeUnknown, AgeUnknownReason, Decision, Effect, Subject, Track

Decide = Callable[[Subject], Decision]

_NOT_YET = AgeUnknown(AgeUnknownReason.NOT_YET)
_ENOUGH_ESTIMATES = 3


@dataclass(slots=True)
class _Known:
    epoch: int
    answer: AgeAnswer = _NOT_YET
    estimates: int = 0
    asked_s: float = float("-inf")
    decision: Decision | None = None
    settled: bool = False


@dataclass(slots=True)
class LiveDecisions:
    """One stream's faces. `decide` is the policy's; a track's index in the record is its id plus one."""

    decide: Decide
    _known: dict[int, _Known] = field(default_factory=dict)
    _protected: dict[int, Decision] = field(default_factory=dict)

    def decision(self, track: Track) -> Decision:
        """What holds for `track` now: KEEP only after several crops of this epoch, all of them clear (FG-A10)."""
        known = self._of(track)
        if track.track_id in self._protected:
            return self._protected[track.track_id]
        if known.decision is None:
            known.decision = self.decide(Subject(track.track_id + 1, known.answer))
        if known.decision.effect is Effect.KEEP and known.estimates < _ENOUGH_ESTIMATES:
            return self.decide(Subject(track.track_id + 1, _NOT_YET))
        return known.decision

    def wants(self, track: Track, pts_s: float) -> bool:
        """Whether another crop of `track` is worth looking at."""
        known = self._of(track)
        if known.settled or track.detection is None or pts_s - known.asked_s < NEAR_COPY_S:
            return False
        known.asked_s = pts_s
        return True

    def learn(self, track_id: int, epoch: int, answer: AgeAnswer) -> None:
        """Takes in what the age model says of a crop; an answer on an epoch that is over says nothing of this one."""
        known = self._known.get(track_id)
        if known is None or known.epoch != epoch:
            return
        known.answer = most_protective((known.answer, answer))
        known.decision = self.decide(Subject(track_id + 1, known.answer))
        if isinstance(answer, AgeEstimate):
            known.estimates += 1
            if known.decision.effect is not Effect.KEEP:
                self._protected[track_id] = known.decision
                known.settled = True

    def forget(self, alive: frozenset[int]) -> None:
        """Drops what is known of faces that are gone."""
        for track_id in [i for i in self._known if i not in alive]:
            del self._known[track_id]
            self._protected.pop(track_id, None)

    def _of(self, track: Track) -> _Known:
        known = self._known.get(track.track_id)
        if known is None or known.epoch != track.epoch:
            known = self._known[track.track_id] = _Known(track.epoch)
        return known
