"""Checks a log from its first line to its checkpoint, and names the first line that doesn't hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from faceguard.audit.chain import Entry, Tip, read_entry
from faceguard.audit.head import Head, head_path, read_head
from faceguard.audit.merkle import Tree
from faceguard.audit.segments import Removal, closed_segments, lines_of
from faceguard.errors import AuditIntegrityError
from faceguard.signing import TrustedKeys

CLOCK_SKEW = timedelta(minutes=5)
"""How far the clocks of two machines may differ before a record counts as dated in the future."""


@dataclass(frozen=True, slots=True)
class VerifiedLog:
    """A log that holds: `size` lines, the last one's hash, the time of the first and last record.

    `signed` says whether signatures were asked for and hold. Without them a log proves only that it was not damaged:
    whoever may write it can write all of it anew. `removed` are the segments that stand there as notes only, and
    `out_of_order` the lines (from 1) dated before the line above: several writers, long videos, or a clock set back.
    """

    size: int
    tip_hash: str
    signed: bool
    first: datetime | None
    last: datetime | None
    root: str = ""
    segments: int = 1
    removed: tuple[Removal, ...] = ()
    out_of_order: tuple[int, ...] = ()


@dataclass(slots=True)
class LogWalk:
    """Reads a log from its first line to its last, over all of its files, and knows where it stands."""

    log: Path
    keys: TrustedKeys | None
    moment: datetime
    may_be_torn: bool = False
    """Whether a last line that was cut while being written ends the walk and not in an error."""
    tip: Tip = field(default_factory=Tip)
    before: Tip = field(default_factory=Tip)
    tree: Tree = field(default_factory=Tree)
    tree_before: Tree = field(default_factory=Tree)
    leaves: list[bytes] = field(default_factory=list)
    removed: list[Removal] = field(default_factory=list)
    torn: bytes | None = None
    segment: int = 1

    def entries(self) -> Iterator[Entry]:
        """Each line that is still there, checked before it is given. Raises AuditIntegrityError.

        1. Each line is whole, canonical and hashes to what it says; with `keys`, a trusted key signed it.
        2. Each line follows from the one before, and each file from the one before: none altered, dropped or moved.
        3. What was removed left a note that fits; with `keys`, signed.
        """
        closed = closed_segments(self.log)
        for segment in closed:
            self.segment = segment.number
            if segment.removal is None:
                yield from self._lines(lines_of(segment.path), is_last=False)
            else:
                self._skip(Removal.load(segment.removal, self.keys, self.moment))
        self.segment = len(closed) + 1
        if closed and not self.log.exists():  # the power went between closing one file and beginning the next
            return
        yield from self._lines(lines_of(self.log), is_last=True)

    def _lines(self, lines: Iterator[bytes], *, is_last: bool) -> Iterator[Entry]:
        is_first = self.segment > 1
        for data in lines:
            line = self.tip.size + 1
            if not data.endswith(b"\n"):
                if is_last and self.may_be_torn:
                    self.torn = data
                    return
                raise AuditIntegrityError(
                    f"line {line} is cut in the middle: writing it was interrupted, or the end was cut off", line=line
                )
            entry = read_entry(data[:-1], line, self.keys, self.moment)
            follows = self.tip.follow(entry)
            self._check_opening(entry, is_first=is_first)
            self._advance(follows, self.tree.grown(entry.leaf))
            self.leaves.append(entry.leaf)
            is_first = False
            yield entry

    def _check_opening(self, entry: Entry, *, is_first: bool) -> None:
        opening, line = entry.opening, entry.seq + 1
        if (opening is not None) != is_first:
            raise AuditIntegrityError(f"line {line} does not stand in the segment it was written in", line=line)
        if opening is not None and (
            opening.number != self.segment
            or opening.root != self.tree.root.hex()
            or opening.peaks != tuple(peak.hex() for peak in self.tree.peaks)
        ):
            raise AuditIntegrityError(
                f"line {line} begins segment {opening.number} after other lines than those that stand before it",
                line=line,
            )

    def _skip(self, note: Removal) -> None:
        if note.segment != self.segment:
            raise AuditIntegrityError(f"the note of removed segment {note.segment} stands for segment {self.segment}")
        self._advance(*note.follow(self.tip, self.tree))
        self.leaves += [bytes.fromhex(leaf) for leaf in note.leaves]
        self.removed.append(note)

    def _advance(self, tip: Tip, tree: Tree) -> None:
        self.before, self.tip = self.tip, tip
        self.tree_before, self.tree = self.tree, tree

    def check_end(self) -> Head:
        """Holds the end against the checkpoint, which is returned. Raises AuditIntegrityError."""
        head = read_head(self.log)
        if head is None:
            raise AuditIntegrityError(
                f"the checkpoint `{head_path(self.log)}` is missing, so nobody can tell whether the log's end was cut "
                "off; keep the log and start a new one",
                path=self.log,
            )
        if self.keys is not None:
            head.check_signature(self.keys, self.moment)
        head.check_end(self.tip, self.before)
        head.check_tree(self.tree if head.tip.size == self.tip.size else self.tree_before)
        return head


def verify_log(path: Path, *, keys: TrustedKeys | None, moment: datetime, kept: Sequence[Head] = ()) -> VerifiedLog:
    """Checks every line and the end. Raises AuditIntegrityError with the first broken `line`.

    1. Every line and every file, as `LogWalk` says; no record is dated after `moment`.
    2. The end is the one of the checkpoint: nothing was cut off. With `keys`, a trusted key signed that too.
    3. The log begins with all that the checkpoints `kept` by somebody else stood for: nothing was written anew.
    """
    walk = LogWalk(path, keys, moment)
    first = last = None
    out_of_order: list[int] = []
    for entry in walk.entries():  # 1
        time = entry.record.timestamp
        if time > moment + CLOCK_SKEW:
            raise AuditIntegrityError(
                f"line {entry.seq + 1} is dated {time:%Y-%m-%d %H:%M} UTC, which is still to come: the clock was wrong "
                "when it was written, or is now",
                line=entry.seq + 1,
            )
        if last is not None and time < last:
            out_of_order.append(entry.seq + 1)
        first, last = first or time, time
    head = walk.check_end()  # 2
    for old in kept:  # 3
        check_kept(old, walk, keys)
    return VerifiedLog(
        size=walk.tip.size,
        tip_hash=walk.tip.hash,
        signed=keys is not None,
        first=first,
        last=last,
        root=head.root if head.tip == walk.tip else walk.tree.root.hex(),
        segments=walk.segment,
        removed=tuple(walk.removed),
        out_of_order=tuple(out_of_order),
    )


def check_kept(old: Head, walk: LogWalk, keys: TrustedKeys | None) -> None:
    """Raises AuditIntegrityError unless the log, walked to its end, begins with all that `old` stood for."""
    if keys is not None:
        old.check_signature(keys, walk.moment)
    if old.tip.size > walk.tip.size:
        raise AuditIntegrityError(
            f"the log has {walk.tip.size} lines, and the checkpoint that was kept counts {old.tip.size}: an older log "
            "was put back, or its end was cut off",
            line=walk.tip.size + 1,
        )
    tree = Tree()
    for leaf in walk.leaves[: old.tip.size]:
        tree = tree.grown(leaf)
    if tree != old.tree:
        raise AuditIntegrityError(
            f"the first {old.tip.size} lines are not those that the checkpoint that was kept stands for: "
            "the log was written anew"
        )


def read_log(path: Path, *, keys: TrustedKeys | None, moment: datetime) -> Iterator[Entry]:
    """The entries in order, each checked before it is given. Raises AuditIntegrityError.

    The end isn't held against the checkpoint; `verify_log` does that.
    """
    return LogWalk(path, keys, moment).entries()
