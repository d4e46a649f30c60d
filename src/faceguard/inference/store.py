"""Finds weights and checks them. Bytes whose digest differs from the manifest never reach the runtime."""

from __future__ import annotations

import hashlib
from pathlib import Path

from faceguard.errors import ModelIntegrityError, ModelNotFoundError
from faceguard.inference.manifest import ShippedFile
from faceguard.resources import resource_dir


def weights_path(spec: ShippedFile, folder: Path | None = None) -> Path:
    """Where the file of `spec` lies: in `folder`, by default the shipped models folder."""
    return (folder or resource_dir("models")) / spec.file


def read_weights(spec: ShippedFile, folder: Path | None = None) -> bytes:
    """The verified bytes of a graph, or of any other shipped file with a digest.

    The file is read once and these very bytes are hashed and returned, so nothing can be swapped between check and
    use. Raises ModelNotFoundError or ModelIntegrityError.
    """
    path = weights_path(spec, folder)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelNotFoundError(
            f"the file of `{spec.id}` can't be read from `{path}` ({error.strerror or error}); "
            "reinstall faceguard-sdk or rebuild them with models/build.py",
            model=spec.id,
            path=path,
        ) from error
    actual = hashlib.sha256(data).hexdigest()
    if actual != spec.sha256:
        raise ModelIntegrityError(
            f"the file of `{spec.id}` in `{path}` is not the one of the manifest and was not opened; "
            "reinstall faceguard-sdk or rebuild them with models/build.py",
            model=spec.id,
            path=path,
            expected=spec.sha256,
            actual=actual,
        )
    return data
