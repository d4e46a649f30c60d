"""Which input goes to which output: nothing that is read, and nothing that was just written, is written over."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from faceguard.cli.redact_targets import (
    parse_everyone,
    parse_video_subjects,
    plan_previews,
    plan_targets,
    refuse_collisions,
    refuse_misplaced,
)
from faceguard.errors import ConfigurationError
from faceguard.pipeline.video.link import VideoSubject
from faceguard.types import Box


def test_names_that_differ_by_case_or_by_the_form_of_an_accent_get_numbers() -> None:
    inputs = [Path("a/photo.jpg"), Path("b/PHOTO.jpg"), Path("c/caf\u00e9.jpg"), Path("d/cafe\u0301.jpg")]
    names = [target.name for target in plan_targets(inputs, Path("out")) if target is not None]
    assert names == ["photo.jpg", "PHOTO-2.jpg", "caf\u00e9.jpg", "cafe\u0301-2.jpg"]


def test_a_number_never_takes_the_name_of_another_input() -> None:
    inputs = [Path("a/x.jpg"), Path("b/x.jpg"), Path("c/x-2.jpg")]
    names = [target.name for target in plan_targets(inputs, Path("out")) if target is not None]
    assert len(set(names)) == 3


def test_previews_of_two_formats_of_one_name_do_not_meet() -> None:
    inputs = [Path("a/x.jpg"), Path("b/x.png")]
    previews = plan_previews(inputs, plan_targets(inputs, Path("out")), Path("seen"))
    assert previews == [Path("seen/x.preview.png"), Path("seen/x.preview-2.png")]


def test_videos_that_become_mp4_in_a_folder_do_not_meet_there() -> None:
    assert plan_targets([Path("a.mpg"), Path("a.mp4")], Path("out")) == [Path("out/a.mp4"), Path("out/a-2.mp4")]


@pytest.mark.parametrize("link", [os.link, os.symlink])
def test_an_output_that_is_another_name_of_an_input_is_refused(tmp_path: Path, link: object) -> None:
    (tmp_path / "in.jpg").write_bytes(b"original")
    link(tmp_path / "in.jpg", tmp_path / "out.jpg")  # type: ignore[operator]
    with pytest.raises(ConfigurationError, match="originals are never overwritten"):
        refuse_collisions([tmp_path / "in.jpg"], [tmp_path / "out.jpg"])


def test_an_output_that_is_the_next_input_is_refused(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.jpg").write_bytes(folder.encode())
    inputs = [tmp_path / "a" / "x.jpg", tmp_path / "b" / "x.jpg"]
    targets = [target for target in plan_targets(inputs, tmp_path / "b") if target is not None]
    with pytest.raises(ConfigurationError, match="originals are never overwritten"):
        refuse_collisions(inputs, targets)


def test_two_outputs_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="two files"):
        refuse_collisions([], [tmp_path / "out.json", tmp_path / "sub" / ".." / "OUT.json"])
    refuse_collisions([], [tmp_path / "out.json", tmp_path / "out.jpg"])


def test_places_are_refused_where_the_input_can_not_have_them() -> None:
    """FG-R07: an area that was to be covered is not forgotten in silence."""
    with pytest.raises(ConfigurationError, match="are for videos"):
        refuse_misplaced([Path("x.jpg")], subjects=(), cover=("0,0,9,9",), ignore=(), pictures_only={})
    with pytest.raises(ConfigurationError, match="in one input"):
        refuse_misplaced([Path("x.mp4"), Path("y.mp4")], subjects=("a=0,0,9,9",), cover=(), ignore=(), pictures_only={})
    refuse_misplaced([Path("x.mp4")], subjects=(), cover=("0,0,9,9",), ignore=(), pictures_only={})


def test_a_face_of_a_video_is_named_by_place_and_time() -> None:
    """FG-C14"""
    clip = [Path("x.mp4")]
    expected = (VideoSubject("child=17", Box(10, 20, 40, 60), 2.0, 5.5),)
    assert parse_video_subjects(["child=17=10,20,30,40@2-5.5"], clip) == expected
    assert parse_video_subjects(["a=10,20,30,40"], clip) == (VideoSubject("a", Box(10, 20, 40, 60)),)
    for text in ("a", "=1,2,3,4", "a=1,2,3", "a=1,2,3,4@5-2", "a=1,2,0,4", "a=nan,2,3,4"):
        with pytest.raises(ConfigurationError, match="KEY=x,y,w,h@START-END"):
            parse_video_subjects([text], clip)


def test_everybody_is_named_in_one_picture() -> None:
    assert parse_everyone("a, b", [Path("x.jpg")]) == ("a", "b")
    assert parse_everyone(None, [Path("x.jpg"), Path("y.jpg")]) == ()
    with pytest.raises(ConfigurationError, match="one picture"):
        parse_everyone("a", [Path("x.jpg"), Path("y.jpg")])
    with pytest.raises(ConfigurationError, match="one picture"):
        parse_everyone("a", [Path("x.mp4")])
    with pytest.raises(ConfigurationError, match="empty"):
        parse_everyone("a,,b", [Path("x.jpg")])


def test_what_only_pictures_have_is_not_silently_left_out_of_a_video() -> None:
    given = {"--quality": False, "--preview": True}
    with pytest.raises(ConfigurationError, match="`--preview` is for pictures"):
        refuse_misplaced([Path("x.mp4")], subjects=(), cover=(), ignore=(), pictures_only=given)
    refuse_misplaced([Path("x.mp4"), Path("x.jpg")], subjects=(), cover=(), ignore=(), pictures_only=given)
