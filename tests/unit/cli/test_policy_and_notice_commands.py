"""`faceguard policy` and `faceguard notice`, run as a person would."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from faceguard.cli.app import main
from faceguard.policy.load import PRESETS, load_policy
from faceguard.resources import resource_dir

NOTICE = resource_dir("policies") / "notices" / "example.toml"


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> int:
    """The exit code of `faceguard ARGUMENTS`."""
    monkeypatch.setattr(sys, "argv", ["faceguard", *map(str, arguments)])
    with pytest.raises(SystemExit) as caught:
        main()
    return int(caught.value.code or 0)


def test_list_names_every_preset(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "policy", "list", "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["policy_id"] for row in rows] == list(PRESETS)
    assert [row["policy_id"] for row in rows if row["default"]] == ["jp-appi-2026"]
    assert run(monkeypatch, "policy", "list") == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in PRESETS)


def test_check_says_ok_or_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """FG-P01, FG-P03."""
    assert run(monkeypatch, "policy", "check", "us-coppa", "--json") == 0
    assert json.loads(capsys.readouterr().out)["sha256"] == load_policy("us-coppa").sha256
    weak = tmp_path / "weak.toml"
    rule = 'value = 0.1, basis = ["product"], source = ["faceguard"], in_force_from = 2026-11-22'
    head = 'extends = ["uk"]\npolicy_id = "weak"\nversion = "1"\nlast_verified = 2026-11-22\n'
    named = '[[weakens]]\nkey = "redaction.margin"\nreason = "small signs"\n'
    weak.write_text(f"{head}[redaction]\nmargin = {{ {rule} }}\n")
    assert run(monkeypatch, "policy", "check", weak) == 2
    assert "`redaction.margin` is weaker than in `uk`" in capsys.readouterr().err
    weak.write_text(f"{head}{named}[redaction]\nmargin = {{ {rule} }}\n")
    assert run(monkeypatch, "policy", "check", weak) == 0
    assert "weakened from preset: uk:redaction.margin" in capsys.readouterr().out


def test_explain_speaks_both_languages(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "policy", "explain", "us-il-bipa") == 0
    assert "written release" in capsys.readouterr().out
    assert run(monkeypatch, "policy", "explain", "us-il-bipa", "--language", "ja") == 0
    assert "書面による許諾" in capsys.readouterr().out


def test_test_runs_the_shipped_cases_and_fails_with_a_false_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(monkeypatch, "policy", "test", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["cases"] >= 120
    assert answer["failed"] == []
    (tmp_path / "false.toml").write_text(
        'policy = "uk"\n[[case]]\nname = "everybody is shown"\npurpose = "publication"\n'
        'age = { unknown = "blurred" }\nexpect = "keep"\nreasons = ["consent_valid"]\n'
    )
    assert run(monkeypatch, "policy", "test", tmp_path) == 2
    printed = capsys.readouterr()
    assert "FAILED false.toml: everybody is shown" in printed.out
    assert "1 of 1 policy cases failed" in printed.err


@pytest.mark.parametrize("name", PRESETS)
def test_the_example_notice_passes_every_preset(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """FG-N02."""
    assert run(monkeypatch, "notice", "check", NOTICE, "--policy", name) == 0
    assert run(monkeypatch, "notice", "check", NOTICE, "--policy", name, "--purpose", "publication") == 0


def test_notice_check_asks_for_every_function_that_will_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """FG-N03: a notice that `redact` would refuse isn't called complete."""
    silent = tmp_path / "silent.toml"
    text = NOTICE.read_text(encoding="utf-8")
    assert '"age_estimation"' in text
    silent.write_text(text.replace('"age_estimation", ', "").replace('"age_estimation",', ""), encoding="utf-8")
    assert run(monkeypatch, "notice", "check", silent) == 2


def test_notice_check_names_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """FG-N02, FG-N09."""
    notice = tmp_path / "notice.toml"
    notice.write_text(NOTICE.read_text(encoding="utf-8").replace("[items.retention]", "[items.public_benefit_]"))
    assert run(monkeypatch, "notice", "check", notice) == 2
    assert "public_benefit_" in capsys.readouterr().err
    text = NOTICE.read_text(encoding="utf-8")
    start, end = text.index("[items.retention]"), text.index("[items.third_parties]")
    notice.write_text(text[:start] + text[end:], encoding="utf-8")
    assert run(monkeypatch, "notice", "check", notice, "--purpose", "in_store_safety", "--json") == 2
    answer = json.loads(capsys.readouterr().out)["purposes"]["in_store_safety"]
    assert answer["ok"] is False
    assert answer["error"]["code"] == "NoticeIncomplete"
    assert answer["error"]["missing"] == ["retention"]
    assert run(monkeypatch, "notice", "check", NOTICE, "--purpose", "marketing") == 2
    assert "has no purpose `marketing`" in capsys.readouterr().err


def test_notice_example_prints_one_that_loads(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(monkeypatch, "notice", "example") == 0
    copy = tmp_path / "mine.toml"
    copy.write_text(capsys.readouterr().out, encoding="utf-8")
    assert run(monkeypatch, "notice", "check", copy) == 0
