"""Where records go: an append-only file, or memory.

A record is on disk, flushed and checkpointed before `append` returns; whoever must not release a picture without its
record simply calls `append` first. Several threads and processes may append to one log. An error leaves the log as
it was, as far as the file system lets it; what can't be undone is a torn last line, which the next `append` refuses.
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

from faceguard.audit.chain import Entry, Tip, read_entry, seal_entry
from faceguard.audit.head import read_head, write_head
from faceguard.audit.record import AuditRecord
from faceguard.errors import AuditIntegrityError, AuditWriteError
from faceguard.signing import SigningKey

_BLOCK_BYTES = 65_536


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
    """A log file, one line for each record, and its checkpoint beside it. With a `key`, both are signed."""

    path: Path
    key: SigningKey | None = None
    lock_timeout_s: float = 30.0

    def append(self, record: AuditRecord) -> AppendReceipt:
        """Writes the record and flushes it to disk.

        1. Alone: no other thread or process appends meanwhile.
        2. The log ends in a whole line that fits its checkpoint.
        3. The line is written and flushed, then the checkpoint.

        Raises AuditWriteError if the log can't be written, AuditIntegrityError if it must not be written on.
        """
        with locked(self.path, self.lock_timeout_s):  # 1
            try:
                with self._opened() as descriptor:
                    return self._append(descriptor, record)
            except OSError as error:
                raise AuditWriteError(
                    f"the audit log `{self.path}` can't be written: {error.strerror or error}; "
                    "check the folder, its rights and the free space",
                    path=self.path,
                ) from error

    def _append(self, descriptor: int, record: AuditRecord) -> AppendReceipt:
        size_bytes = os.fstat(descriptor).st_size
        tip = self._tip(descriptor, size_bytes)  # 2
        line, entry = seal_entry(record, tip, self.key)
        try:
            _write_all(descriptor, line)  # 3
            os.fsync(descriptor)
        except BaseException:
            _cut_back(descriptor, size_bytes)
            raise
        try:
            write_head(self.path, tip.follow(entry), datetime.now(UTC), self.key)
        except Exception:  # not KeyboardInterrupt: it may come when the checkpoint already counts the line
            _cut_back(descriptor, size_bytes)
            raise
        return AppendReceipt(record.decision_id, entry.seq, entry.hash)

    def _tip(self, descriptor: int, size_bytes: int) -> Tip:
        """The tip of a log that may be written on. Raises AuditIntegrityError."""
        head = read_head(self.path)
        if head is None:
            if size_bytes:
                raise AuditIntegrityError(
                    f"the audit log `{self.path}` has lost its checkpoint; keep it and start a new log", path=self.path
                )
            write_head(self.path, Tip(), datetime.now(UTC), self.key)
            return Tip()
        if not size_bytes:
            head.check_end(Tip(), Tip())
            return Tip()
        last = _last_line(descriptor, size_bytes)
        if not last.endswith(b"\n"):
            raise AuditIntegrityError(
                f"the last line of the audit log `{self.path}` is cut in the middle, so nothing is added to it; "
                "run `faceguard audit repair` or start a new log",
                path=self.path,
            )
        entry = read_entry(last[:-1], head.tip.size, None, datetime.now(UTC))
        end = Tip(entry.seq + 1, entry.hash)
        head.check_end(end, Tip(entry.seq, entry.prev_hash))
        return end

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


def _last_line(descriptor: int, size_bytes: int) -> bytes:
    """The bytes after the last newline but the file's very last byte."""
    start, tail = size_bytes, b""
    while start > 0:
        length = min(_BLOCK_BYTES, start)
        start -= length
        os.lseek(descriptor, start, os.SEEK_SET)
        tail = os.read(descriptor, length) + tail
        newline = tail.rfind(b"\n", 0, len(tail) - 1)
        if newline >= 0:
            return tail[newline + 1 :]
    return tail
