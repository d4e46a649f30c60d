"""One long video among processes: the same decisions and pixels as with one worker, also when a worker is killed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fakes import CHILD, FakeAgeEstimator
from green_faces import GreenSquares, green_count, to_and_fro, walk
from made_videos import Clip, pictures
from worker_tasks import DyingSquares

from faceguard import FaceGuard
from faceguard.batch.local import LocalEngine
from faceguard.batch.segment_crew import EngineCrew, local_division
from faceguard.batch.serial import SerialEngine
from faceguard.errors import ConfigurationError, DecodeError
from faceguard.pipeline.video.job import VideoJob, VideoReport
from faceguard.pipeline.video.segment_task import Division

NOTICE = Path(__file__).parents[3] / "examples" / "notice.toml"
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
KEYS = {"preset": "ultrafast", "crf": "18", "g": "30", "keyint_min": "30", "sc_threshold": "0"}


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Clip(walk(150, to_and_fro), options=KEYS).write(tmp_path_factory.mktemp("clip") / "in.mp4")


@pytest.fixture
def engine() -> Iterator[LocalEngine]:
    found = LocalEngine(2)
    yield found
    found.close()


def redact(source: Path, target: Path, division: Division | None, detector: Any = None) -> VideoReport:
    guard = FaceGuard(
        notice=NOTICE,
        purpose="in_store_safety",
        detector=detector or GreenSquares(),
        estimator=FakeAgeEstimator([CHILD]),
        clock=lambda: NOW,
    )
    return guard.redact_video(VideoJob(source, target, division=division))


def test_two_workers_give_what_one_gives_to_the_byte(clip: Path, engine: LocalEngine, tmp_path: Path) -> None:
    one = redact(clip, tmp_path / "one.mp4", Division(EngineCrew(SerialEngine()), 2.0))
    two = redact(clip, tmp_path / "two.mp4", Division(EngineCrew(engine), 2.0))

    assert (one.segments, two.segments) == (2, 2)
    assert [face.decision for face in two.plan.faces] == [face.decision for face in one.plan.faces]
    assert (tmp_path / "two.mp4").read_bytes() == (tmp_path / "one.mp4").read_bytes()


def test_a_segment_whose_worker_is_killed_is_done_by_another(clip: Path, engine: LocalEngine, tmp_path: Path) -> None:
    """FG-R07: a death in the midst of it costs time, and no picture."""
    detector = DyingSquares(tmp_path / "died")

    report = redact(clip, tmp_path / "out.mp4", Division(EngineCrew(engine), 2.0), detector)

    left = [green_count(image) for image in pictures(tmp_path / "out.mp4")]
    assert (tmp_path / "died").exists()
    assert report.segments == 2
    assert (len(left), max(left)) == (150, 0)


def test_an_error_of_a_worker_is_the_error_of_the_video_and_leaves_nothing(clip: Path, tmp_path: Path) -> None:
    broken = bytearray(clip.read_bytes())
    middle = len(broken) // 2
    broken[middle : middle + 2000] = bytes(2000)
    source = tmp_path / "in.mp4"
    source.write_bytes(broken)
    out = tmp_path / "out"

    with pytest.raises(DecodeError):
        redact(source, out / "safe.mp4", Division(EngineCrew(SerialEngine()), 2.0))

    assert not out.exists() or list(out.iterdir()) == []


def test_one_worker_needs_no_division_and_none_is_refused() -> None:
    with local_division(1) as division:
        assert division is None
    with pytest.raises(ConfigurationError, match="at least 1"), local_division(0):
        pass
