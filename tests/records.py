"""A record with one child redacted and one adult kept, made the way the pipeline makes it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from faceguard.audit.compose import compose_record
from faceguard.audit.log import AuditLog
from faceguard.audit.record import (
    Action,
    AssetEntry,
    AuditRecord,
    Bundles,
    DocumentEntry,
    ModelEntry,
    OutputEntry,
    PolicyEntry,
    RedactionEntry,
)
from faceguard.types import (
    AgeStatus,
    AgeUnknownReason,
    Box,
    Decision,
    Detection,
    Disclosure,
    Effect,
    FaceResult,
    LinkMethod,
    Reason,
    RedactionClass,
    Region,
    SubjectRef,
)

MOMENT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
SALT = "00112233445566778899aabbccddeeff"


def faces() -> tuple[FaceResult, ...]:
    child = Decision(
        index=0,
        effect=Effect.REDACT,
        reasons=(Reason.AGE_UNKNOWN, Reason.NO_GUARDIAN_CONSENT),
        rule_path=("1:cessation", "2:age_known", "4:guardian_consent"),
        age_status=AgeStatus.UNKNOWN,
        age_unknown_reason=AgeUnknownReason.TOO_SMALL,
        threshold=16.0,
        challenge_age=25.0,
        subject=SubjectRef("ward-7", LinkMethod.REGION),
        consent_id="7d9f2c52-55f0-4f0e-9a3a-2f9f6a1f7b11",
        consent_state="ConsentRevoked",
        guardian_level="G2",
    )
    adult = Decision(
        index=1,
        effect=Effect.KEEP,
        reasons=(Reason.ADULT_IN_PLACE,),
        rule_path=("1:cessation", "2:age_known", "3:adult", "5:use"),
        age_status=AgeStatus.ADULT_CLEAR,
        threshold=16.0,
        challenge_age=25.0,
    )
    box = Box(100.5, 40.25, 180.0, 140.0)
    return (
        FaceResult(Detection(box, 0.93, None, "detector-a"), child, Region(0, box)),
        FaceResult(Detection(Box(300.0, 40.0, 380.0, 140.0), 0.71, None, "detector-a"), adult, None),
    )


def make_record(number: int = 0, action: Action = Action.RELEASE) -> AuditRecord:
    return compose_record(
        decision_id=f"0f8fad5b-d9cb-469f-a165-{number:012x}",
        moment=MOMENT,
        labels={"faceguard-sdk": "0.1.0", "onnxruntime": "1.32.0"},
        bundles=Bundles(
            policy=PolicyEntry(id="jp-appi-2026", version="0.1.0", sha256="a" * 64),
            notice=DocumentEntry(id="shop", version="3", sha256="b" * 64),
            models=(ModelEntry(id="detector-a", sha256="c" * 64, role="detector"),),
        ),
        asset=AssetEntry(media_type="image/jpeg", width_px=640, height_px=480, salt=SALT, salted_sha256="d" * 64),
        purpose="in_store_safety",
        disclosure=Disclosure.IN_PLACE,
        faces=faces(),
        action=action,
        redaction=RedactionEntry(
            redaction_class=RedactionClass.IRREVERSIBLE, method="solid", region="head", margin=0.25
        ),
        output=OutputEntry(media_type="image/jpeg", sha256="e" * 64, size_bytes=12345),
        seeds={"solid": 7},
    )


def append_some(path: Path, start: int) -> None:
    """Appends five records. It stands here, and not in a test, because other processes must be able to import it."""
    for number in range(start, start + 5):
        AuditLog(path).append(make_record(number))
