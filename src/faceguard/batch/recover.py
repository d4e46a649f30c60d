"""After an interruption: what was done but not noted is found by its record; everything else is done again.

A worker records, then puts the output in place, then the run notes it in the manifest. Killed between the last two
steps, the output stands there with a record in the audit log that has its very digest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from faceguard.audit.record import Action, AuditRecord
from faceguard.audit.repair import repair_log
from faceguard.audit.verify import LogWalk
from faceguard.batch.manifest import Manifest, Row
from faceguard.batch.places import Place, digest_at, stamp_at
from faceguard.batch.task import State, Tally


def mend_log(log: Path, moment: datetime) -> Path | None:
    """Takes off a line that a killed worker left half written; its picture was never released. See `audit.repair`."""
    return repair_log(log, moment=moment) if log.exists() else None


def adopt_finished(manifest: Manifest, target: Place, log: Path, fingerprint: str) -> int:
    """Notes as done what was done when the last run was cut off. Returns how many."""
    rows = list(manifest.in_state(State.RUNNING))
    return sum(row.state is State.DONE for row in adopt(rows, manifest, target, log, fingerprint))


def adopt(rows: Sequence[Row], manifest: Manifest, target: Place, log: Path, fingerprint: str) -> list[Row]:
    """Notes of `rows`, which say running and have no worker any more, what is found where their outputs go.

    1. There is a file at the target, and it isn't what stood there before.
    2. The audit log has a record of its release: it is ours, and may be replaced.
    3. The record was made since the item was begun, under today's rules: the item is done.
    Otherwise the row stays as it is, and the item is done again. Returns the rows that were noted, as they are now.
    """
    digests = {row.item: digest_at(target.at(row.target)) for row in rows}
    wanted = {digest for digest in digests.values() if digest is not None}
    records = _releases(log, wanted) if wanted else {}
    noted = []
    for row in rows:
        digest = digests[row.item]
        if digest is None or digest == row.output_sha256 or digest not in records:  # 1, 2
            continue
        record = records[digest]
        is_fresh = row.started_at is not None and record.timestamp >= row.started_at and row.fingerprint == fingerprint
        known = replace(row, output_sha256=digest, output_stamp=stamp_at(target.at(row.target)))
        noted.append(_done(known, record) if is_fresh else known)  # 3
        with manifest.transaction():
            manifest.put(noted[-1])
    return noted


def _releases(log: Path, digests: set[str]) -> Mapping[str, AuditRecord]:
    """The last record of release of each of the outputs `digests`."""
    if not log.exists():
        return {}
    found = {}
    for entry in LogWalk(log, None, datetime.now(UTC), may_be_torn=True).entries():  # others may be writing to it
        result = entry.record.result
        if result.action is Action.RELEASE and result.output is not None and result.output.sha256 in digests:
            found[result.output.sha256] = entry.record
    return found


def _done(row: Row, record: AuditRecord) -> Row:
    size = None if record.result.output is None else record.result.output.size_bytes
    return replace(
        row,
        state=State.DONE,
        fault=None,
        output_bytes=size,
        record_id=record.decision_id,
        finished_at=record.timestamp,
        tally=tally_of_record(record),
    )


def tally_of_record(record: AuditRecord) -> Tally:
    """What was decided in one file, as its record has it."""
    answers = record.result.faces
    return Tally(
        dict(Counter(answer.effect for answer in answers)),
        dict(Counter(reason.value for answer in answers for reason in answer.reason_codes)),
        dict(Counter(face.age.status.value for face in record.input.faces)),
        record.input.asset.frames,
        record.input.asset.frames,
        record.input.asset.duration_s,
    )
