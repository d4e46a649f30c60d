"""Every kind of slip in a policy file is answered with its place and its remedy (FG-P01)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from faceguard.errors import PolicyError
from faceguard.policy.load import load_policy
from faceguard.resources import resource_dir

PRESET = (resource_dir("policies") / "eu-gdpr.toml").read_text(encoding="utf-8").replace('"eu-gdpr"', '"mine"', 1)
PRODUCT = 'basis = ["product"], source = ["faceguard"], in_force_from = 2026-11-22'
SINCE = "in_force_from = 2026-11-22"
HEAD = 'extends = ["jp-appi-2026"]\npolicy_id = "mine"\nversion = "1"\nlast_verified = 2026-11-22\n'

SLIPS = {
    "a slip in a key": (
        f"[consent]\nmax_durration_days = {{ value = 9, {PRODUCT} }}",
        6,
        "`consent.max_durration_days` is not a key here; did you mean `max_duration_days`?",
    ),
    "a key in another unit": (
        f"[retention]\noriginals_days = {{ value = 1, {PRODUCT} }}",
        6,
        "`retention.originals_days` is not a key here; did you mean `originals_hours`?",
    ),
    "a slip in a section": ("[consnet]\nx = 1", 5, "`consnet` is not a key here; did you mean `consent`?"),
    "a slip in a part of a rule": (
        f'[consent.max_duration_days]\nvalue = 9\nbasis = ["product"]\nsorce = ["faceguard"]\n{SINCE}',
        8,
        "`consent.max_duration_days.sorce` is not a key here; did you mean `source`?",
    ),
    "a condition that isn't one": (
        f"[redact_when]\nadult_without_consnt = {{ {PRODUCT} }}",
        6,
        "`redact_when.adult_without_consnt` is not a word here; did you mean `adult_without_consent`?",
    ),
    "a number with its unit": (
        f'[consent]\nmax_duration_days = {{ value = "90d", {PRODUCT} }}',
        6,
        "`consent.max_duration_days.value` can't hold this (it is `90d`); write a whole number: days",
    ),
    "a percentage": (
        f"[age]\nmax_false_adult_rate = {{ value = 4, {PRODUCT} }}",
        6,
        "(it is `4`); input should be less than or equal to 0.05: a share from 0 to 1",
    ),
    "a part of a day": (
        f"[consent]\nmax_duration_days = {{ value = 0.5, {PRODUCT} }}",
        6,
        "(it is `0.5`); write a whole number: days",
    ),
    "a truth value in quotes": (
        f'[notice]\nchild_readable = {{ value = "yes", {PRODUCT} }}',
        6,
        "(it is `yes`); write `true` or `false`, without quotes",
    ),
    "a word that isn't one": (
        f'[detection]\ntier = {{ value = "through", {PRODUCT} }}',
        6,
        "`detection.tier.value` can't hold this (it is `through`); did you mean `thorough`?",
    ),
    "a word far from any": (
        f'[detection]\ntier = {{ value = "x", {PRODUCT} }}',
        6,
        "write one of `live`, `balanced`, `thorough`",
    ),
    "a bare value": (
        "[consent]\nmax_duration_days = 90",
        6,
        'write a whole rule: `{ value = 90, basis = ["product"], source = ["..."], in_force_from = 2026-11-22 }`',
    ),
    "a basis that is no list": (
        f'[consent]\nmax_duration_days = {{ value = 9, basis = "product", source = ["faceguard"], {SINCE} }}',
        6,
        '`consent.max_duration_days.basis` can\'t hold this (it is `product`); write a list: `["product"]`',
    ),
    "no basis": (
        f'[consent]\nmax_duration_days = {{ value = 9, source = ["faceguard"], {SINCE} }}',
        6,
        "`consent.max_duration_days.basis` is missing; add it: what the rule rests on",
    ),
    "no source": (
        f'[consent]\nmax_duration_days = {{ value = 9, basis = ["product"], {SINCE} }}',
        6,
        "`consent.max_duration_days.source` is missing; add it",
    ),
    "a source that is not listed": (
        f'[consent]\nmax_duration_days = {{ value = 9, basis = ["product"], source = ["hearsay"], {SINCE} }}',
        6,
        "its source `hearsay` is not among `[[sources]]`; add it there",
    ),
    "a basis that isn't one": (
        f'[consent]\nmax_duration_days = {{ value = 9, basis = ["statut"], source = ["faceguard"], {SINCE} }}',
        6,
        "did you mean `statute`?",
    ),
    "a day that isn't one": (
        f"[consent]\nmax_duration_days = {{ value = 9, {PRODUCT.replace('2026-11-22', chr(34) + 'soon' + chr(34))} }}",
        6,
        "can't hold this (it is `soon`)",
    ),
    "weaker in silence": (
        f"[consent]\nmax_duration_days = {{ value = 900, {PRODUCT} }}",
        6,
        "is weaker than in `jp-appi-2026`; tighten it, or name it under `[[weakens]]` with a reason",
    ),
    "a weakening of no rule": (
        '[[weakens]]\nkey = "consent.min_gardian_level"\nreason = "x"',
        5,
        "did you mean `consent.min_guardian_level`?",
    ),
    "no quotes": ("[consent]\nnote = hello", 6, "the policy is no TOML here: invalid value in `note = hello`"),
    "a line that breaks off": ("[consent]\nmax_duration_days = { value = 9,", 6, "the policy is no TOML here"),
    "a key twice": ("[consent]\n[consent]", 6, "the policy is no TOML here: cannot declare"),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_is_told_with_its_place_and_remedy(slip: str, tmp_path: Path) -> None:
    """FG-P01: file, line, key and remedy for each kind of mistake."""
    text, line, says = SLIPS[slip]
    path = tmp_path / "mine.toml"
    path.write_text(HEAD + text + "\n", encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        load_policy(path)
    message = caught.value.message
    assert message.startswith(f"`{path}`, line {line}")
    assert says in message
    assert "\n" not in message


@pytest.mark.parametrize("key", ["version", "last_verified", "policy_id"])
def test_a_slip_in_a_key_that_must_be_there_is_taken_for_it(key: str, tmp_path: Path) -> None:
    """FG-P01."""
    path = tmp_path / "mine.toml"
    path.write_text(re.sub(rf"^{key} ", f"{key[:-1]} ", HEAD, flags=re.MULTILINE), encoding="utf-8")
    with pytest.raises(PolicyError, match=f"`{key}`|`{key[:-1]}`"):
        load_policy(path)
    path.write_text(re.sub(rf"^{key} ", f"{key[:-1]} ", PRESET, flags=re.MULTILINE), encoding="utf-8")
    with pytest.raises(PolicyError, match=f"`{key[:-1]}` is not a key here; did you mean `{key}`"):
        load_policy(path)
