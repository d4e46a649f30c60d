"""The shipped cases hold, and a case that doesn't is seen."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from faceguard.errors import PolicyError
from faceguard.policy.cases import CaseResult, run_cases
from faceguard.policy.load import PRESETS
from faceguard.types import Effect

RESULTS = run_cases()
CASE = """
policy = "{policy}"
[[case]]
name = "a claim"
purpose = "in_store_safety"
age = {{ estimate = 41.0, lower = 33.0 }}
expect = "{expect}"
reasons = ["{reason}"]
"""


@pytest.mark.parametrize("result", RESULTS, ids=lambda result: f"{result.policy_id}: {result.case.name}")
def test_case(result: CaseResult) -> None:
    """FG-C01, FG-A02, FG-A07, FG-C03 to FG-C13, FG-T02, FG-T04, as each case says."""
    assert result.actual == result.expected


def test_the_cases_are_many_and_about_every_preset_and_say_both_yes_and_no() -> None:
    per_policy = Counter(result.policy_id for result in RESULTS)
    assert set(per_policy) == set(PRESETS)
    assert min(per_policy.values()) >= 25
    assert sum(per_policy.values()) >= 120
    for name in PRESETS:
        effects = {result.case.expect for result in RESULTS if result.policy_id == name}
        assert {Effect.KEEP, Effect.REDACT} <= effects
    names = [(result.policy_id, result.case.name) for result in RESULTS]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("expect", "reason", "passes"),
    [("keep", "adult_in_place", True), ("keep", "consent_valid", False), ("redact", "no_consent", False)],
)
def test_a_case_passes_only_if_effect_and_reasons_are_as_it_says(
    tmp_path: Path, expect: str, reason: str, passes: bool
) -> None:
    (tmp_path / "a.toml").write_text(CASE.format(policy="jp-appi-2026", expect=expect, reason=reason))
    (result,) = run_cases(tmp_path)
    assert result.passed is passes
    assert result.actual == "keep: adult_in_place"


def test_cases_can_be_about_a_policy_file_beside_them(tmp_path: Path) -> None:
    product = 'basis = ["product"], source = ["faceguard"], in_force_from = 2026-11-22'
    (tmp_path / "mine.toml").write_text(
        'extends = ["jp-appi-2026"]\npolicy_id = "mine"\nversion = "1"\nlast_verified = 2026-11-22\n'
        f"[redact_when]\nadult_without_consent = {{ {product} }}\n"
    )
    folder = tmp_path / "cases"
    folder.mkdir()
    (folder / "a.toml").write_text(CASE.format(policy="../mine.toml", expect="redact", reason="no_consent"))
    (result,) = run_cases(folder)
    assert (result.policy_id, result.passed) == ("mine", True)


@pytest.mark.parametrize(
    "text", ["", 'policy = "uk"', CASE.format(policy="uk", expect="keep", reason="nonsense"), "policy = 3"]
)
def test_a_file_without_cases_is_an_error_and_not_a_pass(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(PolicyError):
        run_cases(tmp_path)


def test_an_empty_folder_is_an_error_and_not_a_pass(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="no case files"):
        run_cases(tmp_path)
