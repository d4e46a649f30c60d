"""Mistakes in a TOML document, told in words: what is wrong, and what to write instead.

The types of the document know which keys and words there are, so the nearest one can be named for each slip; the unit
of a number stands in its key, so it can be named for each wrong type.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

_UNITS: Mapping[str, str] = {
    "years": "years",
    "days": "days",
    "hours": "hours",
    "s": "seconds",
    "px": "pixels",
    "rate": "a share from 0 to 1",
    "score": "a score from 0 to 1",
    "margin": "a share of the box",
}
"""By the last word of a key: what its number counts."""

_KINDS: Mapping[str, str] = {
    "int_type": "write a whole number",
    "int_from_float": "write a whole number",
    "float_type": "write a number",
    "bool_type": "write `true` or `false`, without quotes",
    "string_type": "write text in quotes",
    "date_type": "write a day, like `2026-11-22`",
    "date_from_datetime_parsing": "write a day, like `2026-11-22`",
    "date_parsing": "write a day, like `2026-11-22`",
}
_TABLE_TYPES = frozenset({"model_type", "model_attributes_type", "dict_type", "dataclass_type"})
_LIST_TYPES = frozenset({"tuple_type", "list_type", "set_type", "frozen_set_type"})
_RULE_PARTS = frozenset({"basis", "source", "in_force_from"})
_RULE_FORM = 'basis = ["product"], source = ["..."], in_force_from = 2026-11-22'


def in_words(problem: ErrorDetails, model: type[BaseModel]) -> tuple[str, str]:
    """What is wrong with a key of `model`, and the remedy."""
    kind, loc, given = problem["type"], problem["loc"], problem.get("input")
    name = _name(loc)
    if kind == "extra_forbidden":
        return "is not a key here", _remedy(
            _nearest(name, _keys_at(model, loc[:-1])), "remove it, or check its spelling"
        )
    if kind == "missing":
        return "is missing", _missing_remedy(name, given)
    if loc and loc[-1] == "[key]":
        return "is not a word here", _remedy(_nearest(name, _expected(problem)), _one_of(_expected(problem)))
    shown = f" (it is `{given}`)" if isinstance(given, str | int | float | bool) else ""
    wrong = f"can't hold this{shown}"
    if kind in ("enum", "literal_error") and isinstance(given, str):
        return wrong, _remedy(_nearest(given, _expected(problem)), _one_of(_expected(problem)))
    if kind in _TABLE_TYPES and not isinstance(given, Mapping):
        return wrong, _table_remedy(model, loc, given)
    if kind in _LIST_TYPES:
        return wrong, f"write a list: `[{_toml_word(given)}]`"
    if kind == "string_pattern_mismatch" and "+" in str(problem.get("ctx", {}).get("pattern")):
        return wrong, "use letters, digits and `.`, `-`, `+` alone; names are in small letters and may hold `_`"
    said = problem["msg"].removesuffix(".")
    return wrong, f"{_KINDS.get(kind, said[:1].lower() + said[1:])}{_unit(loc)}"


def suggestion(name: str, known: Sequence[str]) -> str:
    """`; did you mean ...?` for the nearest of `known`, or nothing."""
    close = _nearest(name, known)
    return f"; did you mean `{close}`?" if close else ""


def _name(loc: Sequence[str | int]) -> str:
    names = [part for part in loc if isinstance(part, str) and part != "[key]"]
    return names[-1] if names else ""


def _nearest(name: str, known: Sequence[str]) -> str | None:
    """The word most like `name`; a key that only counts in another unit comes first."""
    counted = [word for word in known if word.rpartition("_")[2] in _UNITS]
    stem = name.rpartition("_")[0]
    same = [word for word in counted if stem and word.rpartition("_")[0] == stem]
    if same and name not in known:
        return same[0]
    close = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.6)
    return close[0] if close else None


def _remedy(close: str | None, otherwise: str) -> str:
    return f"did you mean `{close}`?" if close else otherwise


def _one_of(words: Sequence[str]) -> str:
    return f"write one of {', '.join(f'`{word}`' for word in words)}"


def _expected(problem: ErrorDetails) -> list[str]:
    """The words that pydantic lists as `'a', 'b' or 'c'`."""
    text = str(problem.get("ctx", {}).get("expected", ""))
    return [part.strip().strip("'") for part in text.replace(" or ", ", ").split(",") if part.strip()]


def _missing_remedy(name: str, given: object) -> str:
    """Names the key that stands there instead, if there is one that looks like a slip of `name`."""
    slip = _nearest(name, [str(key) for key in given]) if isinstance(given, Mapping) else None
    if slip is not None and slip != name:
        return f"is `{slip}` meant for it?"
    return "add it: what the rule rests on, where that is written, since when" if name in _RULE_PARTS else "add it"


def _table_remedy(model: type[BaseModel], loc: Sequence[str | int], given: object) -> str:
    fields = set(_keys_at(model, loc))
    if "value" in fields:
        return f"write a whole rule: `{{ value = {_toml_word(given)}, {_RULE_FORM} }}`"
    if fields >= _RULE_PARTS:
        return f"write what it rests on: `{{ {_RULE_FORM} }}`"
    return f"write a table `[{'.'.join(map(str, loc))}]`"


def _toml_word(given: object) -> str:
    if isinstance(given, bool):
        return str(given).lower()
    return f'"{given}"' if isinstance(given, str) else str(given) if isinstance(given, int | float) else "..."


def _unit(loc: Sequence[str | int]) -> str:
    """`, in days` for a number under a key that ends in `_days`."""
    names = [part for part in loc if isinstance(part, str) and part not in ("value", "[key]")]
    unit = _UNITS.get(names[-1].rpartition("_")[2]) if names else None
    return f": {unit}" if unit else ""


def _keys_at(model: type[BaseModel], loc: Sequence[str | int]) -> list[str]:
    """The keys that the table at `loc` may hold; empty where the types don't say."""
    here: Any = model
    for part in loc:
        if isinstance(part, int):
            here = next(iter(get_args(here)), None)
            continue
        found = _field_type(here, part) if _is_model(here) else _values_of(here)
        if found is None:
            return []
        here = found
    if _is_model(here):
        return [field.alias or name for name, field in here.model_fields.items()]
    words = next(iter(get_args(here)), None)
    return [str(member.value) for member in words] if isinstance(words, type) and issubclass(words, Enum) else []


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _field_type(model: Any, key: str) -> Any:
    fields = model.model_fields.items()
    return next((field.annotation for name, field in fields if key in (name, field.alias)), None)


def _values_of(kind: Any) -> Any:
    """The type of the values of a mapping."""
    arguments = get_args(kind)
    return arguments[1] if len(arguments) == 2 else None
