"""Claims about damage: whatever is done to a log, verifying finds it and nothing is added to it (no picture leaves)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from records import make_record

from faceguard.audit.head import head_path, load_head
from faceguard.audit.log import AuditLog
from faceguard.audit.record import AuditRecord
from faceguard.audit.verify import verify_log
from faceguard.errors import AuditIntegrityError
from faceguard.signing import SigningKey, TrustedKeys

NOW = datetime(2026, 11, 23, tzinfo=UTC)
KEY = SigningKey.generate()
KEYS = TrustedKeys((KEY.public(),))
Make = Callable[[int], AuditRecord]


@pytest.fixture
def log(tmp_path: Path, record_factory: Make) -> Path:
    path = tmp_path / "audit.jsonl"
    for number in range(3):
        AuditLog(path, KEY).append(record_factory(number))
    return path


def refused(path: Path, writer: AuditLog | None = None) -> None:
    """Nothing is added, and the files stay as they are."""
    before = path.read_bytes() if path.exists() else None
    with pytest.raises(AuditIntegrityError):
        (writer or AuditLog(path, KEY)).append(make_record(99))
    assert (path.read_bytes() if path.exists() else None) == before or before is None


def not_verified(path: Path) -> None:
    with pytest.raises(AuditIntegrityError):
        verify_log(path, keys=KEYS, moment=NOW)


@pytest.mark.parametrize("part", ["log", "head"])
def test_a_bit_flipped_in_any_byte_is_found_and_nothing_is_written_on(log: Path, part: str) -> None:
    """FG-D01: every byte of the log and of its checkpoint in turn."""
    path = log if part == "log" else head_path(log)
    whole = path.read_bytes()
    step = 7 if part == "log" else 1  # each line has a thousand bytes of a kind; test_verify flips all of one line
    for place in range(0, len(whole), step):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << place % 8
        path.write_bytes(bytes(flipped))
        refused(log)
        if place % (40 * step) == 0:
            not_verified(log)
    path.write_bytes(whole)
    AuditLog(log, KEY).append(make_record(99))


def test_a_writer_at_work_notices_what_is_done_to_the_log(log: Path) -> None:
    """FG-D01: not only a new process."""
    writer = AuditLog(log, KEY)
    writer.append(make_record(3))
    whole = log.read_bytes()
    a, b, c, d = whole.splitlines(keepends=True)
    for broken in (whole.replace(b'"keep"', b'"none"', 1), a + b + c, a + c + b + d, a + b + b + c + d, b"", whole + d):
        log.write_bytes(broken)
        refused(log, writer)
        not_verified(log)
    log.write_bytes(whole)
    writer.append(make_record(4))
    assert verify_log(log, keys=KEYS, moment=NOW).size == 5


def test_lines_that_somebody_else_wrote_are_checked_before_one_is_added(log: Path) -> None:
    """FG-D01"""
    writer = AuditLog(log, KEY)
    writer.append(make_record(3))
    AuditLog(log, KEY).append(make_record(4))
    writer.append(make_record(5))
    assert verify_log(log, keys=KEYS, moment=NOW).size == 6
    with log.open("ab") as file:
        file.write(b'{"hash":"forged"}\n')
    refused(log, writer)


def test_an_older_log_put_back_is_found_by_who_knows_a_newer_one(log: Path) -> None:
    """FG-D01: by the writer that wrote it, and by an auditor who kept a checkpoint."""
    old = log.read_bytes(), head_path(log).read_bytes()
    writer = AuditLog(log, KEY)
    writer.append(make_record(3))
    kept = load_head(head_path(log))
    log.write_bytes(old[0])
    refused(log)  # against the newer checkpoint beside it
    head_path(log).write_bytes(old[1])
    refused(log, writer)
    assert verify_log(log, keys=KEYS, moment=NOW).size == 3
    with pytest.raises(AuditIntegrityError, match="older log was put back"):
        verify_log(log, keys=KEYS, moment=NOW, kept=[kept])


def test_a_log_written_anew_with_the_key_is_found_by_who_kept_a_checkpoint(log: Path) -> None:
    """FG-D01: against the operator, who has the key."""
    kept = load_head(head_path(log))
    AuditLog(log, KEY).append(make_record(3))
    assert verify_log(log, keys=KEYS, moment=NOW, kept=[kept]).size == 4
    log.unlink()
    head_path(log).unlink()
    for number in (0, 7, 2, 3):
        AuditLog(log, KEY).append(make_record(number))
    assert verify_log(log, keys=KEYS, moment=NOW).size == 4
    with pytest.raises(AuditIntegrityError, match="written anew"):
        verify_log(log, keys=KEYS, moment=NOW, kept=[kept])


def test_the_lines_of_another_log_do_not_fit(log: Path, tmp_path: Path) -> None:
    """FG-D01: also those of one with the same key."""
    other = tmp_path / "other.jsonl"
    for number in range(10, 14):
        AuditLog(other, KEY).append(make_record(number))
    mine, theirs = log.read_bytes().splitlines(keepends=True), other.read_bytes().splitlines(keepends=True)
    for lines in ([*mine[:2], theirs[2]], [theirs[0], *mine[1:]], [*mine, theirs[3]], theirs[:3]):
        log.write_bytes(b"".join(lines))
        refused(log)
        not_verified(log)
    log.write_bytes(b"".join(mine))
    head_path(log).write_bytes(head_path(other).read_bytes())
    refused(log)
    not_verified(log)


def test_a_record_dated_in_the_future_is_found_and_one_out_of_order_is_told(tmp_path: Path) -> None:
    """FG-D01: a clock that was wrong, or was set back."""
    path = tmp_path / "audit.jsonl"
    writer = AuditLog(path, KEY)
    for number, hours in enumerate((0, 2, 1)):
        record = make_record(number)
        writer.append(record.model_copy(update={"timestamp": record.timestamp + timedelta(hours=hours)}))
    assert verify_log(path, keys=KEYS, moment=NOW).out_of_order == (3,)
    with pytest.raises(AuditIntegrityError, match=r"line 2 is dated .* still to come") as caught:
        verify_log(path, keys=KEYS, moment=make_record().timestamp + timedelta(hours=1))
    assert caught.value.line == 2
