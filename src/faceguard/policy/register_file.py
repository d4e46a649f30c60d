"""The register as a file: signed statements, one to a line, and a seal as the last.

The same lines are what is exported, imported and kept in any other store. The file is replaced as a whole, under a
lock, and only if what was there before was in order: writing never makes a damaged register look sound.
"""

from __future__ import annotations

import contextlib
import hashlib
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from filelock import FileLock, Timeout

from faceguard.atomic import write_atomic
from faceguard.errors import ConsentError, EncodeError, SignatureError
from faceguard.policy.statement import Seal, Statement, StatementKind, read_statement, sign_statement
from faceguard.signing import SigningKey, TrustedKeys

MAX_BYTES = 256_000_000
CLOCK_SKEW = timedelta(minutes=5)
"""How far ahead of ours the clock of whoever sealed a register may be."""


@dataclass(frozen=True, slots=True)
class SealedStatements:
    """What a register in order holds: its statements and the seal that holds them together."""

    statements: tuple[Statement, ...]
    seal: Seal


def read_bytes(path: Path) -> bytes:
    """The file's bytes. Raises ConsentError."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConsentError(
            f"the consent register `{path}` can't be read: {error.strerror or error}; "
            "make one with `faceguard consent grant`",
            path=path,
        ) from error
    if len(data) > MAX_BYTES:
        raise ConsentError(f"the consent register `{path}` is larger than {MAX_BYTES} bytes", path=path)
    return data


def open_sealed(data: bytes, keys: TrustedKeys, moment: datetime) -> SealedStatements:
    """The statements of a register, if it is in order.

    1. It is whole lines, each a statement in canonical JSON, the last and only the last a seal.
    2. The seal counts and hashes the lines before it.
    3. The seal was not issued in the future, and a trusted key signed it.

    Raises ConsentError saying what is wrong. The statements' own signatures are not checked here.
    """
    lines = data.split(b"\n")
    if lines.pop() != b"" or not lines:
        raise ConsentError("the register is empty, or its last line is cut")
    statements = tuple(_numbered(line, number) for number, line in enumerate(lines, start=1))
    *entries, last = statements
    if last.kind is not StatementKind.SEAL or any(entry.kind is StatementKind.SEAL for entry in entries):
        raise ConsentError("the register does not end in its seal: lines were cut off or added")
    seal = last.read_as(Seal)
    body = data[: len(data) - len(lines[-1]) - 1]
    if seal.entries != len(entries) or seal.entries_sha256 != hashlib.sha256(body).hexdigest():
        raise ConsentError("the register's lines are not those that were sealed: some were altered, added or left out")
    if seal.issued_at > moment + CLOCK_SKEW:
        raise ConsentError("the register's seal is dated in the future")
    try:
        last.verify(keys, signed_at=seal.signed_at, moment=moment)
    except SignatureError as error:
        raise ConsentError(f"the register's seal: {error.message}") from error
    return SealedStatements(tuple(entries), seal)


def _numbered(line: bytes, number: int) -> Statement:
    try:
        return read_statement(line)
    except ConsentError as error:
        raise ConsentError(f"line {number} of the register is damaged: {error.message}", line=number) from error


def seal_up(
    statements: Sequence[Statement], key: SigningKey, moment: datetime, *, previous: Seal | None = None
) -> bytes:
    """The bytes of a register that holds `statements`, sealed by `key` as the successor of `previous`."""
    body = b"".join(statement.line() for statement in statements)
    seal = Seal(
        register_id=str(uuid.uuid4()) if previous is None else previous.register_id,
        sequence=1 if previous is None else previous.sequence + 1,
        entries=len(statements),
        entries_sha256=hashlib.sha256(body).hexdigest(),
        issued_at=moment.astimezone(UTC),
    )
    return body + sign_statement(seal, key).line()


def add_statements(
    path: Path, new: Sequence[Statement], *, key: SigningKey, keys: TrustedKeys, moment: datetime
) -> None:
    """Adds statements to the register at `path`, which is made if there is none, and seals it anew by `key`.

    With nothing in `new`, the seal alone is renewed. Raises ConsentError if the register is not in order under `keys`
    or can't be written; then it is left as it was.
    """
    with _locked(path):
        before = open_sealed(read_bytes(path), keys, moment) if path.exists() else None
        kept = before.statements if before else ()
        data = seal_up((*kept, *new), key, moment, previous=before.seal if before else None)
        try:
            write_atomic(path, data, overwrite=True)
        except EncodeError as error:
            raise ConsentError(error.message, path=path) from error


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    if not path.parent.is_dir():  # or the lock would make it, and a mistyped folder would go unnoticed
        raise ConsentError(f"there is no folder `{path.parent}` for the register; make it first", path=path)
    try:
        lock = FileLock(path.with_name(path.name + ".lock"), timeout=30.0, mode=0o600)
        lock.acquire()
    except (Timeout, OSError, NotImplementedError) as error:
        raise ConsentError(f"the consent register `{path}` can't be locked: {error}", path=path) from error
    try:
        yield
    finally:
        lock.release()
