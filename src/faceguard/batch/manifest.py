"""The manifest: one row for each item, in SQLite, so that a run can go on after anything.

A row says what was read, under which rules, what came of it and where it went. Each change is a transaction that is on
disk when its function returns. Names of files are kept as bytes: they may hold what is no text.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from faceguard.batch.task import Fault, Kind, Outcome, State, Tally
from faceguard.errors import ConfigurationError, EncodeError
from faceguard.types import Effect

_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS items (
    item BLOB PRIMARY KEY, kind TEXT NOT NULL, target BLOB NOT NULL, target_key BLOB NOT NULL UNIQUE,
    state TEXT NOT NULL, source_stamp TEXT NOT NULL, size_bytes INTEGER NOT NULL, source_sha256 TEXT,
    fingerprint TEXT, output_stamp TEXT, output_sha256 TEXT, output_bytes INTEGER, record_id TEXT, fault TEXT,
    attempts INTEGER NOT NULL, started_at TEXT, finished_at TEXT, wall_s REAL NOT NULL, cpu_s REAL NOT NULL,
    peak_bytes INTEGER NOT NULL, tally TEXT NOT NULL, seen INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS items_by_state ON items (state, size_bytes DESC, item);
"""
_PAGE = 500
_NAMES = ("item", "target", "target_key")


@dataclass(frozen=True, slots=True)
class Row:
    """One item. `target` is below the outputs' folder; `*_stamp` tells cheaply whether a file may have changed."""

    item: str
    kind: Kind
    target: str
    target_key: str
    """`target` as disks compare names."""
    state: State
    source_stamp: str
    size_bytes: int
    source_sha256: str | None = None
    fingerprint: str | None = None
    output_stamp: str | None = None
    output_sha256: str | None = None
    """Of the last output that was put in place, if any ever was; then what stands at `target` is ours."""
    output_bytes: int | None = None
    record_id: str | None = None
    fault: Fault | None = None
    attempts: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_bytes: int = 0
    tally: Tally = field(default_factory=Tally)
    seen: int = 0
    """The number of the last plan that found the source."""


