"""One file in, one file and a report out: for a script that handles a single picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from faceguard.audit.log import AuditSink
from faceguard.pipeline.guard import FaceGuard
from faceguard.pipeline.picture.file import PictureReport
from faceguard.pipeline.rules import AssetScope
from faceguard.pipeline.video.job import VideoJob, VideoReport
from faceguard.policy.document import Policy
from faceguard.policy.load import DEFAULT_POLICY
from faceguard.policy.notice import HandlingNotice
from faceguard.policy.register import ConsentRegister
from faceguard.signing import SigningKey, TrustedKeys
from faceguard.types import SubjectRegion


def redact_image(
    source: str | Path,
    target: str | Path | None,
    *,
    notice: HandlingNotice | str | Path | None,
    purpose: str,
    policy: Policy | str | Path = DEFAULT_POLICY,
    consents: ConsentRegister | str | Path | None = None,
    trusted_keys: TrustedKeys | str | Path | None = None,
    audit: AuditSink | str | Path | None = None,
    audit_key: SigningKey | str | Path | None = None,
    subjects: Sequence[SubjectRegion] = (),
    event: str | None = None,
    collection: str | None = None,
    place: str | None = None,
    overwrite: bool = False,
) -> PictureReport:
    """Redacts the picture file `source` into `target`, and says what was decided for each face and why.

    Arguments as those of `FaceGuard` and `FaceGuard.redact_image`; make a `FaceGuard` for more than one file. `target`
    None is a dry run. Raises FaceguardError, and then there is no output.
    """
    guard = FaceGuard(
        notice=notice,
        purpose=purpose,
        policy=policy,
        consents=consents,
        trusted_keys=trusted_keys,
        audit=audit,
        audit_key=audit_key,
    )
    return guard.redact_image(
        source, target, subjects=subjects, event=event, collection=collection, place=place, overwrite=overwrite
    )


def redact_video(
    source: str | Path,
    target: str | Path | None,
    *,
    notice: HandlingNotice | str | Path | None,
    purpose: str,
    policy: Policy | str | Path = DEFAULT_POLICY,
    consents: ConsentRegister | str | Path | None = None,
    trusted_keys: TrustedKeys | str | Path | None = None,
    audit: AuditSink | str | Path | None = None,
    audit_key: SigningKey | str | Path | None = None,
    event: str | None = None,
    collection: str | None = None,
    place: str | None = None,
    overwrite: bool = False,
) -> VideoReport:
    """Redacts the video file `source` into `target`; arguments, dry run and errors as for `redact_image`.

    Zones, codecs, sound and progress are settings of a `VideoJob`, for `FaceGuard.redact_video`.
    """
    guard = FaceGuard(
        notice=notice,
        purpose=purpose,
        policy=policy,
        consents=consents,
        trusted_keys=trusted_keys,
        audit=audit,
        audit_key=audit_key,
    )
    scope = AssetScope(event=event, collection=collection, place=place)
    return guard.redact_video(
        VideoJob(Path(source), None if target is None else Path(target), scope=scope, overwrite=overwrite)
    )
