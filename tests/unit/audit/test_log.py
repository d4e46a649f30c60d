"""Claims about writing the log: on disk before `append` returns, or an error and nothing changed."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

import pytest
from filelock import FileLock
from records import append_some, make_record

from faceguard.audit.head import head_path
from faceguard.audit.log import AuditLog, MemoryAuditLog
from faceguard.audit.record import AuditRecord
from faceguard.audit.verify import read_log, verify_log
from faceguard.errors import AuditIntegrityError, AuditWriteError
from faceguard.signing import SigningKey, TrustedKeys

NOW = datetime(2026, 11, 23, tzinfo=UTC)
Make = Callable[[int], AuditRecord]


def size_of(path: Path) -> int:
    return verify_log(path, keys=None, moment=NOW).size


def test_a_record_is_in_the_file_when_append_returns(tmp_path: Path, record: AuditRecord) -> None:
    """FG-D01"""
    path = tmp_path / "audit.jsonl"
    receipt = AuditLog(path).append(record)
    (entry,) = read_log(path, keys=None, moment=NOW)
    assert entry.record == record
    assert (receipt.record_id, receipt.seq, receipt.hash) == (record.decision_id, 0, entry.hash)


def test_each_line_follows_from_the_one_before(tmp_path: Path, record_factory: Make) -> None:
    """FG-D01"""
    path = tmp_path / "audit.jsonl"
    receipts = [AuditLog(path).append(record_factory(number)) for number in range(5)]
    entries = list(read_log(path, keys=None, moment=NOW))
    assert [entry.hash for entry in entries] == [receipt.hash for receipt in receipts]
    assert [entry.prev_hash for entry in entries] == ["0" * 64, *(receipt.hash for receipt in receipts[:-1])]


def test_a_line_is_flushed_to_disk_before_append_returns(
    tmp_path: Path, record: AuditRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FG-D01"""
    path = tmp_path / "audit.jsonl"
    flushed: list[int] = []
    real = os.fsync

    def spy(descriptor: int) -> None:
        if path.exists() and os.fstat(descriptor).st_ino == path.stat().st_ino:
            flushed.append(path.stat().st_size)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", spy)
    AuditLog(path).append(record)
    assert flushed == [path.stat().st_size]
    assert flushed[0] > 1000


