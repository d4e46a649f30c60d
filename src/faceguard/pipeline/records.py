"""Results of the stages -> the parts of an audit record that don't depend on the medium."""

from __future__ import annotations

import importlib.metadata
import uuid
from collections.abc import Mapping
from functools import lru_cache

from faceguard.audit.record import Bundles, DocumentEntry, ModelEntry, NoticeException, PolicyEntry, RedactionEntry
from faceguard.inference.manifest import model_ref
from faceguard.pipeline.rules import BoundRules
from faceguard.pipeline.stages import Stages

_LIBRARIES = ("faceguard-sdk", "numpy", "onnxruntime", "Pillow")
"""What a replay of the pixels would need to know; a replay of the decisions needs the first alone."""


def new_decision_id() -> str:
    """A random id for one asset's record (UUID, version 4)."""
    return str(uuid.uuid4())


@lru_cache(maxsize=1)
def software_labels() -> dict[str, str]:
    """Distribution name -> version of what runs."""
    return {name: importlib.metadata.version(name) for name in _LIBRARIES}


def bundles_of(rules: BoundRules, stages: Stages) -> Bundles:
    """The texts and models that every decision of this run rests on, by digest (FG-D03)."""
    policy, bound = rules.policy, rules.notice
    exception = None
    if bound.exception is not None:
        claim = bound.exception
        exception = NoticeException(code=claim.code, reason=claim.reason, approved_by=claim.approved_by)
    return Bundles(
        policy=PolicyEntry(
            id=policy.policy_id,
            version=policy.version,
            sha256=policy.sha256,
            weakened_from_preset=policy.weakened_from_preset,
        ),
        notice=DocumentEntry(id=bound.ref.id, version=bound.ref.version, sha256=bound.ref.sha256),
        notice_exception=exception,
        models=tuple(
            ModelEntry(id=ref.id, sha256=ref.sha256, role=ref.role)
            for ref in (model_ref(model_id, role) for model_id, role in stages.model_ids)
        ),
        consent_register_sha256=rules.register.sha256,
    )


def redaction_entry(
    rules: BoundRules, stages: Stages, parameters: Mapping[str, str | int | float | bool] | None = None
) -> RedactionEntry:
    """How faces are covered in this run."""
    redaction = rules.policy.redaction
    return RedactionEntry(
        redaction_class=stages.redactor.redaction_class,
        method=stages.redactor.method,
        region=redaction.region.value,
        margin=redaction.margin.value,
        parameters=dict(parameters or {}),
    )
