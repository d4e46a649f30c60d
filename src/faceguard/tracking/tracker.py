"""Follows faces from frame to frame: two passes of association (ByteTrack, Zhang et al. 2022) over predicted boxes.

The first pass pairs sure detections with tracks, the second gives unsure ones to tracks that are left over; only a sure
one starts a track. Tracks that aren't seen coast on their prediction, grow their reach, and end after `max_coast_s`. A
cut ends all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceguard.tracking.association import buffered_iou, match
from faceguard.tracking.camera import CameraStep
from faceguard.tracking.kalman import KalmanBank
from faceguard.types import Box, Detection, Track, TrackState

Array = NDArray[np.float64]

_NOMINAL_STEP_S = 1 / 30
_SPEED_LIFE_S = 0.8
"""Time in which a lost face is taken to lose most of its speed: it stops, turns, or was measured wrongly."""
_KNOWN_HITS = 3
_FAST_PER_S = 1.5
"""Sizes per second: a face that moves more than a quarter of itself between calm looks."""
_EDGE_PX = 1.5
"""A box that ends this near to the frame's edge is taken to go on beyond it."""


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    """`start_score` is what a detection needs to begin a track; lower ones only continue it. Times in seconds."""

    start_score: float = 0.3
    confirm_score: float = 0.75
    max_coast_s: float = 2.0
    min_similarity: float = 0.2
    base_buffer: float = 0.2
    buffer_per_s: float = 0.8
    young_buffer_per_s: float = 2.5
    """For a face that was seen once, so that its speed isn't known."""
    max_buffer: float = 1.0
    epoch_gap_s: float = 0.7
    """A face that reappears after this time may be another's."""
    crossing_iou: float = 0.25
    """Tracks that overlap by this much may be taken for each other."""


@dataclass(slots=True)
class _Life:
    track_id: int
    last_seen_s: float
    hits: int = 1
    best_score: float = 0.0
    epoch: int = 0
    crosses: bool = False
    """Whether it overlaps another track now; `crossed_before`: whether it did when it was last seen."""
    crossed_before: bool = False
    missed: bool = False