def test_threads_and_processes_share_one_log(tmp_path: Path) -> None:
    """FG-D01"""
    path = tmp_path / "audit.jsonl"
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as pool:
        jobs = [pool.submit(append_some, path, start) for start in (0, 10, 20)]
        threads = [threading.Thread(target=append_some, args=(path, start)) for start in (30, 40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for job in jobs:
            job.result()
    ids = {entry.record.decision_id for entry in read_log(path, keys=None, moment=NOW)}
    assert size_of(path) == len(ids) == 25


def test_memory_keeps_the_records_in_the_same_chain(tmp_path: Path, record_factory: Make) -> None:
    memory, file = MemoryAuditLog(), AuditLog(tmp_path / "audit.jsonl")
    for number in range(3):
        assert memory.append(record_factory(number)) == file.append(record_factory(number))
    assert [entry.record.decision_id for entry in memory.entries] == [record_factory(n).decision_id for n in range(3)]


# ----------------------------------------------------------------------------------------- what can't be written


def fail_with(code: int) -> Callable[..., int]:
    def write(*_: object) -> int:
        raise OSError(code, os.strerror(code))

    return write


def test_a_full_disk_is_an_error_and_leaves_the_log_as_it_was(
    tmp_path: Path, record_factory: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FG-D01, FG-R07: also when half of the line was written already."""
    path = tmp_path / "audit.jsonl"
    log = AuditLog(path)
    log.append(record_factory(0))
    before = path.read_bytes()
    real, calls = os.write, iter((True, False))

    def half(descriptor: int, data: bytes) -> int:
        if len(data) < 500:
            return real(descriptor, data)
        if next(calls):
            return real(descriptor, bytes(data)[:300])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", half)
        with pytest.raises(AuditWriteError, match="free space"):
            log.append(record_factory(1))
    assert path.read_bytes() == before
    log.append(record_factory(2))
    assert size_of(path) == 2


def test_a_checkpoint_that_can_not_be_written_withdraws_the_line(
    tmp_path: Path, record_factory: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "audit.jsonl"
    log = AuditLog(path)
    log.append(record_factory(0))
    before = path.read_bytes(), head_path(path).read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", fail_with(errno.EROFS))
        with pytest.raises(AuditWriteError, match="checkpoint"):
            log.append(record_factory(1))
    assert (path.read_bytes(), head_path(path).read_bytes()) == before


@pytest.mark.parametrize("place", ["no-such-folder/audit.jsonl", "a-file/audit.jsonl", "."])
def test_a_place_that_can_not_be_written_is_an_error(tmp_path: Path, place: str, record: AuditRecord) -> None:
    (tmp_path / "a-file").write_text("")
    with pytest.raises(AuditWriteError):
        AuditLog(tmp_path / place).append(record)


def test_a_log_that_another_process_holds_is_an_error(tmp_path: Path, record: AuditRecord) -> None:
    path = tmp_path / "audit.jsonl"
    with FileLock(path.with_name("audit.jsonl.lock")), pytest.raises(AuditWriteError, match="another process"):
        AuditLog(path, lock_timeout_s=0.05).append(record)


# ------------------------------------------------------------------------------------ what must not be written on


def test_nothing_is_added_to_a_torn_line(tmp_path: Path, record_factory: Make) -> None:
    path = tmp_path / "audit.jsonl"
    for number in range(2):
        AuditLog(path).append(record_factory(number))
    torn = path.read_bytes() + b'{"hash":"12'
    path.write_bytes(torn)
    with pytest.raises(AuditIntegrityError, match="audit repair"):
        AuditLog(path).append(record_factory(2))
    assert path.read_bytes() == torn


def test_nothing_is_added_to_a_log_whose_end_does_not_hold(tmp_path: Path, record_factory: Make) -> None:
    path = tmp_path / "audit.jsonl"
    for number in range(3):
        AuditLog(path).append(record_factory(number))
    data, head = path.read_bytes(), head_path(path).read_bytes()
    lines = data.splitlines(keepends=True)
    cut, swapped = b"".join(lines[:2]), b"".join((lines[0], lines[2], lines[1]))
    altered = data[:-200] + data[-200:].replace(b"release", b"dry_run").replace(b"Z", b"Y")
    for broken in (cut, swapped, b"", altered):
        path.write_bytes(broken)
        with pytest.raises(AuditIntegrityError):
            AuditLog(path).append(record_factory(3))
        assert path.read_bytes() == broken
    path.write_bytes(data)
    head_path(path).unlink()
    with pytest.raises(AuditIntegrityError, match="checkpoint"):
        AuditLog(path).append(record_factory(3))
    head_path(path).write_bytes(head)
    AuditLog(path).append(record_factory(3))
    assert size_of(path) == 4


def test_a_power_cut_between_line_and_checkpoint_does_no_harm(tmp_path: Path, record_factory: Make) -> None:
    path = tmp_path / "audit.jsonl"
    AuditLog(path).append(record_factory(0))
    head = head_path(path).read_bytes()
    AuditLog(path).append(record_factory(1))
    head_path(path).write_bytes(head)
    assert size_of(path) == 2
    AuditLog(path).append(record_factory(2))
    assert size_of(path) == 3


# ------------------------------------------------------------------------------------------------- signatures


def test_a_signed_log_verifies_with_its_key_and_with_no_other(tmp_path: Path, record_factory: Make) -> None:
    path, key = tmp_path / "audit.jsonl", SigningKey.generate()
    for number in range(2):
        AuditLog(path, key).append(record_factory(number))
    assert verify_log(path, keys=TrustedKeys((key.public(),)), moment=NOW).signed
    with pytest.raises(AuditIntegrityError, match="line 1") as caught:
        verify_log(path, keys=TrustedKeys((SigningKey.generate().public(),)), moment=NOW)
    assert caught.value.line == 1


def test_with_keys_an_unsigned_line_is_a_broken_line(tmp_path: Path, record_factory: Make) -> None:
    path, key = tmp_path / "audit.jsonl", SigningKey.generate()
    AuditLog(path, key).append(record_factory(0))
    AuditLog(path).append(record_factory(1))
    assert size_of(path) == 2
    with pytest.raises(AuditIntegrityError, match="line 2 is not signed"):
        verify_log(path, keys=TrustedKeys((key.public(),)), moment=NOW)


def test_a_key_counts_only_for_the_records_of_its_time(tmp_path: Path, record: AuditRecord) -> None:
    path, key = tmp_path / "audit.jsonl", SigningKey.generate()
    AuditLog(path, key).append(record)
    late = TrustedKeys((key.public(valid_from=record.timestamp + timedelta(seconds=1)),))
    with pytest.raises(AuditIntegrityError, match="not yet valid"):
        verify_log(path, keys=late, moment=NOW)


def test_a_log_in_memory_keeps_the_last_records_only(record_factory: Make) -> None:
    """The chain goes on though its beginning is forgotten."""
    log = MemoryAuditLog(max_entries=2)
    receipts = [log.append(record_factory(number)) for number in range(4)]
    assert [entry.seq for entry in log.entries] == [2, 3]
    assert [receipt.seq for receipt in receipts] == [0, 1, 2, 3]
    assert log.entries[1].prev_hash == log.entries[0].hash


@pytest.mark.parametrize("after_the_checkpoint", [False, True])
def test_ctrl_c_at_the_checkpoint_leaves_a_log_that_holds(
    tmp_path: Path, record_factory: Make, monkeypatch: pytest.MonkeyPatch, *, after_the_checkpoint: bool
) -> None:
    """FG-D01: the interrupt may come just before the checkpoint is renewed, or just after."""
    from faceguard.audit import log as log_module

    path = tmp_path / "log.jsonl"
    AuditLog(path).append(record_factory())
    honest = log_module.write_head

    def interrupted(*words: object) -> None:
        if after_the_checkpoint:
            honest(*words)
        raise KeyboardInterrupt

    monkeypatch.setattr(log_module, "write_head", interrupted)
    with pytest.raises(KeyboardInterrupt):
        AuditLog(path).append(record_factory())
    monkeypatch.setattr(log_module, "write_head", honest)
    AuditLog(path).append(record_factory())
    assert verify_log(path, keys=None, moment=datetime.now(UTC)).size == 3


def test_a_log_without_checkpoint_is_left_alone_and_the_error_says_how_to_go_on(tmp_path: Path) -> None:
    """FG-D01: an older version wrote none; whether lines are missing, nobody can tell any more."""
    path = tmp_path / "audit.jsonl"
    AuditLog(path).append(make_record(0))
    path.with_name("audit.jsonl.head").unlink()
    before = path.read_bytes()
    with pytest.raises(AuditIntegrityError, match=r"older version .*`--audit NEW\.jsonl`"):
        AuditLog(path).append(make_record(1))
    assert path.read_bytes() == before
