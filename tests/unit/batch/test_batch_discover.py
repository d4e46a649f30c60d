"""What a tree holds for a batch, and what is passed over, each thing with its reason."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from faceguard.batch.discover import Found, Patterns, Skip, Skipped, discover
from faceguard.batch.places import Place
from faceguard.batch.task import Kind
from faceguard.errors import ConfigurationError
from faceguard.media.file_names import PICTURE_SUFFIXES
from faceguard.media.image_write import _SUFFIXES


def put(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def look(
    root: Path, patterns: Patterns = Patterns(), leave_out: tuple[Path, ...] = ()
) -> tuple[list[str], dict[str, Skip]]:
    found = list(discover(Place(str(root)), patterns, [Place(str(path)) for path in leave_out]))
    items = [each.item for each in found if isinstance(each, Found)]
    return items, {each.item: each.why for each in found if isinstance(each, Skipped)}


def test_pictures_and_videos_are_found_at_any_depth_whatever_their_script_and_case(tmp_path: Path) -> None:
    names = ["a.JPG", "b/c/d.mp4", "b/写真 [red].png", "b/‏עברית.webp", "日本/☃ .heic", "b/a::b.jpg"]
    put(tmp_path, *names)
    items, skipped = look(tmp_path)
    assert sorted(items) == sorted(names)
    assert skipped == {}


def test_a_name_that_is_no_text_is_found(tmp_path: Path) -> None:
    name = os.fsdecode(b"cam\xff.jpg")
    put(tmp_path, name)
    assert look(tmp_path)[0] == [name]


def test_kinds_follow_the_suffix(tmp_path: Path) -> None:
    put(tmp_path, "a.jpg", "b.mkv")
    kinds = [each.kind for each in discover(Place(str(tmp_path)), Patterns(), []) if isinstance(each, Found)]
    assert kinds == [Kind.PICTURE, Kind.VIDEO]


def test_everything_that_is_passed_over_has_its_reason(tmp_path: Path) -> None:
    source = tmp_path / "source"
    put(source, "a.jpg", "notes.txt", ".hidden.jpg", ".trash/b.jpg", "folder/c.jpg")
    put(tmp_path, "outside.jpg")
    (source / "out.jpg").symlink_to(tmp_path / "outside.jpg")
    (source / "gone.jpg").symlink_to(source / "nothing.jpg")
    (source / "round.jpg").symlink_to(source / "round.jpg")
    (source / "again").symlink_to(source / "folder")
    (source / "inside.jpg").symlink_to(source / "a.jpg")
    os.mkfifo(source / "pipe.jpg")
    items, skipped = look(source)
    assert items == ["a.jpg", "folder/c.jpg", "inside.jpg"]
    assert skipped == {
        "notes.txt": Skip.OTHER_FILE,
        ".hidden.jpg": Skip.HIDDEN,
        ".trash": Skip.HIDDEN,
        "out.jpg": Skip.LINK_OUT,
        "gone.jpg": Skip.BROKEN_LINK,
        "round.jpg": Skip.BROKEN_LINK,
        "again": Skip.FOLDER_LINK,
        "pipe.jpg": Skip.SPECIAL,
    }


def test_own_outputs_inside_the_source_are_not_taken_up(tmp_path: Path) -> None:
    put(tmp_path, "a.jpg", "safe/a.jpg", "safe/deep/b.jpg")
    assert look(tmp_path, leave_out=(tmp_path / "safe",))[0] == ["a.jpg"]


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("*.jpg", {"a.JPG", "cam-1/b.jpg", "cam-1/night/c.jpg"}),
        ("cam-1/*", {"cam-1/b.jpg"}),
        ("cam-1/**", {"cam-1/b.jpg", "cam-1/night/c.jpg"}),
        ("cam-1/", {"cam-1/b.jpg", "cam-1/night/c.jpg"}),
        ("**/night/*", {"cam-1/night/c.jpg"}),
        ("?.png", {"d.png"}),
        ("CAM-1/B.jpg", {"cam-1/b.jpg"}),
    ],
)
def test_patterns_choose_and_leave_out(tmp_path: Path, pattern: str, fits: set[str]) -> None:
    everything = {"a.JPG", "cam-1/b.jpg", "cam-1/night/c.jpg", "d.png"}
    put(tmp_path, *everything)
    assert set(look(tmp_path, Patterns(include=(pattern,)))[0]) == fits
    assert set(look(tmp_path, Patterns(exclude=(pattern,)))[0]) == everything - fits


def test_exclude_wins_over_include(tmp_path: Path) -> None:
    put(tmp_path, "a.jpg", "b.jpg")
    assert look(tmp_path, Patterns(include=("*.jpg",), exclude=("b.*",)))[0] == ["a.jpg"]


@pytest.mark.parametrize("pattern", ["", "/a"])
def test_a_pattern_that_can_fit_nothing_is_refused(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(ConfigurationError, match="no pattern"):
        look(tmp_path, Patterns(include=(pattern,)))


def test_a_source_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no folder"):
        look(tmp_path / "missing")


def test_every_suffix_that_is_written_is_taken_for_a_picture() -> None:
    assert set(_SUFFIXES) == PICTURE_SUFFIXES