class FaceTracker:
    """A `types.Tracker` for one stream; `step` is the full form of `update`."""

    def __init__(self, settings: TrackerSettings | None = None) -> None:
        self._settings = settings or TrackerSettings()
        self._bank = KalmanBank()
        self._lives: list[_Life] = []
        self._next_id = 0
        self._now_s: float | None = None
        self._looked_s = 0.0

    def update(self, detections: Sequence[Detection], frame_size: tuple[int, int]) -> tuple[Track, ...]:
        """One step of a thirtieth of a second under a still camera, all detections looked for."""
        now_s = 0.0 if self._now_s is None else self._now_s + _NOMINAL_STEP_S
        return self.step(now_s, CameraStep(), detections, frame_size)

    def step(
        self, pts_s: float, camera: CameraStep, detections: Sequence[Detection] | None, frame_size: tuple[int, int]
    ) -> tuple[Track, ...]:
        """All tracks at the frame of `pts_s`. `detections` is None where no detector looked."""
        elapsed_s = 0.0 if self._now_s is None else max(0.0, pts_s - self._now_s)
        self._now_s = pts_s
        if camera.cut:
            self._drop(np.zeros(len(self._lives), dtype=np.bool_))
        self._bank.predict(elapsed_s, camera.motion)
        seen: dict[int, Detection] = {}
        if detections is not None:
            self._mark_crossings()
            seen = self._associate(pts_s, detections, frame_size)
        self._end_the_lost(pts_s, seen)
        return tuple(self._track(row, life, seen.get(life.track_id)) for row, life in enumerate(self._lives))

    @property
    def is_restless(self) -> bool:
        """Whether a face moves fast against the camera, was just lost, or is so new that its speed isn't known."""
        if any(life.hits < _KNOWN_HITS or life.missed for life in self._lives):
            return True
        size = self._bank.position[:, 2:].mean(axis=1)
        return bool((np.abs(self._bank.speed[:, :2]).max(axis=1, initial=0.0) > _FAST_PER_S * size).any())

    def _associate(
        self, pts_s: float, detections: Sequence[Detection], frame_size: tuple[int, int]
    ) -> dict[int, Detection]:
        s = self._settings
        sure = [d for d in detections if d.score >= s.start_score]
        unsure = [d for d in detections if d.score < s.start_score]
        seen: dict[int, Detection] = {}
        rows = list(range(len(self._lives)))
        leftover: list[Detection] = []
        for group in (sure, unsure):
            pairs = self._pairs(pts_s, rows, group)
            for row, column in pairs:
                self._hit(row, group[column], pts_s, frame_size)
                seen[self._lives[row].track_id] = group[column]
            rows = [row for row in rows if row not in {r for r, _ in pairs}]
            if group is sure:
                taken = {column for _, column in pairs}
                leftover = [d for i, d in enumerate(sure) if i not in taken]
        for row in rows:
            self._lives[row].missed = True
            self._bank.slow_down(row, math.exp(-(pts_s - self._looked_s) / _SPEED_LIFE_S))
        self._looked_s = pts_s
        for detection in leftover:
            seen[self._start(detection, pts_s, frame_size)] = detection
        return seen

    def _pairs(self, pts_s: float, rows: list[int], detections: Sequence[Detection]) -> list[tuple[int, int]]:
        """`(row of the bank, index of the detection)`."""
        if not rows or not detections:
            return []
        s = self._settings
        tracks = self._bank.position[rows]
        boxes = np.array([_measure(d.box) for d in detections])
        waited = np.array([pts_s - self._lives[row].last_seen_s for row in rows])
        per_s = np.array([s.young_buffer_per_s if self._lives[row].hits < 2 else s.buffer_per_s for row in rows])
        buffer = np.minimum(s.base_buffer + per_s * waited, s.max_buffer)
        similarity = buffered_iou(tracks, boxes, buffer, np.full(len(boxes), s.base_buffer))
        found = match(similarity, tracks[:, 2:].mean(axis=1), boxes[:, 2:].mean(axis=1), s.min_similarity)
        return [(rows[i], j) for i, j in found]

    def _hit(self, row: int, detection: Detection, pts_s: float, frame_size: tuple[int, int]) -> None:
        life = self._lives[row]
        if pts_s - life.last_seen_s > self._settings.epoch_gap_s or life.crosses != life.crossed_before:
            life.epoch += 1
        life.crossed_before = life.crosses
        life.last_seen_s = pts_s
        life.hits += 1
        life.missed = False
        life.best_score = max(life.best_score, detection.score)
        w, h = self._bank.position[row, 2:]
        self._bank.correct(row, _measure(beyond_edges(detection.box, frame_size, (float(w), float(h)))))

    def _start(self, detection: Detection, pts_s: float, frame_size: tuple[int, int]) -> int:
        track_id = self._next_id
        self._next_id += 1
        self._lives.append(_Life(track_id, pts_s, best_score=detection.score))
        self._bank.add(_measure(beyond_edges(detection.box, frame_size)))
        return track_id

    def _mark_crossings(self) -> None:
        """Tracks whose boxes overlap now may come out of it with each other's detections."""
        for life in self._lives:
            life.crosses = False
        if len(self._lives) < 2:
            return
        none = np.zeros(len(self._lives))
        overlap = buffered_iou(self._bank.position, self._bank.position, none, none)
        np.fill_diagonal(overlap, 0)
        for life, worst in zip(self._lives, overlap.max(axis=1).tolist(), strict=True):
            life.crosses = worst > self._settings.crossing_iou

    def _end_the_lost(self, pts_s: float, seen: dict[int, Detection]) -> None:
        keep = [life.track_id in seen or pts_s - life.last_seen_s <= self._settings.max_coast_s for life in self._lives]
        if not all(keep):
            self._drop(np.array(keep, dtype=np.bool_))

    def _drop(self, keep: NDArray[np.bool_]) -> None:
        self._bank.keep(keep)
        self._lives = [life for life, kept in zip(self._lives, keep.tolist(), strict=True) if kept]

    def _track(self, row: int, life: _Life, detection: Detection | None) -> Track:
        cx, cy, w, h = self._bank.position[row].tolist()
        sure = life.hits >= 2 or life.best_score >= self._settings.confirm_score
        state = TrackState.CONFIRMED if sure else TrackState.TENTATIVE
        if life.missed:
            state = TrackState.COASTING
        return Track(life.track_id, Box(cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2), state, detection, life.epoch)


def beyond_edges(box: Box, frame_size: tuple[int, int], usual: tuple[float, float] | None = None) -> Box:
    """`box` let out over the frame's edges where it touches them: a detector can't see how far the face goes on.

    `usual` is the face's width and height when it was last seen whole; else a face is taken to be 4 wide and 5 high.
    """
    width, height = frame_size
    want_w = max(box.width, usual[0] if usual else box.height * 0.8)
    want_h = max(box.height, usual[1] if usual else box.width * 1.25)
    x0, y0, x1, y1 = box.x0, box.y0, box.x1, box.y1
    if x0 <= _EDGE_PX:
        x0 = min(x0, x1 - want_w)
    elif x1 >= width - _EDGE_PX:
        x1 = max(x1, x0 + want_w)
    if y0 <= _EDGE_PX:
        y0 = min(y0, y1 - want_h)
    elif y1 >= height - _EDGE_PX:
        y1 = max(y1, y0 + want_h)
    return Box(x0, y0, x1, y1)


def _measure(box: Box) -> Array:
    cx, cy = box.centre
    return np.array([cx, cy, box.width, box.height])
