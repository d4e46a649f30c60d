"""A policy file of one's own, begun from presets: it names them, what it changes, and what it could change.

Every rule of the preset stands in the file as a comment with its value, so that to change one is to uncomment a line.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from pathlib import Path
from typing import Any

from faceguard.errors import PolicyError
from faceguard.policy.difference import why
from faceguard.policy.document import Policy
from faceguard.policy.load import load_policy, policy_in
from faceguard.policy.merge import RuleEntry, rules_of
from faceguard.policy.policy_terms import NoticeItem, RedactWhen
from faceguard.policy.policy_text import rule_line, section_comment, toml_value
from faceguard.policy.strictness import Stricter
from faceguard.policy.toml_file import TomlFile
from faceguard.policy.toml_words import suggestion

OWN_SOURCE = "house-rules"
"""The id under which a new file cites the operator's own rules."""

_TABLES: Mapping[str, type[Enum]] = {"redact_when": RedactWhen, "notice.required_items": NoticeItem}
_YES, _NO = frozenset({"true", "yes"}), frozenset({"false", "no"})


@dataclass(frozen=True, slots=True)
class Change:
    """One rule that the new file sets: its key, its value as TOML, and why it is weaker if it is meant to be."""

    key: str
    value: Any
    weakened_because: str = ""


def change_of(text: str, base: Policy, *, weakened_because: str = "") -> Change:
    """`KEY=VALUE` as a change of a rule of `base`. Raises PolicyError for a key that isn't one."""
    key, sign, written = (part.strip() for part in text.partition("="))
    if not sign or not written:
        raise PolicyError(f"`{text}` says no value; write it like `consent.max_duration_days=90`", key=key)
    known = [entry.key for entry in rules_of(base)]
    table, _, entry = key.rpartition(".")
    if key not in known and entry not in {member.value for member in _TABLES.get(table, ())}:
        hint = suggestion(key, known) or f"; `faceguard policy explain {base.policy_id} --markdown` lists its rules"
        raise PolicyError(f"`{key}` is no rule of `{base.policy_id}`{hint}", key=key)
    if table in _TABLES and written not in _YES | _NO:
        raise PolicyError(f"`{key}` is asked for or not; write `{key}=true` or `{key}=false`", key=key)
    return Change(key, written in _YES if table in _TABLES else _value(written), weakened_because)


def base_of(extends: Sequence[str]) -> Policy:
    """The preset that a new file begins from, or the merge of several."""
    return load_policy("+".join(extends))


def new_policy(policy_id: str, extends: Sequence[str], changes: Sequence[Change], *, path: Path, today: date) -> str:
    """The text of a policy file for `path` that passes `faceguard policy check`. Raises PolicyError if it can't."""
    text = "\n".join(_lines(policy_id, extends, changes, path=path, today=today)) + "\n"
    policy_in(TomlFile(path, text, tomllib.loads(text)))
    return text


def _lines(
    policy_id: str, extends: Sequence[str], changes: Sequence[Change], *, path: Path, today: date
) -> Iterator[str]:
    base, footing = base_of(extends), {"basis": ["product"], "source": [OWN_SOURCE], "in_force_from": today.isoformat()}
    names = "+".join(extends)
    yield f"# What `{names}` says holds, but for the rules that this file sets. Not legal advice."
    yield f"# After a change:  faceguard policy check {path.name}"
    yield f"#                  faceguard policy diff {names} {path.name}"
    yield "# To set a rule, take the `#` off its line and write another value. A stricter one needs no ado; a"
    yield '# weaker one has to be named, and shows in every record:  [[weakens]]  key = "section.rule"  reason = "..."'
    yield ""
    yield f"extends = {toml_value(list(extends))}"
    yield f"policy_id = {toml_value(policy_id)}"
    yield 'version = "1"  # a new one for every change'
    yield f"last_verified = {today}  # the day on which somebody last held this file against the law"
    yield f"title = {toml_value({'en': policy_id, 'ja': policy_id})}"
    yield ""
    yield "# The text in which your own rules are written; each of them cites it. `statute`, `draft`, `guidance` or"
    yield "# `product` says what a rule rests on; `product` is your own choice."
    yield "[[sources]]"
    yield f"id = {toml_value(OWN_SOURCE)}"
    yield f"title = {toml_value(f'House rules of {policy_id}')}"
    for change in changes:
        if change.weakened_because:
            yield from ("", "[[weakens]]", f"key = {toml_value(change.key)}")
            yield f"reason = {toml_value(change.weakened_because)}"
    yield from _sections(base, {change.key: change.value for change in changes}, footing)


def _sections(base: Policy, changed: Mapping[str, Any], footing: Mapping[str, Any]) -> Iterator[str]:
    entries = [entry for entry in rules_of(base) if entry.order is not Stricter.FIXED]
    tops = list(dict.fromkeys(entry.key.partition(".")[0] for entry in entries))
    sections = {entry.key.rpartition(".")[0] for entry in entries}
    for section in sorted(sections, key=lambda name: (tops.index(name.partition(".")[0]), name)):
        yield from ("", *(() if section in _TABLES and section != "redact_when" else section_comment(section)))
        yield f"[{section}]"
        rules = [entry for entry in entries if entry.key.rpartition(".")[0] == section]
        yield from _table(section, rules, changed, footing) if section in _TABLES else _rules(rules, changed, footing)


def _rules(rules: Sequence[RuleEntry], changed: Mapping[str, Any], footing: Mapping[str, Any]) -> Iterator[str]:
    for entry in rules:
        name, kind = entry.key.rpartition(".")[2], type(entry.value) if isinstance(entry.value, Enum) else None
        value = list(entry.value) if isinstance(entry.value, tuple) else entry.value
        if entry.key in changed:
            yield rule_line(name, {"value": changed[entry.key], **footing})
        else:
            yield f"# {rule_line(name, {'value': value, **footing})}  # {why(entry.order, kind)}"


def _table(
    section: str, rules: Sequence[RuleEntry], changed: Mapping[str, Any], footing: Mapping[str, Any]
) -> Iterator[str]:
    """Entries of the preset, of which one is dropped by naming it as weakened, and those that could be added."""
    held = {entry.key.rpartition(".")[2] for entry in rules}
    yield f"# The preset has: {', '.join(sorted(held))}."
    yield f"# To drop one, name it under [[weakens]] as `{section}.NAME`. To add one:"
    for member in _TABLES[section]:
        added = changed.get(f"{section}.{member.value}") is True
        if member.value not in held or added:
            yield f"{'' if added else '# '}{rule_line(member.value, footing)}"


def _value(written: str) -> Any:
    """A number, list or truth value as TOML has it; anything else is text, with or without its quotes."""
    try:
        return tomllib.loads(f"value = {written}")["value"]
    except tomllib.TOMLDecodeError:
        return written
