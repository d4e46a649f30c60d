"""What docs/policy.md and docs/notice.md show works as shown."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from faceguard.cli.app import app
from faceguard.errors import NoticeError
from faceguard.policy.cases import run_cases, shipped_notice
from faceguard.policy.gate import bind_notice
from faceguard.policy.load import PRESETS, load_policy
from faceguard.policy.notice import load_notice
from faceguard.resources import resource_dir
from policies import FUNCTIONS, IN_PLACE, NOW

DOCS = Path(__file__).parents[3] / "docs"
POLICY_PAGE, NOTICE_PAGE = ((DOCS / name).read_text(encoding="utf-8") for name in ("policy.md", "notice.md"))


def toml_blocks(page: str) -> list[str]:
    return re.findall(r"```toml\n(.*?)```", page, flags=re.DOTALL)


def test_the_policy_of_the_page_loads_and_shows_its_weakening(tmp_path: Path) -> None:
    """FG-P03."""
    own, _ = toml_blocks(POLICY_PAGE)
    path = tmp_path / "shop.toml"
    path.write_text(own, encoding="utf-8")
    policy = load_policy(path)
    assert policy.consent.max_duration_days.value == 90
    assert policy.weakened_from_preset == ("jp-appi-2026:consent.min_guardian_level",)


def test_the_case_of_the_page_holds(tmp_path: Path) -> None:
    _, case = toml_blocks(POLICY_PAGE)
    (tmp_path / "case.toml").write_text(case, encoding="utf-8")
    (result,) = run_cases(tmp_path)
    assert result.passed, result.actual


def test_the_exception_of_the_page_binds_in_japan_alone(tmp_path: Path) -> None:
    """FG-N08."""
    (claim,) = toml_blocks(NOTICE_PAGE)
    example = (resource_dir("policies") / "notices" / "example.toml").read_text(encoding="utf-8")
    path = tmp_path / "notice.toml"
    path.write_text(example + claim, encoding="utf-8")
    known = []
    for name in PRESETS:
        try:
            bind_notice(load_notice(path), policy=load_policy(name), purpose=IN_PLACE, functions=FUNCTIONS, moment=NOW)
            known.append(name)
        except NoticeError:
            continue
    assert known == ["jp-appi-2026", "jp-appi-current"]


@pytest.mark.parametrize("name", PRESETS)
def test_the_table_of_the_page_names_each_preset_with_its_age(name: str) -> None:
    row = next(line for line in POLICY_PAGE.splitlines() if line.startswith(f"| `{name}`"))
    assert f"| {load_policy(name).age.guardian_consent_age_years.value} |" in row


def test_the_page_counts_the_cases_right() -> None:
    assert f"{len(run_cases())} cases of all presets" in POLICY_PAGE


def test_the_page_names_every_part_of_a_notice() -> None:
    for key in shipped_notice().content:
        assert key in ("schema_version", "exception", "items") or f"`{key}`" in NOTICE_PAGE or f"[{key}]" in NOTICE_PAGE


def test_the_commands_of_the_page_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other; `diff` says by its exit code that the two differ."""
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"```sh\n(.*?)```", POLICY_PAGE, flags=re.DOTALL)
    commands = [shlex.split(line)[1:] for line in block.splitlines()]
    assert len(commands) == 5
    for words in commands:
        assert CliRunner().invoke(app, words).exit_code == (1 if words[1] == "diff" else 0), words
    assert sorted(path.name for path in tmp_path.iterdir()) == ["aozora.toml", "both.toml", "policy.schema.json"]
