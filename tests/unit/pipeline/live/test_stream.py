"""Live streams: redaction never waits for analysis, and what can't be known is covered whole."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import ADULT, CHILD, FakeAgeEstimator, FakeDetector, face_at
from made_videos import ground, paste
from numpy.typing import NDArray

from faceguard import FaceGuard
from faceguard.audit.log import AppendReceipt, MemoryAuditLog
from faceguard.audit.record import AuditRecord
from faceguard.errors import AuditWriteError, DecodeError, InferenceError
from faceguard.media.video_live import live_pictures
from faceguard.pipeline.live.stream import SafeFrame, StreamSettings
from faceguard.types import Detection

NOTICE = Path(__file__).parents[4] / "examples" / "notice.toml"
WHITE = np.full((40, 40, 3), 255, np.uint8)
PATIENT = StreamSettings(latency_budget_s=5.0)


def scene(count: int, seed: int = 1) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    for i in range(count):
        yield i / 30, paste(ground(320, 240, seed), WHITE, 100, 80)


FACE = face_at(100, 80, 40, 40)


def guard_of(detector: Any, **settings: Any) -> FaceGuard:
    defaults: dict[str, Any] = {
        "notice": NOTICE,
        "purpose": "in_store_safety",
        "detector": detector,
        "estimator": FakeAgeEstimator([CHILD]),
        "clock": lambda: datetime(2026, 11, 22, 9, 0, tzinfo=UTC),
    }
    return FaceGuard(**{**defaults, **settings})


def shows_face(frame: SafeFrame) -> bool:
    return bool((frame.image[80:120, 100:140] > 240).mean() > 0.5)


def is_whole(frame: SafeFrame) -> bool:
    return bool(frame.image.std() < 3)


def test_a_detected_face_is_covered_from_the_first_picture_on() -> None:
    frames = list(guard_of(FakeDetector([FACE])).stream(scene(10), PATIENT))

    assert len(frames) == 10
    assert [frame.index for frame in frames if shows_face(frame)] == []
    assert not any(is_whole(frame) for frame in frames)


@dataclass
class SlowDetector(FakeDetector):
    """Takes its time after the first `quick` calls."""

    quick: int = 2

    def detect(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        if self.calls >= self.quick:
            time.sleep(0.4)
        return super().detect(image)


def test_analysis_that_falls_behind_is_left_behind_and_all_is_covered_past_the_limit() -> None:
    settings = StreamSettings(latency_budget_s=0.02, blind_limit_s=0.2, thorough_interval_s=1e9)
    start = time.monotonic()
    frames = list(guard_of(SlowDetector([FACE])).stream(scene(40), settings))

    assert time.monotonic() - start < 20
    assert [frame.index for frame in frames if shows_face(frame)] == []
    assert any(is_whole(frame) for frame in frames[8:])


def test_before_the_first_look_is_finished_all_is_covered() -> None:
    settings = StreamSettings(latency_budget_s=0.0, thorough_interval_s=1e9)
    first = next(guard_of(SlowDetector([FACE], quick=0)).stream(scene(3), settings))

    assert first.is_all_covered
    assert first.look_age_s is None
    assert is_whole(first)


def test_after_a_cut_all_is_covered_until_there_was_a_look() -> None:
    def cut() -> Iterator[tuple[float, NDArray[np.uint8]]]:
        yield from ((i / 30, ground(320, 240, 1)) for i in range(6))
        yield from ((i / 30, 255 - ground(320, 240, 7)) for i in range(6, 9))

    detector = SlowDetector([], quick=7)
    settings = StreamSettings(latency_budget_s=0.3, thorough_interval_s=1e9)
    frames = list(guard_of(detector).stream(cut(), settings))

    assert [frame.is_all_covered for frame in frames[1:6]] == [False] * 5
    assert frames[6].is_all_covered


@dataclass
class ForgetfulDetector(FakeDetector):
    """Finds nothing any more after the first `seen` calls."""

    seen: int = 8

    def detect(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        found = super().detect(image)
        return found if self.calls <= self.seen else ()


@pytest.mark.parametrize(("policy", "is_covered"), [("strictest", True), ("jp-appi-2026", False)])
def test_all_is_covered_while_a_crowd_is_lost_if_the_policy_says_so(policy: str, is_covered: bool) -> None:
    """FG-R06."""
    crowd = [face_at(x, 60, 40, 50) for x in (20, 120, 220)]
    settings = StreamSettings(latency_budget_s=5.0, thorough_interval_s=1e9)
    frames = list(guard_of(ForgetfulDetector(crowd), policy=policy).stream(scene(16), settings))

    assert not any(frame.is_all_covered for frame in frames[:6])
    assert any(frame.is_all_covered for frame in frames[8:]) == is_covered


def test_an_adult_is_shown_only_after_several_clear_answers() -> None:
    """FG-A10: live, a face begins covered."""
    guard = guard_of(FakeDetector([FACE]), estimator=FakeAgeEstimator([ADULT]))
    frames = list(guard.stream(scene(60), PATIENT))

    shown = [frame.index for frame in frames if shows_face(frame)]
    assert shown
    assert shown[0] > 15
    assert shown == list(range(shown[0], 60))


@dataclass
class DoubtfulLater(FakeAgeEstimator):
    asked: int = 0

    def estimate(self, crops: Any) -> Any:
        self.asked += 1
        return (ADULT if self.asked < 5 else CHILD,)


def test_once_a_minor_seems_possible_the_face_stays_covered() -> None:
    """FG-A10"""
    frames = list(guard_of(FakeDetector([FACE]), estimator=DoubtfulLater()).stream(scene(120), PATIENT))

    shown = [frame.index for frame in frames if shows_face(frame)]
    assert shown
    assert max(shown) < 80


def test_a_fault_of_a_stage_ends_the_stream() -> None:
    """FG-R07"""
    with pytest.raises(InferenceError):
        list(guard_of(FakeDetector(error=InferenceError("no"))).stream(scene(5), PATIENT))


class BrokenSink:
    def append(self, record: AuditRecord) -> AppendReceipt:
        raise AuditWriteError("the disk is full")


def test_nothing_leaves_when_the_record_cannot_be_written() -> None:
    with pytest.raises(AuditWriteError):
        next(guard_of(FakeDetector([FACE]), audit=BrokenSink()).stream(scene(5), PATIENT))


def test_a_stream_that_is_closed_early_is_recorded_and_leaves_no_thread() -> None:
    log = MemoryAuditLog()
    with closing(guard_of(FakeDetector([FACE]), audit=log).stream(scene(100), PATIENT)) as frames:  # type: ignore[type-var]
        for _ in range(5):
            next(frames)

    assert len(log.entries) == 2
    last = log.entries[-1].record
    assert last.input.asset.frames == 5
    assert [face.effect.value for face in last.result.faces] == ["redact"]
    assert [t.name for t in threading.enumerate() if t.name.startswith("faceguard-look")] == []


def test_a_camera_that_cannot_be_opened_is_a_decode_error() -> None:
    with pytest.raises(DecodeError, match="secretless"):
        next(live_pictures("rtsp://name:secret@secretless.invalid:1/x"))
