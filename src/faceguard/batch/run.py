"""One batch, from its settings to its end: open, plan, carry out, note.

    settings -> places -> lock -> recover -> discover -> plan -> engine -> manifest

The manifest is written before a task is handed out and after it has ended; nothing else is the memory of a run, so it
may be cut off anywhere.
"""

from __future__ import annotations

import contextlib
import shutil
import uuid
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

from filelock import FileLock, Timeout

from faceguard import errors
from faceguard.atomic import make_folder
from faceguard.batch.cluster import join_worker_logs
from faceguard.batch.discover import Found, discover
from faceguard.batch.engine import Engine, Finished, Lost, Started
from faceguard.batch.fingerprint import fingerprint
from faceguard.batch.guards import guard_for
from faceguard.batch.manifest import Manifest, Row, copy_manifest, open_manifest
from faceguard.batch.places import Place, digest_at, place_of, remove, stamp_at
from faceguard.batch.plan import Plan, Planned, Planner, Why, leaves
from faceguard.batch.recover import adopt, adopt_finished, mend_log
from faceguard.batch.settings import BatchSettings
from faceguard.batch.task import Documents, Fault, Outcome, Progress, State, Task
from faceguard.batch.worker import carry_out, fault_of
from faceguard.errors import (
    AuditIntegrityError,
    BatchError,
    ConfigurationError,
    DecodeError,
    EncodeError,
    FaceguardError,
)

LOG_NAME = "faceguard-audit.jsonl"
STATE_NAME = ".faceguard"
_MANIFEST_NAME, _LOCK_NAME, _STAGING_NAME = "manifest.sqlite", "run.lock", "staging"

BatchEvent: TypeAlias = Started[Task] | Progress | Row
"""A task was taken, is under way, or has ended: then its row."""


@dataclass(slots=True)
class Batch:
    """An open batch: its places, its manifest and the rules of today. Made by `open_batch`."""

    settings: BatchSettings
    source: Place
    target: Place
    log: Path
    staging: Path
    manifest: Manifest
    documents: Documents
    fingerprint: str
    plan: Plan = field(default_factory=Plan)
    adopted: int = 0
    mended: Path | None = None

    @property
    def own_places(self) -> list[Place]:
        """What is never taken for a source, where it lies inside it."""
        return [self.target, Place(str(self.manifest.path.parent.absolute())), Place(str(self.staging.parent))]

    def refresh(self) -> None:
        """Takes up today's documents: in a run that lasts for weeks they change."""
        self.fingerprint = fingerprint(self.documents, self.settings.handling)

    def make_plan(
        self, *, is_first: bool = True, is_settling: Callable[[Found], bool] = lambda found: False
    ) -> Iterator[Planned]:
        """Looks at everything and notes in the manifest what is to be done, as one transaction.

        `is_first` and `is_settling` as a `Planner` has them; plans after the first go on counting what is to be done.
        """
        before = Counter[Why]() if is_first else self.plan.to_do
        self.plan = plan = Plan(number=self.manifest.last_plan() + 1, to_do=Counter(before))
        planner = Planner(
            self.manifest,
            self.source,
            self.target,
            self.fingerprint,
            trusts_stamps=not self.settings.rehash,
            is_first=is_first,
            is_settling=is_settling,
        )
        with self.manifest.transaction():
            found = discover(self.source, self.settings.patterns, self.own_places)
            for planned in planner.plan(found, plan):
                self.manifest.put(planned.row)
                yield planned
            plan.removed = self.manifest.forget_unseen(plan.number)

    def tasks(self) -> Iterator[Task]:
        """The planned items, each noted as begun when it is handed out."""
        for row in self.manifest.in_state(State.PLANNED):
            self.manifest.begin(row.item, datetime.now(UTC))
            yield self.task_of(row)

    def task_of(self, row: Row) -> Task:
        return Task(
            row.item,
            row.kind,
            self.source.at(row.item),
            self.target.at(row.target),
            self.documents,
            self.settings.handling,
            self.staging,
            row.size_bytes,
            overwrite=self.settings.overwrite or row.output_sha256 is not None,
        )

    def carry_out(self, engine: Engine, tasks: Iterable[Task | None]) -> Iterator[BatchEvent]:
        """Does `tasks`, and notes the end of each before telling of it. Raises BatchError when a disk is full: what is
        left stays planned."""
        events = engine.run(carry_out, self._allowed(tasks))
        try:
            for event in events:
                if isinstance(event, Finished):
                    self._require_room(event.result)
                    yield self.note(event.result)
                elif isinstance(event, Lost):
                    yield self._note_lost(event)
                else:
                    yield event
        finally:
            if isinstance(events, Generator):
                events.close()

    def note(self, outcome: Outcome) -> Row:
        """Writes the end of an item into the manifest.

        Of an item that didn't come to a good end no older output of ours stays either: it was to be replaced because
        its source or the rules have changed, and may show what they forbid now.
        """
        stamp = None
        row = self.manifest.get(outcome.item)
        if row is not None:
            address = self.target.at(row.target)
            if outcome.state is State.DONE:
                stamp = stamp_at(address)
            elif row.output_sha256 is not None and digest_at(address) == row.output_sha256:
                remove(address)
        return self.manifest.end(outcome, output_stamp=stamp, planned=self.fingerprint, moment=datetime.now(UTC))

    def _note_lost(self, event: Lost[Task]) -> Row:
        """Of a task whose worker died or was ended: failed, unless it had just put its output in place."""
        row = self.manifest.get(event.task.item)
        if row is not None:
            with contextlib.suppress(AuditIntegrityError):
                found = adopt([row], self.manifest, self.target, self.log, self.fingerprint)
                if found and found[0].state is State.DONE:
                    return found[0]
        return self.note(Outcome(event.task.item, State.FAILED, Fault(event.code, event.reason)))

    def _require_room(self, outcome: Outcome) -> None:
        fault = outcome.fault
        if fault is None or not fault.is_disk_full:
            return
        with contextlib.suppress(EncodeError):  # the manifest may be on the same disk: begun is as good as planned
            self.manifest.put_back(outcome.item)
        raise BatchError(
            f"the disk is full, so the batch has stopped: {fault.message}; then run the same command again",
            errors={outcome.item: _error_of(fault)},
        )

    def _allowed(self, tasks: Iterable[Task | None]) -> Iterator[Task | None]:
        """`tasks` without those whose output would land elsewhere by a link among the outputs' folders."""
        for task in tasks:
            if task is not None and leaves(self.target, task.target):
                error = EncodeError(
                    f"`{task.target}` lies behind a link that leaves the outputs' folder; remove the link",
                    path=task.target,
                )
                self.note(Outcome(task.item, State.REFUSED, fault_of(error)))
            else:
                yield task


