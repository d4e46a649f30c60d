"""Claims about proofs: checked with the public key alone, and worth nothing once anything in them is changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from faceguard.audit.head import Head, head_path, load_head
from faceguard.audit.log import AuditLog
from faceguard.audit.proof import check_proof, prove_consistency, prove_record, read_proof
from faceguard.audit.record import AuditRecord
from faceguard.errors import AuditIntegrityError, ConfigurationError
from faceguard.signing import SigningKey, TrustedKeys

NOW = datetime(2026, 11, 23, tzinfo=UTC)
KEY = SigningKey.generate()
KEYS = TrustedKeys((KEY.public(),))
Make = Callable[[int], AuditRecord]


@pytest.fixture
def log(tmp_path: Path, record_factory: Make) -> Path:
    path = tmp_path / "audit.jsonl"
    writer = AuditLog(path, KEY, max_bytes=9_000)
    for number in range(7):
        writer.append(record_factory(number))
    return path


@pytest.fixture
def older(tmp_path: Path, log: Path, record_factory: Make) -> Head:
    """A checkpoint over the seven records; the log has grown since."""
    kept = load_head(head_path(log))
    AuditLog(log, KEY, max_bytes=9_000).append(record_factory(7))
    return kept


def test_every_record_is_proved_without_the_log(log: Path, record_factory: Make, tmp_path: Path) -> None:
    """FG-D01"""
    head = load_head(head_path(log))
    for number in range(7):
        record = record_factory(number)
        proof = prove_record(log, record.decision_id, keys=KEYS, moment=NOW)
        file = tmp_path / "proof.json"
        file.write_text(json.dumps(proof.document()))
        proved = check_proof(read_proof(file), keys=KEYS, kept=head, moment=NOW)
        assert proved.entry is not None
        assert (proved.entry.record, proved.entry.seq) == (record, number)


def test_growth_is_proved_to_who_kept_a_checkpoint(log: Path, older: Head) -> None:
    """FG-D01"""
    proof = prove_consistency(log, older, keys=KEYS, moment=NOW)
    proved = check_proof(proof, keys=KEYS, kept=older, moment=NOW)
    assert (proved.old, proved.head.tip.size) == (older, 8)
    with pytest.raises(ConfigurationError, match="--head"):
        check_proof(proof, keys=KEYS, kept=None, moment=NOW)


def test_a_log_written_anew_has_no_proof(log: Path, older: Head, tmp_path: Path, record_factory: Make) -> None:
    """FG-D01: nor does one made from it convince."""
    anew = tmp_path / "anew.jsonl"
    for number in (0, 1, 2, 3, 4, 99, 6, 7):
        AuditLog(anew, KEY).append(record_factory(number))
    with pytest.raises(AuditIntegrityError, match="written anew"):
        prove_consistency(anew, older, keys=KEYS, moment=NOW)
    honest = prove_consistency(log, older, keys=KEYS, moment=NOW)
    forged = honest.model_copy(update={"head": load_head(head_path(anew)).document})
    with pytest.raises(AuditIntegrityError, match="written anew"):
        check_proof(forged, keys=KEYS, kept=older, moment=NOW)


def test_a_proof_in_which_anything_was_changed_proves_nothing(log: Path, record_factory: Make) -> None:
    """FG-D01"""
    proof = prove_record(log, record_factory(2).decision_id, keys=KEYS, moment=NOW)
    other = prove_record(log, record_factory(3).decision_id, keys=KEYS, moment=NOW)
    unsigned = {name: value for name, value in proof.head.items() if name != "sig"}
    for change in (
        {"path": proof.path[1:]},
        {"path": (*proof.path, proof.path[0])},
        {"path": proof.path[::-1]},
        {"path": other.path},
        {"line": {**proof.line, "seq": 3}},
        {"line": {**proof.line, "sig": other.line["sig"]}},
        {"line": {**proof.line, "record": other.line["record"]}},
        {"head": {**proof.head, "size": 6}},
        {"head": unsigned},
        {"head": {}},
    ):
        with pytest.raises(AuditIntegrityError):
            check_proof(proof.model_copy(update=change), keys=KEYS, kept=None, moment=NOW)
    with pytest.raises(AuditIntegrityError, match="no trusted key"):
        check_proof(proof, keys=TrustedKeys((SigningKey.generate().public(),)), kept=None, moment=NOW)


def test_a_proof_is_under_the_checkpoint_that_the_auditor_has(log: Path, older: Head, record_factory: Make) -> None:
    """FG-D01"""
    proof = prove_record(log, record_factory(2).decision_id, keys=KEYS, moment=NOW)
    with pytest.raises(AuditIntegrityError, match="under a checkpoint of 8 lines"):
        check_proof(proof, keys=KEYS, kept=older, moment=NOW)


def test_what_can_not_be_proved_is_said(log: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no record"):
        prove_record(log, "ffff", keys=KEYS, moment=NOW)
    with pytest.raises(ConfigurationError, match="7 records begin"):
        prove_record(log, "0f8f", keys=KEYS, moment=NOW)
    (tmp_path / "no.json").write_text("{}")
    with pytest.raises(ConfigurationError, match="no proof"):
        read_proof(tmp_path / "no.json")
