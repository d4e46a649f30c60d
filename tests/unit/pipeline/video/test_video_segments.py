"""A long video divided among workers gives what one would have made of it: pictures, times, faces, decisions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from fakes import CHILD, FakeAgeEstimator
from green_faces import AgeBySide, GreenSquares, green_count, to_and_fro, walk
from made_videos import Clip, paste, pictures, presentation_times

from faceguard import FaceGuard
from faceguard.audit.log import MemoryAuditLog
from faceguard.media.video_frame import VideoPicture
from faceguard.pipeline.video import segment_work
from faceguard.pipeline.video.job import Progress, VideoJob, VideoReport
from faceguard.pipeline.video.render import RenderSettings, TrackChoice
from faceguard.pipeline.video.segment_task import Division, LookTask, RenderTask, SerialCrew
from faceguard.types import Effect

NOTICE = Path(__file__).parents[4] / "examples" / "notice.toml"
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
KEYS = {"preset": "ultrafast", "crf": "18", "g": "30", "keyint_min": "30", "sc_threshold": "0"}
"""A key frame each second."""


def guard(**settings: Any) -> FaceGuard:
    defaults: dict[str, Any] = {
        "notice": NOTICE,
        "purpose": "in_store_safety",
        "detector": GreenSquares(),
        "estimator": FakeAgeEstimator([CHILD]),
        "clock": lambda: NOW,
    }
    return FaceGuard(**{**defaults, **settings})


def redact(source: Path, target: Path, segment_s: float | None, **settings: Any) -> VideoReport:
    division = None if segment_s is None else Division(SerialCrew(), segment_s)
    return guard(**settings).redact_video(VideoJob(source, target, division=division))


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight seconds, a key frame each, sound; the square is hidden around second 6."""
    images = walk(240, to_and_fro, lambda i: not 175 <= i < 186)
    return Clip(images, options=KEYS, audio_s=8.0).write(tmp_path_factory.mktemp("clip") / "in.mp4")


def test_every_picture_is_covered_near_the_cuts_too(clip: Path, tmp_path: Path) -> None:
    """FG-R06: no face flashes where two segments meet."""
    report = redact(clip, tmp_path / "out.mp4", 2.0)

    left = [green_count(image) for image in pictures(tmp_path / "out.mp4")]
    assert report.segments == 4
    assert len(left) == 240
    assert max(left) == 0


def test_pictures_times_sound_and_decisions_are_those_of_the_undivided_run(clip: Path, tmp_path: Path) -> None:
    whole = redact(clip, tmp_path / "whole.mp4", None)
    divided = redact(clip, tmp_path / "divided.mp4", 2.0)

    assert (whole.segments, divided.segments) == (1, 4)
    assert presentation_times(tmp_path / "divided.mp4") == presentation_times(tmp_path / "whole.mp4")
    assert streams(tmp_path / "divided.mp4") == streams(tmp_path / "whole.mp4")
    assert packets(tmp_path / "divided.mp4", "audio") == packets(tmp_path / "whole.mp4", "audio")
    assert decisions(divided) == decisions(whole)
    assert len(decisions(whole)) == 4  # one for each time the square turns round or comes back


def test_variable_rates_keep_every_time_stamp(tmp_path: Path) -> None:
    pts = np.cumsum([0, *(400 + 37 * (i % 5) for i in range(179))]).tolist()
    film = Clip(walk(180, to_and_fro), pts=pts, options=KEYS).write(tmp_path / "in.mp4")

    report = redact(film, tmp_path / "out.mp4", 2.0)

    assert report.segments > 1
    assert presentation_times(tmp_path / "out.mp4") == presentation_times(film)
    with av.open(str(tmp_path / "out.mp4")) as container:
        dts = [p.dts for p in container.demux(container.streams.video[0]) if p.size]
    assert dts == sorted(set(dts))


@pytest.mark.parametrize("suffix", [".mkv", ".mov", ".ts", ".webm"])
def test_other_containers_are_joined_too(suffix: str, clip: Path, tmp_path: Path) -> None:
    division = Division(SerialCrew(), 3.0)
    job = VideoJob(clip, tmp_path / f"out{suffix}", division=division, render=RenderSettings(audio=TrackChoice.DROP))
    report = guard().redact_video(job)

    left = [green_count(image) for image in pictures(tmp_path / f"out{suffix}")]
    times, source = presentation_times(tmp_path / f"out{suffix}"), presentation_times(clip)
    assert report.segments == 3
    assert (len(left), max(left)) == (240, 0)
    away = [abs((a - times[0]) - (b - source[0])) for a, b in zip(times, source, strict=True)]
    assert max(away) <= Fraction(1, 1000)


def test_a_face_that_looks_young_in_one_segment_is_covered_in_all(tmp_path: Path) -> None:
    """FG-A10: the most protective answer of a life holds across the cuts."""
    images = walk(240, lambda i: 100)
    red = np.full((12, 12, 3), (0, 0, 255), np.uint8)
    images[66:] = [paste(image, red, 112, 112) for image in images[66:]]  # all that the last two segments see
    film = Clip(images, options=KEYS).write(tmp_path / "in.mp4")

    report = redact(film, tmp_path / "out.mp4", 2.0, estimator=AgeBySide())
    only = redact(adult_film(tmp_path), tmp_path / "adult.mp4", 2.0, estimator=AgeBySide())

    assert [face.decision.effect for face in only.plan.faces] == [Effect.KEEP]
    assert [face.decision.effect for face in report.plan.faces] == [Effect.REDACT]
    assert max(green_count(image) for image in pictures(tmp_path / "out.mp4")) == 0


