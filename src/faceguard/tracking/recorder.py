"""From the steps of a tracker to the whole life of each face, where the future is known.

Between two sightings the face is taken to move evenly against the camera's own motion; before the first and after the
last it is covered for a while longer, with a margin that grows with the distance from the sighting. Nothing crosses a
cut.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from faceguard.tracking.camera import CameraStep, Motion
from faceguard.tracking.path import TrackPath, joined, simplify
from faceguard.tracking.tracker import beyond_edges
from faceguard.types import Box, Detection, Track, TrackState

Array = NDArray[np.float64]

_CHUNK = 512

CoverOf = Callable[[Detection], Box]
"""What belongs to a face's head; not clipped to the frame."""


@dataclass(frozen=True, slots=True)
class RecorderSettings:
    """Times in seconds, margins in shares of the face.

    `hold_s` is how long a face is covered before its first and after its last sighting. A face that only the rare
    thorough look sees gets `rare_hold_s`, which must be longer than the time between two of them; so does one that
    comes or goes over the frame's edge.
    """

    hold_s: float = 0.75
    rare_hold_s: float = 1.8
    grow_per_s: float = 0.5
    max_grow: float = 0.6
    gap_grow_per_s: float = 0.25
    path_tolerance: float = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class FinishedTrack:
    """The whole life of a face. `first_s` and `last_s` are the times of the first and the last of its `sightings`."""

    track_id: int
    path: TrackPath
    sightings: int
    epochs: int
    confirmed: bool
    best_score: float
    first_s: float
    last_s: float


@dataclass(frozen=True, slots=True)
class _Step:
    index: int
    pts: int
    pts_s: float
    motion: Motion
    cut: bool


@dataclass(slots=True)
class _Life:
    """`boxes` rows: centre x, y, width, height; then the cover beyond it, in shares: left, top, right, bottom."""

    track_id: int
    before: tuple[_Step, ...]
    """The steps up to and with the first sighting."""
    pts: list[int] = field(default_factory=list)
    boxes: list[Array] = field(default_factory=list)
    done: list[TrackPath] = field(default_factory=list)
    """What came before `pts` and `boxes`, already simplified, so that a long life takes little memory."""
    first_row: Array = field(default_factory=lambda: np.zeros(8))
    first_s: float = 0.0
    last: _Step | None = None
    speed: Array = field(default_factory=lambda: np.zeros(2))
    first_speed: Array | None = None
    sightings: int = 0
    looks: int = 0
    """From the first to the last sighting; `missed` are the looks since then."""
    missed: int = 0
    epochs: int = 1
    confirmed: bool = False
    best_score: float = 0.0


