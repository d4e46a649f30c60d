"""Results of the stages -> the parts of an audit record that don't depend on the medium."""

from __future__ import annotations

import importlib.metadata
import uuid
from collections.abc import Mapping
from functools import lru_cache

from faceguard.audit.record import (
    AssetEntry,
    Bundles,
    ChallengeEntry,
    DocumentEntry,
    ModelEntry,
    NoticeException,
    PolicyEntry,
    RedactionEntry,
    ScopeEntry,
    salted_digest,
)
from faceguard.inference.manifest import model_ref
from faceguard.pipeline.rules import AssetScope, BoundRules, Rules
from faceguard.pipeline.stages import Stages
from faceguard.policy.notice import ExceptionClaim, HandlingNotice

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
    register = rules.register
    return _bundles(rules.rules, stages, rules.notice.notice).model_copy(
        update={
            "consent_register_sha256": register.sha256,
            "consent_register_issued_at": register.issued_at,
            "consent_register_entries": register.seal.entries if register.seal else None,
            "consent_register_entries_sha256": register.seal.entries_sha256 if register.seal else None,
        }
    )


def refused_bundles(rules: Rules, stages: Stages) -> Bundles:
    """The texts of a run that the gate refused; the register wasn't asked."""
    return _bundles(rules, stages, rules.notice)


def _bundles(rules: Rules, stages: Stages, notice: HandlingNotice | None) -> Bundles:
    policy = rules.policy
    return Bundles(
        policy=PolicyEntry(
            id=policy.policy_id,
            version=policy.version,
            sha256=policy.sha256,
            weakened_from_preset=policy.weakened_from_preset,
        ),
        notice=_document(notice) if notice is not None else None,
        notice_exception=_exception(notice.exception) if notice is not None else None,
        models=tuple(
            ModelEntry(id=ref.id, sha256=ref.sha256, role=ref.role)
            for ref in (model_ref(model_id, role) for model_id, role in stages.model_ids)
        ),
    )


def _document(notice: HandlingNotice) -> DocumentEntry:
    return DocumentEntry(id=notice.notice_id, version=notice.version, sha256=notice.sha256)


def _exception(claim: ExceptionClaim | None) -> NoticeException | None:
    if claim is None:
        return None
    return NoticeException(code=claim.code, reason=claim.reason, approved_by=claim.approved_by)


def challenge_entry(rules: BoundRules) -> ChallengeEntry:
    """The challenge age in force and where it comes from (FG-A04)."""
    challenge = rules.challenge
    return ChallengeEntry(
        years=challenge.years,
        declared_years=challenge.declared_years,
        basis=challenge.basis.value,
        calibration_id=challenge.calibration_id,
    )


def scope_entry(scope: AssetScope, asset: AssetEntry) -> ScopeEntry:
    """What a consent's scope could have named of this asset."""
    file_sha256 = None if scope.sha256 is None else salted_digest(asset.salt, [scope.sha256.encode()])
    return ScopeEntry(event=scope.event, collection=scope.collection, place=scope.place, salted_file_sha256=file_sha256)


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
