"""The detection plans one can ask for by name. What each pass adds, and what it costs: ADR 0011."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from faceguard.detection.fusion import Fusion
from faceguard.detection.network import CENTERFACE, RETINAFACE, YUNET
from faceguard.detection.plan import Pass, Plan, PlannedDetector
from faceguard.types import Detector

DEFAULT_TIER = "balanced"

TIERS: Mapping[str, Plan] = MappingProxyType(
    {
        "live": Plan((Pass(YUNET, 640),), Fusion({YUNET: 1.45}, bias=-0.2), min_probability=0.35),
        "balanced": Plan(
            (Pass(YUNET, 1280), Pass(CENTERFACE, 640), Pass(RETINAFACE, 480)),
            Fusion({YUNET: 0.33, CENTERFACE: 0.7, RETINAFACE: 0.3}, bias=0.74),
            min_probability=0.23,
            turned=Pass(YUNET, 320),
        ),
        "thorough": Plan(
            (
                Pass(YUNET, 640),
                Pass(YUNET, 1280),
                Pass(CENTERFACE, 640),
                Pass(CENTERFACE, 1280),
                Pass(RETINAFACE, 640),
            ),
            Fusion({YUNET: 0.25, CENTERFACE: 0.6, RETINAFACE: 0.3}, bias=0.3),
            min_probability=0.2,
            turned=Pass(YUNET, 640),
        ),
    }
)
"""From quickest to most complete."""


def create_detector(tier: str = DEFAULT_TIER, *, threads: int | None = None) -> Detector:
    """The detector called `tier`; `threads` as in `inference.session`. Nothing is loaded before the first picture.

    Raises ValueError for a tier that doesn't exist.
    """
    if tier not in TIERS:
        raise ValueError(f"no detector tier `{tier}`; choose one of {', '.join(f'`{name}`' for name in TIERS)}")
    return PlannedDetector(TIERS[tier], threads)
