"""Whether many faces were lost at once, so that no prediction of where they are can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from faceguard.types import Track, TrackState


@dataclass(frozen=True, slots=True)
class CrowdWatch:
    """`min_lost` faces, and `lost_share` of all that are followed, must be coasting."""

    min_lost: int = 3
    lost_share: float = 0.5

    def is_lost(self, tracks: Sequence[Track]) -> bool:
        lost = sum(track.state is TrackState.COASTING for track in tracks)
        return lost >= self.min_lost and lost >= self.lost_share * len(tracks)


Span = tuple[float, float]
"""First and last second, both included."""


@dataclass(slots=True)
class LostSpans:
    """The spans of a stream in which `watch` says that the crowd is lost."""

    watch: CrowdWatch
    _spans: list[Span] = field(default_factory=list)
    _was_lost: bool = False

    def add(self, pts_s: float, tracks: Sequence[Track]) -> None:
        """Takes in the tracks at `pts_s`, frame after frame."""
        lost = self.watch.is_lost(tracks)
        if lost and self._was_lost:
            self._spans[-1] = (self._spans[-1][0], pts_s)
        elif lost:
            self._spans.append((pts_s, pts_s))
        self._was_lost = lost

    def widened(self, by_s: float) -> tuple[Span, ...]:
        """The spans, each longer by `by_s` on both sides: they were lost a little before it was seen."""
        return tuple((max(0.0, start - by_s), end + by_s) for start, end in self._spans)
