"""FG-R07: whichever stage fails, at whichever of its calls, the outcome is our error, no output, and a true record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import CHILD, FakeAgeEstimator, FakeDetector, face_at
from fault_injection import Countdown, failing_function
from made_videos import Clip, ground
from PIL import Image

import faceguard.pipeline.picture.cover as picture_module
import faceguard.pipeline.picture.file as picture_file_module
import faceguard.pipeline.video.check as video_check_module
import faceguard.pipeline.video.file as video_module
import faceguard.pipeline.video.render as video_render_module
from faceguard import FaceGuard
from faceguard.audit.log import MemoryAuditLog
from faceguard.audit.record import Action
from faceguard.errors import FaceguardError, InferenceError
from faceguard.media.video_read import PictureDecoder
from faceguard.media.video_write import VideoWriter
from faceguard.pipeline.live.stream import LiveStream
from faceguard.pipeline.rules import BoundRules
from faceguard.pipeline.video.job import VideoJob
from faceguard.redaction.solid import SolidRedactor
from faceguard.tracking.tracker import FaceTracker

NOTICE = Path(__file__).parents[2] / "examples" / "notice.toml"
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ERRORS: tuple[Callable[[], BaseException], ...] = (
    lambda: InferenceError("the runtime failed"),
    lambda: ValueError("operands could not be broadcast"),
    lambda: MemoryError("no memory"),
    lambda: RuntimeError("anything"),
)
MOST_CALLS = 200


class Verifier(FakeDetector):
    """A class of its own, so that its calls are told from the detector's."""

    def detect(self, image: Any) -> Any:
        return super().detect(image)


class Sink(MemoryAuditLog):
    """Likewise."""


def guard_of(sink: MemoryAuditLog) -> FaceGuard:
    return FaceGuard(
        notice=NOTICE,
        purpose="in_store_safety",
        detector=FakeDetector([face_at(100, 80, 40, 50)]),
        estimator=FakeAgeEstimator([CHILD]),
        verify=Verifier(),
        audit=sink,
        clock=lambda: NOW,
    )


PICTURE_STAGES = {
    "detector": (FakeDetector, "detect"),
    "age": (FakeAgeEstimator, "estimate"),
    "engine": (BoundRules, "decide"),
    "region": (BoundRules, "region_of"),
    "redactor": (SolidRedactor, "redact"),
    "reader": (picture_file_module, "read_image"),
    "check": (picture_module, "check_covered"),
    "second look": (Verifier, "detect"),
    "writer": (picture_file_module, "write_image"),
}
VIDEO_STAGES = {
    "probe": (video_module, "probe_video"),
    "decoder": (PictureDecoder, "decode"),
    "detector": (FakeDetector, "detect"),
    "tracker": (FaceTracker, "step"),
    "age": (FakeAgeEstimator, "estimate"),
    "engine": (BoundRules, "decide_assessed"),
    "redactor": (SolidRedactor, "redact_into"),
    "encoder": (VideoWriter, "write_picture"),
    "muxer": (VideoWriter, "finish"),
    "count": (video_render_module, "check_written"),
    "check": (video_check_module, "check_covered"),
    "second look": (Verifier, "detect"),
}


def fail_each_call(owner: Any, name: str, work: Callable[[FaceGuard], object], outputs: Path) -> int:
    """Runs `work` with call 1, 2, 3 ... of `owner.name` failing, until none does. Returns how many failed."""
    for n in range(1, MOST_CALLS):
        sink = MemoryAuditLog()
        guard = guard_of(sink)
        countdown = Countdown(n, ERRORS[n % len(ERRORS)])
        failed: FaceguardError | None = None
        try:
            with failing_function(owner, name, countdown):
                work(guard)
        except FaceguardError as error:
            failed = error
        left = sorted(path.name for path in outputs.iterdir())
        actions = [entry.record.result.action for entry in sink.entries]
        if not countdown.was_reached:
            assert failed is None
            assert actions == [Action.RELEASE]
            return n - 1
        if failed is None:  # an error in the engine covers the face, and a sweep may do without one look
            assert actions == [Action.RELEASE], n
            assert all(answer.effect == "redact" for answer in sink.entries[0].record.result.faces), n
        else:
            assert left == [], n
            assert failed.exit_code in (3, 4, 5), n
            assert actions[-1] is Action.WITHHOLD, n
        for path in outputs.iterdir():
            path.unlink()
    pytest.fail(f"still failing at call {MOST_CALLS}")


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("stage", PICTURE_STAGES)
def test_a_picture_is_withheld_whichever_stage_fails(stage: str, tmp_path: Path, outputs: Path) -> None:
    """FG-R07"""
    noise = np.random.default_rng(1).integers(0, 256, (240, 320, 3), dtype=np.uint8)
    pages = [Image.fromarray(noise), Image.fromarray(noise[::-1])]
    pages[0].save(tmp_path / "in.tif", save_all=True, append_images=pages[1:])
    owner, name = PICTURE_STAGES[stage]
    failed = fail_each_call(
        owner, name, lambda guard: guard.redact_image(tmp_path / "in.tif", outputs / "out.tif"), outputs
    )
    assert failed >= 1, "the stage isn't there any more: name another"


@pytest.mark.parametrize("stage", VIDEO_STAGES)
def test_a_video_is_withheld_whichever_stage_fails(stage: str, tmp_path: Path, outputs: Path) -> None:
    """FG-R07"""
    clip = Clip([ground(320, 240)] * 4).write(tmp_path / "in.mp4")
    owner, name = VIDEO_STAGES[stage]
    failed = fail_each_call(owner, name, lambda guard: guard.redact_video(VideoJob(clip, outputs / "out.mp4")), outputs)
    assert failed >= 1, "the stage isn't there any more: name another"


@pytest.mark.parametrize("name", ["append"])
def test_what_the_log_does_not_take_is_not_released(name: str, tmp_path: Path, outputs: Path) -> None:
    """FG-D01: whatever kind of error a sink raises."""
    Image.fromarray(np.zeros((240, 320, 3), np.uint8)).save(tmp_path / "in.png")
    for error in ERRORS:
        with failing_function(Sink, name, Countdown(1, error)), pytest.raises(FaceguardError):
            guard_of(Sink()).redact_image(tmp_path / "in.png", outputs / "out.png")
        assert list(outputs.iterdir()) == []


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (FaceTracker, "step"),
        (FakeDetector, "detect"),
        (FakeAgeEstimator, "estimate"),
        (BoundRules, "decide"),
        (SolidRedactor, "redact"),
        (SolidRedactor, "redact_into"),
        (Sink, "append"),
        (LiveStream, "_safe"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_a_stream_ends_in_error_or_shows_no_face_whichever_stage_fails(owner: Any, name: str) -> None:
    """FG-R07: no picture is handed out after an error, and none with the face's place open."""
    scene = np.random.default_rng(1).integers(0, 256, (240, 320, 3), dtype=np.uint8)
    for n in range(1, 12):
        shown = []
        countdown = Countdown(n, ERRORS[n % len(ERRORS)])
        try:
            with failing_function(owner, name, countdown):
                for safe in guard_of(Sink()).stream((i / 10, scene) for i in range(6)):
                    shown.append(safe.image)
        except FaceguardError:
            pass
        for image in shown:
            assert float(image[82:128, 102:138].astype(float).std(axis=(0, 1)).max()) < 6, (n, countdown.calls)
