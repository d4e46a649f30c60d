"""What a batch came to, for people who answer for it: one value, as JSON and as a page of its own."""

from __future__ import annotations

import heapq
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from faceguard.atomic import write_atomic
from faceguard.audit.head import read_head
from faceguard.batch.cells import LEAST_CELL, face_cells
from faceguard.batch.manifest import Row
from faceguard.batch.report_page import page_of
from faceguard.batch.run import Batch
from faceguard.batch.task import Kind, State
from faceguard.errors import AuditIntegrityError
from faceguard.policy.load import load_policy
from faceguard.policy.notice import load_notice
from faceguard.types import AgeStatus, Effect

_SLOWEST = 10
_MAX_LISTED = 1000


@dataclass(frozen=True, slots=True)
class RunTimes:
    """When this run began and ended, and what it did; items that were up to date took no time."""

    started_at: datetime
    finished_at: datetime
    workers: int
    ended: Mapping[State, int]


def report_of(batch: Batch, times: RunTimes) -> dict[str, Any]:
    """The report as a JSON value. Counts of faces only, small ones suppressed; no age, no key of a person (FG-A08)."""
    sums = _Sums()
    for row in batch.manifest.rows():
        if row.seen == batch.plan.number:
            sums.add(row, batch.fingerprint)
    plan = batch.plan
    faces = face_cells(sums.effects, sums.ages, sums.reasons)
    elapsed_s = (times.finished_at - times.started_at).total_seconds()
    return {
        "faceguard_batch_report": 1,
        "source": batch.source.address,
        "output": batch.target.address,
        "rules": _rules(batch),
        "run": {
            "started_at": times.started_at.isoformat(),
            "finished_at": times.finished_at.isoformat(),
            "elapsed_s": round(elapsed_s, 1),
            "workers": times.workers,
            **{state.value: times.ended.get(state, 0) for state in (State.DONE, State.REFUSED, State.FAILED)},
            "to_do": {why.value: count for why, count in sorted(plan.to_do.items())},
            "adopted_after_interruption": batch.adopted,
        },
        "items": {
            "total": sum(sums.states.values()),
            **{state.value: sums.states[state] for state in State},
            "pictures": sums.kinds[Kind.PICTURE],
            "videos": sums.kinds[Kind.VIDEO],
            "stale": len(sums.stale),
            "source_removed": plan.removed,
            "skipped": {skip.value: count for skip, count in sorted(plan.skipped.items())},
        },
        "faces": {
            "total": faces.total,
            "least_cell": LEAST_CELL,
            "effects": faces.effects,
            "ages": faces.ages,
            "reasons": dict(sorted(faces.reasons.items())),
        },
        "exposure_checks": {"pictures": sums.pictures, "read_back_and_checked": sums.checked},
        "errors": sums.errors[:_MAX_LISTED] + _folders(plan.unreadable),
        "errors_by_code": dict(sums.codes),
        "stale_items": sums.stale[:_MAX_LISTED],
        "slowest": [_timing(row) for _, _, row in sorted(sums.slowest, reverse=True, key=lambda entry: entry[:2])],
        "peak_worker_mb": round(sums.peak_bytes / 1e6),
        "audit": _audit(batch.log),
    }


def write_json(path: Path, report: Mapping[str, Any]) -> None:
    """Raises EncodeError."""
    text = json.dumps(report, indent=2, ensure_ascii=False)
    write_atomic(path, text.encode(errors="backslashreplace") + b"\n", overwrite=True)


def write_page(path: Path, report: Mapping[str, Any]) -> None:
    """One HTML file that needs nothing else. Raises EncodeError."""
    write_atomic(path, page_of(report).encode(errors="backslashreplace"), overwrite=True)


class _Sums:
    """What the rows come to, each looked at once."""

    def __init__(self) -> None:
        self.states: Counter[State] = Counter()
        self.kinds: Counter[Kind] = Counter()
        self.effects = dict.fromkeys((effect.value for effect in Effect), 0)
        self.ages = dict.fromkeys((status.value for status in AgeStatus), 0)
        self.reasons: Counter[str] = Counter()
        self.codes: Counter[str] = Counter()
        self.errors: list[dict[str, Any]] = []
        self.stale: list[str] = []
        self.slowest: list[tuple[float, str, Row]] = []
        self.pictures = self.checked = self.peak_bytes = 0

    def add(self, row: Row, fingerprint: str) -> None:
        self.states[row.state] += 1
        self.kinds[row.kind] += 1
        self.peak_bytes = max(self.peak_bytes, row.peak_bytes)
        if row.fault is not None:
            self.codes[row.fault.code] += 1
            self.errors.append(
                {"item": row.item, "state": row.state.value, "code": row.fault.code, "message": row.fault.message}
            )
        if row.wall_s > 0:
            push = heapq.heappush if len(self.slowest) < _SLOWEST else heapq.heappushpop
            push(self.slowest, (row.wall_s, row.item, row))
        if row.state is not State.DONE:
            return
        if row.fingerprint != fingerprint:
            self.stale.append(row.item)
        tally = row.tally
        self.pictures += tally.pictures
        self.checked += tally.pictures_checked
        for effect, count in tally.effects.items():
            self.effects[effect.value] += count
        for status, count in tally.age_statuses.items():
            self.ages[status] = self.ages.get(status, 0) + count
        self.reasons.update(tally.reasons)


def _rules(batch: Batch) -> dict[str, Any]:
    policy = load_policy(batch.documents.policy)
    notice = None if batch.documents.notice is None else load_notice(batch.documents.notice)
    return {
        "policy": {"id": policy.policy_id, "version": policy.version, "sha256": policy.sha256},
        "weakened_from_preset": list(policy.weakened_from_preset),
        "notice": None
        if notice is None
        else {"id": notice.notice_id, "version": notice.version, "sha256": notice.sha256},
        "purpose": batch.documents.purpose,
        "fingerprint": batch.fingerprint,
    }


def _folders(unreadable: Sequence[str]) -> list[dict[str, Any]]:
    message = "the folder can't be read; check its rights"
    return [{"item": folder, "state": "failed", "code": "DecodeError", "message": message} for folder in unreadable]


def _timing(row: Row) -> dict[str, Any]:
    return {
        "item": row.item,
        "seconds": round(row.wall_s, 2),
        "megabytes": round(row.size_bytes / 1e6, 2),
        "pictures": row.tally.pictures,
    }


def _audit(log: Path) -> dict[str, Any]:
    """Where the records are and how they end: whoever keeps this can tell later whether the end was cut off."""
    try:
        head = read_head(log)
    except AuditIntegrityError as error:
        return {"log": str(log), "problem": error.message}
    if head is None:
        return {"log": str(log), "lines": 0}
    return {"log": str(log), "lines": head.tip.size, "hash": head.tip.hash, "time_utc": head.moment.isoformat()}
