"""Where files come from and where they go: local folders and object stores alike, through fsspec.

Sources are only ever opened for reading. Local ones are read where they lie; remote ones are copied to a folder of the
run first, since pictures and videos are read back and forth. Credentials and endpoints are fsspec's own affair: its
configuration files and environment (`FSSPEC_S3_ENDPOINT_URL`, the usual variables of the store).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from fsspec.core import url_to_fs
from fsspec.utils import get_protocol

from faceguard.atomic import make_folder
from faceguard.errors import ConfigurationError, DecodeError, EncodeError

_BLOCK_BYTES = 1 << 20
_VERSION_KEYS = ("ETag", "etag", "md5Hash", "mtime", "LastModified", "last_modified", "created")
_ADDRESS = re.compile(r"^[A-Za-z][A-Za-z0-9+.\-]+(://|::)")
_NO_FOLDERS = ("s3", "s3a", "gs", "gcs", "az", "abfs", "memory")


@dataclass(frozen=True, slots=True)
class Place:
    """A folder: `address` is an absolute path, or an address like `s3://bucket/prefix` without a slash at its end."""

    address: str

    @property
    def is_local(self) -> bool:
        return is_local(self.address)

    @property
    def path(self) -> Path:
        """Of a local place."""
        return Path(self.address)

    @property
    def in_process_only(self) -> bool:
        """Whether only this process sees what is there."""
        return self.address.startswith("memory:")

    def at(self, item: PurePosixPath | str) -> str:
        """The path or address of `item` below this place."""
        return str(self.path / item) if self.is_local else f"{self.address}/{item}"

    def holds(self, other: Place) -> bool:
        """Whether `other` is this place or lies below it."""
        if self.is_local != other.is_local:
            return False
        if self.is_local:
            return other.path.resolve().is_relative_to(self.path.resolve())
        return f"{other.address}/".startswith(f"{self.address}/")


def place_of(text: str) -> Place:
    """A place as the operator writes it. Raises ConfigurationError for an address that nothing here can open."""
    if not text:
        raise ConfigurationError("an empty name is no place; name a folder or an address like `s3://bucket/prefix`")
    if text.startswith(("file://", "local://")):
        return Place(str(Path(text.partition("://")[2]).absolute()))
    if is_local(text):
        return Place(str(Path(text).absolute()))
    if _holds_password(text):
        raise ConfigurationError(
            "the address has a password in it, which would stand in messages and in the manifest; give it in fsspec's "
            "configuration or the store's own variables, see docs/batch.md"
        )
    files_of(text)
    return Place(text.rstrip("/"))


def _holds_password(address: str) -> bool:
    """Whether a part of the address is like `sftp://user:password@host`."""
    return any(":" in part.partition("://")[2].partition("/")[0].rpartition("@")[0] for part in address.split("::"))


def is_local(address: str) -> bool:
    """Whether it is a path: names of files may hold anything, `::` too, so only what starts like an address is one."""
    return _ADDRESS.match(address) is None


def files_of(address: str) -> tuple[Any, str]:
    """The file system of a remote address, and its path there. Raises ConfigurationError."""
    try:
        found: tuple[Any, str] = url_to_fs(address)
    except (ImportError, ValueError) as error:
        raise ConfigurationError(
            f"`{address}` can't be opened: {error}; for S3 install `faceguard-sdk[s3]`, for other stores the fsspec "
            "package of the store",
            actual=address,
        ) from error
    return found


def digest_of(path: Path) -> str:
    """SHA-256 of a local file, hex. Raises DecodeError."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DecodeError(f"`{path}` can't be read: {error.strerror or error}", path=path) from error


def digest_at(address: str) -> str | None:
    """SHA-256 of the file at a local path or remote address, hex; None if it isn't there. Raises DecodeError."""
    if is_local(address):
        return digest_of(Path(address)) if Path(address).exists() else None
    files, path = files_of(address)
    digest = hashlib.sha256()
    try:
        with files.open(path, "rb") as file:
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
    except FileNotFoundError:
        return None
    except Exception as error:  # every store has errors of its own
        raise DecodeError(f"`{address}` can't be read: {error}", path=address) from error
    return digest.hexdigest()


