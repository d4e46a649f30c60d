"""Claims about a log in several files: closed by size, chained, removed only with a note, joined from workers' logs."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from faceguard.audit.chain import Opening, Tip, seal_entry
from faceguard.audit.head import head_path, load_head, write_head
from faceguard.audit.join import check_joined, join_logs
from faceguard.audit.log import AuditLog
from faceguard.audit.merkle import Tree
from faceguard.audit.record import AuditRecord
from faceguard.audit.retention import describe_removed, drop_segments
from faceguard.audit.segments import closed_segments, removal_path, segment_path
from faceguard.audit.verify import read_log, verify_log
from faceguard.errors import AuditIntegrityError, AuditWriteError, ConfigurationError
from faceguard.signing import SigningKey, TrustedKeys

NOW = datetime(2026, 11, 23, tzinfo=UTC)
KEY = SigningKey.generate()
KEYS = TrustedKeys((KEY.public(),))
Make = Callable[[int], AuditRecord]


@pytest.fixture
def log(tmp_path: Path, record_factory: Make) -> Path:
    """Seven records, dated a day apart, two to a file: three closed segments and one record in the last file."""
    path = tmp_path / "audit.jsonl"
    for number in range(7):
        small_log(path).append(dated(record_factory(number), days=number))
    assert [segment.number for segment in closed_segments(path)] == [1, 2, 3]
    return path


def small_log(path: Path) -> AuditLog:
    return AuditLog(path, KEY, max_bytes=7_000)


def dated(record: AuditRecord, *, days: int) -> AuditRecord:
    return record.model_copy(update={"timestamp": NOW - timedelta(days=30 - days)})


def broken_by(path: Path) -> str:
    with pytest.raises(AuditIntegrityError) as caught:
        verify_log(path, keys=KEYS, moment=NOW)
    return caught.value.message


# --------------------------------------------------------------------------------------------------- rotation


def test_a_file_that_grew_is_closed_and_the_chain_goes_on(log: Path, record_factory: Make) -> None:
    """FG-D01"""
    checked = verify_log(log, keys=KEYS, moment=NOW)
    assert (checked.size, checked.segments) == (7, 4)
    entries = list(read_log(log, keys=KEYS, moment=NOW))
    assert [entry.seq for entry in entries if entry.opening] == [2, 4, 6]
    assert [entry.opening.number for entry in entries if entry.opening] == [2, 3, 4]
    assert all(segment.path.stat().st_size <= 7_000 for segment in closed_segments(log))
    assert {entry.record.decision_id for entry in entries} == {record_factory(n).decision_id for n in range(7)}


def test_one_writer_and_a_new_one_for_each_record_write_the_same_tree(tmp_path: Path, record_factory: Make) -> None:
    one = AuditLog(tmp_path / "one.jsonl", max_bytes=7_000)
    for number in range(7):
        one.append(record_factory(number))
        AuditLog(tmp_path / "many.jsonl", max_bytes=7_000).append(record_factory(number))
    roots = {verify_log(tmp_path / name, keys=None, moment=NOW).root for name in ("one.jsonl", "many.jsonl")}
    assert len(roots) == 1


def test_what_is_done_to_a_closed_file_is_found(log: Path) -> None:
    """FG-D01: dropped, swapped, altered, cut, or another log's."""
    first, second = segment_path(log, 1), segment_path(log, 2)
    whole = first.read_bytes(), second.read_bytes()
    second.unlink()
    assert "segment 2" in broken_by(log)
    second.write_bytes(whole[0])
    first.write_bytes(whole[1])
    assert "line 1" in broken_by(log)
    second.write_bytes(whole[1])
    first.write_bytes(whole[0].replace(b'"keep"', b'"none"', 1))
    assert "line 1" in broken_by(log)
    first.write_bytes(whole[0].splitlines(keepends=True)[0])
    assert "line 2" in broken_by(log)
    first.write_bytes(whole[0] + b"x")
    assert "line 3" in broken_by(log)
    first.unlink()
    second.unlink()
    segment_path(log, 3).unlink()
    assert "line 1" in broken_by(log)


