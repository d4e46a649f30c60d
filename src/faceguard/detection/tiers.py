"""The detection plans one can ask for by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from faceguard.detection.network import CENTERFACE, RETINAFACE, YUNET
from faceguard.detection.plan import Pass, PlannedDetector
from faceguard.types import Detector

DEFAULT_TIER = "balanced"

TIERS: Mapping[str, tuple[Pass, ...]] = MappingProxyType(
    {
        "live": (Pass(YUNET, 640, 0.5),),
        "balanced": (Pass(YUNET, 640, 0.5), Pass(YUNET, 1280, 0.5), Pass(CENTERFACE, 640, 0.35)),
        "thorough": (
            Pass(YUNET, 640, 0.4),
            Pass(YUNET, 1280, 0.4),
            Pass(RETINAFACE, 640, 0.4),
            Pass(CENTERFACE, 1280, 0.3),
        ),
    }
)


def create_detector(tier: str = DEFAULT_TIER, *, threads: int | None = None) -> Detector:
    """The detector called `tier`; `threads` as in `inference.session`. Nothing is loaded before the first picture.

    Raises ValueError for a tier that doesn't exist.
    """
    if tier not in TIERS:
        raise ValueError(f"no detector tier `{tier}`; choose one of {', '.join(f'`{name}`' for name in TIERS)}")
    return PlannedDetector(TIERS[tier], threads)
