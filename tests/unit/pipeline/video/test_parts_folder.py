"""The folder of a long video's parts is its owner's, and nobody's once that has ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from faceguard.errors import EncodeError
from faceguard.pipeline.video.parts_folder import parts_folder


def test_it_is_gone_after_the_block_also_when_that_fails(tmp_path: Path) -> None:
    with parts_folder(tmp_path / "a.mp4") as folder:
        (folder / "0.nut").write_bytes(b"part")
    with pytest.raises(KeyError), parts_folder(tmp_path / "a.mp4"):
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_one_that_somebody_holds_is_left_alone(tmp_path: Path) -> None:
    with parts_folder(tmp_path / "a.mp4") as first:
        (first / "0.nut").write_bytes(b"part")
        with parts_folder(tmp_path / "a.mp4") as second:
            assert first != second
        assert (first / "0.nut").exists()


def test_what_nobody_holds_is_taken_away(tmp_path: Path) -> None:
    for name, content in ((".a.x1.parts", "owner.lock"), (".b.x2.parts", None)):
        (tmp_path / name).mkdir()
        if content:
            (tmp_path / name / content).touch()
            (tmp_path / name / "0.nut").write_bytes(b"part")
    with parts_folder(tmp_path / "c.mp4") as folder:
        assert list(tmp_path.iterdir()) == [folder]


def test_folders_and_links_of_others_are_never_touched(tmp_path: Path) -> None:
    """A folder without a lock that holds anything, one by another name, and a link to a folder elsewhere."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "owner.lock").touch()
    beside = tmp_path / "out"
    (beside / ".engine.parts").mkdir(parents=True)
    (beside / ".engine.parts" / "wheel.txt").touch()
    (beside / "spare.parts").mkdir()
    (beside / ".link.parts").symlink_to(elsewhere)
    with parts_folder(beside / "a.mp4"):
        pass
    assert {path.name for path in beside.iterdir()} == {".engine.parts", "spare.parts", ".link.parts"}
    assert (elsewhere / "owner.lock").exists()


def test_a_folder_that_is_not_there_is_our_error(tmp_path: Path) -> None:
    with pytest.raises(EncodeError, match="no folder for the parts"), parts_folder(tmp_path / "none" / "a.mp4"):
        pass
