"""A policy file is read strictly, and what it weakens it has to name."""

from __future__ import annotations

import copy
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceguard.errors import PolicyError
from faceguard.policy.document import Policy
from faceguard.policy.load import load_policy
from faceguard.policy.merge import weaker_keys
from faceguard.policy.toml_file import TomlFile, line_of, parse
from faceguard.resources import resource_dir
from faceguard.signing import digest

PRESET_TEXT = (resource_dir("policies") / "eu-gdpr.toml").read_text(encoding="utf-8")
PRODUCT = 'basis = ["product"], source = ["faceguard"], in_force_from = 2026-11-22'
HEAD = 'extends = ["jp-appi-2026"]\npolicy_id = "my-shop"\nversion = "1"\nlast_verified = 2026-11-22\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def own(text: str = PRESET_TEXT) -> str:
    """A preset's text under an id of one's own."""
    return text.replace('policy_id = "eu-gdpr"', 'policy_id = "mine"')


def refused(folder: Path, text: str) -> PolicyError:
    with pytest.raises(PolicyError) as caught:
        load_policy(written(folder, text))
    return caught.value


# --------------------------------------------------------------------------------------------- strictness


def test_an_error_names_file_line_key_and_remedy(tmp_path: Path) -> None:
    """FG-P01."""
    text = own().replace("[detection]\n", "[detection]\nspeed = 3\n")
    error = refused(tmp_path, text)
    line = text.splitlines().index("speed = 3") + 1
    assert error.message == (
        f"`{tmp_path / 'mine.toml'}`, line {line}: `detection.speed` is not a key here; "
        "remove it, or check its spelling"
    )
    assert error.fields["key"] == "detection.speed"
    assert error.exit_code == 2


@pytest.mark.parametrize("key", ["version", "last_verified", "sources", "policy_id", "legal_status", "in_force_from"])
def test_a_policy_without_its_particulars_is_refused(tmp_path: Path, key: str) -> None:
    """FG-P01: missing version, source or day of verification."""
    content = tomllib.loads(own())
    content.pop(key)
    with pytest.raises(PolicyError, match=f"`{key}` is missing"):
        parse(Policy, content, TomlFile(tmp_path, "", content), error=PolicyError)


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every table key below `value`."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in items:
        if isinstance(value, dict):
            yield (*path, key)
        yield from leaves(below, (*path, key))


CONTENT = tomllib.loads(own())
PATHS = sorted(leaves(CONTENT), key=str)
OPTIONAL = {"note", "url"}


def at(content: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        content = content[key]
    return content


@settings(deadline=None)
@given(st.sampled_from([p for p in PATHS if isinstance(at(CONTENT, p), dict)]), st.text(min_size=1, max_size=12))
def test_an_unknown_key_anywhere_is_refused(path: tuple[Any, ...], key: str) -> None:
    """FG-P01."""
    content = copy.deepcopy(CONTENT)
    table = at(content, path)
    if key in table:
        return
    table[key] = {"value": True, "basis": ["product"], "source": ["faceguard"], "in_force_from": "not_set"}
    with pytest.raises(PolicyError):
        parse(Policy, content, TomlFile(Path("x.toml"), "", content), error=PolicyError)


TABLES = {"title", "redact_when", "required_items"}
REQUIRED = [path for path in PATHS if path[-1] not in OPTIONAL and TABLES.isdisjoint(path[:-1])]


def test_no_key_of_a_rule_can_be_left_out() -> None:
    """FG-P01: value, basis, source and in-force date of every rule."""
    assert len(REQUIRED) > 250
    passed = []
    for path in REQUIRED:
        content = copy.deepcopy(CONTENT)
        del at(content, path[:-1])[path[-1]]
        try:
            parse(Policy, content, TomlFile(Path("x.toml"), "", content), error=PolicyError)
            passed.append(path)
        except PolicyError:
            continue
    assert passed == []


@settings(deadline=None)
@given(
    st.sampled_from([path for path in PATHS if path[-1] == "value"]),
    st.sampled_from(["yes", -1, 1e9, None, [], {}, "1", float("nan")]),
)
def test_a_value_of_the_wrong_kind_is_refused(path: tuple[Any, ...], value: object) -> None:
    """FG-P01: nothing is converted in silence."""
    content = copy.deepcopy(CONTENT)
    if value == [] and isinstance(at(CONTENT, path), list):
        return
    at(content, path[:-1])["value"] = value
    with pytest.raises(PolicyError):
        parse(Policy, content, TomlFile(Path("x.toml"), "", content), error=PolicyError)


@pytest.mark.parametrize(
    ("text", "says"),
    [("not toml [", "no toml"), ("", "is missing"), ("\x00", "no toml")],
)
def test_what_is_no_policy_is_refused_in_one_line(tmp_path: Path, text: str, says: str) -> None:
    error = refused(tmp_path, text)
    assert says in error.message.lower()
    assert "\n" not in error.message


def test_a_file_that_is_not_there_or_too_large_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="can't be read"):
        load_policy(tmp_path / "none.toml")
    with pytest.raises(PolicyError, match="can't be read"):
        load_policy(tmp_path)
    (tmp_path / "large.toml").write_bytes(b"#" * 2_000_000)
    with pytest.raises(PolicyError, match="larger"):
        load_policy(tmp_path / "large.toml")
    (tmp_path / "latin.toml").write_bytes(b'x = "\xe9"')
    with pytest.raises(PolicyError, match="no TOML"):
        load_policy(tmp_path / "latin.toml")


