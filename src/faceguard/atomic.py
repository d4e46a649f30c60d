"""Outputs are whole or absent: write beside, flush to disk, rename."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

from faceguard.errors import EncodeError

_NAME_BYTES = 255
"""What nearly every file system allows a name."""

_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
"""What file systems without hard links (FAT, exFAT, many network shares) answer."""


@contextlib.contextmanager
def atomic_path(target: Path, *, overwrite: bool) -> Iterator[Path]:
    """Yields a path beside `target` to write to (same suffix, hidden name); it becomes `target` if the block ends well.

    Nothing is left behind when the block raises. Without `overwrite` an existing target is refused, also one that
    appears meanwhile. Raises EncodeError, naming the target, for anything the file system refuses.
    """
    _require_free(target, overwrite=overwrite)
    partial = target.with_name(_partial_name(target))
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
            _move_to_free(partial, target)
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


def _require_free(target: Path, *, overwrite: bool) -> None:
    try:
        mode = target.lstat().st_mode
    except OSError:  # not there, or not to be had: writing will tell
        return
    if not overwrite:
        raise EncodeError(f"`{target}` exists; choose another output or pass --overwrite", path=target)
    if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
        raise EncodeError(f"`{target}` is a folder, pipe or device; choose another output", path=target)


def _partial_name(target: Path) -> str:
    """A hidden name with the suffix of `target`, no longer than names may be."""
    end = f".{secrets.token_hex(6)}.partial{target.suffix}"
    room = _NAME_BYTES - len(os.fsencode("." + end))
    return "." + os.fsencode(target.stem)[: max(room, 0)].decode(errors="ignore") + end


def _move_to_free(partial: Path, target: Path) -> None:
    """Gives `partial` the name `target`. Raises FileExistsError when that has appeared meanwhile, unlike a rename."""
    try:
        os.link(partial, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY))  # takes the name, if it is free
        partial.replace(target)


def make_folder(path: Path) -> None:
    """Makes the folder `path` with its parents, if it isn't there. Raises EncodeError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EncodeError(
            f"the folder `{path}` can't be made: {error.strerror or error}; check its name and rights", path=path
        ) from error


def write_atomic(target: Path, data: bytes, *, overwrite: bool) -> None:
    """Writes `data` to `target`, whole or not at all. Raises EncodeError."""
    with atomic_path(target, overwrite=overwrite) as partial:
        partial.write_bytes(data)
