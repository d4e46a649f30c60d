"""Outputs are whole or absent: write beside, flush to disk, rename."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from faceguard.errors import EncodeError


@contextlib.contextmanager
def atomic_path(target: Path, *, overwrite: bool) -> Iterator[Path]:
    """Yields a path beside `target` to write to (same suffix, hidden name); it becomes `target` if the block ends well.

    Nothing is left behind when the block raises. Without `overwrite` an existing target is refused, also one that
    appears meanwhile. Raises EncodeError, naming the target, for anything the file system refuses.
    """
    if not overwrite and target.exists():
        raise EncodeError(f"`{target}` exists; choose another output or pass --overwrite", path=target)
    partial = target.with_name(f".{target.stem[:80]}.{secrets.token_hex(6)}.partial{target.suffix}")
    try:
        yield partial
        descriptor = os.open(partial, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if overwrite:
            partial.replace(target)
        else:
            os.link(partial, target)  # unlike rename, fails when the target has appeared meanwhile
    except FileExistsError as error:
        raise EncodeError(f"`{target}` exists; choose another output or pass --overwrite", path=target) from error
    except OSError as error:
        raise EncodeError(
            f"`{target}` can't be written: {error.strerror or error}; check the folder, its rights and the free space",
            path=target,
        ) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def write_atomic(target: Path, data: bytes, *, overwrite: bool) -> None:
    """Writes `data` to `target`, whole or not at all. Raises EncodeError."""
    with atomic_path(target, overwrite=overwrite) as partial:
        partial.write_bytes(data)
