"""A word on standard error about a policy that nobody has held against the law for long (FG-P01)."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from faceguard.policy.document import Policy


def warn_if_stale(policy: Policy) -> None:
    """Says so once; the run goes on, because an old policy still covers faces."""
    from faceguard.cli.times import now
    from faceguard.policy.limits import stale_warning

    warning = stale_warning(policy, now())
    if warning is not None:
        print(f"warning: {warning}", file=sys.stderr)