def test_a_name_with_a_slip_gets_a_suggestion() -> None:
    with pytest.raises(PolicyError, match="did you mean `jp-appi-2026`"):
        load_policy("jp-api-2026")


def test_the_line_of_a_key_in_a_nested_table_is_found() -> None:
    text = '[[a]]\nid = "x"\n\n[[a]]\nid = "y"\n[b.c]\nd = 1\n'
    assert line_of(text, ["a", 1, "id"]) == 5
    assert line_of(text, ["b", "c", "d"]) == 7
    assert line_of(text, ["b", "c", "missing"]) == 6
    assert line_of(text, ["missing"]) is None


# ---------------------------------------------------------------------------------------------------- hash


def test_the_hash_is_over_what_is_said_and_not_how_it_is_spelled(tmp_path: Path) -> None:
    """Canonical hash: comments and spacing don't count, any value does."""
    plain = load_policy(written(tmp_path, own()))
    spaced = load_policy(written(tmp_path, "# a comment\n" + own().replace(" = ", "   =   ")))
    other = load_policy(written(tmp_path, own().replace("value = 0.25", "value = 0.26")))
    assert plain.sha256 == spaced.sha256 == digest(plain.content)
    assert other.sha256 != plain.sha256
    assert plain.ref.sha256 == plain.sha256
    assert len(plain.sha256) == 64


def test_a_policy_survives_its_own_canonical_form() -> None:
    policy = load_policy("strictest")
    assert Policy.model_validate_json(json.dumps(policy.content)) == policy


# ----------------------------------------------------------------------------------------------- weakening


def test_a_file_may_tighten_a_preset_without_ado(tmp_path: Path) -> None:
    text = HEAD + f"[consent]\nmax_duration_days = {{ value = 30, {PRODUCT} }}\n"
    policy = load_policy(written(tmp_path, text))
    assert policy.consent.max_duration_days.value == 30
    assert policy.policy_id == "my-shop"
    assert policy.weakened_from_preset == ()


WEAKER = {
    "consent.min_guardian_level": f'[consent]\nmin_guardian_level = {{ value = "G1", {PRODUCT} }}\n',
    "age.best_interests_age_years": f"[age]\nbest_interests_age_years = {{ value = 17, {PRODUCT} }}\n",
    "redaction.margin": f"[redaction]\nmargin = {{ value = 0.1, {PRODUCT} }}\n",
    "notice.placements_required": f'[notice]\nplacements_required = {{ value = ["web"], {PRODUCT} }}\n',
}