def adult_film(folder: Path) -> Path:
    return Clip(walk(240, lambda i: 100), options=KEYS).write(folder / "adults.mp4")


def test_one_record_is_written_for_the_asset(clip: Path, tmp_path: Path) -> None:
    log = MemoryAuditLog()
    report = redact(clip, tmp_path / "out.mp4", 2.0, audit=log)

    assert [entry.record.decision_id for entry in log.entries] == [report.record_id]
    assert log.entries[0].record.input.asset.frames == 240


def test_segments_are_taken_up_by_the_crew_and_nothing_of_them_stays(clip: Path, tmp_path: Path) -> None:
    crew = SerialCrew()
    out = tmp_path / "out"
    guard().redact_video(VideoJob(clip, out / "safe.mp4", division=Division(crew, 2.0)))

    assert [type(task) for task in crew.done] == [LookTask] * 4 + [RenderTask] * 4
    assert [path.name for path in out.iterdir()] == ["safe.mp4"]


@pytest.mark.parametrize("options", [{"g": "1000"}, {"g": "250"}])
def test_a_video_without_key_frames_to_cut_at_is_done_in_one_piece(options: dict[str, str], tmp_path: Path) -> None:
    film = Clip(walk(120, to_and_fro), options={**KEYS, **options, "keyint_min": "200"}).write(tmp_path / "in.mp4")

    report = redact(film, tmp_path / "out.mp4", 1.0)

    assert report.segments == 1
    assert max(green_count(image) for image in pictures(tmp_path / "out.mp4")) == 0


def test_open_groups_of_pictures_are_cut_without_losing_one(tmp_path: Path) -> None:
    """Pictures after a key frame in the file, before it on the screen, that refer to what was before it."""
    options = {
        "preset": "medium",
        "crf": "18",
        "x264-params": "open-gop=1:keyint=30:min-keyint=30:scenecut=0:bframes=3",
    }
    film = Clip(walk(180, to_and_fro), options=options).write(tmp_path / "in.mp4")

    redact(film, tmp_path / "out.mp4", 2.0)

    assert presentation_times(tmp_path / "out.mp4") == presentation_times(film)
    assert max(green_count(image) for image in pictures(tmp_path / "out.mp4")) == 0


def test_progress_counts_the_pictures_of_all_segments(clip: Path, tmp_path: Path) -> None:
    told: list[Progress] = []
    job = VideoJob(clip, tmp_path / "out.mp4", division=Division(SerialCrew(), 2.0), on_progress=told.append)
    guard().redact_video(job)

    for stage in ("analyse", "render"):
        frames = [at.frame for at in told if at.stage == stage]
        assert frames == list(range(240))


def decisions(report: VideoReport) -> list[tuple[Any, ...]]:
    return [(f.index, f.decision, f.assessment, f.first_frame, f.last_frame) for f in report.plan.faces]


def streams(path: Path) -> list[tuple[Any, ...]]:
    with av.open(str(path)) as container:
        return [
            (s.type, s.codec_context.name, s.time_base, s.duration, s.frames, s.start_time) for s in container.streams
        ]


def packets(path: Path, kind: str) -> list[tuple[Any, ...]]:
    with av.open(str(path)) as container:
        stream = getattr(container.streams, kind)[0]
        return [(p.pts, p.dts, p.duration, bytes(p)) for p in container.demux(stream) if p.size]


def test_segments_that_dont_show_every_picture_are_given_up_for_the_whole(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FG-R07: what two decoders disagree on is done by one."""
    original = segment_work.span_pictures

    def without_the_last(*arguments: Any) -> Iterator[VideoPicture]:
        pictures = list(original(*arguments))
        yield from pictures[:-1]

    monkeypatch.setattr(segment_work, "span_pictures", without_the_last)

    report = redact(clip, tmp_path / "out.mp4", 2.0)

    left = [green_count(image) for image in pictures(tmp_path / "out.mp4")]
    assert report.segments == 1
    assert (len(left), max(left)) == (240, 0)


def test_a_face_found_only_after_a_cut_is_covered_before_it(tmp_path: Path) -> None:
    """FG-R06: looking ahead reaches across the cut; the face is too dark to be found until a third of a second on."""
    dark, bright = (np.full((40, 40, 3), colour, np.uint8) for colour in ((0, 130, 0), (0, 255, 0)))
    scene = walk(240, to_and_fro, lambda i: False)
    shown = [
        paste(image, dark if i < 190 else bright, 120, 100) if i >= 171 else image for i, image in enumerate(scene)
    ]
    film = Clip(shown, options=KEYS).write(tmp_path / "in.mp4")

    report = redact(film, tmp_path / "out.mp4", 2.0)

    greenish = [int((image[100:140, 120:160, 1] > image[100:140, 120:160, 2] + 40.0).sum()) for image in shown]
    left = [
        int((image[100:140, 120:160, 1] > image[100:140, 120:160, 2] + 40.0).sum())
        for image in pictures(tmp_path / "out.mp4")
    ]
    assert report.segments == 4  # the last cut is at picture 180
    assert min(greenish[171:]) == 1600
    assert max(left) == 0
