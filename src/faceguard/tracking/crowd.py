"""Whether many faces were lost at once, so that no prediction of where they are can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from faceguard.types import Track, TrackState


@dataclass(frozen=True, slots=True)
class CrowdWatch:
    """`min_lost` faces, and `lost_share` of all that are followed, must be coasting."""

    min_lost: int = 3
    lost_share: float = 0.5

    def is_lost(self, tracks: Sequence[Track]) -> bool:
        lost = sum(track.state is TrackState.COASTING for track in tracks)
        return lost >= self.min_lost and lost >= self.lost_share * len(tracks)
