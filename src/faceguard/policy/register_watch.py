"""Tells whether a register was changed since one last looked, at the cost of one small read."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import NamedTuple

from faceguard.errors import ConsentError
from faceguard.policy.register_database import RegisterDatabase
from faceguard.policy.register_file import head_path, unreadable


class FileStamp(NamedTuple):
    """Which file it is, its size and time; for a database also how often it was changed, as SQLite counts, and which
    file is its checkpoint: that of a register which is just being made comes a moment later.

    Two changes within one tick of the file system's clock leave size and time as they are.
    """

    device: int
    inode: int
    size_bytes: int
    changed_ns: int
    changes: int = 0
    head_inode: int = 0
    head_changed_ns: int = 0


def stamp_of(path: Path) -> FileStamp:
    """The stamp of a file that is no database. Raises ConsentError when it is gone."""
    try:
        status = path.stat()
    except OSError as error:
        raise unreadable(path, error) from error
    return FileStamp(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


class RegisterWatch:
    """Watches the register at `path`, of either kind. Not for two threads at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._opened: tuple[int, int, int] | None = None
        self._failures = 0

    def stamp(self) -> FileStamp:
        """What changes whenever the register does. Raises ConsentError when it is gone or can't be read."""
        stamp = stamp_of(self._path)
        opened = (os.getpid(), stamp.device, stamp.inode)  # a connection is of no use after a fork, or for another file
        if opened != self._opened:
            self.close()
            self._connection = _connection_to(self._path)
            self._opened = opened
        if self._connection is None:
            return stamp
        inode, changed_ns = _head_stamp(self._path)
        return stamp._replace(changes=self._changes(self._connection), head_inode=inode, head_changed_ns=changed_ns)

    def _changes(self, connection: sqlite3.Connection) -> int:
        try:
            return RegisterDatabase(self._path).changes_seen_by(connection)
        except ConsentError:  # damaged, or a writer died: loading it will say so, or mend it; look again next time
            self.close()
            self._failures += 1
            return -self._failures  # a number that never stood in a stamp

    def close(self) -> None:
        """Lets go of the file."""
        if self._connection is not None:
            self._connection.close()
        self._connection = self._opened = None

    def __del__(self) -> None:
        self.close()


def _head_stamp(register: Path) -> tuple[int, int]:
    """Inode and time of the checkpoint; zeros if there is none."""
    try:
        status = head_path(register).stat()
    except OSError:
        return 0, 0
    return status.st_ino, status.st_mtime_ns


def _connection_to(path: Path) -> sqlite3.Connection | None:
    """A connection to ask for changes; None for an export, which is replaced as a whole when it changes."""
    database = RegisterDatabase(path)
    try:
        return database.watch() if path.is_file() and database.is_there() else None
    except ConsentError:
        return None
