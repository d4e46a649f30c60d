"""What has to be done, before any of it is: what was found against what the manifest knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path, PurePosixPath

from faceguard.batch.discover import Found, Skip, Skipped
from faceguard.batch.manifest import Manifest, Row
from faceguard.batch.places import Place, digest_at, stamp_at
from faceguard.batch.task import Fault, State
from faceguard.errors import DecodeError, UnsupportedMediaError
from faceguard.media.file_names import folded, free_name, written_name

_THE_FILE_S_OWN = {DecodeError.__name__, UnsupportedMediaError.__name__}
"""Errors that trying again can't mend, while the file is as it is."""


class Why(StrEnum):
    """Why an item is to be done."""

    NEW = "new"
    CHANGED = "changed"
    FAILED = "failed before"
    STALE = "stale"
    UNFINISHED = "unfinished"
    VANISHED = "its output is gone"
    ALTERED = "its output was altered"


@dataclass(frozen=True, slots=True)
class Planned:
    """An item that is to be done."""

    row: Row
    why: Why


@dataclass(slots=True)
class Plan:
    """What a plan came to; the items themselves are in the manifest."""

    number: int = 0
    to_do: Counter[Why] = field(default_factory=Counter)
    up_to_date: int = 0
    given_up: int = 0
    """Items whose file itself can't be handled; they are tried again when it changes."""
    removed: int = 0
    """Items whose source is gone; their outputs stay."""
    skipped: Counter[Skip] = field(default_factory=Counter)
    unreadable: list[str] = field(default_factory=list)
    """Folders that nobody could look into: that is an error, there may be pictures."""

    settling: int = 0
    """Files that are still being written (watch mode)."""

    @property
    def size(self) -> int:
        return sum(self.to_do.values())


@dataclass(frozen=True, slots=True)
class Planner:
    """Compares with the manifest. With `trusts_stamps` a file is read again only if its size or time has changed."""

    manifest: Manifest
    source: Place
    target: Place
    fingerprint: str
    trusts_stamps: bool = True
    is_first: bool = True
    """Whether the run begins with this plan. Only then is taken up again what failed, or what an older run began."""
    is_settling: Callable[[Found], bool] = lambda found: False
    """Whether a file that is new or has changed is still being written: then it waits for a later plan."""

    def plan(self, found: Iterator[Found | Skipped], plan: Plan) -> Iterator[Planned]:
        """Gives what is to be done, with the row that the manifest should have; counts everything in `plan`."""
        for each in found:
            if isinstance(each, Skipped):
                plan.skipped[each.why] += 1
                if each.why is Skip.UNREADABLE:
                    plan.unreadable.append(each.item)
                continue
            known = self.manifest.get(each.item)
            if (known is None or known.source_stamp != each.stamp) and self.is_settling(each):
                plan.settling += 1
                if known is not None:
                    self.manifest.put(replace(known, seen=plan.number))
                continue
            if known is not None and known.state is State.RUNNING and not self.is_first:
                self.manifest.put(replace(known, seen=plan.number))
                continue
            row, why = self._judge(each, known)
            row = replace(row, seen=plan.number)
            if why is not None:
                plan.to_do[why] += known is None or self.is_first or known.state is not State.PLANNED
                yield Planned(replace(row, state=State.PLANNED, fingerprint=self.fingerprint), why)
            else:
                if row.state is not State.DONE:
                    plan.given_up += 1
                else:
                    plan.up_to_date += 1
                self.manifest.put(row)

    def _judge(self, found: Found, row: Row | None) -> tuple[Row, Why | None]:
        """1. Unknown: new. 2. Begun and not ended: unfinished. 3. Another content: changed. 4. Other rules: stale.
        5. Ended by what may have passed: failed. 6. Its output isn't what was put there: gone, or altered."""
        if row is None:  # 1
            return self._new(found), Why.NEW
        changed = self._is_changed(row, found)
        row = replace(row, source_stamp=found.stamp, size_bytes=found.size_bytes)
        if row.state in (State.PLANNED, State.RUNNING):  # 2
            return row, Why.UNFINISHED if row.attempts else Why.NEW
        if changed:  # 3
            return row, Why.CHANGED
        if row.fingerprint != self.fingerprint:  # 4
            return row, Why.STALE
        if row.state is not State.DONE:  # 5
            return row, Why.FAILED if self.is_first and not _is_final(row.fault) else None
        return self._with_output(row)  # 6

    def _is_changed(self, row: Row, found: Found) -> bool:
        looks_changed = row.source_stamp != found.stamp
        if row.source_sha256 is None or (self.trusts_stamps and not looks_changed):
            return looks_changed
        return digest_at(self.source.at(found.item)) != row.source_sha256

    def _with_output(self, row: Row) -> tuple[Row, Why | None]:
        address = self.target.at(row.target)
        stamp = stamp_at(address)
        if stamp is None:
            return row, Why.VANISHED
        if stamp == row.output_stamp and self.trusts_stamps:
            return row, None
        if digest_at(address) != row.output_sha256:
            return row, Why.ALTERED
        return replace(row, output_stamp=stamp), None

    def _new(self, found: Found) -> Row:
        path = PurePosixPath(found.item)
        target = self._free(path.with_name(written_name(path)), found.item)
        return Row(
            found.item,
            found.kind,
            str(target),
            folded(str(target)),
            State.PLANNED,
            found.stamp,
            found.size_bytes,
        )

    def _free(self, target: PurePosixPath, item: str) -> PurePosixPath:
        """`target`, or with the first number that makes it nobody else's."""
        taken: set[str] = set()
        while True:
            free = free_name(target, taken)
            if self.manifest.owner_of(folded(str(free))) in (None, item):
                return free
            taken.add(folded(str(free)))


def _is_final(fault: Fault | None) -> bool:
    return fault is not None and fault.code in _THE_FILE_S_OWN and not fault.is_system


def leaves(target: Place, address: str) -> bool:
    """Whether writing to `address` would leave the local folder `target`, by a link on the way there."""
    if not target.is_local:
        return False
    return not Path(address).parent.resolve().is_relative_to(target.path.resolve())
