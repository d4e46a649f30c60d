"""What options of `redact` and `render` stand for."""

from __future__ import annotations

from pathlib import Path

import pytest
from records import make_record

from faceguard.audit.log import AuditLog
from faceguard.cli.redact_options import asset_moment, log_sink, output_signer
from faceguard.errors import ConfigurationError


def test_a_log_s_files_are_as_large_as_asked(tmp_path: Path) -> None:
    """FG-D01: `--audit-max-mb`."""
    small, usual = log_sink(tmp_path / "a.jsonl", None, 2), log_sink(tmp_path / "b.jsonl", None, None)
    assert isinstance(small, AuditLog)
    assert isinstance(usual, AuditLog)
    assert (small.max_bytes, usual.max_bytes) == (2_000_000, 64_000_000)
    small.append(make_record(0))
    assert (tmp_path / "a.jsonl").exists()


@pytest.mark.parametrize("text", ["yesterday", "2026-11-22T10:00:00", "9999-12-31T23:59:59-12:00"])
def test_a_time_of_capture_needs_a_zone_and_a_meaning(text: str) -> None:
    with pytest.raises(ConfigurationError):
        asset_moment(text)


def test_half_a_signer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="--c2pa-key"):
        output_signer(tmp_path / "chain.pem", None, keeps_parent=False)
