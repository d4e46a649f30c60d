"""Statistics from end to end: agree on terms, count, add up, suppress, account, record, write. No picture is made."""

from __future__ import annotations

import hashlib
import importlib.metadata
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np

from faceguard.atomic import atomic_path, make_folder
from faceguard.audit.log import AuditSink
from faceguard.audit.record import (
    Action,
    AssetEntry,
    AuditRecord,
    Bundles,
    DocumentEntry,
    Input,
    ModelEntry,
    NoticeException,
    OutputEntry,
    PolicyEntry,
    Result,
    StatisticsEntry,
)
from faceguard.errors import ConfigurationError
from faceguard.inference.manifest import model_ref
from faceguard.signing import digest
from faceguard.statistics.bands import AgeBands, Interval
from faceguard.statistics.count import Progress, Source, SourceCounts, count_source
from faceguard.statistics.ledger import account
from faceguard.statistics.models import Models
from faceguard.statistics.noise import MECHANISM, with_noise
from faceguard.statistics.result import StatisticsResult
from faceguard.statistics.table import Counts
from faceguard.statistics.terms import StatisticsTerms

_LIBRARIES = ("faceguard-sdk", "numpy", "onnxruntime")
MAX_CELLS = 20_000
"""Intervals times bands; a table that is larger wants a longer interval."""


@dataclass(frozen=True, slots=True)
class StatisticsJob:
    """What is to be counted, how coarsely, and where the table goes. A `.json` target is JSON, `.csv` CSV."""

    sources: Sequence[Source]
    target: Path
    ledger: Path
    length: timedelta = timedelta(minutes=15)
    bands: AgeBands = AgeBands()  # noqa: RUF009  frozen
    epsilon: float | None = None
    budget: float | None = None
    overwrite: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class StatisticsReport:
    """What was given: the table as it was written, and the records that say so, one for each source."""

    result: StatisticsResult
    target: Path
    record_ids: tuple[str, ...]
    epsilon_spent: float | None


def make_statistics(
    job: StatisticsJob, terms: StatisticsTerms, models: Models, sink: AuditSink, progress: Progress | None = None
) -> StatisticsReport:
    """Counts in all sources and writes one table, whole or not at all.

    1. Every source is counted; one that can't be read stops the run: a sum without it would be wrong.
    2. With an epsilon, noise is added to every cell.
    3. What is under the policy's `min_cell` is suppressed, and what would give it away.
    4. The ledger takes the answer, or refuses it.
    5. The record of each source is on disk (`statistics_mode`), then the table gets its name.

    Raises FaceguardError.
    """
    media_type = _media_type(job.target)
    if len({source.path.resolve() for source in job.sources}) != len(job.sources) or not job.sources:
        raise ConfigurationError("name each source once, and at least one", key="sources")
    counted = [count_source(source, models, job.bands, job.length, progress) for source in job.sources]  # 1
    _require_different(counted, job.sources)
    intervals = tuple(sorted(frozenset[Interval]().union(*(source.intervals for source in counted))))
    cells = _cells(counted, intervals, job.bands)
    if job.epsilon is not None:
        cells = with_noise(cells, job.epsilon)  # 2
    result = StatisticsResult.of(terms, intervals, job.bands, job.length, cells, job.epsilon)  # 3
    make_folder(job.target.parent)
    with atomic_path(job.target, overwrite=job.overwrite) as partial:
        data = result.to_json() if media_type == "application/json" else result.to_csv()
        partial.write_bytes(data)
        output = OutputEntry(media_type=media_type, sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data))
        with account(  # 4
            job.ledger,
            [source.digests.sha256 for source in counted],
            question=_question(job, terms, counted),
            epsilon=job.epsilon,
            limit=job.budget,
            moment=terms.moment,
        ) as spent:
            entry = _entry(job, terms, spent)
            record_ids = tuple(
                sink.append(_record(terms, models, one, entry, output)).record_id for one in counted
            )  # 5
    return StatisticsReport(result, job.target, record_ids, spent)


_MEDIA_TYPES = {".csv": "text/csv", ".json": "application/json"}


