"""A policy as a TOML file, the inverse of `load_policy` for whole policies; and the lines of which files are made."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from faceguard.policy.document import Policy

_DAYS: Final = frozenset({"in_force_from", "latest_in_force", "last_verified"})
"""Keys that TOML holds as days, without quotes, unless they say `not_set`."""

_LONE: Final = frozenset({"sources", "weakened_from_preset"})
"""Top-level keys that aren't plain values or sections of rules."""


def policy_toml(policy: Policy, *, comment: str = "") -> str:
    """The text of a file that says exactly what `policy` says, with the footing of every rule."""
    content = policy.content
    lines = [*(f"# {line}" for line in comment.splitlines()), *([""] if comment else [])]
    lines += [f"{key} = {toml_value(value, key)}" for key, value in content.items() if _is_plain(key, value)]
    if policy.weakened_from_preset:
        lines.append(f"weakened_from_preset = {toml_value(list(policy.weakened_from_preset))}")
    for source in content["sources"]:
        lines += ["", "[[sources]]", *(f"{key} = {toml_value(value)}" for key, value in source.items() if value)]
    for key, value in content.items():
        if isinstance(value, Mapping) and key != "title":
            lines += ["", *section_comment(key), *_section(key, value)]
    return "\n".join(lines) + "\n"


def section_comment(key: str) -> list[str]:
    """What the section `key` is about, as a comment."""
    if key == "redact_when":
        return ["# A face is covered when any of these holds."]
    documentation = Policy.model_fields[key].annotation.__doc__ or ""
    return [f"# {documentation.strip().splitlines()[0]}"] if documentation.strip() else []


def rule_line(name: str, rule: Mapping[str, Any]) -> str:
    """`name = { value = ..., basis = [...], ... }`; what is empty is left out."""
    return f"{name} = {toml_value({key: value for key, value in rule.items() if value != '' or key == 'value'})}"


def toml_value(value: Any, key: str = "") -> str:
    """A JSON value as TOML has it. Tables are written in line; `key` tells days from text."""
    if isinstance(value, Mapping):
        inner = ", ".join(f"{name} = {toml_value(below, name)}" for name, below in value.items())
        return f"{{ {inner} }}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(toml_value(below) for below in value)}]"
    if key in _DAYS and value != "not_set":
        return str(value)
    # JSON's strings, numbers and booleans are TOML's too, but for one control character that JSON leaves bare.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _is_plain(key: str, value: Any) -> bool:
    return key not in _LONE and value is not None and (key == "title" or not isinstance(value, Mapping))


def _section(path: str, section: Mapping[str, Any]) -> Iterator[str]:
    """Rules and words of a section first, then the tables below it, as TOML wants it."""
    tables = {key: value for key, value in section.items() if isinstance(value, Mapping) and not is_rule(value)}
    yield f"[{path}]"
    for key, value in section.items():
        if key not in tables:
            yield rule_line(key, value) if isinstance(value, Mapping) else f"{key} = {toml_value(value)}"
    for key, value in tables.items():
        yield ""
        yield from _section(f"{path}.{key}", value)


def is_rule(value: Mapping[str, Any]) -> bool:
    """Whether a table of the file is one rule, and not a table of rules."""
    return "basis" in value
