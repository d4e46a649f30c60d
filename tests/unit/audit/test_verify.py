"""Claims about verifying: altering, dropping, moving or cutting any line is found, and the first one is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faceguard.audit.chain import Tip, read_entry, seal_entry
from faceguard.audit.head import head_path, load_head
from faceguard.audit.log import AuditLog
from faceguard.audit.record import AuditRecord
from faceguard.audit.verify import VerifiedLog, verify_log
from faceguard.errors import AuditIntegrityError, ConfigurationError
from faceguard.signing import SigningKey, TrustedKeys, canonical_json, digest

NOW = datetime(2026, 11, 23, tzinfo=UTC)
KEY = SigningKey.generate()
KEYS = TrustedKeys((KEY.public(),))
LINES = 4
Make = Callable[[int], AuditRecord]


@pytest.fixture
def log(tmp_path: Path, record_factory: Make) -> Path:
    path = tmp_path / "audit.jsonl"
    for number in range(LINES):
        AuditLog(path, KEY).append(record_factory(number))
    return path


def first_broken(path: Path, keys: TrustedKeys | None = KEYS) -> int | None:
    with pytest.raises(AuditIntegrityError) as caught:
        verify_log(path, keys=keys, moment=NOW)
    return caught.value.line


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def test_a_log_that_holds_is_described(log: Path, record: AuditRecord) -> None:
    tip = json.loads(lines_of(log)[-1])["hash"]
    assert verify_log(log, keys=KEYS, moment=NOW) == VerifiedLog(
        LINES, tip, True, record.timestamp, record.timestamp, load_head(head_path(log)).root
    )


def test_every_changed_byte_of_a_line_is_found(log: Path) -> None:
    """FG-D01: one bit of every byte is flipped in turn."""
    line = lines_of(log)[1][:-1]
    assert read_entry(line, 2, KEYS, NOW).seq == 1
    for place in range(len(line)):
        flipped = bytearray(line)
        flipped[place] ^= 1 << place % 8
        with pytest.raises(AuditIntegrityError, match="line 2"):
            read_entry(bytes(flipped), 2, KEYS, NOW)
    assert len(line) > 1500


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_edit_of_a_log_goes_unnoticed(log: Path, data: st.DataObject) -> None:
    """FG-D01: bytes replaced, left out, put in or doubled, in the log or in its checkpoint."""
    path = data.draw(st.sampled_from([log, head_path(log)]))
    whole = path.read_bytes()
    start = data.draw(st.integers(0, len(whole) - 1))
    stop = data.draw(st.integers(start, min(len(whole), start + 500)))
    put = data.draw(st.binary(max_size=6) | st.sampled_from([b" ", b"\n", b"0", whole[start:stop] * 2]))
    edited = whole[:start] + put + whole[stop:]
    if edited == whole:
        return
    try:
        path.write_bytes(edited)
        first_broken(log)
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize("keys", [KEYS, None], ids=["signed", "unsigned"])
def test_lines_dropped_doubled_or_moved_are_named(log: Path, keys: TrustedKeys | None) -> None:
    """FG-D01"""
    a, b, c, d = lines_of(log)
    for lines, broken in (
        ((b, c, d), 1),
        ((a, c, d), 2),
        ((a, b, d), 3),
        ((a, b, b, c, d), 3),
        ((a, c, b, d), 2),
        ((b, a, c, d), 1),
        ((a, b, c), 4),
        ((), 1),
        ((a, b, c, d[:-1]), 4),
        ((a, b, c, d, b"\n"), 5),
        ((a, b, c, d, a), 5),
    ):
        log.write_bytes(b"".join(lines))
        assert first_broken(log, keys) == broken


def test_a_log_that_is_gone_is_found_by_its_checkpoint(log: Path, tmp_path: Path) -> None:
    """FG-D01"""
    log.unlink()
    assert first_broken(log) == 1
    with pytest.raises(ConfigurationError, match="no audit log"):
        verify_log(tmp_path / "other.jsonl", keys=None, moment=NOW)


def test_without_its_checkpoint_nobody_can_tell_where_a_log_ended(log: Path) -> None:
    """FG-D01"""
    head_path(log).unlink()
    assert first_broken(log) is None


def test_a_forged_end_is_found_by_the_signature_of_the_checkpoint(log: Path, record_factory: Make) -> None:
    """FG-D01: cutting the end and writing a checkpoint to fit needs the key."""
    a, b, *_ = lines_of(log)
    other = log.with_name("other.jsonl")
    stranger = SigningKey.generate()
    for number in range(2):
        AuditLog(other, stranger).append(record_factory(number))
    forged = json.loads(head_path(other).read_bytes())
    forged["hash"] = json.loads(b)["hash"]
    log.write_bytes(a + b)
    del forged["sig"]
    head_path(log).write_bytes(canonical_json(forged) + b"\n")
    with pytest.raises(AuditIntegrityError, match="checkpoint is not signed"):
        verify_log(log, keys=KEYS, moment=NOW)
    forged["sig"] = stranger.sign(forged, kind="faceguard-audit-head")
    head_path(log).write_bytes(canonical_json(forged) + b"\n")
    with pytest.raises(AuditIntegrityError, match="no trusted key"):
        verify_log(log, keys=KEYS, moment=NOW)


def test_a_line_rewritten_with_its_hash_breaks_the_next_one(log: Path, record_factory: Make) -> None:
    """FG-D01: without signatures the chain alone shows it."""
    a, _, c, d = lines_of(log)
    rewritten, _ = seal_entry(record_factory(99), Tip(1, json.loads(a)["hash"]), None)
    log.write_bytes(b"".join((a, rewritten, c, d)))
    assert first_broken(log, None) == 3


def test_a_last_line_rewritten_with_its_hash_does_not_fit_the_checkpoint(log: Path, record_factory: Make) -> None:
    """FG-D01"""
    a, b, c, _ = lines_of(log)
    rewritten, _ = seal_entry(record_factory(99), Tip(3, json.loads(c)["hash"]), None)
    log.write_bytes(b"".join((a, b, c, rewritten)))
    assert first_broken(log, None) == 4


def test_a_line_that_counts_wrongly_is_named(tmp_path: Path, record: AuditRecord) -> None:
    """FG-D01: a log whose first lines were dropped before it was chained anew."""
    path = tmp_path / "audit.jsonl"
    path.write_bytes(seal_entry(record, Tip(2, Tip().hash), None)[0])
    with pytest.raises(AuditIntegrityError, match="line 1 says it is line 3"):
        verify_log(path, keys=None, moment=NOW)


def test_a_line_that_is_no_record_is_named(log: Path) -> None:
    """FG-D02: nothing can be smuggled into a log that verifies, whatever its hash."""
    lines = lines_of(log)
    line = json.loads(lines[0])
    line["record"]["estimated_age"] = 12.5
    line["hash"] = digest({name: line[name] for name in ("prev_hash", "record", "seq")})
    log.write_bytes(canonical_json(line) + b"\n" + b"".join(lines[1:]))
    with pytest.raises(AuditIntegrityError, match="holds no audit record"):
        verify_log(log, keys=None, moment=NOW)
