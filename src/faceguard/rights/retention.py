"""What has been kept for as long as the policy lets it be (FG-T01): outputs, originals, closed segments of the log.

The clock of an output starts when it was made, that of an original when its file was last written, that of a log's
segment with its last record. Consents aren't removed from a register, whose lines only grow: `due` names those whose
time is over, so that a new register is begun without them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from faceguard.audit.retention import drop_segments
from faceguard.audit.segments import closed_segments
from faceguard.audit.verify import LogWalk
from faceguard.errors import ConfigurationError, EncodeError, FaceguardError
from faceguard.policy.document import Policy
from faceguard.rights.carry_out import Carrier, Outcome
from faceguard.rights.index import IndexedOutput
from faceguard.signing import SigningKey


class Kept(StrEnum):
    """What a timer is for; the policy's key is `retention.<value>_days`, or `_hours` for originals."""

    ORIGINALS = "originals"
    REDACTED = "redacted"
    DECISIONS = "decisions"


@dataclass(frozen=True, slots=True)
class Due:
    """One thing whose time is over, since when, and by which key of the policy."""

    kind: Kept
    name: str
    due_at: datetime
    key: str
    output: IndexedOutput | None = None


@dataclass(frozen=True, slots=True)
class Removed:
    """What became of something due. `problem` is None if it is gone."""

    due: Due
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Retention:
    """The timers of one policy. `originals` are folders that the operator keeps them in; `log` the audit log."""

    carrier: Carrier
    originals: Sequence[Path] = ()
    log: Path | None = None
    log_key: SigningKey | None = None

    @property
    def _policy(self) -> Policy:
        return self.carrier.policy

    def due(self) -> tuple[Due, ...]:
        """All that is due, the longest overdue first. Raises FaceguardError for a log that doesn't hold."""
        found = [*self._outputs(), *self._originals(), *self._segments()]
        return tuple(sorted(found, key=lambda due: (due.due_at, due.name)))

    def run(self) -> tuple[Removed, ...]:
        """Removes all that is due, and records it. One that fails doesn't stop the others."""
        return tuple(self._remove(due) for due in self.due())

    def _remove(self, due: Due) -> Removed:
        try:
            if due.output is not None:
                handled = self.carrier.delete(due.output, "retention", due.key)
                if handled.outcome is Outcome.MISSING:  # gone already: nothing is kept of it
                    self.carrier.index.deleted(due.output, self.carrier.moment)
                    return Removed(due)
                if handled.error is not None:
                    raise handled.error
                return Removed(due, None if handled.outcome is Outcome.DELETED else str(handled.outcome))
            if due.kind is Kept.ORIGINALS:
                _unlink(Path(due.name))
            elif self.log is not None:
                before = self.carrier.moment - timedelta(days=self._policy.retention.decisions_days.value)
                drop_segments(self.log, before=before, reason=due.key, key=self.log_key, moment=self.carrier.moment)
        except FaceguardError as error:
            return Removed(due, error.message)
        return Removed(due)

    def _outputs(self) -> list[Due]:
        keep = timedelta(days=self._policy.retention.redacted_days.value)
        return [
            Due(Kept.REDACTED, str(output.path), output.made_at + keep, "retention.redacted_days", output)
            for output in self.carrier.index.outputs()
            if output.made_at + keep <= self.carrier.moment
        ]

    def _originals(self) -> list[Due]:
        keep = timedelta(hours=self._policy.retention.originals_hours.value)
        found = []
        for folder in self.originals:
            if not folder.is_dir():
                raise ConfigurationError(f"there is no folder `{folder}` of originals", path=folder)
            for path in sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()):
                due_at = datetime.fromtimestamp(path.stat().st_mtime, UTC) + keep
                if due_at <= self.carrier.moment:
                    found.append(Due(Kept.ORIGINALS, str(path), due_at, "retention.originals_hours"))
        return found

    def _segments(self) -> list[Due]:
        """Closed segments all of whose records are over their time; only the oldest in a row can go."""
        if self.log is None or not self.log.exists():
            return []
        keep = timedelta(days=self._policy.retention.decisions_days.value)
        walk, last = LogWalk(self.log, None, self.carrier.moment), dict[int, datetime]()
        for entry in walk.entries():
            last[walk.segment] = max(last.get(walk.segment, entry.record.timestamp), entry.record.timestamp)
        found = []
        for segment in closed_segments(self.log):
            if segment.removal is not None:
                continue
            if last[segment.number] + keep >= self.carrier.moment:
                break
            due_at = last[segment.number] + keep
            found.append(Due(Kept.DECISIONS, str(segment.path), due_at, "retention.decisions_days"))
        return found


def _unlink(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise EncodeError(f"`{path}` can't be deleted: {error.strerror or error}", path=path) from error
