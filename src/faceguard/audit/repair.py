"""Takes a torn last line off a log, so that it can be written on again; the torn bytes are kept beside it.

A line is torn when the power went while it was being written. Its `append` never returned, so its picture was never
released. Nothing else is repaired: a log that was altered or cut stays as it is.
"""

from __future__ import annotations

import os
from collections import deque
from datetime import datetime
from pathlib import Path

from faceguard.atomic import write_atomic
from faceguard.audit.log import locked
from faceguard.audit.verify import LogWalk
from faceguard.errors import AuditWriteError, EncodeError


def repair_log(path: Path, *, moment: datetime, lock_timeout_s: float = 30.0) -> Path | None:
    """Moves a torn last line to `PATH.torn-SIZE`, which is returned; None if the log has none.

    Raises AuditIntegrityError if anything else is wrong with the log, AuditWriteError if it can't be changed.
    """
    with locked(path, lock_timeout_s):
        walk = LogWalk(path, None, moment, may_be_torn=True)
        deque(walk.entries(), maxlen=0)
        if walk.torn is None:
            return None
        walk.check_end()
        try:
            size_bytes = path.stat().st_size - len(walk.torn)
            kept = path.with_name(f"{path.name}.torn-{size_bytes}")
            write_atomic(kept, walk.torn, overwrite=False)
            os.truncate(path, size_bytes)
        except (EncodeError, OSError) as error:
            raise AuditWriteError(f"the audit log `{path}` can't be repaired: {error}", path=path) from error
        return kept
