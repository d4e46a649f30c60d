"""A guard that lives long sees what happens to its consents."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from faceguard.errors import ConsentError
from faceguard.pipeline.consent_source import ConsentFile
from faceguard.policy.consent import Cessation
from faceguard.policy.consent_terms import Actor
from faceguard.policy.register import ConsentRegister
from faceguard.policy.register_file import add_statements, head_path
from faceguard.policy.statement import sign_statement
from faceguard.signing import SigningKey, TrustedKeys

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def stop(path: Path, key: SigningKey, keys: TrustedKeys, number: int) -> None:
    request = Cessation(
        request_id=f"00000000-0000-4000-8000-00000000000{number}",
        subject_id="visitor-7",
        time_utc=NOW,
        by=Actor.SUBJECT,
    )
    add_statements(path, [sign_statement(request, key)], key=key, keys=keys, moment=NOW)


def test_a_request_to_stop_counts_from_the_next_picture_on(tmp_path: Path) -> None:
    """FG-C08, FG-T02: no restart is needed."""
    key = SigningKey.generate()
    keys = TrustedKeys((key.public(),))
    path = tmp_path / "consents.db"
    stop(path, key, keys, 1)
    source = ConsentFile(path, keys)
    assert len(source.at(NOW).cessations) == 1
    stop(path, key, keys, 2)
    assert len(source.at(NOW).cessations) == 2


def test_a_register_that_is_gone_is_an_error_and_not_an_empty_one(tmp_path: Path) -> None:
    """FG-R07: somebody in it may have asked to stop."""
    key = SigningKey.generate()
    keys = TrustedKeys((key.public(),))
    path = tmp_path / "consents.db"
    stop(path, key, keys, 1)
    source = ConsentFile(path, keys)
    source.at(NOW)
    path.unlink()
    with pytest.raises(ConsentError):
        source.at(NOW)


def test_two_changes_within_one_tick_of_the_clock_are_both_seen(tmp_path: Path) -> None:
    """FG-C08: size and time may stay as they are; the database counts its own changes."""
    key = SigningKey.generate()
    keys = TrustedKeys((key.public(),))
    path = tmp_path / "consents.db"
    stop(path, key, keys, 1)
    source = ConsentFile(path, keys)
    source.at(NOW)
    before = path.stat()
    for hours in range(1, 4):
        add_statements(path, [], key=key, keys=keys, moment=NOW + timedelta(hours=hours))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert path.stat().st_size == before.st_size
        assert source.at(NOW + timedelta(hours=hours)).issued_at == NOW + timedelta(hours=hours)


def test_a_register_and_checkpoint_put_back_together_are_seen_by_who_saw_newer_ones(tmp_path: Path) -> None:
    """FG-C08: it would undo a revocation."""
    key = SigningKey.generate()
    keys = TrustedKeys((key.public(),))
    path = tmp_path / "consents.db"
    stop(path, key, keys, 1)
    older = path.read_bytes(), head_path(path).read_bytes()
    stop(path, key, keys, 2)
    source = ConsentFile(path, keys)
    assert source.at(NOW).untrusted_because is None
    newer = path.read_bytes(), head_path(path).read_bytes()
    for (register, head), believed in ((older, False), (newer, True)):
        path.write_bytes(register)
        head_path(path).write_bytes(head)
        assert (source.at(NOW).untrusted_because is None) is believed


def test_a_revoked_key_stops_counting_without_a_restart(tmp_path: Path) -> None:
    """FG-C03"""
    key = SigningKey.generate()
    keys = TrustedKeys((key.public(),))
    keys.save(tmp_path / "trusted.json")
    path = tmp_path / "consents.db"
    stop(path, key, keys, 1)
    source = ConsentFile(path, tmp_path / "trusted.json")
    assert source.at(NOW).untrusted_because is None
    keys.adding([key.public().model_copy(update={"revoked_at": NOW})]).save(tmp_path / "trusted.json")
    assert "revoked" in (source.at(NOW).untrusted_because or "")


def test_looking_for_changes_takes_no_lock_away_from_a_writer_in_the_same_process(tmp_path: Path) -> None:
    """FG-C08: on POSIX, closing any handle of a file gives up all of the process's locks on it."""
    key = SigningKey.generate()
    keys = TrustedKeys((key.public(),))
    path = tmp_path / "consents.db"
    stop(path, key, keys, 1)
    source = ConsentFile(path, keys)
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    for moment in (NOW, NOW + timedelta(seconds=1)):
        assert len(source.at(moment).cessations) == 1
    ConsentRegister.load(path, keys, moment=NOW)
    other = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], timeout=0.1, isolation_level=None);"
        "c.execute('BEGIN IMMEDIATE')"
    )
    found = subprocess.run([sys.executable, "-c", other, str(path)], capture_output=True, text=True, check=False)
    writer.close()
    assert "database is locked" in found.stderr


def test_a_register_that_was_just_being_made_is_believed_once_its_checkpoint_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It must not stay untrusted, covering everybody, until the next change."""
    key = SigningKey.generate()
    keys = TrustedKeys((key.public(),))
    path = tmp_path / "consents.db"
    stop(path, key, keys, 1)
    checkpoint = head_path(path).read_bytes()
    head_path(path).unlink()
    monkeypatch.setattr("faceguard.policy.register_file._PAUSES_S", ())
    source = ConsentFile(path, keys)
    assert "checkpoint" in (source.at(NOW).untrusted_because or "")
    head_path(path).write_bytes(checkpoint)
    assert source.at(NOW).untrusted_because is None
