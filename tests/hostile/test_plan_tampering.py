"""A plan lies between analysis and rendering, and its seal is a digest that anybody can make anew."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fakes import CHILD, FakeAgeEstimator
from green_faces import GreenSquares, green_count, walk
from made_videos import Clip, pictures

from faceguard import FaceGuard
from faceguard.audit.log import MemoryAuditLog
from faceguard.pipeline.video.file import VideoJob
from faceguard.pipeline.video.plan_document import Analysis
from faceguard.pipeline.video.plan_file import _digest

NOTICE = Path(__file__).parents[2] / "examples" / "notice.toml"
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
FRAMES = 24


class AnotherDetector(GreenSquares):
    """For the second look."""


def guard(sink: MemoryAuditLog, *, verify: bool) -> FaceGuard:
    return FaceGuard(
        notice=NOTICE,
        purpose="in_store_safety",
        detector=GreenSquares(),
        estimator=FakeAgeEstimator([CHILD]),
        verify=AnotherDetector() if verify else None,
        audit=sink,
        clock=lambda: NOW,
    )


def tampered(plan: Path, change: Callable[[Any], None]) -> None:
    """Changes the track of `plan`, and makes its seal anew."""
    document = json.loads(plan.read_bytes())
    change(document["analysis"]["tracks"][0])
    document["analysis_sha256"] = _digest(Analysis.model_validate_json(json.dumps(document["analysis"])))
    plan.write_text(json.dumps(document), encoding="utf-8")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return Clip(walk(FRAMES, lambda i: 60 + i)).write(tmp_path / "in.mp4")


def rendered(clip: Path, change: Callable[[Any], None], *, verify: bool) -> tuple[int, MemoryAuditLog]:
    """The most that shows of the face in any picture, and the log."""
    sink, plan, target = MemoryAuditLog(), clip.with_name("plan.json"), clip.with_name("out.mp4")
    guard(sink, verify=verify).analyse_video(VideoJob(clip, None), plan)
    tampered(plan, change)
    guard(sink, verify=verify).render_video(VideoJob(clip, target), plan)
    return max(green_count(image) for image in pictures(target)), sink


def test_a_keep_that_was_written_into_a_plan_has_no_effect(clip: Path) -> None:
    """FG-R07: every face is decided anew."""

    def keep(track: Any) -> None:
        track["faces"][0]["effect"], track["faces"][0]["reasons"] = "keep", []

    shown, _ = rendered(clip, keep, verify=False)
    assert shown == 0


def test_a_face_that_was_taken_out_of_a_plan_is_found_by_the_second_look(clip: Path) -> None:
    """Without it, whoever writes the plan decides what is a face: the control."""

    def drop(track: Any) -> None:
        track["faces"] = []

    bare, _ = rendered(clip, drop, verify=False)
    assert bare > 0
    clip.with_name("out.mp4").unlink()
    clip.with_name("plan.json").unlink()
    shown, sink = rendered(clip, drop, verify=True)
    assert shown == 0
    assert int(sink.entries[-1].record.result.redaction.parameters["second_look_added"]) > 0