def _media_type(target: Path) -> str:
    found = _MEDIA_TYPES.get(target.suffix.lower())
    if found is None:
        raise ConfigurationError(
            f"`{target}`: statistics are written as CSV or JSON; end the name in `.csv` or `.json`", path=target
        )
    return found


def _require_different(counted: Sequence[SourceCounts], sources: Sequence[Source]) -> None:
    seen: dict[str, Path] = {}
    for one, source in zip(counted, sources, strict=True):
        if one.digests.sha256 in seen:
            raise ConfigurationError(
                f"`{source.path}` is a copy of `{seen[one.digests.sha256]}` and would be counted twice; leave one out",
                path=source.path,
            )
        seen[one.digests.sha256] = source.path


def _cells(counted: Sequence[SourceCounts], intervals: Sequence[Interval], bands: AgeBands) -> Counts:
    if len(intervals) * len(bands.names) > MAX_CELLS:
        raise ConfigurationError(
            f"{len(intervals)} intervals make too large a table; choose a longer `--interval`", key="interval"
        )
    total = sum((one.counts for one in counted), Counter[tuple[Interval, int]]())
    cells = np.zeros((len(intervals), len(bands.names)), np.int64)
    for row, interval in enumerate(intervals):
        for column in range(len(bands.names)):
            cells[row, column] = total[interval, column]
    return cells


def _question(job: StatisticsJob, terms: StatisticsTerms, counted: Sequence[SourceCounts]) -> str:
    """Which table was asked for: two that differ in any of this may tell more together than each does."""
    times = [None if source.captured_at is None else source.captured_at.isoformat() for source in job.sources]
    return digest(
        {
            "bands": list(job.bands.edges),
            "interval_s": int(job.length.total_seconds()),
            "min_cell": terms.min_cell,
            "policy": terms.policy.sha256,
            "sources": sorted([[one.digests.sha256, time] for one, time in zip(counted, times, strict=True)], key=str),
        }
    )


def _entry(job: StatisticsJob, terms: StatisticsTerms, spent: float | None) -> StatisticsEntry:
    return StatisticsEntry(
        mode=str(terms.mode),
        min_cell=terms.min_cell,
        interval_s=int(job.length.total_seconds()),
        bands=job.bands.names,
        epsilon=job.epsilon,
        epsilon_spent=spent,
        mechanism=None if job.epsilon is None else MECHANISM,
        announcement_url=terms.undertakings.announcement_url,
        agreement_id=terms.undertakings.agreement_id,
        no_redistribution=terms.undertakings.no_redistribution,
    )


def _record(
    terms: StatisticsTerms, models: Models, source: SourceCounts, entry: StatisticsEntry, output: OutputEntry
) -> AuditRecord:
    """The record of one source: on what terms it was counted. It has no faces and no counts."""
    bound, policy = terms.bound, terms.policy
    claim = bound.exception
    return AuditRecord(
        decision_id=str(uuid.uuid4()),
        timestamp=terms.moment,
        labels={name: importlib.metadata.version(name) for name in _LIBRARIES},
        bundles=Bundles(
            policy=PolicyEntry(
                id=policy.policy_id,
                version=policy.version,
                sha256=policy.sha256,
                weakened_from_preset=policy.weakened_from_preset,
            ),
            notice=DocumentEntry(id=bound.ref.id, version=bound.ref.version, sha256=bound.ref.sha256),
            notice_exception=None
            if claim is None
            else NoticeException(code=claim.code, reason=claim.reason, approved_by=claim.approved_by),
            models=tuple(
                ModelEntry(id=ref.id, sha256=ref.sha256, role=ref.role)
                for ref in (model_ref(model_id, role) for model_id, role in models.stages.model_ids)
            ),
        ),
        input=Input(
            asset=AssetEntry(
                media_type=source.media_type,
                width_px=source.size[0],
                height_px=source.size[1],
                salt=source.digests.salt,
                salted_sha256=source.digests.salted_sha256,
                frames=source.frames,
                duration_s=source.duration_s,
            ),
            purpose=bound.purpose,
            disclosure=bound.disclosure,
            faces=(),
        ),
        result=Result(action=Action.RELEASE, faces=(), output=output, statistics=entry),
        statistics_mode=True,
    )
