"""`faceguard doctor`: true about a whole installation, and about broken ones."""

from __future__ import annotations

import importlib.metadata
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from faceguard.cli import doctor_checks, doctor_selftest
from faceguard.cli.app import app
from faceguard.cli.doctor_checks import Health, is_within, split_requirement
from faceguard.inference import store
from faceguard.redaction.solid import SolidRedactor


def health_of(name: str) -> dict[str, str]:
    answer = CliRunner().invoke(app, ["doctor", "--json"])
    found = json.loads(answer.stdout)
    assert (answer.exit_code == 0) is found["ok"]
    assert found["ok"] is not any(finding["health"] == "failure" for finding in found["findings"])
    return next(finding for finding in found["findings"] if finding["name"].startswith(name))


def test_a_whole_installation_passes_and_covers_a_face() -> None:
    answer = CliRunner().invoke(app, ["doctor"])
    assert answer.exit_code == 0, answer.stdout
    assert "self test" in answer.stdout
    assert health_of("self test")["health"] == "ok"


def test_a_changed_model_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "changed").write_bytes(b"other bytes")
    real = store.weights_path
    monkeypatch.setattr(
        store, "weights_path", lambda spec, folder=None: tmp_path / "changed" if spec.id == "centerface" else real(spec)
    )
    finding = next(f for f in doctor_checks.models() if "centerface" in f.name)
    assert finding.health is Health.FAILURE
    assert "reinstall" in finding.remedy


def test_a_library_out_of_range_or_missing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        if name.lower() == "pillow":
            raise importlib.metadata.PackageNotFoundError(name)
        return "0.0.1" if name == "numpy" else "99999"

    monkeypatch.setattr(importlib.metadata, "version", version)
    found = {finding.name.lower(): finding for finding in doctor_checks.dependencies()}
    assert found["pillow"].health is Health.FAILURE
    assert found["numpy"].health is Health.FAILURE
    assert found["numpy"].remedy.startswith("pip install 'numpy")


@pytest.mark.parametrize(
    ("version", "ranges", "holds"),
    [
        ("2.1.3", ">=2.0,<3", True),
        ("3.0", ">=2.0,<3", False),
        ("3.0.0rc1", "<3", False),
        ("1.4", "~=1.2", True),
        ("2.0", "~=1.2", False),
        ("2025.10.0", ">=2025.3", True),
        ("1.0", "", True),
    ],
)
def test_ranges_are_compared_by_number(version: str, ranges: str, holds: bool) -> None:
    assert is_within(version, ranges) is holds


def test_a_requirement_is_split_from_its_marker() -> None:
    assert split_requirement('ray[default]>=2,<3 ; extra == "ray"') == ("ray", ">=2,<3")


def test_a_clock_that_is_years_off_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return datetime(1999, 1, 1, tzinfo=UTC)

    monkeypatch.setattr(doctor_checks, "datetime", Slow)
    (finding,) = doctor_checks.clock()
    assert finding.health is Health.FAILURE


def test_a_folder_that_cannot_be_written_to_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(doctor_checks.tempfile, "gettempdir", lambda: str(tmp_path / "absent"))
    monkeypatch.setattr(doctor_checks.tempfile, "tempdir", str(tmp_path / "absent"))
    (finding,) = doctor_checks.folder()
    assert finding.health is Health.FAILURE
    assert "TMPDIR" in finding.remedy


def test_a_redactor_that_covers_nothing_fails_the_self_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SolidRedactor, "redact", lambda self, frame, regions: frame)
    (finding,) = doctor_selftest.redact_a_drawn_face()
    assert finding.health is Health.FAILURE


def test_a_check_that_breaks_is_a_failure_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def policies() -> object:
        raise RuntimeError("broken")

    monkeypatch.setattr(doctor_checks, "policies", policies)
    assert health_of("policies")["health"] == "failure"
    assert health_of("self test")["health"] == "ok"
