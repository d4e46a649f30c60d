"""Files from nobody knows where are decoded elsewhere: what crashes, hangs or swells costs one file, and shows none."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import CHILD, FakeAgeEstimator, FakeDetector, face_at
from made_pictures import bomb_png, moving_square, noise, raw_png, talkative_jpeg
from made_videos import Clip, ground

from faceguard import FaceGuard
from faceguard.audit.log import MemoryAuditLog
from faceguard.audit.record import Action
from faceguard.errors import DecodeError, PolicyError, UnsupportedMediaError
from faceguard.media import isolated
from faceguard.media.image import read_image
from faceguard.media.isolated import ChildLimits, read_image_isolated, try_video
from faceguard.media.picture import ImageLimits
from faceguard.pipeline.video.job import VideoJob

NOTICE = Path(__file__).parents[3] / "examples" / "notice.toml"


def guard_of(**settings: Any) -> FaceGuard:
    return FaceGuard(
        notice=NOTICE,
        purpose="in_store_safety",
        detector=FakeDetector([face_at(10, 10, 20, 20)]),
        estimator=FakeAgeEstimator([CHILD]),
        audit=MemoryAuditLog(),
        **settings,
    )


def made(folder: Path, name: str) -> Path:
    path = folder / name
    if name == "deep.png":
        path.write_bytes(raw_png(noise((40, 50, 4), np.uint16)))
    elif name == "turned.jpg":
        path.write_bytes(talkative_jpeg())
    else:
        first, *others = moving_square()
        first.save(path, save_all=True, append_images=others, duration=80, loop=2)
    return path


@pytest.mark.parametrize("name", ["deep.png", "turned.jpg", "moving.gif", "moving.webp"])
def test_a_picture_comes_back_as_it_would_be_read_here(tmp_path: Path, name: str) -> None:
    path = made(tmp_path, name)
    here, there = read_image(path), read_image_isolated(path, limits=ImageLimits())
    for ours, theirs in zip(here.frames, there.frames, strict=True):
        np.testing.assert_array_equal(ours.planes[0], theirs.planes[0])
        assert (ours.alpha is None) == (theirs.alpha is None)
        if ours.alpha is not None:
            np.testing.assert_array_equal(ours.alpha, theirs.alpha)
        assert (ours.index, ours.pts_s) == (theirs.index, theirs.pts_s)
    for field in ("format", "is_grey", "is_lossless", "icc_profile", "durations_ms", "loop", "metadata", "notes"):
        assert getattr(here, field) == getattr(there, field), field


def test_its_refusals_are_those_of_the_reader(tmp_path: Path) -> None:
    (tmp_path / "cut.jpg").write_bytes(talkative_jpeg()[:400])
    (tmp_path / "bomb.png").write_bytes(bomb_png(60_000, 60_000))
    (tmp_path / "paper.pdf").write_bytes(b"%PDF-1.7")
    os.mkfifo(tmp_path / "pipe.jpg")
    for name, error in (
        ("cut.jpg", DecodeError),
        ("bomb.png", DecodeError),
        ("paper.pdf", UnsupportedMediaError),
        ("pipe.jpg", DecodeError),
        ("absent.jpg", DecodeError),
    ):
        with pytest.raises(error) as told:
            read_image_isolated(tmp_path / name, limits=ImageLimits())
        assert name in told.value.message


def test_too_much_memory_is_refused_by_the_limit(tmp_path: Path) -> None:
    (tmp_path / "large.png").write_bytes(bomb_png(9_000, 9_000))
    with pytest.raises(DecodeError, match=r"0\.5 GB of memory"):
        read_image_isolated(tmp_path / "large.png", limits=ImageLimits(), child=ChildLimits(max_bytes=500_000_000))


CHILDREN = {
    "crashes": ("import os; os.abort()", "signal 6"),
    "hangs": ("import time; time.sleep(60)", "not decoded within"),
    "spins": ("import resource, sys\nresource.setrlimit(resource.RLIMIT_CPU, (1, 1))\nwhile True: pass", "signal"),
    "lies": ('print(\'{"frames": [[9, 9, "uint8", false, 0, 0]]}\')', "no picture"),
    "babbles": ("print('hello')", "no picture"),
}


@pytest.mark.parametrize("child", CHILDREN)
def test_a_decoder_that_goes_wrong_costs_the_file_and_nothing_else(
    child: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FG-R07: our error, no output, a true record."""
    code, words = CHILDREN[child]
    (tmp_path / "wrong_child.py").write_text(code)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(isolated, "CHILD", "wrong_child")
    monkeypatch.setattr(isolated, "ChildLimits", lambda: ChildLimits(cpu_s=1.0, slack_s=3.0))
    guard = guard_of(untrusted=True)
    source = made(tmp_path, "deep.png")
    with pytest.raises(DecodeError, match=words):
        guard.redact_image(source, tmp_path / "out" / "out.png")
    assert not (tmp_path / "out").exists()
    assert isinstance(guard.audit, MemoryAuditLog)
    (entry,) = guard.audit.entries
    assert (entry.record.result.action, entry.record.result.error) == (Action.WITHHOLD, "DecodeError")


def test_a_video_is_decoded_elsewhere_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = Clip([ground(160, 120)] * 5).write(tmp_path / "in.mp4")
    guard = guard_of(untrusted=True)
    guard.redact_video(VideoJob(clip, tmp_path / "out.mp4"))
    assert (tmp_path / "out.mp4").exists()
    (tmp_path / "wrong_child.py").write_text("import os; os.abort()")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(isolated, "CHILD", "wrong_child")
    with pytest.raises(DecodeError, match="crashes its decoder"):
        guard.redact_video(VideoJob(clip, tmp_path / "other.mp4"))
    assert not (tmp_path / "other.mp4").exists()


def test_a_broken_video_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "in.mp4").write_bytes(b"\x00\x00\x00\x18ftypisom" + bytes(500))
    with pytest.raises(DecodeError, match=r"in\.mp4"):
        try_video(tmp_path / "in.mp4")


def test_strictest_trusts_no_input_and_nobody_can_waive_it() -> None:
    assert guard_of(policy="strictest")._run.stages.untrusted_input
    assert not guard_of()._run.stages.untrusted_input
    with pytest.raises(PolicyError, match="trusts no input"):
        guard_of(policy="strictest", untrusted=False)


def test_the_child_gets_no_secrets_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEGUARD_TOKEN", "secret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    assert "secret" not in isolated._environment().values()


@pytest.mark.parametrize("child", ["hangs", "spins"])
def test_a_video_that_decodes_for_ever_is_ended(child: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FG-R07"""
    code, words = CHILDREN[child]
    clip = Clip([ground(160, 120)] * 2).write(tmp_path / "in.mp4")
    (tmp_path / "wrong_child.py").write_text(code)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(isolated, "CHILD", "wrong_child")
    with pytest.raises(DecodeError, match=words):
        try_video(clip, child=ChildLimits(cpu_s=0.5, slack_s=2.0))


def test_the_time_of_a_video_grows_with_its_size_and_no_other_way(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(bytes(2_000_000))
    assert ChildLimits(cpu_s=60.0, cpu_s_per_mb=8.0).max_cpu_s(tmp_path / "a.mp4") == 76.0
