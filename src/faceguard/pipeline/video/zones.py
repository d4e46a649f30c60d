"""Where the operator says to cover always, and where never to look, over which time."""

from __future__ import annotations

import math
from dataclasses import dataclass

from faceguard.errors import ConfigurationError
from faceguard.geometry import contains
from faceguard.types import Box


@dataclass(frozen=True, slots=True)
class Zone:
    """`box` in upright frame pixels, from `start_s` to `end_s` (both included) of the medium; by default all of it."""

    box: Box
    start_s: float = 0.0
    end_s: float = math.inf

    def covers_time(self, pts_s: float) -> bool:
        return self.start_s <= pts_s <= self.end_s


@dataclass(frozen=True, slots=True)
class Zones:
    """`always` is covered whatever is there; a face centred in `never` isn't looked for (a poster)."""

    always: tuple[Zone, ...] = ()
    never: tuple[Zone, ...] = ()

    def is_ignored(self, box: Box, pts_s: float) -> bool:
        return any(zone.covers_time(pts_s) and contains(zone.box, *box.centre) for zone in self.never)

    def covered_at(self, pts_s: float) -> tuple[Box, ...]:
        return tuple(zone.box for zone in self.always if zone.covers_time(pts_s))


def parse_zone(text: str) -> Zone:
    """`X,Y,W,H` or `X,Y,W,H@START-END`, pixels and seconds; END may be empty. Raises ConfigurationError."""
    place, _, span = text.partition("@")
    try:
        x, y, w, h = (float(part) for part in place.split(","))
        start, _, end = span.partition("-")
        zone = Zone(Box(x, y, x + w, y + h), float(start or 0), float(end) if end else math.inf)
    except ValueError as error:
        raise ConfigurationError(
            f"`{text}` isn't a zone; write X,Y,W,H or X,Y,W,H@START-END in pixels and seconds", key="zone"
        ) from error
    if zone.end_s < zone.start_s:
        raise ConfigurationError(f"the zone `{text}` ends before it starts", key="zone")
    return zone
