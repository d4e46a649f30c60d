"""Outputs are whole or absent, under any name and on any file system."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from faceguard import atomic
from faceguard.atomic import atomic_path, make_folder, write_atomic
from faceguard.errors import EncodeError


@pytest.mark.parametrize("stem", ["a" * 251, "写" * 83, "é" * 125])
def test_a_name_as_long_as_names_may_be_is_written(tmp_path: Path, stem: str) -> None:
    target = tmp_path / f"{stem}.jpg"
    write_atomic(target, b"whole", overwrite=False)
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


def write_while_another_does(target: Path) -> None:
    with atomic_path(target, overwrite=False) as partial:
        partial.write_bytes(b"ours")
        target.write_bytes(b"theirs")


def refuse_links(source: object, target: object, **_named: object) -> None:
    raise OSError(errno.EPERM, "Operation not permitted")


def test_a_file_system_without_links_is_written_on_and_not_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAT and many network shares know no hard links."""
    monkeypatch.setattr(os, "link", refuse_links)
    target = tmp_path / "out.jpg"
    write_atomic(target, b"whole", overwrite=False)
    assert target.read_bytes() == b"whole"
    late = tmp_path / "late.jpg"
    with pytest.raises(EncodeError, match="exists"):
        write_while_another_does(late)
    assert late.read_bytes() == b"theirs"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["late.jpg", "out.jpg"]


def test_a_pipe_or_folder_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("folder", "pipe"):
        with pytest.raises(EncodeError, match="folder, pipe or device"):
            write_atomic(tmp_path / name, b"ours", overwrite=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "pipe"]


def test_a_link_to_nowhere_counts_as_there(tmp_path: Path) -> None:
    (tmp_path / "out.jpg").symlink_to(tmp_path / "nowhere.jpg")
    with pytest.raises(EncodeError, match="exists"):
        write_atomic(tmp_path / "out.jpg", b"ours", overwrite=False)


def test_a_folder_that_can_not_be_made_is_our_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(EncodeError, match="can't be made"):
        make_folder(tmp_path / "file" / "sub")


def test_a_file_that_is_being_written_has_no_name_where_the_file_system_can(tmp_path: Path) -> None:
    """A process that is killed in between leaves nothing behind."""
    if not hasattr(os, "O_TMPFILE"):
        assert atomic._open_nameless(tmp_path) is None
        return
    for overwrite in (False, True):
        with atomic_path(tmp_path / "out.jpg", overwrite=overwrite, nameless=True) as partial:
            partial.write_bytes(b"half")
            assert [path.name for path in tmp_path.iterdir()] == (["out.jpg"] if overwrite else [])
            partial.write_bytes(b"whole" if overwrite else b"first")
        assert (tmp_path / "out.jpg").read_bytes() == (b"whole" if overwrite else b"first")


def test_without_nameless_files_a_hidden_one_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atomic, "_open_nameless", lambda folder: None)
    with atomic_path(tmp_path / "out.jpg", overwrite=False, nameless=True) as partial:
        partial.write_bytes(b"whole")
        assert [path.name for path in tmp_path.iterdir()] == [partial.name]
    assert [path.name for path in tmp_path.iterdir()] == ["out.jpg"]
