"""The lines of a register in SQLite: several processes may write at once, and each change is whole or absent.

    statement(seq, line)   one row for each signed statement, from 1 on, never changed
    seal(id = 1, line)     the seal over all of them, renewed with each change

It knows nothing of keys: what stands in the rows is believed only after `register_lines` has checked it.

A writer takes the write lock before it reads (`BEGIN IMMEDIATE`), so that nothing comes between reading the seal and
renewing it. The journal is a rollback journal and not a write-ahead log: at rest the register is one file, which can be
copied, read from a read-only folder, and shared over a network. A write-ahead log left behind would take the last
revocations with it. Pages are small (512 bytes), so that a register of a few statements is a small file.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from faceguard.errors import ConsentError
from faceguard.policy.register_lines import MAX_BYTES

APPLICATION_ID = 0x46474352
"""`FGCR`, in the header's field for who made the file."""
_SCHEMA = {
    "statement": "CREATE TABLE statement (seq INTEGER PRIMARY KEY, line BLOB NOT NULL)",
    "seal": "CREATE TABLE seal (id INTEGER PRIMARY KEY CHECK (id = 1), line BLOB NOT NULL)",
}
_NOT_NOW = {
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_PERM, sqlite3.SQLITE_FULL, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_AUTH,
}  # fmt: skip
"""Result codes that speak of the disk, the rights or another process; every other one speaks of a damaged file."""


class DamagedRegister(ConsentError):
    """The file is there and can be read, but it is no register in order."""


class Lines(NamedTuple):
    """The lines of the statements, and that of the seal, each with its newline."""

    body: bytes
    seal: bytes


@dataclass(frozen=True, slots=True)
class RegisterDatabase:
    """The database at `path`."""

    path: Path
    busy_timeout_s: float = 30.0

    def is_there(self) -> bool:
        """Whether the file is an SQLite database, or empty. Raises ConsentError if it can't be read.

        SQLite itself is asked: a process that opens the file in another way and closes it gives up the locks that its
        own SQLite connections hold (POSIX), and then two could write at once.
        """
        try:
            with self._telling_apart(), contextlib.closing(self._connect_to_read()):
                pass
        except DamagedRegister as error:
            cause = error.__cause__
            return not (isinstance(cause, sqlite3.Error) and cause.sqlite_errorcode == sqlite3.SQLITE_NOTADB)
        return True

    def read(self) -> tuple[bytes, str]:
        """All lines, as they stand together at one moment, and the digest of the whole file.

        1. SQLite finds its own structure whole (`PRAGMA integrity_check`).
        2. The tables are ours, and nothing else is there.
        3. Rows are numbered from 1 without a gap, and there is one seal.

        Raises DamagedRegister if not, ConsentError if the file can't be read.
        """
        with self._telling_apart():
            try:
                return _read(self._connect_to_read())
            except sqlite3.Error as error:
                if not _asks_to_write(error):
                    raise
            return _read(self._connect(mode="rw"))  # a writer died, or is about to end, since the header was read

    def change(self, successor: Callable[[Lines | None], Lines]) -> None:
        """Adds lines and renews the seal: `successor` gets what is there, None if nothing is, and gives all of it anew.

        No other process writes meanwhile. When anything fails, nothing has changed. Raises ConsentError.
        """
        with self._telling_apart(), contextlib.closing(self._connect(mode="rwc")) as connection:
            connection.execute("PRAGMA page_size = 512")
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("PRAGMA synchronous = EXTRA")
            connection.execute("BEGIN IMMEDIATE")
            try:
                before = _lines_of(connection)
                after = successor(before)
                _write(connection, before, after)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def with_the_seal(self, act: Callable[[bytes, str], None]) -> None:
        """Calls `act` with the seal's line and the file's digest while nobody can change them. Raises ConsentError."""
        with self._telling_apart(), contextlib.closing(self._connect(mode="rw")) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                act(_seal_of(connection), _file_sha256(connection))
            finally:
                connection.execute("ROLLBACK")

    def watch(self) -> sqlite3.Connection:
        """A connection that `changes_seen_by` can ask; it may be used by any thread, one at a time."""
        with self._telling_apart():
            return self._connect_to_read()

    def changes_seen_by(self, connection: sqlite3.Connection) -> int:
        """A number that changes whenever anybody changes the database. Raises ConsentError."""
        with self._telling_apart():
            (version,) = connection.execute("PRAGMA data_version").fetchone()
        return int(version)

    def _connect_to_read(self) -> sqlite3.Connection:
        """A connection that has read the file's header.

        It can't write, unless a writer died in the middle: then what that left is taken back first.
        """
        connection = self._connect(mode="ro")
        try:
            connection.execute("PRAGMA schema_version").fetchone()
        except sqlite3.Error as error:
            connection.close()
            if not _asks_to_write(error):
                raise
            connection = self._connect(mode="rw")
        return connection

    def _connect(self, *, mode: str) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{quote(str(self.path.absolute()))}?mode={mode}",
            uri=True,
            timeout=self.busy_timeout_s,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.text_factory = _text
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        return connection

    @contextlib.contextmanager
    def _telling_apart(self) -> Iterator[None]:
        """Turns what SQLite raises into ours: a damaged file, or one that can't be used now."""
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
            if code in _NOT_NOW:
                raise ConsentError(
                    f"the consent register `{self.path}` can't be used now: {error}; "
                    "check the folder, its rights, the free space, and who else has it open",
                    path=self.path,
                ) from error
            raise DamagedRegister(f"the database is damaged: {error}", path=self.path) from error
        except UnicodeDecodeError as error:  # the sqlite3 module's own, of a damaged name in a message
            raise DamagedRegister("the database is damaged: a name in it is no text", path=self.path) from error


