"""faceguard makes it safe to handle pictures of people.

It finds the faces, estimates who may be a child, asks a policy what may be shown, covers every face that the policy
does not clearly allow, and records why. Start with `FaceGuard`, or `redact_image` for a single file.

Names load when they are first used, so `import faceguard` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from faceguard.api import redact_image, redact_video
    from faceguard.errors import FaceguardError
    from faceguard.pipeline.guard import FaceGuard
    from faceguard.policy.load import load_policy
    from faceguard.policy.notice import load_notice
    from faceguard.types import Box, Decision, Detection, Effect, FrameResult, Reason, SubjectRegion

_HOMES = {
    "Box": "faceguard.types",
    "Decision": "faceguard.types",
    "Detection": "faceguard.types",
    "Effect": "faceguard.types",
    "FaceGuard": "faceguard.pipeline.guard",
    "FaceguardError": "faceguard.errors",
    "FrameResult": "faceguard.types",
    "Reason": "faceguard.types",
    "SubjectRegion": "faceguard.types",
    "load_notice": "faceguard.policy.notice",
    "load_policy": "faceguard.policy.load",
    "redact_image": "faceguard.api",
    "redact_video": "faceguard.api",
}

__all__ = [
    "Box",
    "Decision",
    "Detection",
    "Effect",
    "FaceGuard",
    "FaceguardError",
    "FrameResult",
    "Reason",
    "SubjectRegion",
    "load_notice",
    "load_policy",
    "redact_image",
    "redact_video",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module `faceguard` has no attribute `{name}`")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
