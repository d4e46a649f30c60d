"""Items on a cluster: every worker writes a log of its own, and nothing is done twice when one dies.

A lock on one file doesn't hold across machines, so the workers' logs are apart while they work and are joined to the
batch's one log when they have ended (`audit.join`), each line with where it comes from. A driver that is killed leaves
them in the run's state; the next run joins them before it looks at anything.
"""

from __future__ import annotations

import os
import platform
import uuid
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from faceguard.atomic import make_folder
from faceguard.audit.head import head_path
from faceguard.audit.join import join_logs
from faceguard.audit.log import AuditLog
from faceguard.audit.record import Action, AuditRecord
from faceguard.audit.repair import repair_log
from faceguard.audit.verify import LogWalk
from faceguard.batch.engine import Engine, Event, Report, ResultT, TaskT, Work
from faceguard.batch.fingerprint import fingerprint
from faceguard.batch.places import digest_at, digest_of, fetched
from faceguard.batch.recover import tally_of_record
from faceguard.batch.task import Outcome, State, Task
from faceguard.signing import SigningKey

LOGS_NAME = "worker-logs"
"""The folder in the run's state where workers' logs are until they are joined, and stay afterwards as evidence."""
_APART, _JOINED, _UNFINISHED = "apart-", "joined-", ".unfinished"


@dataclass(frozen=True, slots=True)
class Apart:
    """Does `work`; where the thing is an item, with a log and a staging folder of this worker's own below `logs`.

    `since` is when the run began. An item that is begun again because its worker died, after its output was in place
    and on record, is not done again.
    """

    work: Work[Any, Any]
    logs: Path
    since: datetime

    def __call__(self, task: Any, report: Report) -> Any:
        if not isinstance(task, Task):
            return self.work(task, report)
        done = finished_before(task, self.logs, self.since)
        if done is not None:
            return done
        worker = f"{platform.node()}-{os.getpid()}"
        self.logs.mkdir(parents=True, exist_ok=True)
        documents = replace(task.documents, audit=self.logs / f"{worker}.jsonl")
        return self.work(replace(task, documents=documents, staging=task.staging / worker), report)


@dataclass(slots=True)
class ClusterEngine:
    """`inner` with logs apart, joined to the batch's own log after each run. Its logs lie in `state`."""

    inner: Engine
    state: Path
    log: Path
    key: Path | None = None

    @property
    def workers(self) -> int:
        return self.inner.workers

    def run(self, work: Work[TaskT, ResultT], tasks: Iterable[TaskT | None]) -> Iterator[Event[TaskT, ResultT]]:
        """As `Engine.run` says. Raises AuditIntegrityError for a worker's log that doesn't hold."""
        logs = self.state / LOGS_NAME / f"{_APART}{uuid.uuid4().hex}"
        make_folder(logs)
        apart = cast("Work[TaskT, ResultT]", Apart(work, logs, datetime.now(UTC)))
        try:
            with closing(cast(Any, self.inner.run(apart, tasks))) as events:
                yield from events
        finally:
            self.inner.close()  # nobody may write to a log that is being joined
            join_worker_logs(self.state, self.log, self.key)

    def close(self) -> None:
        self.inner.close()


def join_worker_logs(state: Path, log: Path, key: Path | None) -> int:
    """Adds what the workers' logs below `state` hold and `log` doesn't. Returns how many records.

    A line that a killed worker left half written is taken off first: its picture was never released.
    """
    moment = datetime.now(UTC)
    added = 0
    for folder in sorted((state / LOGS_NAME).glob(f"{_APART}*")):
        for path in list(folder.glob("*.jsonl")):
            if _was_never_used(path):
                path.rename(path.with_name(path.name + _UNFINISHED))
            else:
                repair_log(path, moment=moment)
        logs = sorted(path for path in folder.glob("*.jsonl") if path.stat().st_size)
        if logs:
            make_folder(log.parent)
            target = AuditLog(log, None if key is None else SigningKey.load(key))
            added += sum(joined.added for joined in join_logs(target, logs, keys=None, moment=moment))
        folder.rename(folder.with_name(folder.name.replace(_APART, _JOINED, 1)))
    return added


def _was_never_used(log: Path) -> bool:
    """Whether its worker died while it wrote its first record, before the checkpoint: nothing was released."""
    return not head_path(log).exists() and log.read_bytes().count(b"\n") <= 1


def finished_before(task: Task, logs: Path, since: datetime) -> Outcome | None:
    """What became of `task` if a worker of this run finished it and died before it could tell: the file at its target
    has the digest of a release on record since the run began."""
    digest = digest_at(task.target)
    if digest is None:
        return None
    for path in sorted(logs.glob("*.jsonl")):
        for record in _releases(path):
            output = record.result.output
            if output is not None and output.sha256 == digest and record.timestamp >= since:
                with fetched(task.source, task.staging) as source:
                    return Outcome(
                        task.item,
                        State.DONE,
                        source_sha256=digest_of(source),
                        output_sha256=digest,
                        output_bytes=output.size_bytes,
                        record_id=record.decision_id,
                        fingerprint=fingerprint(task.documents, task.handling),
                        tally=tally_of_record(record),
                    )
    return None


def _releases(log: Path) -> list[AuditRecord]:
    """The records of release in a log that may still be written to, or whose last line is torn."""
    walk = LogWalk(log, None, datetime.now(UTC), may_be_torn=True)
    return [entry.record for entry in walk.entries() if entry.record.result.action is Action.RELEASE]