@contextlib.contextmanager
def fetched(source: str, staging: Path) -> Iterator[Path]:
    """A local file with the content of `source`: itself, or a copy that is gone afterwards. Raises DecodeError."""
    if is_local(source):
        yield Path(source)
        return
    files, path = files_of(source)
    copy = staging / f"{os.getpid()}-in{PurePosixPath(source).suffix}"
    try:
        try:
            with files.open(path, "rb") as there, copy.open("wb") as here:
                shutil.copyfileobj(there, here, _BLOCK_BYTES)
        except Exception as error:  # every store has errors of its own
            raise DecodeError(f"`{source}` can't be fetched: {error}", path=source) from error
        yield copy
    finally:
        copy.unlink(missing_ok=True)


def put_in_place(staged: Path, target: str, *, overwrite: bool) -> None:
    """Gives the whole local file `staged` its place, in one step that shows it whole or not at all. Raises EncodeError.

    Without `overwrite` whatever stands at `target` stays, and is an error, unless it is the same byte for byte: that a
    worker put there which died before it could tell.
    """
    if not overwrite and digest_at(target) == digest_of(staged):
        staged.unlink()
        return
    if is_local(target):
        _move(staged, Path(target), overwrite=overwrite)
        return
    files, path = files_of(target)
    try:
        if not overwrite and files.exists(path):
            raise _exists(target)
        if get_protocol(target) in _NO_FOLDERS:
            files.put_file(str(staged), path)  # such stores show an object when its upload is complete
        else:
            files.makedirs(str(PurePosixPath(path).parent), exist_ok=True)
            beside = f"{path}.partial"
            files.put_file(str(staged), beside)
            files.mv(beside, path)
    except EncodeError:
        raise
    except Exception as error:  # every store has errors of its own
        raise EncodeError(
            f"`{target}` can't be stored: {error}; check the address and the rights", path=target
        ) from error


def remove(address: str) -> None:
    """Removes the file at a local path or remote address, if it's there. Raises EncodeError."""
    try:
        if is_local(address):
            Path(address).unlink(missing_ok=True)
        else:
            files, path = files_of(address)
            files.rm_file(path)
    except FileNotFoundError:
        return
    except Exception as error:  # every store has errors of its own
        raise EncodeError(f"`{address}` can't be removed: {error}; check the rights", path=address) from error


def _move(staged: Path, target: Path, *, overwrite: bool) -> None:
    make_folder(target.parent)
    try:
        if not overwrite and os.path.lexists(target):
            raise _exists(str(target))
        staged.replace(target)
    except OSError as error:
        raise EncodeError(
            f"`{target}` can't be written: {error.strerror or error}; check the folder, its rights and the free space",
            path=target,
        ) from error


def _exists(target: str) -> EncodeError:
    return EncodeError(
        f"`{target}` exists and is no output of this batch; move it away or pass --overwrite", path=target
    )


def stamp_of_status(status: os.stat_result) -> str:
    """What changes when a local file is written to: size, time and number of the file."""
    return f"{status.st_size}:{status.st_mtime_ns}:{status.st_ino}"


def stamp_of_info(info: Mapping[str, Any]) -> str:
    """The same of what a store tells of a file: size, and its version by whatever name the store has."""
    version = next((info[key] for key in _VERSION_KEYS if info.get(key)), "")
    return f"{info.get('size')}:{version}"


def stamp_at(address: str) -> str | None:
    """The stamp of the file at a local path or remote address; None if it isn't there. Raises DecodeError."""
    if is_local(address):
        try:
            status = os.lstat(address)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise DecodeError(f"`{address}` can't be read: {error.strerror or error}", path=address) from error
        return stamp_of_status(status)
    files, path = files_of(address)
    try:
        files.invalidate_cache()
        return stamp_of_info(files.info(path))
    except FileNotFoundError:
        return None
    except Exception as error:  # every store has errors of its own
        raise DecodeError(f"`{address}` can't be read: {error}", path=address) from error


@contextlib.contextmanager
def make_temporary() -> Iterator[Path]:
    """A folder of the system's temporary ones, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="faceguard-") as folder:
        yield Path(folder)
