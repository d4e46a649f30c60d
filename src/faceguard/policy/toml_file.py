"""A TOML file into a strict pydantic document, with errors that name the file, the line, the key and the remedy."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from faceguard.errors import ConfigurationError
from faceguard.policy.toml_words import in_words

MAX_FILE_BYTES = 1_000_000

Document = TypeVar("Document", bound=BaseModel)
_TABLE = re.compile(r"^\s*\[{1,2}([^\[\]]+)\]{1,2}\s*(#.*)?$")
_PLACE = re.compile(r"\(at line (?P<line>\d+), column \d+\)")
_SHOWN = 80
"""How many characters of a line that is no TOML are shown."""

_KEY = re.compile(r"^\s*([A-Za-z0-9_.\"-]+)\s*=")


@dataclass(frozen=True, slots=True)
class TomlFile:
    """The text of a file and its parsed value."""

    path: Path
    text: str
    value: dict[str, Any]

    def where(self, loc: Sequence[str | int]) -> str:
        """`file, line 12` for the place of a key, or `file` when the line isn't found."""
        line = line_of(self.text, loc)
        return f"`{self.path}`, line {line}" if line else f"`{self.path}`"


def read_toml(path: Path, *, error: type[ConfigurationError], what: str) -> TomlFile:
    """Raises `error` when `path` can't be read as UTF-8 TOML of at most `MAX_FILE_BYTES`."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as cause:
        reason = getattr(cause, "strerror", None) or cause
        raise error(f"the {what} `{path}` can't be read: {reason}; check the path", path=path) from cause
    if len(data) > MAX_FILE_BYTES:
        raise error(f"the {what} `{path}` is larger than {MAX_FILE_BYTES} bytes; is it the right file?", path=path)
    try:
        text = data.decode("utf-8-sig")  # some editors put a byte order mark there
        return TomlFile(path, text, tomllib.loads(text))
    except tomllib.TOMLDecodeError as cause:
        raise _syntax_error(cause, text, path, error, what) from cause
    except (UnicodeDecodeError, RecursionError) as cause:
        raise error(f"the {what} `{path}` is no TOML: {str(cause).lower()}; mend the file", path=path) from cause


def _syntax_error(
    cause: tomllib.TOMLDecodeError, text: str, path: Path, error: type[ConfigurationError], what: str
) -> ConfigurationError:
    """Names the line, and shows it: what breaks a TOML file is nearly always to be seen in it."""
    said, place = str(cause), _PLACE.search(str(cause))
    number = int(place["line"]) if place else text.count("\n") + 1
    reason = said[: place.start()].strip() if place else said.partition(" (at")[0]
    lines = text.splitlines()
    line = lines[number - 1].strip() if 0 < number <= len(lines) else ""
    shown = f" in `{line[:_SHOWN]}`" if line.isprintable() and line else ""
    return error(
        f"`{path}`, line {number}: the {what} is no TOML here: {reason[:1].lower()}{reason[1:]}{shown}; "
        'text and dates like `"2026-11"` need quotes, lists brackets, tables braces',
        path=path,
        line=number,
    )


def parse(
    model: type[Document], value: Mapping[str, Any], file: TomlFile, *, error: type[ConfigurationError]
) -> Document:
    """`value`, from `file`, as a `model`. Raises `error` for the first thing that doesn't fit.

    Goes by way of JSON, so that strict types still take TOML's strings as enum members and its arrays as tuples.
    """
    try:
        return model.model_validate_json(json.dumps(value, default=_json_form, allow_nan=False))
    except ValidationError as cause:
        raise _first_problem(cause, file, model, error) from cause
    except (TypeError, ValueError, RecursionError) as cause:
        raise error(
            f"`{file.path}` holds a value that no document can: {cause}; mend the file", path=file.path
        ) from cause


def _json_form(value: object) -> str:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    raise TypeError(f"unexpected {type(value).__name__}")


def _first_problem(
    cause: ValidationError, file: TomlFile, model: type[BaseModel], error: type[ConfigurationError]
) -> ConfigurationError:
    """Of several, a key that isn't one comes first: it is what leaves another one missing."""
    problems = sorted(cause.errors(include_url=False), key=lambda problem: problem["type"] != "extra_forbidden")
    loc = tuple(part for part in problems[0]["loc"] if part != "[key]")
    key = ".".join(str(part) for part in loc) or "(whole file)"
    problem, remedy = in_words(problems[0], model)
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return error(f"{file.where(loc)}: `{key}` {problem}; {remedy}{more}", path=file.path, key=key)


def line_of(text: str, loc: Sequence[str | int]) -> int | None:
    """The line (from 1) on which the key `loc` is set, or its nearest parent that can be found."""
    names = [str(part) for part in loc if isinstance(part, str)]
    occurrence = next((part for part in loc if isinstance(part, int)), 0)
    lines = _keys_by_line(text)
    while names:
        found = [number for number, path in lines if path == names]
        if found:
            return found[min(occurrence, len(found) - 1)]
        names.pop()
    return None


def _keys_by_line(text: str) -> list[tuple[int, list[str]]]:
    keys: list[tuple[int, list[str]]] = []
    table: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _TABLE.match(line):
            table = _split(header.group(1))
            keys.append((number, table))
        elif assignment := _KEY.match(line):
            keys.append((number, table + _split(assignment.group(1))))
    return keys


def _split(dotted: str) -> list[str]:
    return [part.strip().strip('"') for part in dotted.split(".")]
