"""What was done and not noted is found by its record, and by nothing less."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from records import MOMENT, make_record

from faceguard.audit.log import AuditLog
from faceguard.audit.record import OutputEntry
from faceguard.batch.manifest import Manifest, Row, open_manifest
from faceguard.batch.places import Place, put_in_place
from faceguard.batch.recover import adopt_finished, mend_log
from faceguard.batch.task import Kind, State
from faceguard.errors import EncodeError

RULES = "f" * 64
SAFE = b"a safe picture"
DIGEST = hashlib.sha256(SAFE).hexdigest()
RUNNING = Row(
    "a.jpg",
    Kind.PICTURE,
    "a.jpg",
    "a.jpg",
    State.RUNNING,
    "stamp",
    10,
    fingerprint=RULES,
    started_at=MOMENT - timedelta(seconds=1),
    seen=1,
)


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return open_manifest(tmp_path / "manifest.sqlite")


@pytest.fixture
def target(tmp_path: Path) -> Place:
    (tmp_path / "out").mkdir()
    return Place(str(tmp_path / "out"))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log with the release of `SAFE`, between two others."""
    path = tmp_path / "log.jsonl"
    record = make_record(1)
    output = OutputEntry(media_type="image/jpeg", sha256=DIGEST, size_bytes=len(SAFE))
    for each in (
        make_record(0),
        record.model_copy(update={"result": record.result.model_copy(update={"output": output})}),
        make_record(2),
    ):
        AuditLog(path).append(each)
    return path


def adopted(manifest: Manifest, target: Place, log: Path, row: Row = RUNNING, output: bytes = SAFE) -> Row:
    manifest.put(row)
    (target.path / "a.jpg").write_bytes(output)
    count = adopt_finished(manifest, target, log, RULES)
    after = manifest.get("a.jpg")
    assert after is not None
    assert count == (after.state is State.DONE)
    return after


def test_an_output_in_place_and_on_record_is_done(manifest: Manifest, target: Place, log: Path) -> None:
    """FG-D01: killed after the output got its name and before the manifest knew."""
    row = adopted(manifest, target, log)
    assert (row.state, row.output_sha256, row.output_bytes) == (State.DONE, DIGEST, len(SAFE))
    assert row.record_id == make_record(1).decision_id
    assert {effect.value: count for effect, count in row.tally.effects.items()} == {"redact": 1, "keep": 1}
    assert row.output_stamp is not None


def test_a_file_without_a_record_is_not_taken_for_ours(manifest: Manifest, target: Place, log: Path) -> None:
    row = adopted(manifest, target, log, output=b"whatever somebody put there")
    assert (row.state, row.output_sha256) == (State.RUNNING, None)


@pytest.mark.parametrize(
    "row",
    [replace(RUNNING, started_at=MOMENT + timedelta(seconds=1)), replace(RUNNING, fingerprint="0" * 64)],
    ids=["recorded before the item was begun", "under other rules"],
)
def test_an_older_output_of_ours_is_done_again_and_may_be_replaced(
    manifest: Manifest, target: Place, log: Path, row: Row
) -> None:
    after = adopted(manifest, target, log, row=row)
    assert (after.state, after.output_sha256) == (State.RUNNING, DIGEST)


def test_what_stood_there_before_the_item_was_begun_is_not_its_output(
    manifest: Manifest, target: Place, log: Path
) -> None:
    row = replace(RUNNING, output_sha256=DIGEST)
    assert adopted(manifest, target, log, row=row) == row


def test_a_torn_last_line_hides_no_record_before_it(manifest: Manifest, target: Place, log: Path) -> None:
    with log.open("ab") as file:
        file.write(b'{"seq":3,"rec')
    assert adopted(manifest, target, log).state is State.DONE
    mended = mend_log(log, MOMENT)
    assert mended is not None
    assert mended.read_bytes() == b'{"seq":3,"rec'


def test_without_a_log_nothing_is_adopted(manifest: Manifest, target: Place, tmp_path: Path) -> None:
    assert adopted(manifest, target, tmp_path / "none.jsonl").state is State.RUNNING
    assert mend_log(tmp_path / "none.jsonl", MOMENT) is None


def test_an_output_that_is_there_already_byte_for_byte_is_no_obstacle_and_another_file_is(tmp_path: Path) -> None:
    """Otherwise an item whose worker died at the last moment would be refused for ever."""
    staged, there = tmp_path / "staged.jpg", tmp_path / "there.jpg"
    there.write_bytes(SAFE)
    staged.write_bytes(SAFE)
    put_in_place(staged, str(there), overwrite=False)
    assert there.read_bytes() == SAFE
    assert not staged.exists()
    staged.write_bytes(b"another")
    with pytest.raises(EncodeError, match="no output of this batch"):
        put_in_place(staged, str(there), overwrite=False)
    assert there.read_bytes() == SAFE
