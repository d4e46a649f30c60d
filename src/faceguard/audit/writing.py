"""Where a writer stands: what it has to know of a log before it may add a line, without reading all of it each time.

The first time, every byte of the file that is written to is held against the Merkle root of the checkpoint. After that
only what other writers added is read; a file that somebody else changed in another way is read again as a whole.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from faceguard.audit.chain import Entry, Tip, read_entry
from faceguard.audit.head import Head, read_head, write_head
from faceguard.audit.merkle import Tree, leaf_hash
from faceguard.audit.segments import Removal, closed_segments, lines_of
from faceguard.errors import AuditIntegrityError, SignatureError, UntrustedKeyError
from faceguard.signing import SigningKey, TrustedKeys, signer_of

_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class End:
    """The end of a sound log: its last line, the tree over all lines, and the number of the file it goes on in."""

    tip: Tip
    tree: Tree
    segment: int
    begins_segment: bool = False
    """Whether the next line is the first of a file that continues another."""

    def after(self, entry: Entry) -> End:
        return End(self.tip.follow(entry), self.tree.grown(entry.leaf), self.segment)


@dataclass(slots=True)
class WriterState:
    """What a writer remembers from one line to the next: the end it left, and what the file looked like then."""

    _end: End | None = None
    _stamp: tuple[int, int, int] | None = None
    _head: Head | None = None

    def end_of(self, log: Path, descriptor: int, key: SigningKey | None) -> End:
        """The end of the log, open as `descriptor`, if it may be written on. Raises AuditIntegrityError."""
        head = read_head(log)
        size_bytes = os.fstat(descriptor).st_size
        if head is None:
            return _first_end(log, size_bytes, key)
        if self._head is not None and head.tip.size < self._head.tip.size:
            raise AuditIntegrityError(
                f"the audit log `{log}` has {head.tip.size} lines, and this writer left it with {self._head.tip.size}: "
                "an older log was put back",
                path=log,
            )
        if self._is_as_left(descriptor, head) and self._end is not None:
            return self._end
        _check_own_signature(head, key)
        if not size_bytes:
            return _end_of_closed(log, head)
        return self._added(descriptor, head) or _end_of_file(log, descriptor, head)

    def wrote(self, descriptor: int, end: End, head: Head) -> None:
        """Remembers the end that was just written."""
        self._end, self._stamp, self._head = end, _stamp(descriptor), head

    def _is_as_left(self, descriptor: int, head: Head) -> bool:
        return self._stamp == _stamp(descriptor) and self._head == head

    def _added(self, descriptor: int, head: Head) -> End | None:
        """The end after what others added since; None unless the file is the same one and only grew."""
        if self._end is None or self._stamp is None:
            return None
        node, size_bytes, _ = self._stamp
        now = os.fstat(descriptor)
        if now.st_ino != node or now.st_size <= size_bytes:
            return None
        end = before = self._end
        for data in _lines_from(descriptor, size_bytes):
            line = end.tip.size + 1
            _require_whole(data, line)
            entry = read_entry(data[:-1], line, None, datetime.now(UTC))
            before, end = end, end.after(entry)
        _check(head, end, before, entry)
        return end


def _first_end(log: Path, size_bytes: int, key: SigningKey | None) -> End:
    """The end of a log that doesn't exist yet; its first checkpoint is made."""
    if size_bytes or closed_segments(log):
        raise AuditIntegrityError(
            f"the audit log `{log}` has no checkpoint `{log.name}.head`: it was lost, or an older version wrote the "
            "log; put it back, or keep the log as it is and go on in a new one (`--audit NEW.jsonl`)",
            path=log,
        )
    write_head(log, Tip(), Tree(), datetime.now(UTC), key)
    return End(Tip(), Tree(), 1)


