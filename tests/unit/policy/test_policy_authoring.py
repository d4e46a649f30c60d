"""Policies are written, compared and joined by commands, and what comes out can be relied on."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from faceguard.cli.app import app
from faceguard.errors import EncodeError, PolicyError
from faceguard.policy.authoring import base_of, change_of, new_policy
from faceguard.policy.difference import Side, difference_of
from faceguard.policy.load import PRESETS, load_policy
from faceguard.policy.merge import at_least_as_strict, merge_policies, rules_of, weaker_keys
from faceguard.policy.policy_text import policy_toml

TODAY = date(2026, 11, 22)
RULE_LINE = re.compile(r"^# (?=[a-z_]+ = \{ )", re.MULTILINE)


def faceguard(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["policy", *map(str, arguments)])


# ------------------------------------------------------------------------------------------------------ new


@pytest.mark.parametrize("preset", [*PRESETS, "uk+kr-pipa"])
def test_a_new_file_names_its_preset_and_says_what_the_preset_says(preset: str, tmp_path: Path) -> None:
    """FG-P03: nothing is weaker in a file that nobody changed."""
    path = tmp_path / "shop.toml"
    path.write_text(new_policy("shop", preset.split("+"), (), path=path, today=TODAY), encoding="utf-8")
    policy = load_policy(path)
    assert difference_of(policy, base_of(preset.split("+"))).rules == ()
    assert policy.weakened_from_preset == ()
    assert all(f'"{name}"' in path.read_text(encoding="utf-8") for name in preset.split("+"))
    assert faceguard("check", path).exit_code == 0


@pytest.mark.parametrize("preset", PRESETS)
def test_every_commented_rule_can_be_uncommented_as_it_stands(preset: str, tmp_path: Path) -> None:
    path = tmp_path / "shop.toml"
    text, uncommented = RULE_LINE.subn("", new_policy("shop", [preset], (), path=path, today=TODAY))
    assert uncommented > 40
    path.write_text(text, encoding="utf-8")
    policy, base = load_policy(path), load_policy(preset)
    assert at_least_as_strict(policy, base)
    assert {rule.key for rule in difference_of(policy, base).rules} <= {
        f"{table}.{entry}"
        for table in ("redact_when", "notice.required_items")
        for entry in (*policy.redact_when, *policy.notice.required_items)
    }


def test_rules_are_set_by_key_and_weakened_by_name_alone(tmp_path: Path) -> None:
    """FG-P03."""
    path = tmp_path / "shop.toml"
    made = faceguard(
        *("new", "shop", "--from", "jp-appi-2026", "-o", path, "--because", "known to the staff"),
        *("--weaken", "consent.min_guardian_level=G1", "--weaken", "redact_when.refusal_or_objection=false"),
        *("--set", "consent.max_duration_days=90", "--set", "notice.required_items.legal_basis=true"),
        *("--set", 'notice.locales=["ja", "en"]'),
    )
    assert made.exit_code == 0
    policy, base = load_policy(path), load_policy("jp-appi-2026")
    assert policy.consent.max_duration_days.value == 90
    assert "legal_basis" in policy.notice.required_items
    assert weaker_keys(policy, base) == ("consent.min_guardian_level", "redact_when.refusal_or_objection")
    assert policy.weakened_from_preset == tuple(f"jp-appi-2026:{key}" for key in weaker_keys(policy, base))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--weaken", "consent.min_guardian_level=G1"), "needs a reason"),
        (("--set", "consent.min_guardian_level=G1"), "is weaker than in `jp-appi-2026`"),
        (("--set", "consent.max_duration_day=9"), "did you mean `consent.max_duration_days`?"),
        (("--set", "consent.max_duration_days"), "says no value"),
        (("--set", "redact_when.adult_without_consent=7"), "is asked for or not"),
        (("--weaken", "redact_when.error=false", "--because", "x"), "no policy can do without this condition"),
        (("--weaken", "redaction.margin=0.5", "--because", "x"), "is not weaker than"),
        (("--from", "mars"), "there is no preset or file `mars`"),
    ],
)
def test_what_cannot_stand_is_not_written(options: tuple[str, ...], says: str, tmp_path: Path) -> None:
    """FG-P01, FG-P03: the error tells, and there is no file."""
    refused = faceguard("new", "shop", "-o", tmp_path / "shop.toml", *options)
    assert isinstance(refused.exception, PolicyError)
    assert says in refused.exception.message
    assert list(tmp_path.iterdir()) == []


def test_a_new_file_replaces_none_and_takes_no_preset_s_name(tmp_path: Path) -> None:
    path = tmp_path / "shop.toml"
    path.write_text("mine", encoding="utf-8")
    assert isinstance(faceguard("new", "shop", "-o", path).exception, EncodeError)
    assert path.read_text(encoding="utf-8") == "mine"
    assert isinstance(faceguard("new", "uk", "-o", tmp_path / "uk.toml").exception, PolicyError)


def test_a_change_of_what_is_no_rule_is_refused() -> None:
    with pytest.raises(PolicyError, match="is no rule of `uk`"):
        change_of("redact_when.tuesday=true", load_policy("uk"))


# ---------------------------------------------------------------------------------------------- merge, text


@pytest.mark.parametrize("name", [*PRESETS, "uk+us-coppa", "eu-gdpr+us-il-bipa+in-dpdp"])
def test_the_text_of_a_policy_is_the_policy(name: str, tmp_path: Path) -> None:
    """FG-P01: nothing is lost on the way to a file and back, sources and footing included."""
    policy = load_policy(name)
    path = tmp_path / "copy.toml"
    path.write_text(policy_toml(policy, comment="a copy\nof two lines"), encoding="utf-8")
    assert load_policy(path) == policy
    assert load_policy(path).sha256 == policy.sha256


def test_a_merged_file_is_the_strictest_and_keeps_every_source(tmp_path: Path) -> None:
    """FG-P02, FG-P03: whatever the order; what was weakened still shows."""
    shop = tmp_path / "shop.toml"
    weaken = ("--weaken", "consent.min_guardian_level=G1", "--because", "x")
    assert faceguard("new", "shop", "-o", shop, *weaken).exit_code == 0
    one, other = tmp_path / "one.toml", tmp_path / "other.toml"
    assert faceguard("merge", shop, "kr-pipa", "-o", one).exit_code == 0
    assert faceguard("merge", "kr-pipa", shop, "-o", other).exit_code == 0
    merged, parts = load_policy(one), [load_policy(shop), load_policy("kr-pipa")]
    assert load_policy(other) == merged == merge_policies(*parts)
    assert all(at_least_as_strict(merged, part) for part in parts)
    assert {source.id for part in parts for source in part.sources} == {source.id for source in merged.sources}
    assert merged.weakened_from_preset == ("jp-appi-2026:consent.min_guardian_level",)
    held = {entry.key: entry.provenance for entry in rules_of(merged)}
    kept = [
        set(entry.provenance.source) <= set(held[entry.key].source)
        for part in parts
        for entry in rules_of(part)
        if entry.key.startswith("redact_when.")
    ]
    assert len(kept) > 10
    assert all(kept)


def test_one_policy_is_not_merged_and_no_file_replaced(tmp_path: Path) -> None:
    assert isinstance(faceguard("merge", "uk", "-o", tmp_path / "m.toml").exception, PolicyError)
    (tmp_path / "m.toml").touch()
    assert isinstance(faceguard("merge", "uk", "eu-gdpr", "-o", tmp_path / "m.toml").exception, EncodeError)


# ----------------------------------------------------------------------------------------------------- diff


def test_a_difference_says_which_side_is_stricter_in_each_rule() -> None:
    """FG-P02, FG-P03."""
    first, second = load_policy("jp-appi-2026"), load_policy("uk")
    there, back = difference_of(first, second), difference_of(second, first)
    assert {rule.key for rule in there.rules} == {rule.key for rule in back.rules}
    assert len(there.rules) > 20
    swapped = {Side.FIRST: Side.SECOND, Side.SECOND: Side.FIRST, Side.NEITHER: Side.NEITHER}
    assert {rule.key: swapped[rule.stricter] for rule in there.rules} == {r.key: r.stricter for r in back.rules}
    weaker = {rule.key for rule in there.rules if rule.stricter in (Side.FIRST, Side.NEITHER)}
    assert weaker == set(weaker_keys(second, first))


@pytest.mark.parametrize("name", PRESETS)
def test_strictest_differs_from_every_preset_on_the_strict_side_alone(name: str) -> None:
    """FG-P02."""
    difference = difference_of(load_policy(name), load_policy("strictest"))
    assert {rule.stricter for rule in difference.rules} <= {Side.SECOND}


def test_the_exit_code_of_diff_is_that_of_diff() -> None:
    assert faceguard("diff", "uk", "uk").exit_code == 0
    assert faceguard("diff", "uk", "eu-gdpr").exit_code == 1
    missing = faceguard("diff", "uk", "mars")
    assert isinstance(missing.exception, PolicyError)
    assert missing.exception.exit_code == 2


def test_diff_tells_people_and_machines_the_same() -> None:
    words, answer = faceguard("diff", "us-coppa", "uk").stdout, faceguard("diff", "us-coppa", "uk", "--json").stdout
    rows = json.loads(answer)["rules"]
    assert rows
    assert all(f"\n{row['key']}\n" in words for row in rows)
    by_key = {row["key"]: row for row in rows}
    assert by_key["notice.child_readable"]["stricter"] == "b"
    assert by_key["notice.child_readable"]["b_rests_on"]["source"] == ["aadc"]
    assert "uk is stricter (yes is stricter)" in words