class TrackRecorder:
    """Records one stream; `frame_size` is width and height of the upright frame."""

    def __init__(
        self, frame_size: tuple[int, int], cover_of: CoverOf, settings: RecorderSettings | None = None
    ) -> None:
        self._frame_size = frame_size
        self._cover_of = cover_of
        self._settings = settings or RecorderSettings()
        self._steps: deque[_Step] = deque()
        self._void_cuts: set[int] = set()
        self._lives: dict[int, _Life] = {}
        self._live_ids: frozenset[int] = frozenset()

    def add(
        self, index: int, pts: int, pts_s: float, camera: CameraStep, tracks: Sequence[Track], *, looked: bool
    ) -> list[FinishedTrack]:
        """Takes in one frame, in order; gives back the tracks whose life is now known to its end."""
        if camera.flash_over:
            self._void_cuts |= {s.index for s in self._steps if s.cut}
        self._steps.append(_Step(index, pts, pts_s, camera.motion, camera.cut))
        for track in tracks:
            if track.detection is not None:
                self._sighted(track, track.detection)
            elif looked and track.track_id in self._lives:
                self._lives[track.track_id].missed += 1
        self._live_ids = frozenset(t.track_id for t in tracks)
        finished = self._finish_the_old(pts_s)
        self._forget(pts_s)
        return finished

    def finish(self) -> list[FinishedTrack]:
        """The tracks that were still alive when the stream ended."""
        finished = [self._finished(life) for life in self._lives.values()]
        self._lives.clear()
        return finished

    def _sighted(self, track: Track, detection: Detection) -> None:
        step = self._steps[-1]
        life = self._lives.get(track.track_id)
        if life is None:
            reach_s = self._settings.rare_hold_s
            before = tuple(s for s in self._steps if step.pts_s - s.pts_s <= reach_s)
            life = self._lives[track.track_id] = _Life(track.track_id, before, first_s=step.pts_s)
        row = self._row(detection, life.boxes[-1] if life.boxes else None)
        if life.last is not None:
            self._fill(life, row, step)
        else:
            life.first_row = row
        life.pts.append(step.pts)
        life.boxes.append(row)
        if len(life.pts) > _CHUNK:
            life.done.append(self._piece(life.pts, life.boxes))
            life.pts, life.boxes = life.pts[-1:], life.boxes[-1:]
        life.last = step
        life.sightings += 1
        life.looks += 1 + life.missed
        life.missed = 0
        life.epochs = track.epoch + 1
        life.confirmed = life.confirmed or track.state is TrackState.CONFIRMED
        life.best_score = max(life.best_score, detection.score)

    def _row(self, detection: Detection, before: Array | None) -> Array:
        usual = None if before is None else (float(before[2]), float(before[3]))
        face = beyond_edges(detection.box, self._frame_size, usual)
        cover = self._cover_of(detection)
        shares = [
            max(0.0, face.x0 - cover.x0) / face.width,
            max(0.0, face.y0 - cover.y0) / face.height,
            max(0.0, cover.x1 - face.x1) / face.width,
            max(0.0, cover.y1 - face.y1) / face.height,
        ]
        return np.array([*face.centre, face.width, face.height, *shares])

    def _fill(self, life: _Life, row: Array, step: _Step) -> None:
        """The frames between the last sighting and this one, and the speed against the camera."""
        last, start = life.last, life.boxes[-1]
        assert last is not None  # noqa: S101  by the only caller
        between = [s for s in self._steps if s.index > last.index]  # the last of them is `step`
        forward = [start]
        for s in between:
            forward.append(_moved(forward[-1], s.motion))
        backward = [row]
        for s in reversed(between):
            backward.append(_moved(backward[-1], s.motion.inverse()))
        backward.reverse()
        total_s = max(step.pts_s - last.pts_s, 1e-6)
        speed = (row[:2] - forward[-1][:2]) / total_s
        life.speed = speed if life.sightings == 1 else 0.5 * (life.speed + speed)
        if life.first_speed is None:
            life.first_speed = speed
        for k, s in enumerate(between[:-1], start=1):
            share = (s.pts_s - last.pts_s) / total_s
            blended = (1 - share) * forward[k] + share * backward[k]
            blended[4:] = np.maximum(start[4:], row[4:])
            apart = float(np.abs(forward[k][:2] - backward[k][:2]).max()) / max(blended[2], blended[3])
            nearest_s = min(share, 1 - share) * total_s
            grow = self._settings.gap_grow_per_s * nearest_s + apart * share * (1 - share)
            blended[4:] += min(grow, self._settings.max_grow)
            life.pts.append(s.pts)
            life.boxes.append(blended)

    def _finish_the_old(self, now_s: float) -> list[FinishedTrack]:
        wait_s = self._settings.rare_hold_s + 0.5  # a flash is known as such within this time
        over = [
            i
            for i, life in self._lives.items()
            if i not in self._live_ids and life.last is not None and now_s - life.last.pts_s > wait_s
        ]
        return [self._finished(self._lives.pop(i)) for i in over]

    def _finished(self, life: _Life) -> FinishedTrack:
        assert life.last is not None  # noqa: S101  a life begins with a sighting
        first_speed = np.zeros(2) if life.first_speed is None else life.first_speed
        head = self._head(life, first_speed, self._hold_s(life, life.first_row))
        tail = self._tail(life, self._hold_s(life, life.boxes[-1]))
        pieces = [*life.done, self._piece(life.pts + [p for p, _ in tail], life.boxes + [r for _, r in tail])]
        if head:
            pieces.insert(
                0, self._piece([p for p, _ in head] + [life.before[-1].pts], [*(r for _, r in head), life.first_row])
            )
        return FinishedTrack(
            life.track_id,
            joined(pieces),
            life.sightings,
            life.epochs,
            life.confirmed,
            life.best_score,
            life.first_s,
            life.last.pts_s,
        )

    def _hold_s(self, life: _Life, end: Array) -> float:
        """How long the face is covered beyond the sighting `end`. One that the frame's edge cuts is found no more long
        before all of it is gone."""
        x0, y0, x1, y1 = _corners(end[None])[0, :4]
        width, height = self._frame_size
        cut_by_edge = min(x0, y0, width - x1, height - y1) < 0
        rare = life.sightings < 2 or life.sightings * 2 < life.looks
        return self._settings.rare_hold_s if rare or cut_by_edge else self._settings.hold_s

    def _piece(self, pts: list[int], rows: list[Array]) -> TrackPath:
        return simplify(np.array(pts, np.int64), _corners(np.array(rows)), self._settings.path_tolerance)

    def _head(self, life: _Life, speed: Array, hold_s: float) -> list[tuple[int, Array]]:
        """The frames before the first sighting, in order."""
        points: list[tuple[int, Array]] = []
        row = life.first_row
        steps = life.before
        for later, earlier in zip(reversed(steps), list(reversed(steps))[1:], strict=False):
            away_s = life.first_s - earlier.pts_s
            if self._is_cut(later) or away_s > hold_s:
                break
            row = _moved(row, later.motion.inverse())
            points.append((earlier.pts, self._drifted(row, -speed, away_s)))
        return points[::-1]

    def _tail(self, life: _Life, hold_s: float) -> list[tuple[int, Array]]:
        """The frames after the last sighting, in order."""
        assert life.last is not None  # noqa: S101  a life begins with a sighting
        points: list[tuple[int, Array]] = []
        row = life.boxes[-1]
        for s in self._steps:
            if s.index <= life.last.index:
                continue
            away_s = s.pts_s - life.last.pts_s
            if self._is_cut(s) or away_s > hold_s:
                break
            row = _moved(row, s.motion)
            points.append((s.pts, self._drifted(row, life.speed, away_s)))
        return points

    def _is_cut(self, step: _Step) -> bool:
        return step.cut and step.index not in self._void_cuts

    def _drifted(self, row: Array, speed: Array, away_s: float) -> Array:
        """`row` carried on by `speed`, which dies away within a third of a second, and with a margin for the doubt."""
        drift = speed * 0.3 * (1 - np.exp(-away_s / 0.3))
        moved = row.copy()
        moved[:2] += drift
        doubt = self._settings.grow_per_s * away_s + 0.5 * float(np.abs(drift).max()) / max(row[2], row[3])
        moved[4:] += min(doubt, self._settings.max_grow)
        return moved

    def _forget(self, now_s: float) -> None:
        """Drops the steps that no living track can still need."""
        oldest_s = now_s - self._settings.rare_hold_s - 0.5
        for life in self._lives.values():
            if life.last is not None:
                oldest_s = min(oldest_s, life.last.pts_s)
        while self._steps and self._steps[0].pts_s < oldest_s:
            self._void_cuts.discard(self._steps.popleft().index)


def _moved(row: Array, motion: Motion) -> Array:
    """A row carried along by the camera."""
    moved = row.copy()
    moved[0], moved[1] = motion.move(float(row[0]), float(row[1]))
    moved[2:4] = row[2:4] * motion.zoom
    return moved


def _corners(rows: Array) -> Array:
    """`(K, 8)` rows as corners of face and cover."""
    half = rows[:, 2:4] / 2
    face = np.hstack((rows[:, :2] - half, rows[:, :2] + half))
    beyond = rows[:, 4:] * np.hstack((rows[:, 2:4], rows[:, 2:4]))
    cover = face + beyond * np.array([-1, -1, 1, 1])
    return np.hstack((face, cover))