def test_a_file_taken_for_another_is_found(log: Path) -> None:
    """FG-D01: two closed files written into one."""
    first, second = segment_path(log, 1), segment_path(log, 2)
    first.write_bytes(first.read_bytes() + second.read_bytes())
    second.unlink()
    segment_path(log, 3).rename(second)
    assert "segment" in broken_by(log)


def test_a_file_that_names_another_tree_before_it_is_found(tmp_path: Path, record_factory: Make) -> None:
    """FG-D01: in an unsigned log, sealed anew by somebody who wants an older part to look like another."""
    path = tmp_path / "audit.jsonl"
    first, entry = seal_entry(record_factory(0), Tip(), None)
    tip, tree = Tip(1, entry.hash), Tree().grown(entry.leaf)
    for named, holds in ((tree, True), (Tree().grown(b"x" * 32), False)):
        segment_path(path, 1).write_bytes(first)
        opening = Opening.after(named, 2)
        second, entry = seal_entry(record_factory(1), tip, None, opening=opening)
        path.write_bytes(second)
        write_head(path, tip.follow(entry), tree.grown(entry.leaf), NOW, None)
        if holds:
            assert verify_log(path, keys=None, moment=NOW).size == 2
        else:
            with pytest.raises(AuditIntegrityError, match="line 2 begins segment 2 after other lines"):
                verify_log(path, keys=None, moment=NOW)


def test_a_checkpoint_over_other_lines_with_the_same_end_is_found(log: Path) -> None:
    """FG-D01: its tip fits, its tree doesn't."""
    head = load_head(head_path(log))
    other = Tree()
    for number in range(head.tip.size):
        other = other.grown(bytes([number]) * 32)
    write_head(log, head.tip, other, NOW, KEY)
    assert "are not those that its checkpoint stands for" in broken_by(log)


@pytest.mark.parametrize("left", ["nothing", "an empty file"])
def test_a_power_cut_between_two_files_does_no_harm(log: Path, record_factory: Make, left: str) -> None:
    """FG-D01: the file was closed, and the next has no line yet."""
    head = head_path(log).read_bytes()
    log.rename(segment_path(log, 4))
    if left == "an empty file":
        log.touch()
    assert verify_log(log, keys=KEYS, moment=NOW).size == 7
    small_log(log).append(record_factory(7))
    assert verify_log(log, keys=KEYS, moment=NOW).size == 8
    log.unlink()
    assert "cut off" in broken_by(log)
    head_path(log).write_bytes(head)
    assert verify_log(log, keys=KEYS, moment=NOW).size == 7


