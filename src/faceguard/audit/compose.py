"""Nouns of the pipeline -> the entries of an audit record, leaving out what a record must not hold (FG-D02)."""

from __future__ import annotations

import math
import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from faceguard.audit.record import (
    COARSE_CELLS,
    Action,
    AgeEntry,
    AssetEntry,
    AuditRecord,
    Bundles,
    ChallengeEntry,
    ConsentEntry,
    DetectionEntry,
    FaceAnswer,
    FaceInput,
    FindingEntry,
    Input,
    OutputEntry,
    Override,
    RedactionEntry,
    Result,
    ScopeEntry,
    SubjectEntry,
    salted_digest,
)
from faceguard.types import Box, ConsentFinding, Decision, Disclosure, FaceResult, Function, SubjectRef


class FrameSpan(NamedTuple):
    """First and last frame, both included, in which a track's face was covered or shown."""

    first: int
    last: int


def new_salt() -> str:
    """128 random bits, as hex."""
    return secrets.token_hex(16)


def compose_record(
    *,
    decision_id: str,
    moment: datetime,
    labels: Mapping[str, str],
    bundles: Bundles,
    asset: AssetEntry,
    purpose: str,
    disclosure: Disclosure | None,
    faces: Sequence[FaceResult],
    action: Action,
    functions: Collection[Function] | None = None,
    captured_at: datetime | None = None,
    challenge: ChallengeEntry | None = None,
    scope: ScopeEntry | None = None,
    spans: Mapping[int, FrameSpan] | None = None,
    redaction: RedactionEntry | None = None,
    output: OutputEntry | None = None,
    release_basis: Literal["consent"] | None = None,
    error: str | None = None,
    seeds: Mapping[str, int] | None = None,
    override: Override | None = None,
) -> AuditRecord:
    """The record of one asset. `spans` gives, for a video, the frames of each face by the index of its decision."""
    questions = tuple(_question(face, asset, (spans or {}).get(face.decision.index)) for face in faces)
    result = Result(
        action=action,
        faces=tuple(answer_of(face.decision) for face in faces),
        redaction=redaction,
        output=output,
        release_basis=release_basis,
        error=error,
        operator_override=override,
    )
    return AuditRecord(
        decision_id=decision_id,
        timestamp=moment,
        labels=dict(labels),
        bundles=bundles,
        input=Input(
            asset=asset,
            purpose=purpose,
            disclosure=disclosure,
            faces=questions,
            functions=None if functions is None else tuple(sorted(functions)),
            captured_at=captured_at,
            challenge=challenge,
            scope=scope,
        ),
        result=result,
        seeds=dict(seeds or {}),
    )


def _question(face: FaceResult, asset: AssetEntry, span: FrameSpan | None) -> FaceInput:
    decision = face.decision
    return FaceInput(
        index=decision.index,
        detection=DetectionEntry(
            model_id=face.detection.model_id,
            confidence_band=confidence_band(face.detection.score),
            coarse_box=coarse_box(face.detection.box, (asset.width_px, asset.height_px)),
        ),
        age=AgeEntry(
            status=decision.age_status,
            unknown_reason=decision.age_unknown_reason,
            threshold_years=decision.threshold,
            challenge_age_years=decision.challenge_age,
            under_guardian_age=decision.under_guardian_age,
        ),
        subject=_subject(decision.subject, asset.salt),
        findings=tuple(finding_entry(finding) for finding in decision.findings),
        first_frame=None if span is None else span.first,
        last_frame=None if span is None else span.last,
    )


def _subject(ref: SubjectRef | None, salt: str) -> SubjectEntry | None:
    if ref is None:
        return None
    return SubjectEntry(salted_key_sha256=salted_digest(salt, [ref.key.encode()]), linked_by=ref.linked_by)


def finding_entry(finding: ConsentFinding) -> FindingEntry:
    """A finding as a record keeps it: all of it, for it holds nothing of a person but the consent's id."""
    return FindingEntry(
        record_id=finding.record_id,
        given_by=finding.given_by,
        valid=finding.valid,
        reasons=finding.reasons,
        state=finding.state,
        guardian_level=finding.guardian_level,
        covers_release=finding.covers_release,
        written_release=finding.written_release,
        best_interests_ref=finding.best_interests_ref,
        subject_is_minor=finding.subject_is_minor,
        cessation=finding.cessation,
    )


def answer_of(decision: Decision) -> FaceAnswer:
    """A decision as a record keeps it."""
    consent = None
    if decision.consent_id is not None:
        consent = ConsentEntry(
            record_id=decision.consent_id, state=decision.consent_state, guardian_level=decision.guardian_level
        )
    return FaceAnswer(
        index=decision.index,
        effect=decision.effect,
        reason_codes=decision.reasons,
        rule_path=decision.rule_path,
        consent=consent,
        best_interests_ref=decision.best_interests_ref,
    )


def confidence_band(score: float) -> str:
    """The tenth in which a score of 0..1 lies: 0.87 -> `0.8-0.9`."""
    tenth = min(9, max(0, math.floor(score * 10)))
    return f"0.{tenth}-{'1.0' if tenth == 9 else f'0.{tenth + 1}'}"


def coarse_box(box: Box, frame_size: tuple[int, int]) -> tuple[int, int, int, int]:
    """`box`, in pixels of a frame of `(width, height)`, in cells of a 16 x 16 grid, half-open, rounded outwards."""
    width, height = frame_size
    corners = (
        math.floor(box.x0 / width * COARSE_CELLS),
        math.floor(box.y0 / height * COARSE_CELLS),
        math.ceil(box.x1 / width * COARSE_CELLS),
        math.ceil(box.y1 / height * COARSE_CELLS),
    )
    x0, y0, x1, y1 = (min(COARSE_CELLS, max(0, corner)) for corner in corners)
    return x0, y0, x1, y1
