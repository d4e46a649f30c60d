"""A notice as a TOML file: the inverse of `load_notice`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from faceguard.policy.notice import HandlingNotice
from faceguard.policy.policy_terms import NoticeItem

_MOMENTS: Final = frozenset({"effective_from", "effective_to"})
"""Keys that TOML holds as times, without quotes."""


def notice_toml(notice: HandlingNotice, *, comment: str = "") -> str:
    """The text of a file that says exactly what `notice` says; what is empty is left out."""
    head = [f"# {line}" for line in comment.splitlines()]
    items = {item.value: text for item in NoticeItem if (text := notice.content["items"].get(item.value)) is not None}
    content = _without_gaps({**notice.content, "items": items})
    lines = [*head, *([""] if head else []), *_table(content, path="")]
    return "\n".join(lines).strip() + "\n"


def _without_gaps(value: Any) -> Any:
    if isinstance(value, Mapping):
        kept = {key: _without_gaps(below) for key, below in value.items()}
        return {key: below for key, below in kept.items() if below not in (None, "", [], {})}
    return [_without_gaps(below) for below in value] if isinstance(value, list) else value


def _table(table: Mapping[str, Any], *, path: str) -> Iterator[str]:
    """Plain values first, then the tables below, as TOML wants it."""
    for key, value in table.items():
        if not _is_below(value):
            yield f"{key} = {_value(key, value)}"
    for key, value in table.items():
        below = f"{path}.{key}" if path else key
        for entry in value if _is_below(value) and isinstance(value, list) else ():
            yield from ("", f"[[{below}]]", *_table(entry, path=below))
        if isinstance(value, Mapping):
            heading = [f"[{below}]"] if any(not _is_below(inner) for inner in value.values()) else []
            yield from (*([""] if heading else []), *heading, *_table(value, path=below))


def _is_below(value: Any) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, list) and any(isinstance(v, Mapping) for v in value))


def _value(key: str, value: Any) -> str:
    if key in _MOMENTS:
        return str(value)
    # JSON's strings, lists, numbers and booleans are TOML's too, but for one control character that JSON leaves bare.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
