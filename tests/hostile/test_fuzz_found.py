"""What fuzzing found once, kept: `found/READER-WHAT.suffix` must be refused by that reader, in our words."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostile_files import READERS, ends_in_time

from faceguard.errors import FaceguardError

FOUND = sorted((Path(__file__).parent / "found").iterdir())


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.name)
def test_what_was_found_is_refused_now(path: Path) -> None:
    name = next(name for name in READERS if path.name.startswith(name.replace(" ", "-")))
    with ends_in_time(), pytest.raises(FaceguardError):
        READERS[name].read(path)


def seed_of(name: str, folder: Path) -> bytes:
    (seed,) = READERS[name].seeds(folder)
    return seed


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("detection", "box", 2), 1.0),
        (("path", 0, 0), 10**30),
        (("face",), 10**5000),
    ],
    ids=["a box without a size", "a time that no video has", "a number of 5000 digits"],
)
def test_a_plan_that_was_sealed_anew_over_nonsense_is_refused(
    place: tuple[str | int, ...], value: float, tmp_path: Path
) -> None:
    document = json.loads(seed_of("plan", tmp_path))
    part = document["analysis"]["tracks"][0]["faces"][0]
    for step in place[:-1]:
        part = part[step]
    part[place[-1]] = value
    path = tmp_path / "plan.json"
    with without_limit_of_digits():
        path.write_text(json.dumps(document), encoding="utf-8")
    with ends_in_time(), pytest.raises(FaceguardError, match="isn't a plan"):
        READERS["sealed plan"].read(path)


@contextlib.contextmanager
def without_limit_of_digits() -> Iterator[None]:
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        yield
    finally:
        sys.set_int_max_str_digits(before)


@pytest.mark.parametrize("column", ["tally", "kind", "state", "fault", "started_at", "item"])
def test_a_manifest_with_a_damaged_row_is_refused(column: str, tmp_path: Path) -> None:
    path = tmp_path / "manifest.sqlite"
    path.write_bytes(seed_of("manifest", tmp_path))
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"UPDATE items SET {column} = '\"x' WHERE item = ?", (b"a.jpg",))  # noqa: S608  our own name
    with pytest.raises(FaceguardError, match="damaged"):
        READERS["manifest"].read(path)


def test_a_manifest_whose_damage_shows_in_the_library_s_own_words_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "manifest.sqlite"
    path.write_bytes(seed_of("manifest", tmp_path).replace(b"CREATE TABLE items", b"CREATE TABLE \xff\xfeems"))
    with pytest.raises(FaceguardError, match="manifest"):
        READERS["manifest"].read(path)
