"""The manifest: what it says survives, whole, and in any script."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from faceguard.batch.manifest import Manifest, Row, copy_manifest, open_manifest
from faceguard.batch.task import Fault, Kind, Outcome, State, Tally
from faceguard.errors import ConfigurationError, EncodeError
from faceguard.types import Effect

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def row(item: str = "a.jpg", size_bytes: int = 10, state: State = State.PLANNED) -> Row:
    return Row(item, Kind.PICTURE, item, item.casefold(), state, "stamp", size_bytes, seen=1)


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return open_manifest(tmp_path / "manifest.sqlite")


@pytest.mark.parametrize(
    "item", ["a.jpg", "写真/☃.png", "b'\"; DROP TABLE items;--.jpg", os.fsdecode(b"\xff\xfe.jpg"), "e\u0301.jpg"]
)
def test_a_row_comes_back_as_it_was(manifest: Manifest, item: str) -> None:
    whole = replace(
        row(item),
        fault=Fault("DecodeError", "cut", 4, {"path": "x"}),
        tally=Tally({Effect.REDACT: 2}, {"age_unknown": 2}, {"unknown": 2}, 3, 3, 1.5),
        started_at=NOW,
        output_sha256="0" * 64,
    )
    manifest.put(whole)
    assert manifest.get(item) == whole
    assert list(manifest.rows()) == [whole]
    assert manifest.owner_of(item.casefold()) == item


def test_a_block_that_raises_writes_nothing(manifest: Manifest) -> None:
    def write_and_fail() -> None:
        with manifest.transaction():
            manifest.put(row())
            raise KeyError

    with pytest.raises(KeyError):
        write_and_fail()
    assert manifest.get("a.jpg") is None


def test_the_largest_come_first_across_pages_and_while_states_change(manifest: Manifest) -> None:
    with manifest.transaction():
        for number in range(1203):
            manifest.put(row(f"{number}.jpg", size_bytes=number % 7))
    seen = []
    for each in manifest.in_state(State.PLANNED):
        manifest.begin(each.item, NOW)
        seen.append(each)
    assert len(seen) == len({each.item for each in seen}) == 1203
    assert [each.size_bytes for each in seen] == sorted((each.size_bytes for each in seen), reverse=True)
    assert next(manifest.in_state(State.PLANNED), None) is None


def test_an_item_ends_with_what_became_of_it(manifest: Manifest) -> None:
    manifest.put(row())
    manifest.begin("a.jpg", NOW)
    outcome = Outcome("a.jpg", State.DONE, output_sha256="1" * 64, fingerprint="worker's", record_id="r", wall_s=2.0)
    manifest.end(outcome, output_stamp="s", planned="plan's", moment=NOW)
    ended = manifest.get("a.jpg")
    assert ended is not None
    assert (ended.state, ended.output_sha256, ended.output_stamp) == (State.DONE, "1" * 64, "s")
    assert (ended.fingerprint, ended.attempts, ended.wall_s) == ("worker's", 1, 2.0)


def test_what_is_written_is_there_for_the_next_who_opens_it(tmp_path: Path) -> None:
    path = tmp_path / "manifest.sqlite"
    open_manifest(path).put(row())  # never closed, as after a kill
    assert open_manifest(path).get("a.jpg") == row()


def test_a_copy_for_a_dry_run_leaves_the_original_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "manifest.sqlite"
    with open_manifest(path).transaction():
        pass
    copy = copy_manifest(path)
    copy.put(row())
    assert open_manifest(path).get("a.jpg") is None
    assert copy_manifest(tmp_path / "none.sqlite").get("a.jpg") is None
    assert not (tmp_path / "none.sqlite").exists()


def test_a_file_that_is_no_manifest_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "manifest.sqlite"
    path.write_bytes(b"my precious notes, all of them, for years" * 100)
    with pytest.raises(ConfigurationError, match="can't be used"):
        open_manifest(path)
    assert path.read_bytes().startswith(b"my precious notes")


def test_a_full_disk_is_told_as_our_error_and_loses_nothing(manifest: Manifest) -> None:
    manifest.put(row())
    manifest._connection.execute("PRAGMA max_page_count = 8")

    def write_much() -> None:
        with manifest.transaction():
            for number in range(10_000):
                manifest.put(row(f"{number}.jpg"))

    with pytest.raises(EncodeError, match="full"):
        write_much()
    assert [each.item for each in manifest.rows()] == ["a.jpg"]
