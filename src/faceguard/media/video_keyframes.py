"""Where a video can be cut: the time stamps of its packets, read without decoding a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from faceguard.media.video_info import MediaInfo, VideoTrack
from faceguard.media.video_read import VideoReader


@dataclass(frozen=True, slots=True, eq=False)
class PacketIndex:
    """`pts` `(N,)` int64: time stamps of all pictures of a track in ticks, rising. `keys`: those of the key frames."""

    pts: NDArray[np.int64]
    keys: NDArray[np.int64]

    def place_of(self, pts: int) -> int:
        """How many pictures come before `pts`."""
        return int(np.searchsorted(self.pts, pts))

    def key_before(self, pts: int) -> int:
        """The last key frame at or before `pts`, or the first of all."""
        return int(self.keys[max(0, int(np.searchsorted(self.keys, pts, side="right")) - 1)])


def index_packets(path: Path, info: MediaInfo, track: VideoTrack) -> PacketIndex | None:
    """The packets of `track`; None where time stamps are missing, twice there, or fewer than the file promises.

    Such a file can be read in one go only, by a decoder that knows what came before. Raises DecodeError.
    """
    pts: list[int] = []
    keys: list[int] = []
    with VideoReader(path, info) as reader:
        for packet in reader.packets((track.index,)):
            if packet.pts is None or packet.is_corrupt or packet.is_discard:
                return None
            pts.append(packet.pts)
            if packet.is_keyframe:
                keys.append(packet.pts)
        promised = reader.container.streams[track.index].frames
    times = np.sort(np.array(pts, np.int64))
    if len(times) == 0 or promised > len(times) or (np.diff(times) <= 0).any() or not keys or min(keys) != times[0]:
        return None
    return PacketIndex(times, np.sort(np.array(keys, np.int64)))


def cut_points(index: PacketIndex, track: VideoTrack, min_part_s: float) -> Sequence[int]:
    """Key frames, first tick of each part, that cut the track into parts of `min_part_s` or a little more each."""
    ticks = min_part_s / track.time_base
    cuts = [int(index.pts[0])]
    last = int(index.pts[-1])
    for key in index.keys.tolist():
        if key - cuts[-1] >= ticks and last - key >= ticks / 2:
            cuts.append(key)
    return cuts