@pytest.mark.parametrize("key", WEAKER)
def test_weakening_in_silence_is_refused_and_by_name_is_shown(tmp_path: Path, key: str) -> None:
    """FG-P03."""
    error = refused(tmp_path, HEAD + WEAKER[key])
    assert error.fields["key"] == key
    assert "name it under `[[weakens]]` with a reason" in error.message
    named = f'[[weakens]]\nkey = "{key}"\nreason = "because"\n' + WEAKER[key]
    policy = load_policy(written(tmp_path, HEAD + named))
    assert policy.weakened_from_preset == (f"jp-appi-2026:{key}",)
    assert weaker_keys(policy, load_policy("jp-appi-2026")) == (key,)


def test_covering_all_when_a_crowd_is_lost_may_be_asked_for_freely_and_given_up_by_name_alone(tmp_path: Path) -> None:
    """FG-P02, FG-P03, FG-R06."""
    key = "redaction.when_tracking_lost"
    held, widened = (
        f'[redaction]\nwhen_tracking_lost = {{ value = "{value}", {PRODUCT} }}\n' for value in ("hold", "widen")
    )
    stricter = load_policy(written(tmp_path, HEAD + held))
    assert weaker_keys(load_policy("jp-appi-2026"), stricter) == (key,)
    assert weaker_keys(stricter, load_policy("jp-appi-2026")) == ()
    below_strictest = HEAD.replace("jp-appi-2026", "strictest")
    assert refused(tmp_path, below_strictest + widened).fields["key"] == key
    named = f'[[weakens]]\nkey = "{key}"\nreason = "one speaker, no crowd"\n'
    weakened = load_policy(written(tmp_path, below_strictest + named + widened))
    assert weakened.weakened_from_preset == (f"strictest:{key}",)


@pytest.mark.parametrize("key", ["redact_when.refusal_or_objection", "notice.required_items.contact"])
def test_naming_an_entry_drops_it(tmp_path: Path, key: str) -> None:
    """FG-P03."""
    policy = load_policy(written(tmp_path, HEAD + f'[[weakens]]\nkey = "{key}"\nreason = "because"\n'))
    assert weaker_keys(policy, load_policy("jp-appi-2026")) == (key,)
    assert policy.weakened_from_preset == (f"jp-appi-2026:{key}",)


def test_naming_what_is_not_weaker_is_refused(tmp_path: Path) -> None:
    text = HEAD + '[[weakens]]\nkey = "redaction.margin"\nreason = "because"\n'
    assert "is not weaker" in refused(tmp_path, text).message


def test_a_weakening_needs_a_reason(tmp_path: Path) -> None:
    text = HEAD + '[[weakens]]\nkey = "redaction.margin"\nreason = "  "\n' + WEAKER["redaction.margin"]
    assert refused(tmp_path, text).fields["key"] == "weakens.0.reason"


@pytest.mark.parametrize(
    "condition",
    [
        "error",
        "cessation_request",
        "age_unknown_without_guardian_consent",
        "minor_without_guardian_consent",
        "minor_without_best_interests_reference",
        "release_without_consent",
    ],
)
def test_what_faceguard_promises_cannot_be_weakened_at_all(tmp_path: Path, condition: str) -> None:
    text = HEAD + f'[[weakens]]\nkey = "redact_when.{condition}"\nreason = "because"\n'
    assert "no policy can do without" in refused(tmp_path, text).message


def test_nobody_can_pass_off_a_file_as_a_preset(tmp_path: Path) -> None:
    """FG-P03: a weaker text under a preset's name."""
    assert load_policy(written(tmp_path, PRESET_TEXT)) == load_policy("eu-gdpr")
    assert "is not the shipped preset" in refused(tmp_path, PRESET_TEXT.replace("value = 0.25", "value = 0.2")).message
    assert "is not written by hand" in refused(tmp_path, "weakened_from_preset = []\n" + HEAD).message


def test_several_presets_can_be_joined_by_name_and_extended(tmp_path: Path) -> None:
    """FG-P02."""
    joined = load_policy("uk+kr-pipa")
    assert joined == load_policy("kr-pipa+uk")
    assert joined.age.guardian_consent_age_years.value == 14
    text = HEAD.replace('["jp-appi-2026"]', '["uk", "kr-pipa"]')
    assert load_policy(written(tmp_path, text)).consent.guardian_adult_age_years.value == 19
    assert "is no preset" in refused(tmp_path, HEAD.replace("jp-appi-2026", "mars")).message


