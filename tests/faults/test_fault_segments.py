"""FG-R07: whatever fails while a long video is done in segments, the outcome is our error, no output, a true record.

Or a whole, covered output: a segment that can't be kept is given up for the undivided video.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fakes import CHILD, FakeAgeEstimator
from fault_injection import Countdown, failing_function
from green_faces import GreenSquares, green_count, to_and_fro, walk
from made_videos import Clip, pictures
from worker_tasks import DeadlySquares

import faceguard.batch.segment_crew as crew_module
import faceguard.pipeline.video.segment_work as work_module
import faceguard.pipeline.video.segments as segments_module
from faceguard import FaceGuard
from faceguard.audit.log import MemoryAuditLog
from faceguard.audit.record import Action
from faceguard.batch.local import LocalEngine
from faceguard.batch.segment_crew import EngineCrew
from faceguard.batch.serial import SerialEngine
from faceguard.errors import EncodeError, FaceguardError, RedactionError
from faceguard.media.video_parts import PartWriter
from faceguard.media.video_read import PictureDecoder
from faceguard.media.video_write import VideoWriter
from faceguard.pipeline.video.check import OutputSamples
from faceguard.pipeline.video.file import VideoJob
from faceguard.pipeline.video.segment_task import Crew, Division, SerialCrew
from faceguard.redaction.solid import SolidRedactor

NOTICE = Path(__file__).parents[2] / "examples" / "notice.toml"
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
FRAMES = 30
KEYS = {"preset": "ultrafast", "crf": "18", "g": "10", "keyint_min": "10", "sc_threshold": "0"}
"""A key frame each third of a second."""

STAGES: dict[str, tuple[Any, str]] = {
    "decoder": (PictureDecoder, "decode"),
    "detector": (GreenSquares, "detect"),
    "age": (FakeAgeEstimator, "estimate"),
    "look": (work_module, "look"),
    "join of tracks": (segments_module, "join_faces"),
    "redactor": (SolidRedactor, "redact_into"),
    "part": (PartWriter, "write_picture"),
    "end of a part": (PartWriter, "finish"),
    "check of a part": (OutputSamples, "check"),
    "join of parts": (segments_module, "joined_packets"),
    "muxer": (VideoWriter, "write_encoded"),
    "count": (segments_module, "check_written"),
}
ERRORS: tuple[Callable[[], BaseException], ...] = (
    lambda: EncodeError("no space is left"),
    lambda: ValueError("operands could not be broadcast"),
    lambda: MemoryError("no memory"),
)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Clip(walk(FRAMES, to_and_fro), options=KEYS).write(tmp_path_factory.mktemp("clip") / "in.mp4")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out" / "safe.mp4"


def redact(source: Path, target: Path, crew: Crew, detector: GreenSquares | None = None) -> list[Action]:
    """What the records say of it. Raises FaceguardError with the records at hand."""
    log = MemoryAuditLog()
    guard = FaceGuard(
        notice=NOTICE,
        purpose="in_store_safety",
        detector=detector or GreenSquares(),
        estimator=FakeAgeEstimator([CHILD]),
        audit=log,
        clock=lambda: NOW,
    )
    try:
        guard.redact_video(VideoJob(source, target, division=Division(crew, 0.5)))
    except FaceguardError:
        assert [entry.record.result.action for entry in log.entries][-1:] == [Action.WITHHOLD]
        assert left_at(target) == []
        raise
    return [entry.record.result.action for entry in log.entries]


def left_at(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir()) if target.parent.exists() else []


def require_covered(target: Path) -> None:
    left = [green_count(image) for image in pictures(target)]
    assert (len(left), max(left)) == (FRAMES, 0)


@pytest.mark.parametrize("stage", STAGES)
def test_a_long_video_is_withheld_or_whole_whichever_stage_of_a_segment_fails(
    stage: str, clip: Path, out: Path
) -> None:
    """FG-R07: in the first segment and in a later one."""
    owner, name = STAGES[stage]
    crews = SerialCrew(), EngineCrew(SerialEngine()), SerialCrew()
    for n, error, crew in zip((1, 2, 25), ERRORS, crews, strict=True):
        countdown = Countdown(n, error)
        with contextlib.suppress(FaceguardError), failing_function(owner, name, countdown):
            assert redact(clip, out, crew) == [Action.RELEASE]
            require_covered(out)
            assert left_at(out) == ["safe.mp4"]
            out.unlink()
        assert n > 1 or countdown.was_reached, "the stage isn't there any more: name another"


def test_an_error_that_no_worker_gets_over_ends_the_video(clip: Path, out: Path) -> None:
    def fail(task: object, on_count: object) -> None:
        raise ValueError("operands could not be broadcast")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(work_module, "look", fail)
        with pytest.raises(RedactionError, match="segment 1 could not be done"):
            redact(clip, out, EngineCrew(SerialEngine()))


def test_workers_that_die_each_time_end_the_video(clip: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew_module, "MAX_TRIES", 1)
    engine = LocalEngine(1)
    try:
        with pytest.raises(RedactionError, match="died"):
            redact(clip, out, EngineCrew(engine), DeadlySquares())
    finally:
        engine.close()


@contextlib.contextmanager
def full_after(limit_bytes: int) -> Iterator[None]:
    """No file grows beyond it, which is how a full disk looks to FFmpeg."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("limit_bytes", [0, 3000])
def test_a_full_disk_ends_the_video(limit_bytes: int, clip: Path, out: Path) -> None:
    """Nothing fits, or not all of a part."""
    with full_after(limit_bytes), pytest.raises(FaceguardError, match=r"space|written"):
        redact(clip, out, EngineCrew(SerialEngine()))


KILLED = """
import os, signal, sys
from pathlib import Path
import test_fault_segments as faults
from faceguard.media.video_parts import PartWriter
from faceguard.pipeline.video.segment_task import SerialCrew

def kill(writer):
    os.kill(os.getpid(), signal.SIGKILL)

PartWriter.finish = kill
faults.redact(Path(sys.argv[1]), Path(sys.argv[2]), SerialCrew())
"""


def test_what_a_kill_leaves_is_gone_after_the_next_run(clip: Path, out: Path) -> None:
    """FG-R07: there is no output, and no part of one, that nobody owns."""
    places = [str(Path(__file__).parent), str(Path(__file__).parents[1])]
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLED), str(clip), str(out)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([*places, os.environ.get("PYTHONPATH", "")])},
        capture_output=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert [name.endswith(".parts") for name in left_at(out)] == [True]

    assert redact(clip, out, SerialCrew()) == [Action.RELEASE]

    assert left_at(out) == ["safe.mp4"]
