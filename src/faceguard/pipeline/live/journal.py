"""The records of a live stream: one before the first picture leaves, then one for each stretch of time."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from faceguard.audit.compose import FrameSpan, new_salt
from faceguard.audit.record import Action, AssetEntry
from faceguard.pipeline.rules import BoundRules
from faceguard.pipeline.run import Run
from faceguard.types import Decision, Detection, Effect, FaceResult, Region, Track

STREAM_MEDIA = "application/x-bgr24-stream"
"""What the record calls a stream of arrays: there is no registered media type for it."""


class StreamJournal:
    """Use as a context manager around the stream. Raises AuditWriteError when a record can't be written: then stop."""

    def __init__(self, run: Run, bound: BoundRules, interval_s: float) -> None:
        self._run = run
        self._bound = bound
        self._interval_s = interval_s
        self._salt = new_salt()
        self._size = (0, 0)
        self._faces: dict[int, FaceResult] = {}
        self._spans: dict[int, FrameSpan] = {}
        self._start: tuple[float, int] | None = None
        self._last = (0.0, 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._start is not None and (kind is None or kind is GeneratorExit):
            self._write()

    @property
    def asset(self) -> AssetEntry:
        """The stretch since the last record."""
        start = self._start or self._last
        return AssetEntry(
            media_type=STREAM_MEDIA,
            width_px=self._size[0],
            height_px=self._size[1],
            salt=self._salt,
            frames=self._last[1] - start[1] + 1 if self._start is not None else 0,
            duration_s=max(0.0, self._last[0] - start[0]),
        )

    def bind(self, bound: BoundRules) -> None:
        """Closes the stretch under the rules it was decided under; the next one is recorded under `bound`."""
        if self._start is not None:
            self._write()
            self._start = None
        self._bound = bound

    def begin(self, width: int, height: int) -> None:
        """Writes that the stream begins, so that a log that can't be written to is known before a picture leaves."""
        self._size = (width, height)
        self._write()

    def note(self, track: Track, detection: Detection, decision: Decision, cover: Region | None, index: int) -> None:
        """What holds for a face at picture `index`; the strictest decision of the stretch is the one recorded."""
        before = self._faces.get(track.track_id)
        if before is not None and before.decision.effect is Effect.REDACT and decision.effect is Effect.KEEP:
            decision, cover = before.decision, before.region
        best = detection if before is None or detection.score > before.detection.score else before.detection
        first = self._spans[track.track_id].first if track.track_id in self._spans else index
        self._faces[track.track_id] = FaceResult(best, decision, cover, first)
        self._spans[track.track_id] = FrameSpan(first, index)

    def tick(self, pts_s: float, index: int) -> None:
        """Picture `index` is about to leave; writes a record when the stretch is long enough."""
        self._start = self._start or (pts_s, index)
        self._last = (pts_s, index)
        if pts_s - self._start[0] >= self._interval_s:
            self._write()
            self._start = None

    def _write(self) -> None:
        spans = {self._faces[i].decision.index: span for i, span in self._spans.items()}
        self._run.record(self._bound, self.asset, list(self._faces.values()), Action.RELEASE, spans=spans)
        self._faces.clear()
        self._spans.clear()
