"""Takes a torn last line off a log, so that it can be written on again; the torn bytes are kept beside it.

A line is torn when the power went while it was being written. Its `append` never returned, so its picture was never
released. Nothing else is repaired: a log that was altered or cut stays as it is.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from faceguard.atomic import write_atomic
from faceguard.audit.chain import Tip
from faceguard.audit.head import read_head
from faceguard.audit.log import locked
from faceguard.audit.verify import lines_of, read_lines
from faceguard.errors import AuditIntegrityError, AuditWriteError, EncodeError


def repair_log(path: Path, *, moment: datetime, lock_timeout_s: float = 30.0) -> Path | None:
    """Moves a torn last line to `PATH.torn-SIZE`, which is returned; None if the log has none.

    Raises AuditIntegrityError if anything else is wrong with the log, AuditWriteError if it can't be changed.
    """
    with locked(path, lock_timeout_s):
        lines = list(lines_of(path))
        if not lines or lines[-1].endswith(b"\n"):
            return None
        torn = lines.pop()
        _check_rest(path, lines, moment)
        size_bytes = sum(len(line) for line in lines)
        kept = path.with_name(f"{path.name}.torn-{size_bytes}")
        try:
            write_atomic(kept, torn, overwrite=False)
            os.truncate(path, size_bytes)
        except (EncodeError, OSError) as error:
            raise AuditWriteError(f"the audit log `{path}` can't be repaired: {error}", path=path) from error
        return kept


def _check_rest(path: Path, lines: Sequence[bytes], moment: datetime) -> None:
    """Raises AuditIntegrityError unless the whole lines are all that the checkpoint counts."""
    before = end = Tip()
    for entry in read_lines(lines, keys=None, moment=moment):
        before, end = end, Tip(entry.seq + 1, entry.hash)
    head = read_head(path)
    if head is None:
        raise AuditIntegrityError(
            f"the audit log `{path}` has lost its checkpoint; keep it, start a new one", path=path
        )
    head.check_end(end, before)
