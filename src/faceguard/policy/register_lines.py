"""A register as lines: signed statements, one to a line, and a seal as the last.

This is what is signed, whatever it is kept in: the database holds these lines, and its export is nothing else. So a
digest of them names the same register in both.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from faceguard.errors import ConsentError, SignatureError
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


def open_sealed(data: bytes, keys: TrustedKeys, moment: datetime) -> SealedStatements:
    """The statements of a register, if it is in order.

    1. It is whole lines, the last of which is a seal in canonical JSON.
    2. The seal counts and hashes the lines before it.
    3. The seal was not issued in the future, and a trusted key signed it.
    4. Each line before it is a statement in canonical JSON, and none is a seal.

    Raises ConsentError saying what is wrong. The statements' own signatures are not checked here.
    """
    seal = check_seal(data, keys, moment)  # 1, 2, 3
    lines = data.split(b"\n")[:-2]
    statements = tuple(_numbered(line, number) for number, line in enumerate(lines, start=1))  # 4
    if any(statement.kind is StatementKind.SEAL for statement in statements):
        raise ConsentError("a seal stands before the register's last line: lines were added")
    return SealedStatements(statements, seal)


def check_seal(data: bytes, keys: TrustedKeys, moment: datetime) -> Seal:
    """The seal of a register whose lines are those that were sealed (1 to 3 of `open_sealed`). Raises ConsentError."""
    body, last = _parted(data)
    seal = read_seal(last, keys, moment)
    if seal.entries != body.count(b"\n") or seal.entries_sha256 != hashlib.sha256(body).hexdigest():
        raise ConsentError("the register's lines are not those that were sealed: some were altered, added or left out")
    return seal


def read_seal(line: bytes, keys: TrustedKeys, moment: datetime) -> Seal:
    """The seal of one line, its newline taken off, if a trusted key signed it and not in the future."""
    seal = _seal_in(line)
    if seal.issued_at > moment + CLOCK_SKEW:
        raise ConsentError("the register's seal is dated in the future")
    try:
        read_statement(line).verify(keys, signed_at=seal.signed_at, moment=moment)
    except SignatureError as error:
        raise ConsentError(f"the register's seal: {error.message}") from error
    return seal


def last_line(data: bytes) -> bytes:
    """The last line, with its newline. Raises ConsentError."""
    return _parted(data)[1] + b"\n"


def check_newest(data: bytes, head: bytes | None, keys: TrustedKeys, moment: datetime) -> None:
    """Raises ConsentError if the register is older than its checkpoint `head`, which begins with the line of a seal."""
    if head is None:
        return
    seal, newest = _seal_in(last_line(data)[:-1]), read_seal(head.partition(b"\n")[0], keys, moment)
    if not seal.follows(newest):
        raise ConsentError(
            f"its seal is number {seal.sequence} and its checkpoint's number {newest.sequence}: "
            "an older copy, or another register, was put in its place"
        )


def _seal_in(line: bytes) -> Seal:
    try:
        return read_statement(line).read_as(Seal)
    except ConsentError as error:
        raise ConsentError(
            f"the register does not end in its seal, or that is damaged: lines were cut off or added ({error.message})"
        ) from error


def _parted(data: bytes) -> tuple[bytes, bytes]:
    """The lines before the last one, and that without its newline."""
    if not data.endswith(b"\n") or len(data) < 2:
        raise ConsentError("the register is empty, or its last line is cut")
    start = data.rfind(b"\n", 0, len(data) - 1) + 1
    return data[:start], data[start:-1]


def _numbered(line: bytes, number: int) -> Statement:
    try:
        return read_statement(line)
    except ConsentError as error:
        raise ConsentError(f"line {number} of the register is damaged: {error.message}", line=number) from error


def seal_up(
    statements: Iterable[Statement], key: SigningKey, moment: datetime, *, previous: Seal | None = None
) -> bytes:
    """The bytes of a register that holds `statements`, sealed by `key` as the successor of `previous`."""
    return seal_lines(b"".join(statement.line() for statement in statements), key, moment, previous=previous)


def seal_lines(body: bytes, key: SigningKey, moment: datetime, *, previous: Seal | None) -> bytes:
    """`body`, the lines of a register's statements, and the seal over them."""
    seal = Seal(
        register_id=str(uuid.uuid4()) if previous is None else previous.register_id,
        sequence=1 if previous is None else previous.sequence + 1,
        entries=body.count(b"\n"),
        entries_sha256=hashlib.sha256(body).hexdigest(),
        issued_at=moment.astimezone(UTC),
    )
    return body + sign_statement(seal, key).line()
