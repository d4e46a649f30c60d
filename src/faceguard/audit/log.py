"""Where records go: an append-only file, or memory.

A record is on disk, flushed and checkpointed before `append` returns; whoever must not release a picture without its
record simply calls `append` first. Several threads and processes may append to one log. An error leaves the log as
it was, as far as the file system lets it; what can't be undone is a torn last line, which the next `append` refuses.
A file that has grown to `max_bytes` is closed, and the log goes on in a new one.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout

from faceguard.audit.chain import Entry, Opening, Origin, Tip, seal_entry
from faceguard.audit.head import write_head
from faceguard.audit.record import AuditRecord
from faceguard.audit.segments import segment_path
from faceguard.audit.writing import End, WriterState
from faceguard.errors import AuditWriteError
from faceguard.signing import SigningKey

DEFAULT_MAX_BYTES = 64_000_000
"""A file is closed before it grows beyond this: some twenty thousand records, read through in a second."""


@dataclass(frozen=True, slots=True)
class AppendReceipt:
    """Proof that a record is in the log: its id, its place (from 0) and its line's hash."""

    record_id: str
    seq: int
    hash: str


class AuditSink(Protocol):
    """Takes records. When `append` returns, the record is kept; when it raises, nothing may be released."""

    def append(self, record: AuditRecord) -> AppendReceipt: ...


@dataclass(slots=True)
class MemoryAuditLog:
    """Keeps the last records in memory, chained like a file: for callers who name no log and take them themselves.

    Only the last `max_entries` are kept, so that a camera that runs for weeks doesn't fill the memory.
    """

    entries: list[Entry] = field(default_factory=list)
    max_entries: int = 10_000

    def append(self, record: AuditRecord) -> AppendReceipt:
        tip = Tip(self.entries[-1].seq + 1, self.entries[-1].hash) if self.entries else Tip()
        _, entry = seal_entry(record, tip, None)
        self.entries.append(entry)
        del self.entries[: -self.max_entries]
        return AppendReceipt(record.decision_id, entry.seq, entry.hash)


@dataclass(frozen=True, slots=True)
class AuditLog:
    """A log file, one line for each record, and its checkpoint beside it. With a `key`, both are signed.

    Make one and use it for all records: the first `append` reads the whole file, the others only what others wrote.
    """

    path: Path
    key: SigningKey | None = None
    lock_timeout_s: float = 30.0
    max_bytes: int = DEFAULT_MAX_BYTES
    _state: WriterState = field(default_factory=WriterState, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.max_bytes < 1:
            raise ValueError(f"a log file holds at least one byte, got max_bytes={self.max_bytes}")

    def append(self, record: AuditRecord, *, origin: Origin | None = None) -> AppendReceipt:
        """Writes the record and flushes it to disk. `origin` says from which worker's log it is taken over.

        1. Alone: no other thread or process appends meanwhile.
        2. The log is sound and ends where its checkpoint says.
        3. A file that would grow too large is closed and a new one begun.
        4. The line is written and flushed, then the checkpoint.

        Raises AuditWriteError if the log can't be written, AuditIntegrityError if it must not be written on.
        """
        with locked(self.path, self.lock_timeout_s):  # 1
            try:
                return self._append(record, origin)
            except OSError as error:
                raise AuditWriteError(
                    f"the audit log `{self.path}` can't be written: {error.strerror or error}; "
                    "check the folder, its rights and the free space",
                    path=self.path,
                ) from error

    def _append(self, record: AuditRecord, origin: Origin | None) -> AppendReceipt:
        with self._opened() as descriptor:
            end = self._state.end_of(self.path, descriptor, self.key)  # 2
            opening = Opening.after(end.tree, end.segment) if end.begins_segment else None
            line, entry = seal_entry(record, end.tip, self.key, opening=opening, origin=origin)
            size_bytes = os.fstat(descriptor).st_size
            if not size_bytes or size_bytes + len(line) <= self.max_bytes:
                return self._write(descriptor, size_bytes, line, entry, end)  # 4
        self.path.rename(segment_path(self.path, end.segment))  # 3
        _flush_folder(self.path.parent)
        with self._opened() as descriptor:
            end = End(end.tip, end.tree, end.segment + 1, begins_segment=True)
            opening = Opening.after(end.tree, end.segment)
            line, entry = seal_entry(record, end.tip, self.key, opening=opening, origin=origin)
            return self._write(descriptor, 0, line, entry, end)

    def _write(self, descriptor: int, size_bytes: int, line: bytes, entry: Entry, end: End) -> AppendReceipt:
        try:
            _write_all(descriptor, line)
            os.fsync(descriptor)
        except BaseException:
            _cut_back(descriptor, size_bytes)
            raise
        after = end.after(entry)
        try:
            head = write_head(self.path, after.tip, after.tree, datetime.now(UTC), self.key)
        except Exception:  # not KeyboardInterrupt: it may come when the checkpoint already counts the line
            _cut_back(descriptor, size_bytes)
            raise
        self._state.wrote(descriptor, after, head)
        return AppendReceipt(entry.record.decision_id, entry.seq, entry.hash)

    @contextlib.contextmanager
    def _opened(self) -> Iterator[int]:
        binary = getattr(os, "O_BINARY", 0)  # Windows would turn newlines into two bytes
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | binary, 0o600)
        try:
            yield descriptor
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def locked(path: Path, timeout_s: float) -> Iterator[None]:
    """Holds `PATH.lock`. Raises AuditWriteError."""
    if not path.parent.is_dir():  # or the lock would make it, and a mistyped folder would go unnoticed
        raise AuditWriteError(f"there is no folder `{path.parent}` for the audit log; make it first", path=path)
    try:
        lock = FileLock(path.with_name(path.name + ".lock"), timeout=timeout_s, mode=0o600)
        lock.acquire()
    except Timeout as error:
        raise AuditWriteError(
            f"the audit log `{path}` is held by another process for more than {timeout_s:g} s", path=path
        ) from error
    except (OSError, NotImplementedError) as error:
        raise AuditWriteError(
            f"the audit log `{path}` can't be locked: {error}; check its folder", path=path
        ) from error
    try:
        yield
    finally:
        lock.release()


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _cut_back(descriptor: int, size_bytes: int) -> None:
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, size_bytes)


def _flush_folder(folder: Path) -> None:
    """Makes a renaming last through a power cut, where folders can be flushed (not on Windows)."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
