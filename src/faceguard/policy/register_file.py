"""The register on disk: a database that is written on, or an export that is only read, and a checkpoint beside it.

The checkpoint (`REGISTER.head`) is a copy of the newest seal and the digest of the file. A register that is older than
its checkpoint was put back from a copy, and may lack a revocation; it is not believed, nor is one with a flipped bit.
When both were put back, only the age of the seal tells, or a process that has seen a newer one.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from faceguard.atomic import write_atomic
from faceguard.errors import ConsentError, EncodeError
from faceguard.policy.register_database import DamagedRegister, Lines, RegisterDatabase
from faceguard.policy.register_lines import (
    MAX_BYTES,
    check_newest,
    check_seal,
    last_line,
    open_sealed,
    seal_lines,
)
from faceguard.policy.statement import Seal, Statement
from faceguard.signing import SigningKey, TrustedKeys

_PAUSES_S = (0.02, 0.05, 0.1, 0.2, 0.4)
"""How long a reader waits for the first checkpoint: whoever makes a register writes it a moment after the database."""


class StoredRegister(NamedTuple):
    """A register's lines, and its checkpoint; None for an export that has none.

    `rewritten` says that the file is not, byte for byte, the one that was sealed.
    """

    data: bytes
    head: bytes | None
    rewritten: bool = False


def head_path(register: Path) -> Path:
    """Where the checkpoint of `register` stands."""
    return register.with_name(register.name + ".head")


# --------------------------------------------------------------------------------------------------- reading


def read_register(path: Path) -> StoredRegister:
    """The register at `path`, of either kind; nothing is verified yet.

    Raises ConsentError when it can't be read at all, DamagedRegister when it is there and not whole.
    """
    if not path.exists():  # asked once: a database that appears only now must not be read as an export
        raise unreadable(path, FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)))
    head = _head_at(path)  # first: it may be behind, never ahead
    if not path.is_file() or not RegisterDatabase(path).is_there():
        return StoredRegister(_read(path), head)
    for pause_s in _PAUSES_S if head is None else ():
        time.sleep(pause_s)
        if (head := _head_at(path)) is not None:
            break
    data, sha256 = RegisterDatabase(path).read()
    if head is None:
        raise DamagedRegister(
            f"its checkpoint `{head_path(path)}` is missing, so nobody can tell whether an older copy was put back",
            path=path,
        )
    is_current = head.startswith(last_line(data))  # else it is behind or damaged, which `check_newest` tells
    return StoredRegister(data, head, rewritten=is_current and head != _head_of(last_line(data), sha256))


def _head_at(path: Path) -> bytes | None:
    return _read(head_path(path)) if head_path(path).exists() else None


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise unreadable(path, error) from error
    if len(data) > MAX_BYTES:
        raise ConsentError(f"the consent register `{path}` is larger than {MAX_BYTES} bytes", path=path)
    return data


def unreadable(path: Path, error: OSError) -> ConsentError:
    """What is said of a register or a file of keys that can't be read."""
    return ConsentError(
        f"`{path}` can't be read: {error.strerror or error}; name the right file, "
        "or make a register with `faceguard consent grant`",
        path=path,
    )


# --------------------------------------------------------------------------------------------------- writing


def add_statements(
    path: Path, new: Sequence[Statement], *, key: SigningKey, keys: TrustedKeys, moment: datetime
) -> None:
    """Adds statements to the register at `path`, which is made if there is none, and seals it anew by `key`.

    With nothing in `new`, the seal alone is renewed. Raises ConsentError if the register is not in order under `keys`,
    if `key` is not in force there, or if it can't be written; then it is left as it was.
    """

    def successor(before: Lines | None) -> Lines:
        previous = _previous_seal(path, before, keys, moment)
        body = (b"" if before is None else before.body) + b"".join(statement.line() for statement in new)
        data = seal_lines(body, key, moment, previous=previous)
        check_seal(data, keys, moment)  # or a retired key would spoil what others have sealed
        return Lines(body, last_line(data))

    _require_writable(path)
    database = RegisterDatabase(path)
    database.change(successor)
    database.with_the_seal(lambda seal, sha256: _write_head(path, seal, sha256))


def import_register(source: Path, path: Path, *, keys: TrustedKeys, moment: datetime) -> Seal:
    """Makes the register `path` of the export `source`, with the very seal that it bears; returns that.

    Raises ConsentError if the export is not in order, or `path` exists.
    """
    stored = read_register(source)
    sealed = open_sealed(stored.data, keys, moment)
    check_newest(stored.data, stored.head, keys, moment)
    if path.exists() or head_path(path).exists():
        raise ConsentError(f"`{path}` or its checkpoint exists; registers are not merged, choose another", path=path)
    _require_writable(path)
    seal = last_line(stored.data)

    def only_if_new(before: Lines | None) -> Lines:
        if before is not None:
            raise ConsentError(f"`{path}` exists; choose another register", path=path)
        return Lines(stored.data[: -len(seal)], seal)

    database = RegisterDatabase(path)
    database.change(only_if_new)
    database.with_the_seal(lambda seal, sha256: _write_head(path, seal, sha256))
    return sealed.seal


def _previous_seal(path: Path, before: Lines | None, keys: TrustedKeys, moment: datetime) -> Seal | None:
    """The seal to follow; None for a new register. Raises ConsentError for one that must not be written on."""
    head = _head_at(path)
    if before is None:
        if head is not None:
            raise DamagedRegister(f"the register `{path}` is empty, but its checkpoint is there", path=path)
        return None
    data = before.body + before.seal
    seal = check_seal(data, keys, moment)
    check_newest(data, head, keys, moment)
    return seal


def _require_writable(path: Path) -> None:
    if not path.parent.is_dir():
        raise ConsentError(f"there is no folder `{path.parent}` for the register; make it first", path=path)
    if path.exists() and not path.is_file():
        raise ConsentError(f"`{path}` is no file; choose another register", path=path)
    if path.exists() and not RegisterDatabase(path).is_there():
        raise ConsentError(
            f"`{path}` is no register that can be written on; if it is an export, make a register of it with "
            f"`faceguard consent import {path} --register NEW.db`",
            path=path,
        )


def _head_of(seal: bytes, sha256: str) -> bytes:
    return seal + sha256.encode() + b"\n"


def _write_head(path: Path, seal: bytes, sha256: str) -> None:
    try:
        write_atomic(head_path(path), _head_of(seal, sha256), overwrite=True)
    except EncodeError as error:
        raise ConsentError(f"the register is written, but not its checkpoint: {error.message}", path=path) from error
