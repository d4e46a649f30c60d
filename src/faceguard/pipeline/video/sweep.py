"""One sweep over a video track: frame -> detect -> track -> estimate age. Nothing is decided and nothing is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from faceguard.media.video_frame import VideoPicture
from faceguard.media.video_info import VideoTrack
from faceguard.pipeline.stages import Stages
from faceguard.pipeline.video.crops import CropCollector
from faceguard.pipeline.video.face_ages import IsSettled, life_ages
from faceguard.pipeline.video.looks import LookKind, LookSchedule, LookSettings, detect_scaled
from faceguard.pipeline.video.zones import Zones
from faceguard.tracking.camera import LUMA_SIDE_PX, CameraWatch
from faceguard.tracking.crowd import CrowdWatch, LostSpans, Span
from faceguard.tracking.path import TrackPath
from faceguard.tracking.recorder import CoverOf, FinishedTrack, RecorderSettings, TrackRecorder
from faceguard.tracking.tracker import FaceTracker, TrackerSettings
from faceguard.types import (
    AgeAnswer,
    AgeUnknown,
    AgeUnknownReason,
    Detection,
    Detector,
    FaceCrop,
    Track,
)

Progress = Callable[[VideoPicture], None]


@dataclass(frozen=True, slots=True, eq=False)
class SweptFace:
    """A face over its whole life. `ages` are of its epochs, each of which could be another person; at least one."""

    path: TrackPath
    best: Detection
    ages: tuple[AgeAnswer, ...]
    sightings: int
    first_frame: int
    last_frame: int
    answers: tuple[tuple[AgeAnswer, ...], ...] = ()
    """For each epoch what the age model said of each crop, where nothing was settled while looking (see `Sweeper`)."""
    epochs: int = 0
    """How many lives that the tracker can't tell apart are in this one: a name holds only for one. 0: unknown."""


@dataclass(frozen=True, slots=True)
class SweepSettings:
    """How a video is looked at. `max_crops` are shown to the age model for each epoch of a face.

    `cover_when_lost` asks for whole pictures to be covered while many faces are lost at once, whatever the policy says.
    """

    looks: LookSettings = field(default_factory=LookSettings)
    tracker: TrackerSettings = field(default_factory=TrackerSettings)
    recorder: RecorderSettings = field(default_factory=RecorderSettings)
    max_crops: int = 2
    cover_when_lost: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """What one sweep found. `frame_count` pictures were seen, at `first_pts` to `last_pts` ticks."""

    faces: tuple[SweptFace, ...]
    frame_count: int
    first_pts: int
    last_pts: int
    lost_spans: tuple[Span, ...] = ()


class Sweeper:
    """Sweeps one video track. `quick` is the detector for the small pass; the thorough one is that of `stages`.

    `is_settled` says whether an age already leads to the most protective decision, so that no more crops are looked at.
    None keeps the answers to all crops, for whoever sees the rest of the face's life, and leaves `ages` empty.
    """

    def __init__(
        self,
        track: VideoTrack,
        stages: Stages,
        quick: Detector,
        *,
        cover_of: CoverOf,
        min_age_face_px: float,
        zones: Zones,
        settings: SweepSettings,
        is_settled: IsSettled | None,
    ) -> None:
        self._size = track.upright_size
        self._stages = stages
        self._quick = quick
        self._zones = zones
        self._settings = settings
        self._is_settled = is_settled
        self._camera = CameraWatch(self._size[0])
        self._schedule = LookSchedule(settings.looks)
        self._tracker = FaceTracker(settings.tracker)
        self._recorder = TrackRecorder(self._size, cover_of, settings.recorder)
        self._crops = CropCollector(min_age_face_px, stages.confident_score, settings.max_crops)
        self._lost = LostSpans(CrowdWatch()) if settings.cover_when_lost else None
        self._best: dict[int, Detection] = {}
        self._spans: dict[int, tuple[int, int]] = {}

    def run(self, pictures: Iterator[VideoPicture], progress: Progress | None = None) -> Sweep:
        """Looks at all of `pictures`, in order."""
        faces: list[SweptFace] = []
        first: VideoPicture | None = None
        last: VideoPicture | None = None
        for picture in pictures:
            first, last = first or picture, picture
            faces += self._step(picture)
            if progress is not None:
                progress(picture)
        if first is None or last is None:
            return Sweep((), 0, 0, 0)
        faces += [self._face(track) for track in self._recorder.finish()]
        faces.sort(key=lambda face: (face.first_frame, face.path.first_pts))
        lost = () if self._lost is None else self._lost.widened(self._settings.looks.calm_interval_s)
        return Sweep(tuple(faces), last.index + 1, first.pts, last.pts, lost)

    def _step(self, picture: VideoPicture) -> list[SweptFace]:
        camera = self._camera.step(picture.small_luma(LUMA_SIDE_PX), picture.pts_s)
        look = self._schedule.next(picture.pts_s, camera, restless=self._tracker.is_restless)
        detections = None if look is LookKind.NONE else self._look(picture, look)
        tracks = self._tracker.step(picture.pts_s, camera, detections, self._size)
        if self._lost is not None:
            self._lost.add(picture.pts_s, tracks)
        for track in tracks:
            if track.detection is not None:
                self._note(picture, track, track.detection)
        finished = self._recorder.add(
            picture.index, picture.pts, picture.pts_s, camera, tracks, looked=detections is not None
        )
        return [self._face(track) for track in finished]

    def _look(self, picture: VideoPicture, look: LookKind) -> Sequence[Detection]:
        looks = self._settings.looks
        if look is LookKind.QUICK:
            found = detect_scaled(self._quick, picture.small_bgr(looks.quick_side_px), self._size)
        else:
            found = detect_scaled(self._stages.detector, picture.small_bgr(looks.thorough_side_px), self._size)
        return [d for d in found if not self._zones.is_ignored(d.box, picture.pts_s)]

    def _note(self, picture: VideoPicture, track: Track, found: Detection) -> None:
        best = self._best.get(track.track_id)
        if best is None or found.score > best.score:
            self._best[track.track_id] = found
        first = self._spans.get(track.track_id, (picture.index, 0))[0]
        self._spans[track.track_id] = (first, picture.index)
        if self._stages.estimator is not None:
            self._crops.offer(picture, track)

    def _face(self, track: FinishedTrack) -> SweptFace:
        first, last = self._spans.pop(track.track_id)
        best = self._best.pop(track.track_id)
        epochs = self._crops.take(track.track_id, track.epochs)
        ages, answers = self._ages(epochs, best), self._answers(epochs)
        return SweptFace(track.path, best, ages, track.sightings, first, last, answers, track.epochs)

    def _ages(self, epochs: Sequence[Sequence[FaceCrop]], best: Detection) -> tuple[AgeAnswer, ...]:
        estimator = self._stages.estimator
        if estimator is None:
            return (AgeUnknown(AgeUnknownReason.NO_ESTIMATOR),)
        if self._is_settled is None:
            return ()
        if best.score < self._stages.confident_score:
            return (AgeUnknown(AgeUnknownReason.LOW_CONFIDENCE),)
        return life_ages(epochs, lambda crop: estimator.estimate([crop])[0], self._is_settled)

    def _answers(self, epochs: Sequence[Sequence[FaceCrop]]) -> tuple[tuple[AgeAnswer, ...], ...]:
        """What the age model says of every crop, if somebody else is to conclude from it."""
        estimator = self._stages.estimator
        if estimator is None or self._is_settled is not None:
            return ()
        return tuple(tuple(estimator.estimate([crop])[0] for crop in crops) for crops in epochs)