class Manifest:
    """An open manifest. One process at a time writes to it; see `open_manifest`."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self.path = path

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written in the block, or none of it. Raises EncodeError when the disk refuses."""
        with _wrapped(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def get(self, item: str) -> Row | None:
        found = self._rows("WHERE item = ?", _bytes(item))
        return next(found, None)

    def put(self, row: Row) -> None:
        """Writes the row, in place of the item's old one."""
        values = [_column(each.name, getattr(row, each.name)) for each in fields(row)]
        names = ", ".join(each.name for each in fields(row))
        marks = ", ".join("?" * len(values))
        with _wrapped(self.path):
            self._connection.execute(f"INSERT OR REPLACE INTO items ({names}) VALUES ({marks})", values)  # noqa: S608  our own names

    def owner_of(self, target_key: str) -> str | None:
        """The item whose output has this name."""
        with _wrapped(self.path):
            found = self._connection.execute(
                "SELECT item FROM items WHERE target_key = ?", (_bytes(target_key),)
            ).fetchone()
        return None if found is None else _text(found[0])

    def in_state(self, state: State) -> Iterator[Row]:
        """The items in `state`, the largest first so that no long one is left for the end; may change while read."""
        after: tuple[int, bytes] | None = None
        while True:
            where, values = "WHERE state = ?", [state.value]
            if after is not None:
                where += " AND (size_bytes < ? OR (size_bytes = ? AND item > ?))"
                values += [after[0], after[0], after[1]]  # type: ignore[list-item]
            page = list(self._rows(f"{where} ORDER BY size_bytes DESC, item LIMIT {_PAGE}", *values))
            if not page:
                return
            yield from page
            after = page[-1].size_bytes, _bytes(page[-1].item)

    def rows(self) -> Iterator[Row]:
        """All, in the order of their names."""
        return self._rows("ORDER BY item")

    def last_plan(self) -> int:
        """The number of the last plan; 0 before the first."""
        with _wrapped(self.path):
            return int(self._connection.execute("SELECT coalesce(max(seen), 0) FROM items").fetchone()[0])

    def forget_unseen(self, plan: int) -> int:
        """Counts the items that this plan didn't find. Those that never got an output are forgotten; of the others it
        is no longer known under which rules they were done, should they come back."""
        with _wrapped(self.path):
            self._connection.execute("DELETE FROM items WHERE seen < ? AND output_sha256 IS NULL", (plan,))
            self._connection.execute(
                "UPDATE items SET state = ?, fingerprint = NULL WHERE seen < ?", (State.DONE.value, plan)
            )
            return int(self._connection.execute("SELECT count(*) FROM items WHERE seen < ?", (plan,)).fetchone()[0])

    def begin(self, item: str, moment: datetime) -> None:
        """The item is about to be handed to a worker."""
        with self.transaction():
            self._connection.execute(
                "UPDATE items SET state = ?, started_at = ?, attempts = attempts + 1 WHERE item = ?",
                (State.RUNNING.value, moment.isoformat(), _bytes(item)),
            )

    def put_back(self, item: str) -> None:
        """The item was begun and isn't to be done now; the next run does it."""
        with self.transaction():
            self._connection.execute("UPDATE items SET state = ? WHERE item = ?", (State.PLANNED.value, _bytes(item)))

    def end(self, outcome: Outcome, *, output_stamp: str | None, planned: str, moment: datetime) -> Row:
        """What became of the item, in one transaction. `planned` is the fingerprint that it was planned under."""
        before = self.get(outcome.item)
        if before is None:
            raise ValueError(f"no item `{outcome.item}` was planned")
        is_done = outcome.state is State.DONE
        row = replace(
            before,
            state=outcome.state,
            source_sha256=outcome.source_sha256 or before.source_sha256,
            fingerprint=outcome.fingerprint or planned,
            output_stamp=output_stamp if is_done else None,
            output_sha256=outcome.output_sha256 if is_done else None,
            output_bytes=outcome.output_bytes if is_done else None,
            record_id=outcome.record_id,
            fault=outcome.fault,
            finished_at=moment,
            wall_s=outcome.wall_s,
            cpu_s=outcome.cpu_s,
            peak_bytes=outcome.peak_bytes,
            tally=outcome.tally,
        )
        with self.transaction():
            self.put(row)
        return row

    def close(self) -> None:
        self._connection.close()

    def _rows(self, clause: str, *values: object) -> Iterator[Row]:
        names = ", ".join(each.name for each in fields(Row))
        with _wrapped(self.path):
            for found in self._connection.execute(f"SELECT {names} FROM items {clause}", values):  # noqa: S608  our own names
                yield self._checked(dict(zip(names.split(", "), found, strict=True)))

    def _checked(self, values: dict[str, Any]) -> Row:
        """The row of these columns. Raises EncodeError for what no manifest of ours holds."""
        try:
            return _row(values)
        except (ValueError, TypeError, KeyError, AttributeError) as error:  # a disk's fault, or another's hand
            raise EncodeError(
                f"the manifest `{self.path}` is damaged ({error}); move it away, or name another --state",
                path=self.path,
            ) from error


def open_manifest(path: Path) -> Manifest:
    """The manifest at `path`, made if it isn't there. Raises ConfigurationError for a file that is none."""
    try:
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, _VERSION):
            raise ConfigurationError(
                f"`{path}` was made by another version of faceguard; use that one, or another --state", path=path
            )
        connection.executescript(_SCHEMA)
        connection.execute(f"PRAGMA user_version = {_VERSION}")
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # also its own words may be damaged
        raise ConfigurationError(
            f"the manifest `{path}` can't be used: {error}; move it away, or name another --state", path=path
        ) from error
    return Manifest(connection, path)


def copy_manifest(path: Path) -> Manifest:
    """What the manifest at `path` knows, if there is one, in memory: for a dry run. Raises ConfigurationError."""
    memory = sqlite3.connect(":memory:", isolation_level=None)
    try:
        if path.exists():
            with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as original:
                original.backup(memory)
        memory.executescript(_SCHEMA)
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # also its own words may be damaged
        raise ConfigurationError(
            f"the manifest `{path}` can't be used: {error}; move it away, or name another --state", path=path
        ) from error
    return Manifest(memory, path)


@contextlib.contextmanager
def _wrapped(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise EncodeError(
            f"the manifest `{path}` can't be written or read: {error}; check the disk, then run the same command again",
            path=path,
        ) from error


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def _column(name: str, value: Any) -> Any:
    if name in _NAMES:
        return _bytes(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, Fault | Tally):
        return json.dumps(asdict(value))
    return value


def _row(values: dict[str, Any]) -> Row:
    for name in _NAMES:
        values[name] = _text(values[name])
    for name in ("started_at", "finished_at"):
        values[name] = None if values[name] is None else datetime.fromisoformat(values[name])
    values["kind"], values["state"] = Kind(values["kind"]), State(values["state"])
    values["fault"] = None if values["fault"] is None else Fault(**json.loads(values["fault"]))
    tally = json.loads(values["tally"])
    values["tally"] = Tally(**{**tally, "effects": {Effect(key): count for key, count in tally["effects"].items()}})
    return Row(**values)
