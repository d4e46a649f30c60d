"""What is made from policies is current: the page of each preset, and the schema for editors."""

from __future__ import annotations

import json
import tomllib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from faceguard.cli.app import app
from faceguard.cli.policy_warning import warn_if_stale
from faceguard.errors import PolicyError
from faceguard.policy.authoring import new_policy
from faceguard.policy.document import Policy
from faceguard.policy.limits import STALE_AFTER_DAYS
from faceguard.policy.load import PRESETS, load_policy, policy_in
from faceguard.policy.merge import rules_of
from faceguard.policy.policy_page import policy_page
from faceguard.policy.policy_schema import SCHEMA_FILE, policy_schema, schema_text
from faceguard.policy.toml_file import TomlFile
from faceguard.resources import resource_dir

ROOT = Path(__file__).parents[3]
POLICIES = resource_dir("policies")
REMAKE = "made from the policies; run `make policy-pages`"


# ---------------------------------------------------------------------------------------------------- pages


@pytest.mark.parametrize("name", PRESETS)
def test_the_page_of_a_preset_is_current(name: str) -> None:
    page = (ROOT / "docs" / "policies" / f"{name}.md").read_text(encoding="utf-8")
    assert page == policy_page(load_policy(name)), REMAKE


def test_there_is_a_page_for_each_preset_and_no_other() -> None:
    assert {path.stem for path in (ROOT / "docs" / "policies").glob("*.md")} == set(PRESETS)


@pytest.mark.parametrize("name", PRESETS)
def test_a_page_has_every_rule_with_basis_source_and_day(name: str) -> None:
    """FG-P01."""
    policy = load_policy(name)
    lines = policy_page(policy).splitlines()
    entries = list(rules_of(policy))
    assert len(entries) > 60
    for entry in entries:
        rows = [line for line in lines if line.startswith(f"| `{entry.key.rpartition('.')[2]}` |")]
        assert any(
            all(f"#source-{source})" in row for source in entry.provenance.source)
            and ("not set" if entry.provenance.in_force_from == "not_set" else str(entry.provenance.in_force_from))
            in row
            for row in rows
        ), entry.key
    for source in policy.sources:
        assert sum(line.startswith(f'- <a id="source-{source.id}"></a>') for line in lines) == 1


# --------------------------------------------------------------------------------------------------- schema


def as_json(text: str) -> Any:
    """A TOML text as an editor's validator sees it: days are strings."""
    return json.loads(json.dumps(tomllib.loads(text), default=str))


SCHEMA = Draft202012Validator(policy_schema())


def test_the_shipped_schema_is_current_and_a_schema() -> None:
    assert (POLICIES / SCHEMA_FILE).read_text(encoding="utf-8") == schema_text(), REMAKE
    Draft202012Validator.check_schema(policy_schema())


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_points_to_the_schema_and_holds_it(name: str) -> None:
    text = (POLICIES / f"{name}.toml").read_text(encoding="utf-8")
    assert text.startswith(f"#:schema ./{SCHEMA_FILE}\n")
    assert list(SCHEMA.iter_errors(as_json(text))) == []


def test_a_new_file_holds_the_schema() -> None:
    text = new_policy("shop", ["uk"], (), path=Path("shop.toml"), today=date(2026, 11, 22))
    assert list(SCHEMA.iter_errors(as_json(text))) == []


OWN = (POLICIES / "eu-gdpr.toml").read_text(encoding="utf-8").replace('policy_id = "eu-gdpr"', 'policy_id = "mine"')
EXTENDING = 'extends = ["uk"]\npolicy_id = "mine"\nversion = "1"\nlast_verified = 2026-11-22\n'


@pytest.mark.parametrize(
    "text",
    [
        OWN.replace("[detection]\n", "[detection]\nspeed = 3\n"),
        OWN.replace("max_duration_days = ", "max_duration_hours = "),
        OWN.replace('tier = { value = "', 'tier = { value = "very-'),
        OWN.replace("last_verified = 2026-11-22\n", ""),
        OWN.replace('in_force_from = 2026-11-22, note = "smaller', 'note = "smaller'),
        OWN.replace("[rights]", "[wrongs]"),
        EXTENDING + "[consent]\nmax_duration_days = 90\n",
        EXTENDING + '[consent]\nmax_duration_days = { value = 90, basis = ["product"], source = ["x"] }\n',
        EXTENDING + '[[weakens]]\nkey = "redaction.margin"\n',
        EXTENDING.replace('version = "1"\n', ""),
    ],
)
def test_what_an_editor_marks_the_loader_refuses_too(text: str) -> None:
    """FG-P01."""
    assert text not in (OWN, EXTENDING)
    assert list(SCHEMA.iter_errors(as_json(text)))
    with pytest.raises(PolicyError):
        policy_in(TomlFile(Path("mine.toml"), text, tomllib.loads(text)))


def test_the_schema_is_printed_and_written(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["policy", "schema"]).stdout == schema_text()
    target = tmp_path / "s.json"
    assert CliRunner().invoke(app, ["policy", "schema", "-o", str(target)]).exit_code == 0
    assert target.read_text(encoding="utf-8") == schema_text()


# --------------------------------------------------------------------------------------------------- stale


def verified(days_ago: int) -> Policy:
    day = datetime.now(UTC).date() - timedelta(days=days_ago)
    return load_policy("uk").model_copy(update={"last_verified": day})


def test_a_run_under_a_stale_policy_says_so_once_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    """FG-P01: older than 180 days."""
    warn_if_stale(verified(STALE_AFTER_DAYS))
    assert capsys.readouterr() == ("", "")
    warn_if_stale(verified(STALE_AFTER_DAYS + 1))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("warning: `uk` was last verified 181 days ago")


def test_check_warns_of_a_stale_file(tmp_path: Path) -> None:
    """FG-P01."""
    path = tmp_path / "mine.toml"
    path.write_text(EXTENDING.replace("2026-11-22", "2020-01-01"), encoding="utf-8")
    answer = CliRunner().invoke(app, ["policy", "check", str(path)])
    assert answer.exit_code == 0
    assert "warning: `mine` was last verified" in answer.stdout
