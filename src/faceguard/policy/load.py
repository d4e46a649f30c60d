"""A preset by name, or a policy file, into a `Policy` that can be relied on.

A file may extend one preset or several and override rules. Making one weaker needs its name:

    extends = ["jp-appi-2026"]
    [[weakens]]
    key = "consent.min_guardian_level"
    reason = "..."

An entry of `redact_when` or `notice.required_items` that is named there is dropped. All that was weakened shows in
`Policy.weakened_from_preset`, and so in every record (FG-P03).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from faceguard.errors import PolicyError
from faceguard.policy.document import Identifier, NonBlank, Policy, Strict, Version
from faceguard.policy.limits import breaches
from faceguard.policy.merge import merge_policies, rules_of, weaker_keys
from faceguard.policy.toml_file import TomlFile, parse, read_toml
from faceguard.policy.toml_words import suggestion
from faceguard.resources import resource_dir

DEFAULT_POLICY = "jp-appi-2026"

PRESETS = (
    "jp-appi-2026",
    "jp-appi-current",
    "eu-gdpr",
    "uk",
    "us-coppa",
    "us-il-bipa",
    "kr-pipa",
    "in-dpdp",
    "strictest",
)

_MARK = re.compile(r"[a-z0-9][a-z0-9._+-]*:[a-z_]+(\.[a-z_]+)*")
"""An entry of `weakened_from_preset`: the preset, and the key of a rule."""

_TABLES = ("redact_when", "notice.required_items")
"""Rules that are tables of conditions or items: extended by adding, weakened by dropping an entry."""

_OWN_KEYS = ("policy_id", "version", "last_verified")
"""A file that extends a preset is a text of its own, so it says these for itself."""


class Weakening(Strict):
    """One rule that a file means to be weaker than in the preset it extends."""

    key: NonBlank
    reason: NonBlank


class Extension(Strict):
    """The keys that only a file that extends a preset has, and those it must have itself."""

    extends: tuple[Identifier, ...]
    policy_id: Identifier
    version: Version
    weakens: tuple[Weakening, ...] = ()


def load_policy(name_or_path: str | Path) -> Policy:
    """The preset of this name, the policy in this file, or `A+B`: several, the strictest wins. Raises PolicyError."""
    if isinstance(name_or_path, str):
        if name_or_path in PRESETS:
            return _load_preset(name_or_path)
        if "+" in name_or_path and not Path(name_or_path).exists():
            return merge_policies(*(load_policy(part.strip()) for part in name_or_path.split("+")))
    path = Path(name_or_path)
    if isinstance(name_or_path, str) and not path.suffix and (not name_or_path or not path.exists()):
        close = difflib.get_close_matches(name_or_path, PRESETS, n=1)
        hint = f"did you mean `{close[0]}`?" if close else f"presets are {', '.join(PRESETS)}"
        raise PolicyError(f"there is no preset or file `{name_or_path}`; {hint}", path=name_or_path)
    return policy_in(read_toml(path, error=PolicyError, what="policy"))


def policy_in(file: TomlFile) -> Policy:
    """The policy that an operator's `file` holds. Raises PolicyError."""
    policy, path = _resolve(file), file.path
    if policy.policy_id in PRESETS and policy != _load_preset(policy.policy_id):
        raise PolicyError(
            f"`{path}` calls itself `{policy.policy_id}` but is not the shipped preset; "
            f'choose a `policy_id` of your own and write `extends = ["{policy.policy_id}"]`',
            path=path,
            key="policy_id",
        )
    return policy


@lru_cache(maxsize=len(PRESETS))
def _load_preset(name: str) -> Policy:
    return _resolve(read_toml(resource_dir("policies") / f"{name}.toml", error=PolicyError, what="preset"))


def _resolve(file: TomlFile) -> Policy:
    _check_marks(file)
    policy = _extend(file) if "extends" in file.value else parse(Policy, file.value, file, error=PolicyError)
    for breach in breaches(policy):
        place = file.where(breach.key.split("."))
        raise PolicyError(f"{place}: `{breach.key}`: {breach.problem}; {breach.remedy}", path=file.path, key=breach.key)
    return policy


