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

MAX_FILE_BYTES = 1_000_000

Document = TypeVar("Document", bound=BaseModel)
_TABLE = re.compile(r"^\s*\[{1,2}([^\[\]]+)\]{1,2}\s*(#.*)?$")
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
        text = data.decode("utf-8")
        return TomlFile(path, text, tomllib.loads(text))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as cause:
        raise error(f"the {what} `{path}` is no TOML: {str(cause).lower()}; mend the file", path=path) from cause


def parse(
    model: type[Document], value: Mapping[str, Any], file: TomlFile, *, error: type[ConfigurationError]
) -> Document:
    """`value`, from `file`, as a `model`. Raises `error` for the first thing that doesn't fit.

    Goes by way of JSON, so that strict types still take TOML's strings as enum members and its arrays as tuples.
    """
    try:
        return model.model_validate_json(json.dumps(value, default=_json_form, allow_nan=False))
    except ValidationError as cause:
        raise _first_problem(cause, file, error) from cause
    except (TypeError, ValueError, RecursionError) as cause:
        raise error(
            f"`{file.path}` holds a value that no document can: {cause}; mend the file", path=file.path
        ) from cause


def _json_form(value: object) -> str:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    raise TypeError(f"unexpected {type(value).__name__}")


def _first_problem(cause: ValidationError, file: TomlFile, error: type[ConfigurationError]) -> ConfigurationError:
    first = cause.errors(include_url=False)[0]
    loc = first["loc"]
    key = ".".join(str(part) for part in loc) or "(whole file)"
    problem, remedy = _in_words(first["type"], first["msg"], first.get("input"))
    others = cause.error_count() - 1
    more = f" (and {others} more)" if others else ""
    return error(f"{file.where(loc)}: `{key}` {problem}; {remedy}{more}", path=file.path, key=key)


def _in_words(kind: str, message: str, given: object) -> tuple[str, str]:
    if kind == "extra_forbidden":
        return "is not a key here", "remove it, or check its spelling"
    if kind == "missing":
        return "is missing", "add it"
    shown = f" (it is `{given}`)" if isinstance(given, str | int | float | bool) else ""
    return f"can't hold this{shown}", message.removesuffix(".")[:1].lower() + message.removesuffix(".")[1:]


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