def _end_of_closed(log: Path, head: Head) -> End:
    """The end of a log whose last file is closed and whose next has no line yet, or of one without any line."""
    closed = closed_segments(log)
    if not closed:
        head.check_end(Tip(), Tip())
        return End(Tip(), Tree(), 1)
    last = closed[-1]
    if last.removal is not None:
        note = Removal.load(last.removal, None, datetime.now(UTC))
        tip = Tip(note.last_seq + 1, note.hash)
        if head.tip != tip:
            head.check_end(tip, tip)
        return End(tip, head.tree, last.number + 1, begins_segment=True)
    descriptor = os.open(last.path, os.O_RDONLY)
    try:
        end = _end_of_file(last.path, descriptor, head)
    finally:
        os.close(descriptor)
    return End(end.tip, end.tree, last.number + 1, begins_segment=True)


def _end_of_file(path: Path, descriptor: int, head: Head) -> End:
    """The end of a file of the log, every byte of which was held against the checkpoint."""
    now = datetime.now(UTC)
    end = before = None
    last = b""
    for data in lines_of(path):
        if end is None:
            first = read_entry(data.removesuffix(b"\n"), 1, None, now) if data.endswith(b"\n") else None
            end = _start(first)
        _require_whole(data, end.tree.size + 1)
        before, last = end, data
        end = End(end.tip, end.tree.grown(leaf_hash(data[:-1])), end.segment)
    if end is None or before is None:
        raise AuditIntegrityError(f"the audit log `{path}` was emptied", path=path)
    entry = read_entry(last[:-1], end.tree.size, None, now)
    end = End(Tip(entry.seq + 1, entry.hash), end.tree, end.segment)
    _check(head, end, End(Tip(entry.seq, entry.prev_hash), before.tree, end.segment), entry)
    return end


def _start(first: Entry | None) -> End:
    """Where the file begins, by its first line."""
    if first is None or first.opening is None:
        return End(Tip(), Tree(), 1)
    try:
        tree = first.opening.tree(first.seq)
    except ValueError as error:
        raise AuditIntegrityError("the first line of the audit log's file names no tree before it") from error
    return End(Tip(first.seq, first.prev_hash), tree, first.opening.number)


def _check(head: Head, end: End, before: End, last: Entry) -> None:
    head.check_end(end.tip, before.tip)
    head.check_tree(end.tree if head.tip == end.tip else before.tree)
    if head.tip == end.tip and _signer(head.signature) != _signer(last.signature):
        raise AuditIntegrityError("the log's checkpoint was not signed by whoever signed its last line")


def _signer(signature: str | None) -> str | None:
    """The key that a signature names. Raises AuditIntegrityError if it is none."""
    try:
        return None if signature is None else signer_of(signature)
    except SignatureError as error:
        raise AuditIntegrityError(f"the end of the audit log: {error.message}") from error


def _check_own_signature(head: Head, key: SigningKey | None) -> None:
    """A checkpoint that says it is signed with this very key must be; one of another key is for `audit verify`."""
    if key is None or head.signature is None:
        return
    try:
        head.check_signature(TrustedKeys((key.public(),)), datetime.now(UTC))
    except AuditIntegrityError as error:
        if not isinstance(error.__cause__, UntrustedKeyError):
            raise


def _require_whole(data: bytes, line: int) -> None:
    if not data.endswith(b"\n"):
        raise AuditIntegrityError(
            f"line {line}, the last of the audit log, is cut in the middle, so nothing is added to it; "
            "run `faceguard audit repair` or start a new log",
            line=line,
        )


def _lines_from(descriptor: int, start: int) -> Iterator[bytes]:
    """The lines from byte `start` on, with their newlines."""
    os.lseek(descriptor, start, os.SEEK_SET)
    rest = b""
    while block := os.read(descriptor, _BLOCK_BYTES):
        *lines, rest = (rest + block).split(b"\n")
        yield from (line + b"\n" for line in lines)
    if rest:
        yield rest


def _stamp(descriptor: int) -> tuple[int, int, int]:
    status = os.fstat(descriptor)
    return status.st_ino, status.st_size, status.st_mtime_ns