def test_a_disk_that_is_full_when_a_new_file_begins_leaves_a_log_that_holds(
    log: Path, record_factory: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FG-R07"""
    from faceguard.audit import log as log_module

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    small_log(log).append(record_factory(7))
    with monkeypatch.context() as patch:
        patch.setattr(log_module, "_write_all", full)
        with pytest.raises(AuditWriteError):
            small_log(log).append(record_factory(8))
    assert verify_log(log, keys=KEYS, moment=NOW).size == 8
    small_log(log).append(record_factory(8))
    assert verify_log(log, keys=KEYS, moment=NOW).size == 9


# -------------------------------------------------------------------------------------------------- retention


def test_old_segments_leave_a_note_and_verifying_says_so(log: Path, record_factory: Make) -> None:
    """FG-T01, FG-D01"""
    root = verify_log(log, keys=KEYS, moment=NOW).root
    notes = drop_segments(log, before=NOW - timedelta(days=26), reason="30 days", key=KEY, moment=NOW)
    assert [note.segment for note in notes] == [1, 2]
    assert not segment_path(log, 1).exists()
    checked = verify_log(log, keys=KEYS, moment=NOW)
    assert (checked.size, checked.root, len(checked.removed)) == (7, root, 2)
    told = describe_removed(checked.removed)
    assert told == "segments 1-2 (lines 1-4, records until 2026-10-27) removed under retention: 30 days"
    assert [entry.seq for entry in read_log(log, keys=KEYS, moment=NOW)] == [4, 5, 6]
    small_log(log).append(record_factory(7))
    assert verify_log(log, keys=KEYS, moment=NOW).size == 8


def test_nothing_young_and_nothing_damaged_is_removed(log: Path) -> None:
    """FG-T01"""
    assert drop_segments(log, before=NOW - timedelta(days=30), reason="r", key=KEY, moment=NOW) == ()
    altered = segment_path(log, 2)
    altered.write_bytes(altered.read_bytes().replace(b'"keep"', b'"none"', 1))
    with pytest.raises(AuditIntegrityError):
        drop_segments(log, before=NOW, reason="r", key=KEY, moment=NOW)
    assert segment_path(log, 1).exists()


def test_a_note_is_signed_and_fits_or_the_log_is_broken(log: Path) -> None:
    """FG-D01: deleting a file and writing a note for it needs the key."""
    original = segment_path(log, 1).read_bytes()
    drop_segments(log, before=NOW - timedelta(days=28), reason="r", key=None, moment=NOW)
    note = removal_path(log, 1)
    assert "not signed" in broken_by(log)
    segment_path(log, 1).write_bytes(original)
    (signed,) = drop_segments(log, before=NOW - timedelta(days=28), reason="r", key=KEY, moment=NOW)
    whole = note.read_bytes()
    assert verify_log(log, keys=KEYS, moment=NOW).removed == (signed,)
    for change in (
        {"reason": "other"},
        {"leaves": signed.leaves[::-1]},
        {"hash": "0" * 64},
        {"first_seq": 1},
        {"segment": 2},
    ):
        forged = signed.model_copy(update=change)
        note.write_bytes(forged.to_bytes())
        broken_by(log)
        note.write_bytes(forged.signed(KEY).to_bytes())
        if "reason" not in change:  # whoever has the key can give another reason, but not other lines
            broken_by(log)
    for place in range(0, len(whole), 7):
        note.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        broken_by(log)


# ---------------------------------------------------------------------------------------------------- joining


@pytest.fixture
def workers(tmp_path: Path, record_factory: Make) -> list[Path]:
    paths = [tmp_path / f"worker-{name}.jsonl" for name in "ab"]
    for n, path in enumerate(paths):
        for number in range(3):
            AuditLog(path, KEY).append(record_factory(100 * (n + 1) + number))
    return paths


def test_workers_logs_become_one_that_verifies_and_says_where_each_line_is_from(log: Path, workers: list[Path]) -> None:
    """FG-D01"""
    joined = join_logs(small_log(log), workers, keys=KEYS, moment=NOW)
    assert [(part.size, part.added) for part in joined] == [(3, 3), (3, 3)]
    assert verify_log(log, keys=KEYS, moment=NOW).size == 13
    entries = list(read_log(log, keys=KEYS, moment=NOW))
    roots = [verify_log(path, keys=KEYS, moment=NOW).root for path in workers]
    assert [entry.origin.root for entry in entries if entry.origin] == [roots[0]] * 3 + [roots[1]] * 3
    assert [check_joined(entries, path, keys=KEYS, moment=NOW) for path in workers] == [3, 3]
    with pytest.raises(AuditIntegrityError, match=r"line 3 .* was not taken over"):
        check_joined(entries[:-1], workers[1], keys=KEYS, moment=NOW)


def test_joining_again_adds_only_what_is_new(log: Path, workers: list[Path], record_factory: Make) -> None:
    join_logs(small_log(log), workers[:1], keys=KEYS, moment=NOW)
    AuditLog(workers[0], KEY).append(record_factory(103))
    joined = join_logs(small_log(log), workers, keys=KEYS, moment=NOW)
    assert [part.added for part in joined] == [1, 3]
    assert verify_log(log, keys=KEYS, moment=NOW).size == 14


def test_nothing_is_taken_from_a_worker_whose_log_does_not_hold(log: Path, workers: list[Path]) -> None:
    """FG-D01"""
    shutil.copy(log, before := log.with_name("before"))
    lines = workers[1].read_bytes().splitlines(keepends=True)
    for broken in (lines[:2], lines[1:], [lines[0], lines[2], lines[1]], []):
        workers[1].write_bytes(b"".join(broken))
        with pytest.raises(AuditIntegrityError, match="nothing was joined"):
            join_logs(small_log(log), workers, keys=KEYS, moment=NOW)
        assert log.read_bytes() == before.read_bytes()
    with pytest.raises(ConfigurationError, match="itself"):
        join_logs(small_log(log), [log], keys=KEYS, moment=NOW)
