"""Removes whole old segments of a log when their time is over, and leaves a signed note in their place.

A log that ended at nothing and one whose beginning was deleted on purpose must look different: verifying then says
`segments 1-3 removed under retention` and goes on, and a segment that is gone without a note is an error. The note
keeps the Merkle leaves (32 bytes a line, from which nothing can be read), so that what is kept still proves its place.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from faceguard.atomic import write_atomic
from faceguard.audit.chain import Entry
from faceguard.audit.log import locked
from faceguard.audit.segments import Removal, Segment, closed_segments, removal_path
from faceguard.audit.verify import LogWalk
from faceguard.errors import AuditWriteError, EncodeError
from faceguard.signing import SigningKey


def drop_segments(
    log: Path,
    *,
    before: datetime,
    reason: str,
    key: SigningKey | None,
    moment: datetime,
    lock_timeout_s: float = 30.0,
) -> tuple[Removal, ...]:
    """Removes the oldest closed segments all of whose records are dated before `before`; returns their notes.

    The file that is written to is never removed: its records go when it has been closed and their time is over.
    `reason` stands in the notes (the policy's rule, a court's order). `key` signs them; give it if the log is signed.
    Raises AuditIntegrityError if the log doesn't hold: damaged evidence isn't tidied away. Raises AuditWriteError.
    """
    with locked(log, lock_timeout_s):
        segments = closed_segments(log)
        entries = _verified(log, moment)
        notes: list[Removal] = []
        for segment in segments:
            if segment.removal is not None:
                continue
            lines = entries[segment.number]
            if max(entry.record.timestamp for entry in lines) >= before:
                break
            notes.append(_remove(log, segment, lines, reason, key, moment))
        return tuple(notes)


def describe_removed(notes: tuple[Removal, ...]) -> str:
    """What to tell of removed segments, in one line; empty if there are none."""
    if not notes:
        return ""
    numbers = f"segment {notes[0].segment}" if len(notes) == 1 else f"segments {notes[0].segment}-{notes[-1].segment}"
    until = max(note.last_utc for note in notes)
    reasons = ", ".join(dict.fromkeys(note.reason for note in notes))
    lines = f"lines {notes[0].first_seq + 1}-{notes[-1].last_seq + 1}"
    return f"{numbers} ({lines}, records until {until:%Y-%m-%d}) removed under retention: {reasons}"


def _verified(log: Path, moment: datetime) -> dict[int, list[Entry]]:
    """The entries by segment, of a log that holds to its end."""
    walk = LogWalk(log, None, moment)
    found: dict[int, list[Entry]] = {}
    for entry in walk.entries():
        found.setdefault(walk.segment, []).append(entry)
    walk.check_end()
    return found


def _remove(
    log: Path, segment: Segment, lines: list[Entry], reason: str, key: SigningKey | None, moment: datetime
) -> Removal:
    times = [entry.record.timestamp for entry in lines]
    note = Removal(
        segment=segment.number,
        first_seq=lines[0].seq,
        prev_hash=lines[0].prev_hash,
        hash=lines[-1].hash,
        leaves=tuple(entry.leaf.hex() for entry in lines),
        first_utc=min(times),
        last_utc=max(times),
        removed_utc=moment.astimezone(UTC),
        reason=reason,
    ).signed(key)
    try:
        write_atomic(removal_path(log, segment.number), note.to_bytes(), overwrite=True)
        segment.path.unlink()
    except (EncodeError, OSError) as error:
        raise AuditWriteError(f"segment `{segment.path}` can't be removed: {error}", path=segment.path) from error
    return note
