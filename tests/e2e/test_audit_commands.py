"""An auditor's commands: check the log, read it, and what can be done about a torn line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from records import make_record

from faceguard.audit.head import head_path
from faceguard.audit.log import AuditLog
from faceguard.audit.repair import repair_log
from faceguard.cli.app import main
from faceguard.errors import AuditIntegrityError
from faceguard.signing import SigningKey, TrustedKeys

KEY = SigningKey.generate()
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "audit.jsonl"
    for number in range(3):
        AuditLog(path, KEY).append(make_record(number))
    TrustedKeys((KEY.public(),)).save(tmp_path / "t.json")
    return path


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def command(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["faceguard", "audit", *map(str, words)])
        with pytest.raises(SystemExit) as caught:
            main()
        said = capsys.readouterr()
        return int(caught.value.code or 0), said.out, said.err

    return command


def test_a_sound_log_verifies_with_and_without_keys(run: Run, log: Path) -> None:
    """FG-D01"""
    code, out, _ = run("verify", log)
    assert (code, "3 records" in out, "signatures were not checked" in out) == (0, True, True)
    code, out, _ = run("verify", log, "--keys", log.with_name("t.json"), "--json")
    assert code == 0
    checked = json.loads(out)
    assert (checked["lines"], checked["signed"]) == (3, True)
    assert checked["first"] == checked["last"] == "2026-11-22T09:30:00+00:00"


def test_the_first_broken_line_is_named_with_exit_code_5(run: Run, log: Path) -> None:
    """FG-D01"""
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(lines[0] + lines[1].replace(b'"keep"', b'"redact"', 1) + lines[2])
    code, _, err = run("verify", log)
    assert (code, "line 2 was altered" in err) == (5, True)
    log.write_bytes(lines[0] + lines[1])
    code, _, err = run("verify", log)
    assert (code, "its end was cut off" in err) == (5, True)


def test_show_tells_of_every_face_what_was_decided_and_why(run: Run, log: Path) -> None:
    """FG-D03"""
    record = make_record(1)
    code, out, _ = run("show", log, "--record", record.decision_id)
    assert code == 0
    consent = "consent 7d9f2c52-55f0-4f0e-9a3a-2f9f6a1f7b11"
    assert out.splitlines() == [
        f"2. {record.decision_id}  2026-11-22 09:30:00 UTC  release",
        "   image/jpeg 640x480, in_store_safety (in_place), policy jp-appi-2026 0.1.0, notice shop 3",
        f"   face 0: redact unknown        age_unknown, no_guardian_consent  {consent}",
        "   face 1: keep   adult_clear    adult_in_place",
    ]
    code, out, _ = run("show", log, "--json")
    assert [entry["record"] for entry in json.loads(out)] == [make_record(number).document() for number in range(3)]


def test_show_shows_nothing_of_a_broken_log_as_if_it_were_true(run: Run, log: Path) -> None:
    log.write_bytes(log.read_bytes().replace(b'"keep"', b'"redact"', 1))
    code, out, err = run("show", log)
    assert (code, out, "line 1" in err) == (5, "", True)


def test_what_is_not_there_is_a_mistake_of_the_operator(run: Run, log: Path) -> None:
    assert run("verify", log.with_name("absent.jsonl"))[0] == 2
    assert run("show", log, "--record", "ffffffff")[0] == 2


def test_repair_moves_a_torn_line_aside_and_loses_nothing(run: Run, log: Path) -> None:
    """FG-D01: a torn line's picture was never released."""
    whole = log.read_bytes()
    log.write_bytes(whole + b'{"hash":"12')
    assert run("verify", log)[0] == 5
    code, out, _ = run("repair", log)
    torn = log.with_name(f"audit.jsonl.torn-{len(whole)}")
    assert (code, str(torn) in out, torn.read_bytes()) == (0, True, b'{"hash":"12')
    assert log.read_bytes() == whole
    AuditLog(log, KEY).append(make_record(3))
    assert run("verify", log)[0] == 0
    assert "nothing to repair" in run("repair", log)[1]


def test_repair_never_takes_away_a_line_that_the_checkpoint_counts(log: Path) -> None:
    """FG-D01: or cutting the end in the middle of a line would be a way to lose it."""
    whole = log.read_bytes()
    for broken in (whole[:-1], whole[:-300], b"x" + whole[:-1], whole.replace(b'"keep"', b'"none"') + b"{"):
        log.write_bytes(broken)
        with pytest.raises(AuditIntegrityError):
            repair_log(log, moment=make_record().timestamp)
        assert log.read_bytes() == broken
    log.write_bytes(whole + b"{")
    head_path(log).unlink()
    with pytest.raises(AuditIntegrityError, match="checkpoint"):
        repair_log(log, moment=make_record().timestamp)
