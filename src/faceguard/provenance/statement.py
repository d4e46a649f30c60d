"""What a manifest says of a redaction, and how it is written in C2PA's terms (FG-X01).

Pixels that were covered are a `c2pa.edited` action whose regions have the role `c2pa.redacted`. The action
`c2pa.redacted` means something else, that an assertion was taken out, and stands only for those of a parent's manifest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from faceguard.provenance.source_type import SourceType

ACTIONS_LABEL: Final = "c2pa.actions.v2"
REDACTED_ROLE: Final = "c2pa.redacted"
PII_REASON: Final = "c2pa.PII.present"
SOURCE_ID: Final = "xmp:iid:source"
"""Under which the input stands among the ingredients. It says nothing of the input: no name, no digest."""

REGIONS_KEY: Final = "faceguard.regions"
"""The parameter that holds the regions with their role. c2pa-rs 0.78 to 0.91 can neither write nor read a role in
`changes`, so the regions stand there without it, and here with it, in the same shape."""

_COARSE_PERCENT: Final = 12.5
"""Coarse regions lie on a grid of eighths of the picture: enough to see which part was edited, and no more."""


class Precision(StrEnum):
    """How exactly regions are told."""

    EXACT = "exact"
    COARSE = "coarse"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class RedactedRegion:
    """A rectangle, in shares (0..1) of the upright picture from its upper left corner, and the frames or pages it is
    covered in, first and last, from 0; None where there is only one."""

    left: float
    top: float
    right: float
    bottom: float
    frames: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class EditStatement:
    """What was done to one file. `regions` may be empty: then nothing was covered, and it was only written anew."""

    media_type: str
    method: str
    source_type: SourceType
    regions: tuple[RedactedRegion, ...]
    precision: Precision
    version: str
    """Of faceguard."""


def manifest_of(statement: EditStatement, parent_redactions: Sequence[str] = ()) -> dict[str, Any]:
    """The manifest's definition; `parent_redactions` are JUMBF URIs of assertions that are taken from the parent."""
    redactions = [
        {"action": "c2pa.redacted", "reason": PII_REASON, "parameters": {"redacted": uri}} for uri in parent_redactions
    ]
    opened = {"action": "c2pa.opened", "parameters": {"ingredientIds": [SOURCE_ID]}}
    definition: dict[str, Any] = {
        "claim_generator_info": [{"name": "faceguard", "version": statement.version}],
        "format": statement.media_type,
        "assertions": [{"label": ACTIONS_LABEL, "data": {"actions": [opened, *redactions, _edit(statement)]}}],
    }
    return {**definition, "redactions": list(parent_redactions)} if parent_redactions else definition


def ingredient_of(statement: EditStatement) -> dict[str, Any]:
    """The input, as the parent of what was made of it."""
    return {
        "title": "source",
        "relationship": "parentOf",
        "instance_id": SOURCE_ID,
        "format": statement.media_type,
    }


def _edit(statement: EditStatement) -> dict[str, Any]:
    agent = {"name": "faceguard", "version": statement.version}
    if not statement.regions:
        return {"action": "c2pa.transcoded", "softwareAgent": agent, "description": "no face was covered"}
    regions = _in_c2pa_terms(statement.regions, statement.precision)
    return {
        "action": "c2pa.edited",
        "softwareAgent": agent,
        "digitalSourceType": statement.source_type.uri,
        "description": f"faces were covered ({statement.method})",
        "changes": [{"region": region, "name": REDACTED_ROLE} for region in regions],
        "parameters": {REGIONS_KEY: [{"region": region, "role": REDACTED_ROLE} for region in regions]},
    }


def _in_c2pa_terms(regions: Sequence[RedactedRegion], precision: Precision) -> list[list[dict[str, Any]]]:
    """The ranges of each region; regions that a coarse grid or silence makes alike are told once."""
    told: list[list[dict[str, Any]]] = []
    for region in regions:
        ranges = [_spatial(region, precision)]
        if region.frames is not None and precision is not Precision.NONE:
            ranges.append({"type": "frame", "frame": {"start": region.frames[0], "end": region.frames[1]}})
        if ranges not in told:
            told.append(ranges)
    return told


def _spatial(region: RedactedRegion, precision: Precision) -> dict[str, Any]:
    left, top, right, bottom = (100 * side for side in (region.left, region.top, region.right, region.bottom))
    if precision is Precision.COARSE:
        left, top = (math.floor(side / _COARSE_PERCENT) * _COARSE_PERCENT for side in (left, top))
        right, bottom = (math.ceil(side / _COARSE_PERCENT) * _COARSE_PERCENT for side in (right, bottom))
    elif precision is Precision.NONE:
        left, top, right, bottom = 0.0, 0.0, 100.0, 100.0
    left, top, right, bottom = (round(min(max(side, 0.0), 100.0), 2) for side in (left, top, right, bottom))
    shape = {
        "type": "rectangle",
        "unit": "percent",
        "origin": {"x": left, "y": top},
        "width": round(right - left, 2),
        "height": round(bottom - top, 2),
    }
    return {"type": "spatial", "shape": shape}
