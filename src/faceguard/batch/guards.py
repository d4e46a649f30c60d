"""A process's guard for a batch's documents: models load once, and what was written to meanwhile is read again."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from faceguard.batch.fingerprint import fingerprint
from faceguard.batch.task import Documents, Handling
from faceguard.errors import ConfigurationError

if TYPE_CHECKING:
    from faceguard.pipeline.guard import FaceGuard
    from faceguard.provenance.signer import OutputSigner

Stamps = tuple[tuple[int, int, int], ...]


def guard_for(documents: Documents) -> FaceGuard:
    """This process's guard for `documents`, made when first asked for: models load once. Raises FaceguardError."""
    return _guard(documents, _stamps(documents))


def fingerprint_for(documents: Documents, handling: Handling) -> str:
    """The rules of today, as `fingerprint` has them. Raises ConfigurationError."""
    return _fingerprint(documents, handling, _stamps(documents))


def _stamps(documents: Documents) -> Stamps:
    """What changes when a document is written to; the guard is remade then, in a process that lives for weeks."""
    parts = (Path(part.strip()) for part in documents.policy.split("+"))
    paths = [
        documents.notice,
        documents.trusted_keys,
        documents.consents,
        documents.badges,
        documents.badge_keys,
        *(part for part in parts if part.is_file()),
    ]
    found = [path.stat() for path in paths if path is not None and path.exists()]
    return tuple((status.st_ino, status.st_size, status.st_mtime_ns) for status in found)


@functools.lru_cache(maxsize=2)
def _guard(documents: Documents, _stamps: Stamps) -> FaceGuard:
    from faceguard.batch.indexing import open_index
    from faceguard.pipeline.guard import FaceGuard

    return FaceGuard(
        notice=documents.notice,
        purpose=documents.purpose,
        policy=documents.policy,
        consents=documents.consents,
        trusted_keys=documents.trusted_keys,
        audit=documents.audit,
        audit_key=documents.audit_key,
        detector=documents.detector,
        method=documents.method,
        threads=documents.threads,
        verify=documents.verify,
        untrusted=documents.untrusted,
        badges=documents.badges,
        badge_keys=documents.badge_keys,
        signer=_signer(documents),
        index=open_index(documents.index),
    )


def _signer(documents: Documents) -> OutputSigner | None:
    """None when no manifests are asked for. Raises ConfigurationError for half of what signing takes."""
    if documents.c2pa_cert is not None and documents.c2pa_key is not None:
        from faceguard.provenance.signer import OutputSigner

        return OutputSigner.load(documents.c2pa_cert, documents.c2pa_key, keeps_parent=documents.c2pa_parent)
    if documents.c2pa_cert is not None or documents.c2pa_key is not None or documents.c2pa_parent:
        raise ConfigurationError("a signed manifest takes both `--c2pa-cert` and `--c2pa-key`", key="c2pa-cert")
    return None


@functools.lru_cache(maxsize=2)
def _fingerprint(documents: Documents, handling: Handling, _stamps: Stamps) -> str:
    return fingerprint(documents, handling)
