"""A first measure of an item's time where nothing was done yet: a few items are decided on, and nothing is written."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from faceguard.batch.estimate import Rate
from faceguard.batch.guards import guard_for
from faceguard.batch.manifest import Row
from faceguard.batch.places import fetched, make_temporary
from faceguard.batch.run import Batch
from faceguard.batch.task import Documents, Kind, State
from faceguard.errors import FaceguardError
from faceguard.policy.load import load_policy

_PICTURES = 3
_MAX_PICTURE_BYTES = 20_000_000
_MAX_VIDEO_BYTES = 5_000_000
_WITH_WRITING = {Kind.PICTURE: 1.2, Kind.VIDEO: 1.3}
_WITH_SECOND_LOOK = {Kind.PICTURE: 1.1, Kind.VIDEO: 10.5}
"""How much longer it takes to write and read back as well, without and with a second detector that looks at every
picture of a video again: CPU times of photos of 1080 lines and a video of 360 (docs/scale.md); rough for others."""


def calibrated(rate: Rate, batch: Batch) -> Rate:
    """`rate`, and for kinds that it lacks one from small planned items. Large videos would take too long for a guess:
    then the kind stays unknown."""
    missing = [kind for kind in Kind if kind not in rate.seconds_per_byte]
    planned = [row for row in batch.manifest.in_state(State.PLANNED) if row.kind in missing and row.size_bytes]
    measured = dict(rate.seconds_per_byte)
    factors = _WITH_SECOND_LOOK if _looks_again(batch.documents) else _WITH_WRITING
    with make_temporary() as folder:
        for kind in missing:
            limit = _MAX_PICTURE_BYTES if kind is Kind.PICTURE else _MAX_VIDEO_BYTES
            small = [row for row in planned if row.kind is kind and row.size_bytes <= limit]
            chosen = small[len(small) // 2 :][:_PICTURES] if kind is Kind.PICTURE else small[-1:]
            seconds, size_bytes = 0.0, 0
            for row in chosen:
                seconds_one = _measure(batch, row, folder)
                if seconds_one is not None:
                    seconds, size_bytes = seconds + seconds_one, size_bytes + row.size_bytes
            if size_bytes:
                measured[kind] = seconds * factors[kind] / size_bytes
    return Rate(measured, rate.measured)


def _looks_again(documents: Documents) -> bool:
    return bool(documents.verify) or load_policy(documents.policy).redaction.redetect_output.value


def _measure(batch: Batch, row: Row, folder: Path) -> float | None:
    """Seconds that one dry run takes; None if the item can't be handled."""
    from faceguard.pipeline.video.job import VideoJob

    guard = guard_for(replace(batch.documents, audit=None, audit_key=None, index=None))
    try:
        with fetched(batch.source.at(row.item), folder) as source:
            began = time.perf_counter()
            if row.kind is Kind.VIDEO:
                guard.redact_video(VideoJob(source, None))
            else:
                guard.redact_image(source, None)
            return time.perf_counter() - began
    except FaceguardError:
        return None