def _asks_to_write(error: sqlite3.Error) -> bool:
    """Whether a reader met the journal of a writer that died. One that is just being deleted looks the same."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_READONLY


def _read(connection: sqlite3.Connection) -> tuple[bytes, str]:
    """What `RegisterDatabase.read` says; closes `connection`."""
    with contextlib.closing(connection):
        connection.execute("BEGIN")
        lines = _lines_of(connection)
        if lines is None:
            raise DamagedRegister("the database holds no register")
        return lines.body + lines.seal, _file_sha256(connection)


def _lines_of(connection: sqlite3.Connection) -> Lines | None:
    """The lines, checked as `RegisterDatabase.read` says; None for a database in which there is nothing at all."""
    found = [row[0] for row in connection.execute("PRAGMA integrity_check")]  # 1
    if found != ["ok"]:
        raise DamagedRegister("the database is damaged: its structure is not whole")
    schema = dict(connection.execute("SELECT name, sql FROM sqlite_master"))  # 2
    if not schema:
        return None
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    if schema != _SCHEMA or application_id != APPLICATION_ID:
        raise DamagedRegister("the database is not a consent register, or its tables were changed")
    rows = connection.execute("SELECT seq, line FROM statement ORDER BY seq").fetchall()  # 3
    if [seq for seq, _ in rows] != list(range(1, len(rows) + 1)):
        raise DamagedRegister("rows of the register are missing")
    return Lines(b"".join(_line(line) for _, line in rows), _seal_of(connection))


def _file_sha256(connection: sqlite3.Connection) -> str:
    """SHA-256 of the file's bytes, as SQLite has them on disk: also of those that belong to no statement."""
    return hashlib.sha256(connection.serialize()).hexdigest()


def _seal_of(connection: sqlite3.Connection) -> bytes:
    seals = connection.execute("SELECT line FROM seal").fetchall()
    if len(seals) != 1:
        raise DamagedRegister("the register has lost its seal")
    return _line(seals[0][0])


def _text(value: bytes) -> str:
    """Text of a damaged file may be no text."""
    return value.decode("utf-8", errors="replace")


def _line(value: object) -> bytes:
    if not isinstance(value, bytes) or value.find(b"\n") != len(value) - 1:
        raise DamagedRegister("a row of the register is no line")
    return value


def _write(connection: sqlite3.Connection, before: Lines | None, after: Lines) -> None:
    """The rows that `after` has more than `before`, and its seal."""
    if before is None:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        for statement in _SCHEMA.values():
            connection.execute(statement)
    kept = b"" if before is None else before.body
    if not after.body.startswith(kept) or len(after.body) + len(after.seal) > MAX_BYTES:
        raise ConsentError(f"a register is only added to, and is never larger than {MAX_BYTES} bytes")
    first = kept.count(b"\n") + 1
    added = after.body[len(kept) :].splitlines(keepends=True)
    connection.executemany("INSERT INTO statement VALUES (?, ?)", enumerate(added, start=first))
    connection.execute("INSERT OR REPLACE INTO seal VALUES (1, ?)", (after.seal,))