@contextlib.contextmanager
def open_batch(settings: BatchSettings, *, threads: int, dry_run: bool = False) -> Iterator[Batch]:
    """Opens a batch for work, or, in a dry run, a copy of what is known that nothing is written to.

    1. Source and outputs are apart. 2. The documents allow the use (FG-N01); until then nothing is made or opened.
    3. No other run works here. 4. What an interruption left is mended: staging emptied, the log's torn line taken off,
    what workers of a cluster wrote into logs of their own taken over, outputs without a row found by their records.
    Raises FaceguardError.
    """
    source, target = place_of(settings.source), place_of(settings.output)
    _require_apart(source, target)  # 1
    state = _state_folder(settings, target)
    log = settings.audit or (target.path if target.is_local else state) / LOG_NAME
    documents = settings.documents(log, threads)
    guard_for(replace(documents, audit=None, audit_key=None, index=None))  # 2
    _require_local_outputs(documents, target)
    mark = fingerprint(documents, settings.handling)
    staging = (target.path / STATE_NAME if target.is_local else state) / _STAGING_NAME / uuid.uuid4().hex
    if dry_run:
        with contextlib.closing(copy_manifest(state / _MANIFEST_NAME)) as manifest:
            yield Batch(settings, source, target, log, staging, manifest, documents, mark)
        return
    for folder in (state, log.parent, staging.parent):
        make_folder(folder)
    with _locked(state / _LOCK_NAME), contextlib.closing(open_manifest(state / _MANIFEST_NAME)) as manifest:  # 3
        _open_index(documents.index)
        _empty(staging.parent)  # 4
        batch = Batch(settings, source, target, log, staging, manifest, documents, mark)
        batch.mended = mend_log(log, datetime.now(UTC))
        join_worker_logs(state, log, settings.audit_key)
        batch.adopted = adopt_finished(manifest, target, log, mark)
        try:
            yield batch
        finally:
            _empty(staging.parent)


def errors_of(rows: Iterable[Row], plan: Plan) -> dict[str, FaceguardError]:
    """The error of each item of the plan that isn't done, and of each folder that couldn't be read."""
    found: dict[str, FaceguardError] = {
        folder: DecodeError(f"the folder `{folder}` can't be read; check its rights", path=folder)
        for folder in plan.unreadable
    }
    for row in rows:
        if row.state in (State.REFUSED, State.FAILED) and row.fault is not None and row.seen == plan.number:
            found[row.item] = _error_of(row.fault)
    return found


def _error_of(fault: Fault) -> FaceguardError:
    """The error that travelled as `fault`: of our own kind where it has one that a message is enough for."""
    kind = getattr(errors, fault.code, FaceguardError)
    if not (isinstance(kind, type) and issubclass(kind, FaceguardError)) or "__init__" in vars(kind):
        kind = FaceguardError
    return kind(fault.message, **fault.fields)


def _require_apart(source: Place, target: Place) -> None:
    if target.holds(source):
        raise ConfigurationError(
            f"the outputs' folder `{target.address}` is, or holds, the source `{source.address}`; originals are never "
            "overwritten, choose another place with `-o`",
            key="output",
        )
    if source.is_local and target.is_local and target.path.exists() and not target.path.is_dir():
        raise ConfigurationError(f"`{target.address}` is a file; name a folder with `-o`", key="output")


def _require_local_outputs(documents: Documents, target: Place) -> None:
    if documents.index is not None and not target.is_local:
        raise ConfigurationError(
            f"outputs go to `{target.address}`, and `--index` finds local files only; leave it out, or choose a folder",
            key="index",
        )


def _open_index(path: Path | None) -> None:
    """Makes the index before any worker writes to it: what is wrong with it is told once. Raises ConfigurationError."""
    if path is not None:
        from faceguard.batch.indexing import open_index

        open_index(path)


def _state_folder(settings: BatchSettings, target: Place) -> Path:
    if settings.state is not None:
        return settings.state.absolute()
    if not target.is_local:
        raise ConfigurationError(
            f"outputs go to `{target.address}`, so say with `--state DIR` where the manifest is kept on this machine",
            key="state",
        )
    return target.path / STATE_NAME


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise ConfigurationError(
            f"another batch works on `{path.parent}`; wait for it, or choose other outputs", path=path
        ) from error
    except OSError as error:
        raise EncodeError(
            f"`{path}` can't be locked: {error.strerror or error}; check the folder", path=path
        ) from error
    try:
        yield
    finally:
        lock.release()


def _empty(staging: Path) -> None:
    """Copies of sources and outputs that nobody checked lie there: nothing of it may stay."""
    shutil.rmtree(staging, ignore_errors=True)
