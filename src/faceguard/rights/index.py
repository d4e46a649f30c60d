"""The operator's index from people to outputs, in SQLite: what is needed to find and undo what was made (FG-T02).

People are named by HMAC-SHA256 of the operator's own key of them. The secret stands beside the index, in `INDEX.key`:
keep the two apart in backups, and neither tells who anybody is.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from faceguard.errors import ConfigurationError
from faceguard.pipeline.made import MadeOutput
from faceguard.types import LinkMethod

_SCHEMA = """
CREATE TABLE IF NOT EXISTS output (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL, sha256 TEXT NOT NULL, pending_sha256 TEXT, media_type TEXT NOT NULL,
    record_id TEXT NOT NULL, made_utc TEXT NOT NULL, policy TEXT NOT NULL, notice TEXT NOT NULL, purpose TEXT NOT NULL,
    disclosure TEXT NOT NULL, is_animated INTEGER NOT NULL, deleted_utc TEXT
);
CREATE TABLE IF NOT EXISTS face (
    output_id INTEGER NOT NULL REFERENCES output (id), number INTEGER NOT NULL, subject TEXT, linked_by TEXT,
    shown INTEGER NOT NULL, possible_minor INTEGER NOT NULL, place TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS possible (
    output_id INTEGER NOT NULL REFERENCES output (id), number INTEGER NOT NULL, subject TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS named (output_id INTEGER NOT NULL REFERENCES output (id), subject TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS request (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, subject TEXT NOT NULL, received_utc TEXT NOT NULL, due_utc TEXT NOT NULL,
    asked_by TEXT NOT NULL, done_utc TEXT, note TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS face_of_subject ON face (subject);
CREATE INDEX IF NOT EXISTS face_of_output ON face (output_id);
CREATE INDEX IF NOT EXISTS possible_subject ON possible (subject);
CREATE INDEX IF NOT EXISTS named_subject ON named (subject);
CREATE INDEX IF NOT EXISTS output_sha256 ON output (sha256)
"""
APPLICATION_ID = 0x4647524F
"""`FGRO`: SQLite's mark of what wrote a file."""


@dataclass(frozen=True, slots=True)
class IndexedFace:
    """A face of an output; `place` as in `pipeline.made.MadeFace`, `subject` a keyed hash, `possible` those of people
    whose it may be."""

    number: int
    subject: str | None
    linked_by: str | None
    shown: bool
    possible_minor: bool
    place: dict[str, Any]
    possible: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class IndexedOutput:
    """An output as the index knows it. `policy` and `notice` are `(id, version, sha256)`."""

    id: int
    path: Path
    sha256: str
    pending_sha256: str | None
    media_type: str
    record_id: str
    made_at: datetime
    policy: tuple[str, str, str]
    notice: tuple[str, str, str]
    purpose: str
    disclosure: str
    is_animated: bool
    deleted_at: datetime | None
    faces: tuple[IndexedFace, ...]
    named: frozenset[str]

    def subjects(self) -> frozenset[str]:
        """Everybody who is said to be in it, shown or covered."""
        sure = {face.subject for face in self.faces if face.subject is not None}
        return self.named.union(sure, *(face.possible for face in self.faces))

    def may_show(self, subject: str) -> tuple[IndexedFace, ...]:
        """The shown faces that are the person's, or may be: all of them where only the whole picture is known."""
        shown = tuple(face for face in self.faces if face.shown)
        own = [face for face in self.faces if face.subject == subject]
        sure = own and all(face.linked_by != LinkMethod.EVENT for face in own) and not self.is_animated
        if sure:
            return tuple(face for face in shown if face.subject == subject or subject in face.possible)
        return shown if subject in self.subjects() else ()


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asked for, and until when it has to be answered."""

    id: str
    kind: str
    subject: str
    received_at: datetime
    due_at: datetime
    asked_by: str
    done_at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class RightsIndex:
    """The index at `path`; made if it isn't there. Safe under several writers. Raises ConfigurationError."""

    path: Path
    _secret: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_secret", _load_secret(self.path))
        with self._open() as db:
            (mark,) = db.execute("PRAGMA application_id").fetchone()
            (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if mark != APPLICATION_ID and tables:
                raise ConfigurationError(f"`{self.path}` is another program's database, no index", path=self.path)
            db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            for statement in _SCHEMA.split(";"):
                db.execute(statement)

    def hash_of(self, key: str) -> str:
        """How the index names the person whom the operator calls `key`."""
        return hmac.new(self._secret, key.encode(), hashlib.sha256).hexdigest()

    # ------------------------------------------------------------------------------------------------ outputs

    def add(self, made: MadeOutput) -> None:
        """Takes an output before it gets its name (`pipeline.made.OutputIndex`).

        The very same output, made again in the same place after an interruption, takes the place of the older entry.
        """
        with self._open() as db:
            _forget_same(db, os.fspath(made.path), made.sha256)
            cursor = db.execute(
                "INSERT INTO output (path, sha256, media_type, record_id, made_utc, policy, notice, purpose,"
                " disclosure, is_animated) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    os.fspath(made.path), made.sha256, made.media_type, made.record_id, _text(made.moment),
                    json.dumps([made.policy.id, made.policy.version, made.policy.sha256]),
                    json.dumps([made.notice.id, made.notice.version, made.notice.sha256]),
                    made.purpose, made.disclosure, made.is_animated,
                ),
            )  # fmt: skip
            for face in made.faces:
                subject = None if face.subject_key is None else self.hash_of(face.subject_key)
                row = (cursor.lastrowid, face.index, subject, face.linked_by, face.shown, face.possible_minor)
                db.execute("INSERT INTO face VALUES (?, ?, ?, ?, ?, ?, ?)", (*row, json.dumps(face.place)))
                possible = [(cursor.lastrowid, face.index, self.hash_of(key)) for key in face.possible_subjects]
                db.executemany("INSERT INTO possible VALUES (?, ?, ?)", possible)
            rows = [(cursor.lastrowid, self.hash_of(key)) for key in made.named]
            db.executemany("INSERT INTO named VALUES (?, ?)", rows)

    def outputs(self, subject: str | None = None) -> tuple[IndexedOutput, ...]:
        """All outputs that weren't deleted, or those that `subject` (a hash) is said to be in; oldest first."""
        where, values = "deleted_utc IS NULL", []
        if subject is not None:
            where += (
                " AND (id IN (SELECT output_id FROM face WHERE subject = ?)"
                " OR id IN (SELECT output_id FROM possible WHERE subject = ?)"
                " OR id IN (SELECT output_id FROM named WHERE subject = ?))"
            )
            values = [subject, subject, subject]
        with self._open() as db:
            rows = db.execute(f"SELECT * FROM output WHERE {where} ORDER BY made_utc, id", values).fetchall()  # noqa: S608
            return tuple(_output(db, row) for row in rows)

    def expect(self, output: IndexedOutput, sha256: str) -> None:
        """Notes what the output's file is about to become, so that an interrupted rewrite isn't taken for tampering."""
        with self._open() as db:
            db.execute("UPDATE output SET pending_sha256 = ? WHERE id = ?", (sha256, output.id))

    def rewritten(self, output: IndexedOutput, path: Path, sha256: str, covered: Sequence[int]) -> None:
        """The output is now at `path` with this digest, and the faces `covered` don't show any more."""
        with self._open() as db:
            db.execute(
                "UPDATE output SET path = ?, sha256 = ?, pending_sha256 = NULL WHERE id = ?",
                (os.fspath(path.absolute()), sha256, output.id),
            )
            db.executemany(
                "UPDATE face SET shown = 0 WHERE output_id = ? AND number = ?", [(output.id, n) for n in covered]
            )

    def deleted(self, output: IndexedOutput, moment: datetime) -> None:
        """The output is gone."""
        with self._open() as db:
            db.execute("UPDATE output SET deleted_utc = ? WHERE id = ?", (_text(moment), output.id))

    # ----------------------------------------------------------------------------------------------- requests

    def add_request(self, request: Request) -> None:
        with self._open() as db:
            db.execute(
                "INSERT INTO request VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    request.id, request.kind, request.subject, _text(request.received_at), _text(request.due_at),
                    request.asked_by, None, request.note,
                ),
            )  # fmt: skip

    def requests(self, *, only_open: bool = False) -> tuple[Request, ...]:
        """In the order in which they fall due."""
        where = "WHERE done_utc IS NULL" if only_open else ""
        with self._open() as db:
            rows = db.execute(f"SELECT * FROM request {where} ORDER BY due_utc, id").fetchall()  # noqa: S608
        return tuple(
            Request(
                id=row["id"],
                kind=row["kind"],
                subject=row["subject"],
                received_at=_moment(row["received_utc"]),
                due_at=_moment(row["due_utc"]),
                asked_by=row["asked_by"],
                done_at=None if row["done_utc"] is None else _moment(row["done_utc"]),
                note=row["note"],
            )
            for row in rows
        )

    def close_request(self, request_id: str, moment: datetime, note: str) -> None:
        with self._open() as db:
            db.execute("UPDATE request SET done_utc = ?, note = ? WHERE id = ?", (_text(moment), note, request_id))

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """One transaction; undone when the block raises."""
        connection = None
        try:
            connection = sqlite3.connect(self.path, timeout=30.0, isolation_level=None)
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
        except (sqlite3.Error, ValueError) as error:
            raise ConfigurationError(
                f"the index `{self.path}` can't be used ({error}); check the file, its folder and its rights",
                path=self.path,
            ) from error
        finally:
            if connection is not None:
                connection.close()


def _load_secret(index: Path) -> bytes:
    """The secret beside the index; made with it, never alone: another secret would find nobody."""
    path = index.with_name(index.name + ".key")
    try:
        if not path.exists() and not index.exists():
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_hex(32) + "\n")
            index.touch(mode=0o600)
        secret = bytes.fromhex(path.read_text().strip())
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"the index `{index}` needs its secret `{path}`, which can't be read or made ({error}); put it back",
            path=path,
        ) from error
    if len(secret) != 32:
        raise ConfigurationError(f"`{path}` isn't the secret of an index; put the right one back", path=path)
    return secret


def _forget_same(db: sqlite3.Connection, path: str, sha256: str) -> None:
    same = db.execute(
        "SELECT id FROM output WHERE path = ? AND sha256 = ? AND deleted_utc IS NULL", (path, sha256)
    ).fetchall()
    ids = [(row["id"],) for row in same]
    for table in ("face", "possible", "named"):
        db.executemany(f"DELETE FROM {table} WHERE output_id = ?", ids)  # noqa: S608  our own names
    db.executemany("DELETE FROM output WHERE id = ?", ids)


def _output(db: sqlite3.Connection, row: sqlite3.Row) -> IndexedOutput:
    faces: Iterable[sqlite3.Row] = db.execute("SELECT * FROM face WHERE output_id = ? ORDER BY number", (row["id"],))
    named = db.execute("SELECT subject FROM named WHERE output_id = ?", (row["id"],)).fetchall()
    possible: dict[int, set[str]] = {}
    for entry in db.execute("SELECT number, subject FROM possible WHERE output_id = ?", (row["id"],)):
        possible.setdefault(entry["number"], set()).add(entry["subject"])
    policy, notice = json.loads(row["policy"]), json.loads(row["notice"])
    return IndexedOutput(
        id=row["id"],
        path=Path(row["path"]),
        sha256=row["sha256"],
        pending_sha256=row["pending_sha256"],
        media_type=row["media_type"],
        record_id=row["record_id"],
        made_at=_moment(row["made_utc"]),
        policy=(policy[0], policy[1], policy[2]),
        notice=(notice[0], notice[1], notice[2]),
        purpose=row["purpose"],
        disclosure=row["disclosure"],
        is_animated=bool(row["is_animated"]),
        deleted_at=None if row["deleted_utc"] is None else _moment(row["deleted_utc"]),
        faces=tuple(
            IndexedFace(
                face["number"],
                face["subject"],
                face["linked_by"],
                bool(face["shown"]),
                bool(face["possible_minor"]),
                json.loads(face["place"]),
                frozenset(possible.get(face["number"], ())),
            )
            for face in faces
        ),
        named=frozenset(entry["subject"] for entry in named),
    )


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
