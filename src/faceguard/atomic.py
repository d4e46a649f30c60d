"""Outputs are whole or absent: write to a file without a name, or beside under a hidden one; flush; name it.

A file without a name (Linux, most file systems) is gone with the process that writes it, however that ends.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from faceguard.errors import EncodeError

_NAME_BYTES = 255
"""What nearly every file system allows a name."""

_NO_NAMELESS = {errno.EOPNOTSUPP, errno.ENOTSUP, errno.EISDIR, errno.EINVAL, errno.ENOSYS, errno.EPERM}
"""What file systems answer that make no file without a name; EISDIR also kernels before 3.11."""

_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
"""What file systems without hard links (FAT, exFAT, many network shares) answer."""


@contextlib.contextmanager
def atomic_path(target: Path, *, overwrite: bool, nameless: bool = False) -> Iterator[Path]:
    """Yields a path beside `target` to write to (same suffix, hidden name); it becomes `target` if the block ends well.

    Nothing is left behind when the block raises; with `nameless`, where the file system can, not even when the process
    is killed, and then the path says nothing of suffix and folder. Without `overwrite` an existing target is refused,
    also one that appears meanwhile. Raises EncodeError, naming the target, for anything the file system refuses.
    """
    _require_free(target, overwrite=overwrite)
    partial = target.with_name(_partial_name(target))
    descriptor = None
    try:
        descriptor = _open_nameless(target.parent) if nameless else None
        if descriptor is None:
            yield partial
            _flush(partial)
        else:
            yield Path(_descriptor_path(descriptor))
            os.fsync(descriptor)
        _give_name(partial, descriptor, target, overwrite=overwrite)
    except FileExistsError as error:
        raise EncodeError(f"`{target}` exists; choose another output or pass --overwrite", path=target) from error
    except OSError as error:
        raise EncodeError(
            f"`{target}` can't be written: {error.strerror or error}; check the folder, its rights and the free space",
            path=target,
        ) from error
    finally:
        if descriptor is not None:
            with contextlib.suppress(OSError):
                os.close(descriptor)
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def _open_nameless(folder: Path) -> int | None:
    """A new file in `folder` that no name leads to, or None where system or file system know no such thing."""
    flag = getattr(os, "O_TMPFILE", None)
    if flag is None or not Path("/proc/self/fd").is_dir():
        return None
    try:
        return os.open(folder, flag | os.O_RDWR, 0o666)
    except OSError as error:
        if error.errno in _NO_NAMELESS:
            return None
        raise


def _descriptor_path(descriptor: int) -> str:
    """A path by which this process, and others of the same user, open the file again."""
    return f"/proc/{os.getpid()}/fd/{descriptor}"


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _give_name(partial: Path, descriptor: int | None, target: Path, *, overwrite: bool) -> None:
    """Makes the file, `partial` or the one open as `descriptor`, `target`. Raises FileExistsError."""
    if descriptor is not None and _link_descriptor(descriptor, partial if overwrite else target) and not overwrite:
        return
    if descriptor is not None and not partial.exists():
        shutil.copyfile(_descriptor_path(descriptor), partial)
        _flush(partial)
    if overwrite:
        partial.replace(target)
    else:
        _move_to_free(partial, target)


def _link_descriptor(descriptor: int, name: Path) -> bool:
    """Gives the open file `name`, as open(2) says of O_TMPFILE; False where nothing can be linked.

    The link in /proc has to be followed, which Python asks for only when it is also given a folder's descriptor.
    """
    folder = os.open(name.parent, os.O_RDONLY)
    try:
        os.link(_descriptor_path(descriptor), name.name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=True)
        return True
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return False
    finally:
        os.close(folder)


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
    with atomic_path(target, overwrite=overwrite, nameless=True) as partial:
        partial.write_bytes(data)
