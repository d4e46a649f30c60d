"""Times on the command line. Here and in the pipeline's clock is where faceguard asks what time it is."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from faceguard.errors import ConfigurationError


def now() -> datetime:
    """The present moment in UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


def next_second() -> datetime:
    """Waits until the next full second has begun, and returns it: later than all that `now` has said so far."""
    moment = now() + timedelta(seconds=1)
    while (left_s := (moment - datetime.now(UTC)).total_seconds()) > 0:
        time.sleep(left_s)
    return moment


def parse_time(text: str) -> datetime:
    """A date or time in ISO 8601 as UTC; without a zone it is the local one. Raises ConfigurationError."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ConfigurationError(
            f"`{text}` is no time; write it as 2026-11-22 or 2026-11-22T09:30:00+09:00", value=text
        ) from error