# ------------------------------------------------------------------------------------------ floors and caps


def changed(**values: str) -> str:
    """The EU preset under an id of one's own, with other values (as TOML) for some rules."""
    lines = []
    for line in own().splitlines():
        key = line.partition(" = ")[0]
        if key in values:
            line = f"{key} = {{ value = {values.pop(key)}, {PRODUCT} }}"
        lines.append(line)
    assert not values
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"challenge_age_calibrated_years": "18.9"}, "age.challenge_age_calibrated_years"),
        ({"challenge_age_uncalibrated_years": "20.9"}, "age.challenge_age_uncalibrated_years"),
        ({"best_interests_age_years": "15"}, "age.best_interests_age_years"),
        ({"min_guardian_level": '"G0"'}, "consent.min_guardian_level"),
        ({"min_guardian_level": '"G4"'}, "consent.min_guardian_level_release"),
        ({"class": '"cosmetic"'}, "redaction.class"),
        ({"placements_required": "[]"}, "notice.placements_required"),
        ({"locales": "[]"}, "notice.locales"),
    ],
)
def test_values_that_cannot_stand_together_are_refused(tmp_path: Path, values: dict[str, str], key: str) -> None:
    """FG-A03: a challenge age below threshold + buffer; and its like."""
    assert refused(tmp_path, changed(**values)).fields["key"] == key


def test_a_challenge_age_at_threshold_plus_buffer_is_allowed(tmp_path: Path) -> None:
    """FG-A03, equality."""
    text = changed(challenge_age_calibrated_years="19.0")
    assert load_policy(written(tmp_path, text)).age.challenge_age_calibrated_years.value == 19


@pytest.mark.parametrize(
    ("place", "values", "key"),
    [
        ("US-IL", {"originals_hours": str(3 * 365 * 24 + 1)}, "retention.originals_hours"),
        ("US-IL", {"max_duration_days": "1096"}, "consent.max_duration_days"),
        ("US-TX", {"originals_hours": str(365 * 24 + 1)}, "retention.originals_hours"),
        ("EU", {"originals_hours": "73"}, "retention.originals_hours"),
        ("GB", {"originals_hours": "73"}, "retention.originals_hours"),
    ],
)
def test_legal_caps_on_keeping_hold(tmp_path: Path, place: str, values: dict[str, str], key: str) -> None:
    """FG-T01: BIPA 3 years, CUBI 1 year, EU and UK 72 hours."""
    here = 'jurisdictions = ["EU"]'
    over = changed(**values).replace(here, f'jurisdictions = ["{place}"]')
    assert refused(tmp_path, over).fields["key"] == key
    at_cap = {name: str(int(value) - 1) for name, value in values.items()}
    load_policy(written(tmp_path, changed(**at_cap).replace(here, f'jurisdictions = ["{place}"]')))


def test_more_than_72_hours_in_the_eu_needs_a_reason(tmp_path: Path) -> None:
    """FG-T01."""
    text = changed(originals_hours="100").replace("[retention]", '[retention]\noriginals_reason = "pending court case"')
    assert load_policy(written(tmp_path, text)).retention.originals_hours.value == 100


def test_release_by_opt_out_can_be_written_in_no_policy(tmp_path: Path) -> None:
    """FG-T03."""
    assert refused(tmp_path, changed(opt_out_allowed="true")).fields["key"] == "release.opt_out_allowed.value"


def test_a_policy_cannot_allow_recognition(tmp_path: Path) -> None:
    """FG-A09."""
    assert refused(tmp_path, changed(embedding_allowed="true")).fields["key"] == "biometrics.embedding_allowed.value"


def test_a_source_that_is_not_listed_is_refused(tmp_path: Path) -> None:
    """FG-P01."""
    text = own().replace('source = ["gdpr"]', 'source = ["hearsay"]', 1)
    assert "`hearsay` is not among" in refused(tmp_path, text).message
