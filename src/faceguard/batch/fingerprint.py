"""What an output depends on besides its input, as one digest: when it changes, what was done under it is stale."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from faceguard.batch.task import Documents, Handling
from faceguard.errors import ConfigurationError
from faceguard.policy.load import load_policy
from faceguard.policy.notice import load_notice
from faceguard.resources import resource_dir
from faceguard.signing import digest


def fingerprint(documents: Documents, handling: Handling) -> str:
    """SHA-256, hex, of policy, notice, purpose, consents, keys, badges, models, this package's version and the
    settings.

    Policy and notice count by what they say, not by their comments; consents and keys byte by byte, since each new
    signature may revoke. An index counts by where it is: what another doesn't know has to be made again to be found in
    it. Where the audit log is, in which process files are decoded, and how many cores there are changes no output.
    Raises ConfigurationError.
    """
    notice = None if documents.notice is None else load_notice(documents.notice).sha256
    settings = asdict(handling)
    settings["captured_at"] = None if handling.captured_at is None else handling.captured_at.isoformat()
    settings["cover"], settings["ignore"] = list(handling.cover), list(handling.ignore)
    return digest(
        {
            "faceguard": version("faceguard-sdk"),
            "policy": load_policy(documents.policy).sha256,
            "notice": notice,
            "purpose": documents.purpose,
            "consents": _file_digest(documents.consents),
            "trusted_keys": _file_digest(documents.trusted_keys),
            "models": _file_digest(resource_dir("models") / "manifest.toml"),
            "detector": documents.detector,
            "method": documents.method,
            "verify": documents.verify,
            "badges": _file_digest(documents.badges),
            "badge_keys": _file_digest(documents.badge_keys),
            "index": None if documents.index is None else str(documents.index),
            "c2pa": [_file_digest(documents.c2pa_cert), documents.c2pa_parent],
            "handling": settings,
        }
    )


def _file_digest(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ConfigurationError(f"`{path}` can't be read: {error.strerror or error}; check the path") from error