def _check_marks(file: TomlFile) -> None:
    """Marks of a weakening belong to what was merged from files that have them; in what extends, they're worked out."""
    marks = file.value.get("weakened_from_preset", [])
    if "extends" in file.value and "weakened_from_preset" in file.value:
        problem, remedy = "is not written by hand beside `extends`", "use `[[weakens]]`"
    elif not isinstance(marks, list) or not all(isinstance(mark, str) and _MARK.fullmatch(mark) for mark in marks):
        problem, remedy = "can't hold this", "write `preset:key` for each rule that is weaker than in its preset"
    else:
        return
    place, key = file.where(["weakened_from_preset"]), "weakened_from_preset"
    raise PolicyError(f"{place}: `{key}` {problem}; {remedy}", path=file.path, key=key)


def _extend(file: TomlFile) -> Policy:
    overlay = dict(file.value)
    own = {key: overlay[key] for key in Extension.model_fields if key in overlay}
    extension = parse(Extension, own, file, error=PolicyError)
    for key in _OWN_KEYS:
        if key not in overlay:
            slip = suggestion(key, [name for name in overlay if name not in Policy.model_fields])
            raise PolicyError(f"`{file.path}`: `{key}` is missing{slip or '; add it'}", path=file.path, key=key)
    base = merge_policies(*(_preset_to_extend(name, file) for name in extension.extends))
    for key in ("extends", "weakens"):
        overlay.pop(key, None)
    content = _drop_entries(_overlaid(base.content, overlay), extension.weakens)
    content["weakened_from_preset"] = [
        *base.weakened_from_preset,
        *(f"{base.policy_id}:{weakening.key}" for weakening in extension.weakens),
    ]
    policy = parse(Policy, content, file, error=PolicyError)
    _check_weakenings(policy, base, extension.weakens, file)
    return policy


def _preset_to_extend(name: str, file: TomlFile) -> Policy:
    if name not in PRESETS:
        raise PolicyError(
            f"{file.where(['extends'])}: `{name}` is no preset; presets are {', '.join(PRESETS)}",
            path=file.path,
            key="extends",
        )
    return _load_preset(name)


def _overlaid(content: Mapping[str, Any], overlay: Mapping[str, Any]) -> dict[str, Any]:
    """`content` with the rules of `overlay` in place of its own; sources are added, tables get the new entries."""
    merged = dict(content)
    for key, value in overlay.items():
        below = merged.get(key)
        if key == "sources" and isinstance(value, list):
            merged[key] = [*(below or ()), *value]
        elif isinstance(value, Mapping) and isinstance(below, Mapping) and not _is_rule(value):
            merged[key] = _overlaid(below, value)
        else:
            merged[key] = value
    return merged


def _is_rule(value: Mapping[str, Any]) -> bool:
    return "value" in value or "basis" in value


def _drop_entries(content: dict[str, Any], weakenings: tuple[Weakening, ...]) -> dict[str, Any]:
    """`content` without the table entries that are named as weakened."""
    for weakening in weakenings:
        table_key, _, entry = weakening.key.rpartition(".")
        if table_key in _TABLES:
            table: Any = content
            for part in table_key.split("."):
                table[part] = dict(table[part])
                table = table[part]
            table.pop(entry, None)
    return content


def _check_weakenings(policy: Policy, base: Policy, named: tuple[Weakening, ...], file: TomlFile) -> None:
    weaker, names = set(weaker_keys(policy, base)), {weakening.key for weakening in named}
    for key in sorted(weaker - names):
        raise PolicyError(
            f"{file.where(key.split('.'))}: `{key}` is weaker than in `{base.policy_id}`; "
            "tighten it, or name it under `[[weakens]]` with a reason",
            path=file.path,
            key=key,
        )
    known = [entry.key for entry in rules_of(base)]
    for key in sorted(names - weaker):
        slip = "" if key in known else suggestion(key, known)
        raise PolicyError(
            f"{file.where(['weakens'])}: `{key}` is not weaker than in `{base.policy_id}`"
            f"{slip or '; remove it from `[[weakens]]`'}",
            path=file.path,
            key=key,
        )
