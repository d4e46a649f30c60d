"""Live pictures through the sentence, within a latency budget: analysis may fall behind, redaction never does.

A look that doesn't end in time is left to end later; until then faces are covered where they are predicted, with a
margin that grows with the time since the last look. Past `blind_limit_s` without a finished look, at the start and
after a cut, the whole picture is covered. There is no look-ahead: a new face is covered from the first picture in which
it is detected, and one that comes between two looks is bare until the second ends, at most `blind_limit_s`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from faceguard.geometry import clip, expand
from faceguard.opencv import cv2
from faceguard.pipeline.analysis import crop_of
from faceguard.pipeline.live.ages import LiveDecisions
from faceguard.pipeline.live.journal import StreamJournal
from faceguard.pipeline.live.looks import Motions, OneAtATime, merged, shrunk
from faceguard.pipeline.rules import AssetScope
from faceguard.pipeline.run import Run
from faceguard.pipeline.video.looks import detect_scaled, quick_detector
from faceguard.pipeline.video.zones import Zones
from faceguard.tracking.camera import LUMA_SIDE_PX, CameraStep, CameraWatch
from faceguard.tracking.crowd import CrowdWatch
from faceguard.tracking.tracker import FaceTracker, TrackerSettings
from faceguard.types import (
    AgeAnswer,
    AgeEstimator,
    Box,
    Detection,
    Effect,
    FaceCrop,
    Frame,
    Function,
    Region,
    Track,
    TrackState,
)

_QUICK_SIDE_PX = 640
_THOROUGH_SIDE_PX = 1280


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """Times in seconds.

    `latency_budget_s` is how long a picture may wait for its own look. `blind_limit_s` is how much older the picture of
    the last finished look may be for predictions to be trusted; with 0 what wasn't looked at is covered whole. `hold_s`
    is how long a lost face stays covered, with a margin that grows by `grow_per_s` of its size. `cover_when_lost`
    covers all when many faces are lost at once, whatever the policy says.
    """

    latency_budget_s: float = 0.1
    blind_limit_s: float = 0.5
    hold_s: float = 1.0
    grow_per_s: float = 0.8
    thorough_interval_s: float = 2.0
    record_interval_s: float = 60.0
    cover_when_lost: bool = False
    zones: Zones = field(default_factory=Zones)

    def __post_init__(self) -> None:
        if min(self.latency_budget_s, self.blind_limit_s, self.hold_s, self.grow_per_s) < 0:
            raise ValueError("times and margins of a stream must not be negative")


@dataclass(frozen=True, slots=True, eq=False)
class SafeFrame:
    """A picture that may leave. `image` is `(H, W, 3)` BGR uint8, a new array; `regions` is what was covered of it.

    `look_age_s` is how much older the picture of the last finished look is; None before the first.
    """

    image: NDArray[np.uint8]
    index: int
    pts_s: float
    regions: tuple[Region, ...]
    is_all_covered: bool
    look_age_s: float | None


class LiveStream:
    """Guards one stream. `pictures` are `(seconds, (H, W, 3) BGR uint8)`, all of one size, in order."""

    def __init__(self, run: Run, settings: StreamSettings) -> None:
        self._run = run
        self._settings = settings
        self._bound = run.bind(also=frozenset({Function.TRACKING}))
        self._quick = quick_detector(run.stages.detector)
        self._tracker = FaceTracker(TrackerSettings(max_coast_s=settings.hold_s, epoch_gap_s=0.5))
        self._decisions = LiveDecisions(lambda subject: self._bound.decide(subject, AssetScope()))
        self._motions = Motions()
        self._crowd = CrowdWatch()
        self._bound_s: float | None = None
        self._looked_s: float | None = None
        self._cut_index = 0
        self._thorough_s = float("-inf")
        self._last_hit: dict[int, tuple[float, Detection]] = {}
        self._journal = StreamJournal(run, self._bound, settings.record_interval_s)

    def frames(self, pictures: Iterable[tuple[float, NDArray[np.uint8]]]) -> Iterator[SafeFrame]:
        """A safe picture for each of `pictures`. Raises FaceguardError and then gives no more."""
        camera: CameraWatch | None = None
        with ThreadPoolExecutor(2, thread_name_prefix="faceguard-look") as pool:
            quick: OneAtATime[tuple[Detection, ...]] = OneAtATime(pool)
            thorough: OneAtATime[tuple[Detection, ...]] = OneAtATime(pool)
            ages: OneAtATime[tuple[tuple[int, int], AgeAnswer]] = OneAtATime(pool)
            with self._run.withholding(self._bound, lambda: self._journal.asset), self._journal:
                for index, (pts_s, image) in enumerate(pictures):
                    due_s = time.monotonic() + self._settings.latency_budget_s
                    self._bind_again(pts_s)
                    camera = camera or self._begin(image)
                    step = camera.step(_luma(image), pts_s)
                    self._motions.add(index, pts_s, step.motion)
                    self._start_looks(quick, thorough, index, pts_s, image)
                    found = self._finds(quick, thorough, index, pts_s, step, due_s)
                    yield self._safe(index, pts_s, image, step, found, ages)

    def _bind_again(self, pts_s: float) -> None:
        """A notice may end and a consent be withdrawn while a stream runs: the gate is passed anew for each stretch."""
        if self._bound_s is None:
            self._bound_s = pts_s
        elif pts_s - self._bound_s >= self._settings.record_interval_s:
            self._bound_s = pts_s
            self._bound = self._run.bind(also=frozenset({Function.TRACKING}))
            self._journal.bind(self._bound)

    def _begin(self, image: NDArray[np.uint8]) -> CameraWatch:
        height, width = image.shape[:2]
        self._journal.begin(width, height)
        return CameraWatch(width)

    def _start_looks(
        self,
        quick: OneAtATime[tuple[Detection, ...]],
        thorough: OneAtATime[tuple[Detection, ...]],
        index: int,
        pts_s: float,
        image: NDArray[np.uint8],
    ) -> None:
        size = (image.shape[1], image.shape[0])
        if quick.is_free:
            small = shrunk(image, _QUICK_SIDE_PX)
            quick.start(index, lambda: tuple(detect_scaled(self._quick, small, size)))
        if thorough.is_free and pts_s - self._thorough_s >= self._settings.thorough_interval_s:
            self._thorough_s = pts_s
            large = shrunk(image, _THOROUGH_SIDE_PX)
            thorough.start(index, lambda: tuple(detect_scaled(self._run.stages.detector, large, size)))

    def _finds(
        self,
        quick: OneAtATime[tuple[Detection, ...]],
        thorough: OneAtATime[tuple[Detection, ...]],
        index: int,
        pts_s: float,
        step: CameraStep,
        due_s: float,
    ) -> list[Detection] | None:
        """What the looks found that are finished by now, moved to this picture; None when none is."""
        if step.cut:
            self._looked_s = None  # what was seen before the cut says nothing of what is there now
            self._cut_index = index
        fetched = [quick.fetch(due_s - time.monotonic()), thorough.fetch()]
        fresh = [result for result in fetched if result is not None and result[0] >= self._cut_index]
        if not fresh:
            return None
        looked_s = max(self._motions.time_of(result[0]) for result in fresh)
        self._looked_s = looked_s if self._looked_s is None else max(self._looked_s, looked_s)
        return [d for d in merged(self._motions, fresh) if not self._settings.zones.is_ignored(d.box, pts_s)]

    def _safe(
        self,
        index: int,
        pts_s: float,
        image: NDArray[np.uint8],
        step: CameraStep,
        found: list[Detection] | None,
        ages: OneAtATime[tuple[tuple[int, int], AgeAnswer]],
    ) -> SafeFrame:
        size = (image.shape[1], image.shape[0])
        tracks = self._tracker.step(pts_s, step, found, size)
        self._remember(pts_s, tracks)
        self._learn_ages(index, pts_s, image, tracks, ages)
        age_s = None if self._looked_s is None else pts_s - self._looked_s
        covers_lost = self._settings.cover_when_lost or self._bound.covers_when_lost
        lost = covers_lost and self._crowd.is_lost(tracks)
        if age_s is None or age_s > self._settings.blind_limit_s or lost:
            regions: tuple[Region, ...] = (Region(0, Box(0, 0, *size)),)
            all_covered = True
        else:
            regions, all_covered = self._regions(index, pts_s, tracks, size), False
        safe = self._run.stages.redactor.redact(Frame((image,), index=index, pts_s=pts_s), regions)
        self._journal.tick(pts_s, index)
        return SafeFrame(np.array(safe.planes[0]), index, pts_s, regions, all_covered, age_s)

    def _regions(
        self, index: int, pts_s: float, tracks: tuple[Track, ...], size: tuple[int, int]
    ) -> tuple[Region, ...]:
        regions = [Region(0, box) for box in self._settings.zones.covered_at(pts_s)]
        for track in tracks:
            seen_s, detection = self._last_hit[track.track_id]
            decision = self._decisions.decision(track)
            region: Region | None = None
            if decision.effect is not Effect.KEEP or track.state is TrackState.COASTING:
                box = clip(self._cover(track, detection, pts_s - seen_s), *size)
                region = None if box is None else Region(decision.index, box)
            if region is not None:
                regions.append(region)
            self._journal.note(track, detection, decision, region, index)
        return tuple(regions)

    def _remember(self, pts_s: float, tracks: tuple[Track, ...]) -> None:
        """Where each living face was last seen; what is known of the others is forgotten."""
        alive = frozenset(track.track_id for track in tracks)
        self._last_hit = {i: hit for i, hit in self._last_hit.items() if i in alive}
        self._last_hit |= {t.track_id: (pts_s, t.detection) for t in tracks if t.detection is not None}
        self._decisions.forget(alive)

    def _cover(self, track: Track, seen: Detection, since_s: float) -> Box:
        """The head around where the face is predicted, as much larger than the face as where it was last seen."""
        region = self._bound.region_of(seen)
        face, now = seen.box, track.box
        head = expand(
            now,
            max(0.0, face.x0 - region.x0) / face.width,
            max(0.0, face.y0 - region.y0) / face.height,
            max(0.0, region.x1 - face.x1) / face.width,
            max(0.0, region.y1 - face.y1) / face.height,
        )
        grow = self._settings.grow_per_s * since_s
        return expand(head, grow, grow, grow, grow)

    def _learn_ages(
        self,
        index: int,
        pts_s: float,
        image: NDArray[np.uint8],
        tracks: tuple[Track, ...],
        ages: OneAtATime[tuple[tuple[int, int], AgeAnswer]],
    ) -> None:
        done = ages.fetch()
        if done is not None:
            (track_id, epoch), answer = done[1]
            self._decisions.learn(track_id, epoch, answer)
        estimator = self._run.stages.estimator
        if estimator is None or not ages.is_free:
            return
        smallest = self._bound.policy.age.min_face_px.value
        for track in tracks:
            found = track.detection
            if found is None or min(found.box.width, found.box.height) < smallest:
                continue
            box = clip(found.box, image.shape[1], image.shape[0])
            if box is None or found.score < self._run.stages.confident_score:
                continue
            if self._decisions.wants(track, pts_s):
                ages.start(index, _age_call(estimator, track, crop_of(image, found)))
                return


def _age_call(estimator: AgeEstimator, track: Track, crop: FaceCrop) -> Callable[[], tuple[tuple[int, int], AgeAnswer]]:
    """A call that estimates the age on a copy of the crop: the caller may reuse the picture's memory."""
    own = replace(crop, image=crop.image.copy())
    return lambda: ((track.track_id, track.epoch), estimator.estimate([own])[0])


def _luma(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    small = shrunk(image, LUMA_SIDE_PX)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)
