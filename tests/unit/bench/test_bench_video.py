"""The video benchmark, on clips made here whose faces are known to be covered or bare."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from made_videos import Clip, Image, ground, paste, walking_head
from typer.testing import CliRunner

from faceguard.bench.exposure import Exposure, FaceLimits, count_bare, covered_pixels, measurements, read_clips
from faceguard.bench.report import read_report
from faceguard.bench.throughput import Cost, Pace, scale_clip
from faceguard.bench.throughput import measurements as pace_measurements
from faceguard.cli.app import app
from faceguard.errors import ConfigurationError
from faceguard.redaction.solid import GREY_LEVEL

COUNT = 6
FACE = {"x": 60.0, "y": 70.0, "w": 40.0, "h": 40.0}
PATCH = np.full((40, 40, 3), GREY_LEVEL, np.uint8)


def _labels(folder: Path, frames: list[list[dict[str, float]]]) -> None:
    (folder / "labels.json").write_text(json.dumps({"labels": [{"file": "clip.mp4", "frames": frames}]}))


def _scenes() -> list[Image]:
    return [ground(320, 240)] * COUNT


def _count(folder: Path, outcome: list[Image], face: dict[str, float] = FACE) -> Exposure:
    _labels(folder, [[face]] * COUNT)
    source = Clip(_scenes()).write(folder / "clip.mp4")
    target = Clip(outcome).write(folder / "out.mp4")
    return count_bare(source, target, read_clips(folder)[0], FaceLimits())


def test_an_uncovered_face_is_bare_in_every_picture(tmp_path: Path) -> None:
    """FG-R06: an encoder alone doesn't count as a cover."""
    found = _count(tmp_path, _scenes())
    assert (found.faces, found.bare, found.frames) == (COUNT, COUNT, COUNT)


def test_a_face_covered_in_all_pictures_but_two_is_bare_in_two(tmp_path: Path) -> None:
    """FG-R06: each picture counts by itself."""
    covered = [paste(image, PATCH, 60, 70) for image in _scenes()]
    found = _count(tmp_path, covered[:4] + _scenes()[4:])
    assert (found.faces, found.bare) == (COUNT, 2)
    assert found.covered_share > 0.9 * 4 / COUNT * 1600 / (320 * 240)


def test_half_of_the_box_is_the_border(tmp_path: Path) -> None:
    thin = [paste(image, PATCH[:, :14], 60, 70) for image in _scenes()]
    assert _count(tmp_path, thin).bare == COUNT


@pytest.mark.parametrize("face", [{**FACE, "w": 12.0}, {**FACE, "ignore": True}, {**FACE, "x": 900.0}])
def test_small_ignored_and_outside_faces_count_neither_way(tmp_path: Path, face: dict[str, float]) -> None:
    assert _count(tmp_path, _scenes(), face).faces == 0


def test_labels_that_are_not_as_long_as_the_clip_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        _count(tmp_path, _scenes()[:-1])


@pytest.mark.parametrize("content", [None, "{", '{"labels": []}', '{"labels": [{"file": "gone.mp4", "frames": []}]}'])
def test_a_folder_without_sound_labels_of_clips_is_refused(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "labels.json").write_text(content)
    with pytest.raises(ConfigurationError):
        read_clips(tmp_path)


def test_the_fill_counts_even_where_the_picture_had_its_colour() -> None:
    same = np.full((4, 4, 3), GREY_LEVEL, np.uint8)
    assert covered_pixels(same, same, (GREY_LEVEL,) * 3).all()
    assert not covered_pixels(same + 40, same + 40, (GREY_LEVEL,) * 3).any()


def test_clips_are_summed_up() -> None:
    figures = {m.name: m for m in measurements({"a": Exposure(30, 3, 10, 0.1), "b": Exposure(10, 1, 30, 0.3)})}
    assert figures["all clips | bare face-frames"].value == 10
    assert figures["all clips | covered, of all pixels"].value == pytest.approx(25)
    assert figures["b | bare face-frames"].noise > figures["a | bare face-frames"].noise


def test_the_ratio_is_that_of_each_round() -> None:
    costs = {"transcode": [Cost(1, 1, 50), Cost(10, 10, 50)], "faceguard": [Cost(2, 2, 90), Cost(20, 20, 90)]}
    figures = {m.name: m for m in pace_measurements([Pace(720, 100, costs)])}
    ratio = figures["720 lines | CPU time, faceguard over transcode"]
    assert (ratio.value, ratio.noise) == (2, 0)
    assert figures["720 lines | faceguard, CPU time a frame"].value == pytest.approx(110)


def test_a_clip_is_repeated_to_the_wanted_length(tmp_path: Path) -> None:
    source = Clip(_scenes()).write(tmp_path / "clip.mp4")
    assert scale_clip(source, tmp_path / "long.mp4", 120, 0.5) == 15


def test_what_is_no_video_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"no")
    with pytest.raises(ConfigurationError):
        scale_clip(tmp_path / "a.mp4", tmp_path / "b.mp4", 120, 1)


def test_the_command_needs_no_notice_and_covers_a_real_face(tmp_path: Path) -> None:
    """FG-R06: both halves in one run, from the labelled clip of a walking head."""
    Clip(walking_head(COUNT)).write(tmp_path / "clip.mp4")
    _labels(tmp_path, [[{"x": 52.0 + 2 * i, "y": 75.0, "w": 45.0, "h": 60.0}] for i in range(COUNT)])
    target = tmp_path / "video.json"
    command = ["bench", "video", "--labels", str(tmp_path), "--clip", str(tmp_path / "clip.mp4"), "--height", "120"]
    result = CliRunner().invoke(app, [*command, "--seconds", "0.2", "--rounds", "1", "--json", str(target)])
    assert result.exception is None, result.exception
    figures = read_report(target).named()
    assert figures["all clips | face-frames"].value == COUNT
    assert figures["all clips | bare face-frames"].value == 0
    assert 0 < figures["all clips | covered, of all pixels"].value < 50
    assert figures["120 lines | transcode, CPU time a frame"].value > 0
    assert figures["120 lines | CPU time, faceguard over transcode"].value > 0


def test_nothing_to_measure_is_told() -> None:
    assert isinstance(CliRunner().invoke(app, ["bench", "video"]).exception, ConfigurationError)
