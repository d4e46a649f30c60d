"""What the options that `faceguard redact` and `faceguard render` share stand for."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceguard.errors import ConfigurationError

if TYPE_CHECKING:
    from faceguard.audit.log import AuditSink
    from faceguard.pipeline.made import OutputIndex
    from faceguard.provenance.signer import OutputSigner


class Tier(StrEnum):
    """Detector tiers, as `faceguard.detection.tiers` has them; named here so that `--help` needs no models."""

    LIVE = "live"
    BALANCED = "balanced"
    THOROUGH = "thorough"


MaxLogMb = Annotated[
    int | None,
    typer.Option(
        "--audit-max-mb",
        metavar="MB",
        min=1,
        help="Closes a file of the audit log before it grows beyond this many megabytes, and goes on in a new one; "
        "64 by default.",
        show_default=False,
    ),
]


def log_sink(log: Path, key: Path | None, max_mb: int | None) -> AuditSink:
    """The audit log at `log`, signed with the key in `key` if there is one. Raises ConsentError for a key."""
    from faceguard.audit.log import DEFAULT_MAX_BYTES, AuditLog
    from faceguard.signing import SigningKey

    max_bytes = DEFAULT_MAX_BYTES if max_mb is None else max_mb * 1_000_000
    return AuditLog(log, None if key is None else SigningKey.load(key), max_bytes=max_bytes)


def output_index(path: Path | None) -> OutputIndex | None:
    """The index at `path`, made if it isn't there. Raises ConfigurationError."""
    from faceguard.rights.index import RightsIndex

    return None if path is None else RightsIndex(path)


def output_signer(certificate: Path | None, key: Path | None, *, keeps_parent: bool) -> OutputSigner | None:
    """None when no manifests are asked for. Raises ConfigurationError for half of what signing takes."""
    if certificate is not None and key is not None:
        from faceguard.provenance.signer import OutputSigner

        return OutputSigner.load(certificate, key, keeps_parent=keeps_parent)
    if certificate is not None or key is not None or keeps_parent:
        raise ConfigurationError("a signed manifest takes both `--c2pa-cert` and `--c2pa-key`", key="c2pa-cert")
    return None


def asset_moment(text: str | None) -> datetime | None:
    """The time of `--captured-at`. Raises ConfigurationError."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ConfigurationError(f"`{text}` has no time zone; add one, like `+09:00` or `Z`", key="captured-at")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ConfigurationError(
            f"`{text}` is not a time; write it like `2026-11-22T15:04:00+09:00`", key="captured-at"
        ) from error
