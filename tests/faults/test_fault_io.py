"""FG-R07: whichever call of the file system fails, the outcome is our error, no output, and a log that holds.

The n-th call fails, for every n until a run meets no fault; nothing here lists the calls.
"""

from __future__ import annotations

import errno
import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import CHILD, FakeAgeEstimator, FakeDetector, face_at
from fault_injection import Countdown, failing_files, os_error
from made_videos import Clip, ground, pictures
from PIL import Image

from faceguard import FaceGuard
from faceguard.audit.repair import repair_log
from faceguard.audit.verify import verify_log
from faceguard.errors import AuditIntegrityError, FaceguardError
from faceguard.media.image import read_image
from faceguard.pipeline.live.stream import StreamSettings
from faceguard.pipeline.video.job import VideoJob
from faceguard.signing import SigningKey

NOTICE = Path(__file__).parents[2] / "examples" / "notice.toml"
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
FACE = face_at(100, 80, 40, 50)
ERRORS = (errno.ENOSPC, errno.EIO, errno.EACCES)
MOST_CALLS = 600
"""A run of one small file makes far fewer; more means that it never ends."""

Work = Callable[[Path], object]


def guard_of(folder: Path, key: SigningKey | None = None) -> FaceGuard:
    return FaceGuard(
        notice=NOTICE,
        purpose="in_store_safety",
        detector=FakeDetector([FACE]),
        estimator=FakeAgeEstimator([CHILD]),
        verify=FakeDetector(),
        audit=folder / "log.jsonl",
        audit_key=key,
        clock=lambda: NOW,
    )


def flat(picture: Any) -> bool:
    """Whether the face's place has one colour."""
    return float(np.asarray(picture[82:128, 102:138], float).std(axis=(0, 1)).max()) < 6


def redact_picture(folder: Path, key: SigningKey | None = None) -> None:
    guard_of(folder, key).redact_image(folder / "in.png", folder / "out.png")


def replace_picture(folder: Path) -> None:
    guard_of(folder).redact_image(folder / "in.png", folder / "out.png", overwrite=True)


def redact_video(folder: Path) -> None:
    guard_of(folder).redact_video(VideoJob(folder / "in.mp4", folder / "out.mp4"))


def guard_stream(folder: Path) -> None:
    """A picture counts as released when it is handed out: the log must know of it, or the stream must end in error."""
    scene = ground(320, 240)
    settings = StreamSettings(record_interval_s=0.1)
    for safe in guard_of(folder).stream(((i / 10, scene) for i in range(5)), settings):
        assert safe.is_all_covered or flat(safe.image)


def require_covered(folder: Path) -> None:
    """Whatever output there is shows no face."""
    if (folder / "out.png").exists():
        assert flat(read_image(folder / "out.png").frames[0].planes[0])
    if (folder / "out.mp4").exists():
        assert all(flat(picture) for picture in pictures(folder / "out.mp4"))


@pytest.fixture
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("sources")
    noise = np.random.default_rng(1).integers(0, 256, (240, 320, 3), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "in.png")
    Clip([ground(320, 240)] * 4).write(folder / "in.mp4")
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def fresh(tmp_path: Path, name: str, sources: dict[str, bytes]) -> Path:
    folder = tmp_path / name
    folder.mkdir()
    for file, data in sources.items():
        (folder / file).write_bytes(data)
    return folder


def actions_of(log: Path) -> list[str]:
    """What the whole lines of the log say became of the assets. The end may be cut, and then repair says where."""
    if not log.exists():
        return []
    lines = log.read_bytes().split(b"\n")[:-1]
    return [json.loads(line)["record"]["result"]["action"] for line in lines]


def require_log_holds(folder: Path) -> None:
    """It verifies, or says where it is cut and can be repaired; it is never silently wrong."""
    log = folder / "log.jsonl"
    if not log.exists() or log.stat().st_size == 0:
        return
    try:
        verify_log(log, keys=None, moment=NOW)
    except AuditIntegrityError:
        repair_log(log, moment=NOW)
        verify_log(log, keys=None, moment=NOW)


def attempt(work: Work, folder: Path, countdown: Countdown) -> FaceguardError | None:
    """The error that `work` ends with, if any; another kind of error than ours fails the test."""
    try:
        with failing_files(folder, countdown):
            work(folder)
    except FaceguardError as error:
        return error
    return None


@pytest.mark.parametrize("work", [redact_picture, redact_video, guard_stream], ids=lambda work: work.__name__)
def test_whichever_call_fails_nothing_is_left_but_our_error_and_a_log_that_holds(
    work: Work, tmp_path: Path, sources: dict[str, bytes]
) -> None:
    """FG-R07"""
    for n in range(1, MOST_CALLS):
        folder = fresh(tmp_path, str(n), sources)
        countdown = Countdown(n, os_error(ERRORS[n % len(ERRORS)]))
        before = {path.name for path in folder.iterdir()}
        failed = attempt(work, folder, countdown) is not None
        if not countdown.was_reached:
            assert not failed
            assert n > 10, "the faults hit nothing"
            return
        where = f"call {n}: {countdown.calls[n - 1]}"
        left = {path.name for path in folder.iterdir() if not path.name.startswith("log.jsonl")} - before
        assert left <= (set() if failed else {"out.png", "out.mp4"}), where
        require_covered(folder)
        require_log_holds(folder)
        actions = actions_of(folder / "log.jsonl")
        if not failed:
            assert "release" in actions, where
        elif actions:
            assert actions[-1] == "withhold" or work is guard_stream or left == set(), where
    pytest.fail(f"still failing at call {MOST_CALLS}")


def test_an_output_that_is_to_be_replaced_stays_whole(tmp_path: Path, sources: dict[str, bytes]) -> None:
    for n in itertools.count(1):
        folder = fresh(tmp_path, str(n), sources)
        (folder / "out.png").write_bytes(b"what was there")
        countdown = Countdown(n, os_error(errno.ENOSPC))
        if attempt(replace_picture, folder, countdown) is not None:
            assert (folder / "out.png").read_bytes() == b"what was there", countdown.calls[-1]
        if not countdown.was_reached:
            return


def test_a_signed_log_holds_too(tmp_path: Path, sources: dict[str, bytes]) -> None:
    key = SigningKey.generate()
    for n in itertools.count(1):
        folder = fresh(tmp_path, str(n), sources)
        countdown = Countdown(n, os_error(errno.EIO))
        failed = attempt(partial(redact_picture, key=key), folder, countdown)
        assert (folder / "out.png").exists() is (failed is None)
        require_log_holds(folder)
        if not countdown.was_reached:
            return
