"""After an interruption: what was done but not noted is found by its record; everything else is done again.

A worker records, then puts the output in place, then the run notes it in the manifest. Killed between the last two
steps, the output stands there with a record in the audit log that has its very digest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from faceguard.audit.record import Action, AuditRecord
from faceguard.audit.repair import repair_log
from faceguard.audit.verify import read_log
from faceguard.batch.manifest import Manifest, Row
from faceguard.batch.places import Place, digest_at, stamp_at
from faceguard.batch.task import State, Tally


def mend_log(log: Path, moment: datetime) -> Path | None:
    """Takes off a line that a killed worker left half written; its picture was never released. See `audit.repair`."""
    return repair_log(log, moment=moment) if log.exists() else None


def adopt_finished(manifest: Manifest, target: Place, log: Path, fingerprint: str) -> int:
    """Notes as done what was done when the last run was cut off. Returns how many.

    1. The row says running, under today's rules, and there is a file at its target.
    2. The audit log has a record of its release, made since the item was begun, with this digest.
    Otherwise the row stays, and the item is done again; what a record calls our output may then be replaced.
    """
    running = [(row, digest_at(target.at(row.target))) for row in manifest.in_state(State.RUNNING)]
    wanted = {digest for _, digest in running if digest is not None}
    records = _releases(log, wanted) if wanted else {}
    adopted = 0
    for row, digest in running:
        record = records.get(digest or "")
        if record is None or digest is None or digest == row.output_sha256:
            continue
        is_fresh = row.started_at is not None and record.timestamp >= row.started_at and row.fingerprint == fingerprint
        known = replace(row, output_sha256=digest, output_stamp=stamp_at(target.at(row.target)))
        with manifest.transaction():
            manifest.put(_done(known, record) if is_fresh else known)
        adopted += is_fresh
    return adopted


def _releases(log: Path, digests: set[str]) -> Mapping[str, AuditRecord]:
    """The last record of release of each of the outputs `digests`."""
    if not log.exists():
        return {}
    found = {}
    for entry in read_log(log, keys=None, moment=datetime.now(UTC)):
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
