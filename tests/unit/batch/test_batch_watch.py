"""A file is complete when nothing of it has changed for a while and nobody writes to it."""

from __future__ import annotations

from pathlib import Path

from faceguard.batch.discover import Found
from faceguard.batch.places import Place
from faceguard.batch.task import Kind
from faceguard.batch.watch import Settling, is_written_to


def found(stamp: str) -> Found:
    return Found("a.jpg", Kind.PICTURE, 1, stamp)


def test_a_file_settles_only_after_it_has_not_changed_for_the_whole_time(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    times = iter((0.0, 4.0, 4.5, 9.0, 9.6))
    settling = Settling(Place(str(tmp_path)), 5.0, lambda: next(times))
    answers = [settling(found(stamp)) for stamp in ("1", "1", "2", "2", "2")]
    assert answers == [True, True, True, True, False]


def test_a_file_that_somebody_writes_to_is_not_complete(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    with path.open("wb"):
        assert is_written_to(path)
    assert not is_written_to(path)
    with path.open("rb"):
        assert not is_written_to(path)
