"""Checks a log from its first line to its checkpoint, and names the first line that doesn't hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from faceguard.audit.chain import Entry, Tip, read_entry
from faceguard.audit.head import head_path, read_head
from faceguard.errors import AuditIntegrityError, ConfigurationError
from faceguard.signing import TrustedKeys

_MAX_LINE_BYTES = 256_000_000


@dataclass(frozen=True, slots=True)
class VerifiedLog:
    """A log that holds: `size` lines, the last one's hash, the time of the first and last record.

    `signed` says whether signatures were asked for and hold. Without them a log proves only that it was not damaged:
    whoever may write it can write all of it anew.
    """

    size: int
    tip_hash: str
    signed: bool
    first: datetime | None
    last: datetime | None


def verify_log(path: Path, *, keys: TrustedKeys | None, moment: datetime) -> VerifiedLog:
    """Checks every line and the end. Raises AuditIntegrityError with the first broken `line`.

    1. Each line is whole, canonical and hashes to what it says; with `keys`, a trusted key signed it.
    2. Each line follows from the one before: none altered, dropped, doubled or moved.
    3. The end is the one of the checkpoint: nothing was cut off. With `keys`, a trusted key signed that too.
    """
    first = last = None
    tip = before = Tip()
    for entry in read_log(path, keys=keys, moment=moment):  # 1, 2
        before, tip = tip, Tip(entry.seq + 1, entry.hash)
        first, last = first or entry.record.timestamp, entry.record.timestamp
    head = read_head(path)  # 3
    if head is None:
        raise AuditIntegrityError(
            f"the checkpoint `{head_path(path)}` is missing, so nobody can tell whether the log's end was cut off",
            path=path,
        )
    if keys is not None:
        head.check_signature(keys, moment)
    head.check_end(tip, before)
    return VerifiedLog(tip.size, tip.hash, keys is not None, first, last)


def read_log(path: Path, *, keys: TrustedKeys | None, moment: datetime) -> Iterator[Entry]:
    """The entries in order, each checked (1 and 2 above) before it is given. Raises AuditIntegrityError."""
    return read_lines(lines_of(path), keys=keys, moment=moment)


def read_lines(lines: Iterable[bytes], *, keys: TrustedKeys | None, moment: datetime) -> Iterator[Entry]:
    """The entries of a log's lines, from the first. Raises AuditIntegrityError."""
    tip = Tip()
    for data in lines:
        line = tip.size + 1
        if not data.endswith(b"\n"):
            raise AuditIntegrityError(
                f"line {line} is cut in the middle: writing it was interrupted, or the end was cut off", line=line
            )
        entry = read_entry(data[:-1], line, keys, moment)
        tip = tip.follow(entry)
        yield entry


def lines_of(path: Path) -> Iterator[bytes]:
    """The log's lines with their newlines; only the last may lack it. Raises AuditIntegrityError if the log is gone."""
    try:
        with path.open("rb") as file:
            while line := file.readline(_MAX_LINE_BYTES):
                yield line
    except FileNotFoundError as error:
        if head_path(path).exists():
            raise AuditIntegrityError(f"the audit log `{path}` is gone, but its checkpoint is there", line=1) from error
        raise ConfigurationError(f"there is no audit log `{path}`", path=path) from error
    except OSError as error:
        raise ConfigurationError(
            f"the audit log `{path}` can't be read: {error.strerror or error}", path=path
        ) from error
