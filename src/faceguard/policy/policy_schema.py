"""The JSON Schema of policy files, for editors: which keys and words there are, and what a rule needs.

An editor's schema can't tell what only `faceguard policy check` can: whether a rule is weaker than its preset, whether
values can stand together, whether a source is listed. What it refuses, `policy check` refuses too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import Enum
from typing import Any

from pydantic import BaseModel

from faceguard.policy.difference import why
from faceguard.policy.document import Policy, Rule
from faceguard.policy.load import Extension
from faceguard.policy.strictness import Stricter

SCHEMA_FILE = "policy.schema.json"
"""Its name beside the presets; `#:schema ./policy.schema.json` in a policy's first line points an editor to it."""

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_OWN_TEXT = ("policy_id", "version", "last_verified")


def policy_schema() -> dict[str, Any]:
    """A schema of whole policies and of files that extend presets: the latter may leave out any section or rule."""
    whole = Policy.model_json_schema(by_alias=True)
    extension = Extension.model_json_schema(by_alias=True)
    definitions = {**whole.pop("$defs"), **extension.pop("$defs", {})}
    sections = dict(_sections())
    required_of = {key: definitions[name].pop("required", []) for key, name in sections.items()}
    for key, name in sections.items():
        _say_which_way_is_stricter(key, definitions[name])
    complete = {
        "required": whole["required"],
        "properties": {key: {"required": names} for key, names in required_of.items()},
    }
    own = {key: extension["properties"][key] for key in ("extends", "weakens")}
    return {
        "$schema": _DRAFT,
        "title": "faceguard policy",
        "description": "A whole policy, or one that extends presets. `faceguard policy check FILE` checks all of it.",
        "type": "object",
        "properties": {**whole["properties"], **own},
        "additionalProperties": False,
        "required": list(_OWN_TEXT),
        "if": {"not": {"required": ["extends"]}},
        "then": complete,
        "$defs": definitions,
    }


def schema_text() -> str:
    """The schema as a file."""
    return json.dumps(policy_schema(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _sections() -> Iterator[tuple[str, str]]:
    """`(key, name of its definition)` of each section of rules."""
    for key, field in Policy.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel) and key != "title":
            yield key, kind.__name__


def _say_which_way_is_stricter(key: str, definition: dict[str, Any]) -> None:
    section = Policy.model_fields[key].annotation
    if not (isinstance(section, type) and issubclass(section, BaseModel)):
        return
    for name, field in section.model_fields.items():
        order = next((item for item in field.metadata if isinstance(item, Stricter)), None)
        if order is not None:
            definition["properties"][field.alias or name]["description"] = f"{why(order, _words_of(field.annotation))}."


def _words_of(rule: Any) -> type[Enum] | None:
    """The enum that a rule's value is of, if it is of one."""
    if not (isinstance(rule, type) and issubclass(rule, Rule)):
        return None
    value = rule.model_fields["value"].annotation
    return value if isinstance(value, type) and issubclass(value, Enum) else None
