"""Options that `redact`, `batch`, `analyze` and `render` share, and what they stand for."""

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


class Method(StrEnum):
    """Redaction methods, as `faceguard.redaction.registry` has them."""

    SOLID = "solid"
    INPAINT = "inpaint"
    MOSAIC = "mosaic"
    BLUR = "blur"


CREDENTIALS = "Content credentials (C2PA)"
"""The panel of `--help` for signed manifests."""

Notice = Annotated[
    Path | None, typer.Option("--notice", metavar="FILE", help="The handling notice; nothing runs without one.")
]
PolicyName = Annotated[
    str,
    typer.Option("--policy", metavar="P", help="A preset or a policy file; `A+B` joins several, strictest wins."),
]
Consents = Annotated[Path | None, typer.Option("--consents", metavar="FILE", help="The consent register.")]
TrustedKeysFile = Annotated[
    Path | None, typer.Option("--trusted-keys", metavar="FILE", help="Keys that may sign the consent register.")
]
Badges = Annotated[
    Path | None,
    typer.Option("--badges", metavar="FILE", help="The --event's badge list: faces are known by the badges worn."),
]
BadgeKeys = Annotated[
    Path | None,
    typer.Option("--badge-keys", metavar="FILE", help="Keys that may sign it; by default those of --trusted-keys."),
]
Event = Annotated[
    str | None, typer.Option("--event", metavar="NAME", help="What the pictures belong to, as consents name it.")
]
Collection = Annotated[
    str | None, typer.Option("--collection", metavar="NAME", help="The collection they belong to, likewise.")
]
Place = Annotated[str | None, typer.Option("--place", metavar="NAME", help="Where they were taken, likewise.")]
CapturedAt = Annotated[
    str | None,
    typer.Option("--captured-at", metavar="TIME", help="When they were taken, ISO 8601 with a time zone."),
]
MethodOption = Annotated[
    Method | None, typer.Option("--method", help="How faces are covered; the policy must accept its class.")
]
DetectorTier = Annotated[
    Tier | None, typer.Option("--detector", help="How hard to look for faces; not less than the policy asks.")
]
Verify = Annotated[
    bool | None,
    typer.Option(
        "--verify/--no-verify",
        help="Looks at what was written with a second detector, covers what that finds, and withholds the output "
        "if it still finds a face. The policy says by default, and `--no-verify` can't weaken it.",
        show_default=False,
    ),
]
Untrusted = Annotated[
    bool | None,
    typer.Option(
        "--untrusted/--trusted",
        help="Decodes each input in a process of its own first, with limits on memory and time. The policy says by "
        "default, and `--trusted` can't weaken it.",
        show_default=False,
    ),
]
AuditKey = Annotated[
    Path | None, typer.Option("--audit-key", metavar="KEY.pem", help="Signs every line of the audit log.")
]
Index = Annotated[
    Path | None,
    typer.Option("--index", metavar="DB", help="Notes who is where in the outputs, for `faceguard rights`."),
]
C2paCertificate = Annotated[
    Path | None,
    typer.Option(
        "--c2pa-cert",
        rich_help_panel=CREDENTIALS,
        metavar="CHAIN.pem",
        help="Signs a C2PA manifest into every output: the certificate, then those of its issuers.",
    ),
]
C2paKey = Annotated[
    Path | None,
    typer.Option("--c2pa-key", rich_help_panel=CREDENTIALS, metavar="KEY.pem", help="The certificate's key."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Prints JSON for machines.")]
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
