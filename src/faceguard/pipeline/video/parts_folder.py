"""The folder beside an output in which the parts of a long video wait to be joined. All in it is covered already.

Workers, also on other machines, need a name by which they open it, so it can't be nameless like an output. Its owner
holds a lock in it instead, which ends with the process however that ends: who makes the next folder beside it takes
away those that nobody holds.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from faceguard.errors import EncodeError

_SUFFIX = ".parts"
_LOCK = "owner.lock"
_MAX_TRIES = 10
"""Each is lost only to another run that cleans up in the very moment in which a folder is made."""


@contextlib.contextmanager
def parts_folder(target: Path) -> Iterator[Path]:
    """A new hidden folder beside `target`, gone after the block. Raises EncodeError."""
    try:
        _remove_abandoned(target.parent)
        folder, lock = _make_own(target)
    except OSError as error:
        raise EncodeError(
            f"no folder for the parts can be made in `{target.parent}`: {error.strerror or error}", path=target.parent
        ) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.release()


def _make_own(target: Path) -> tuple[Path, FileLock]:
    """A folder, and the lock in it that is held. Raises OSError."""
    for _ in range(_MAX_TRIES):
        folder = Path(tempfile.mkdtemp(prefix=f".{target.stem[:50]}.", suffix=_SUFFIX, dir=target.parent))
        lock = FileLock(folder / _LOCK, timeout=0)
        with contextlib.suppress(FileNotFoundError, Timeout):  # taken for abandoned before it was locked
            lock.acquire()
            if (folder / _LOCK).exists():
                return folder, lock
        lock.release()
        shutil.rmtree(folder, ignore_errors=True)
    raise OSError("others take it away again and again")


def _remove_abandoned(beside: Path) -> None:
    """Takes away the folders in `beside` whose owners have ended. Raises OSError if `beside` can't be read."""
    for folder in [path for path in beside.iterdir() if _is_ours(path)]:
        if not (folder / _LOCK).exists():
            with contextlib.suppress(OSError):
                folder.rmdir()  # killed before it was locked; one that holds anything isn't ours
            continue
        lock = FileLock(folder / _LOCK, timeout=0)
        with contextlib.suppress(Timeout, OSError):
            lock.acquire()
            shutil.rmtree(folder, ignore_errors=True)
        lock.release()


def _is_ours(path: Path) -> bool:
    return path.name.startswith(".") and path.name.endswith(_SUFFIX) and path.is_dir() and not path.is_symlink()
