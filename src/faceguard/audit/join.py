"""One log out of several: takes over what workers on other machines wrote into logs of their own.

Each worker writes its records before its pictures leave, into its own log with its own key. Afterwards their lines are
added to one log, each with where it comes from and the root that the worker's checkpoint stood for, so that dropping
one while joining would show. Joining again adds only what is new.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from faceguard.audit.chain import Entry, Origin
from faceguard.audit.log import AuditLog
from faceguard.audit.verify import LogWalk, read_log
from faceguard.errors import AuditIntegrityError, ConfigurationError
from faceguard.signing import TrustedKeys


@dataclass(frozen=True, slots=True)
class JoinedLog:
    """What was taken over of one worker's log: `added` lines now, of `size`, under the Merkle `root` (hex)."""

    path: Path
    size: int
    added: int
    root: str


def join_logs(
    target: AuditLog, workers: Sequence[Path], *, keys: TrustedKeys | None, moment: datetime
) -> tuple[JoinedLog, ...]:
    """Adds all records of `workers`, logs that nobody writes to any more, to `target`, and keeps their order.

    Every worker's log is verified from end to end before a line is taken over, with `keys` also its signatures. Raises
    AuditIntegrityError if one doesn't hold, and then nothing of any was added; AuditWriteError if `target` can't be
    written, and then joining again goes on where it stopped.
    """
    if any(path.resolve() == target.path.resolve() for path in workers):
        raise ConfigurationError(f"`{target.path}` can't be joined to itself; name the workers' logs", path=target.path)
    walks = [_verified(path, keys, moment) for path in workers]
    known = _origins(target.path, moment)
    return tuple(_add(target, walk, known) for walk in walks)


def check_joined(log: Iterable[Entry], worker: Path, *, keys: TrustedKeys | None, moment: datetime) -> int:
    """How many lines `worker` has, all of which stand in `log`. Raises AuditIntegrityError for one that doesn't."""
    origins = {(entry.origin.hash, entry.origin.seq) for entry in log if entry.origin is not None}
    walk = _verified(worker, keys, moment)
    for entry in walk.entries:
        if (entry.hash, entry.seq) not in origins:
            raise AuditIntegrityError(f"line {entry.seq + 1} of `{worker}` was not taken over", line=entry.seq + 1)
    return len(walk.entries)


@dataclass(frozen=True, slots=True)
class _Worker:
    path: Path
    entries: tuple[Entry, ...]
    root: str
    head_sig: str | None

    def origin_of(self, entry: Entry) -> Origin:
        return Origin(seq=entry.seq, hash=entry.hash, size=len(self.entries), root=self.root, head_sig=self.head_sig)


def _verified(path: Path, keys: TrustedKeys | None, moment: datetime) -> _Worker:
    walk = LogWalk(path, keys, moment)
    try:
        entries = tuple(walk.entries())
        head = walk.check_end()
    except AuditIntegrityError as error:
        raise AuditIntegrityError(f"`{path}`: {error.message}; nothing was joined", line=error.line) from error
    if walk.removed:
        raise AuditIntegrityError(f"segments of `{path}` were removed, so it can't be joined as a whole", path=path)
    root = walk.tree.root.hex()
    return _Worker(path, entries, root, head.signature if head.root == root else None)


def _origins(log: Path, moment: datetime) -> frozenset[str]:
    """The hashes of the lines that were taken over before."""
    return frozenset(entry.origin.hash for entry in _entries(log, moment) if entry.origin is not None)


def _entries(log: Path, moment: datetime) -> Iterator[Entry]:
    return read_log(log, keys=None, moment=moment) if log.exists() else iter(())


def _add(target: AuditLog, worker: _Worker, known: frozenset[str]) -> JoinedLog:
    new = [entry for entry in worker.entries if entry.hash not in known]
    for entry in new:
        target.append(entry.record, origin=worker.origin_of(entry))
    return JoinedLog(worker.path, len(worker.entries), len(new), worker.root)
