"""One line of the log: a record, bound to all lines before it.

    line  = {"hash", "prev_hash", "record", "seq", "sig"?}     canonical JSON (RFC 8785), one to a line
    hash  = SHA-256 of the canonical form of {"prev_hash", "record", "seq"}
    sig   = detached JWS over the same

`prev_hash` of the first line is 64 zeros. Because a line must be spelled exactly canonically, changing any byte of it
changes what is hashed, or is found at once. Nothing here reads or writes a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from faceguard.audit.record import AuditRecord
from faceguard.errors import AuditIntegrityError, SignatureError
from faceguard.signing import SigningKey, TrustedKeys, canonical_json, digest, parse_canonical

GENESIS_HASH = "0" * 64
SIGNATURE_KIND = "faceguard-audit-entry"


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the log, as read. `seq` counts from 0; `line` in messages counts from 1."""

    seq: int
    prev_hash: str
    record: AuditRecord
    hash: str
    signature: str | None = None


@dataclass(frozen=True, slots=True)
class Tip:
    """Where a log ends: how many lines it has and the hash of the last one."""

    size: int = 0
    hash: str = GENESIS_HASH

    def follow(self, entry: Entry) -> Tip:
        """The tip after `entry`. Raises AuditIntegrityError unless `entry` is what comes next."""
        line = self.size + 1
        if entry.seq != self.size:
            raise AuditIntegrityError(
                f"line {line} says it is line {entry.seq + 1}; lines were dropped, doubled or moved", line=line
            )
        if entry.prev_hash != self.hash:
            raise AuditIntegrityError(f"line {line} does not follow from the line before it", line=line)
        return Tip(self.size + 1, entry.hash)


def seal_entry(record: AuditRecord, after: Tip, key: SigningKey | None) -> tuple[bytes, Entry]:
    """The line, ending in a newline, that puts `record` after the tip; signed if there is a key."""
    document = record.document()
    content = {"prev_hash": after.hash, "record": document, "seq": after.size}
    line: dict[str, Any] = {**content, "hash": digest(content)}
    if key is not None:
        line["sig"] = key.sign(content, kind=SIGNATURE_KIND)
    entry = Entry(after.size, after.hash, record, line["hash"], line.get("sig"))
    return canonical_json(line) + b"\n", entry


def read_entry(data: bytes, line: int, keys: TrustedKeys | None, moment: datetime) -> Entry:
    """The entry of one line, its newline taken off. With `keys` it must be signed by one of them.

    1. The bytes are canonical JSON with exactly the fields of a line.
    2. The hash is that of the content.
    3. The record is one that faceguard writes.
    4. A trusted key signed the content.

    Raises AuditIntegrityError, naming `line`.
    """
    try:
        fields = parse_canonical(data)  # 1
    except ValueError as error:
        raise AuditIntegrityError(f"line {line} is damaged: no canonical JSON", line=line) from error
    if not isinstance(fields, dict) or set(fields) - {"sig"} != {"hash", "prev_hash", "record", "seq"}:
        raise AuditIntegrityError(f"line {line} is damaged: not the fields of a log line", line=line)
    content = {name: fields[name] for name in ("prev_hash", "record", "seq")}
    if digest(content) != fields["hash"]:  # 2
        raise AuditIntegrityError(f"line {line} was altered: its hash does not match", line=line)
    try:
        record = AuditRecord.model_validate_json(canonical_json(content["record"]))  # 3
    except ValidationError as error:
        raise AuditIntegrityError(f"line {line} holds no audit record", line=line) from error
    if type(content["seq"]) is not int or not isinstance(content["prev_hash"], str):
        raise AuditIntegrityError(f"line {line} is damaged: not the fields of a log line", line=line)
    if keys is not None:
        _check_signature(fields.get("sig"), content, line, keys, signed_at=record.timestamp, moment=moment)  # 4
    return Entry(content["seq"], content["prev_hash"], record, fields["hash"], fields.get("sig"))


def _check_signature(
    signature: object, content: dict[str, Any], line: int, keys: TrustedKeys, *, signed_at: datetime, moment: datetime
) -> None:
    if not isinstance(signature, str):
        raise AuditIntegrityError(f"line {line} is not signed", line=line)
    try:
        keys.verify(signature, content, kind=SIGNATURE_KIND, signed_at=signed_at, moment=moment)
    except SignatureError as error:
        raise AuditIntegrityError(f"line {line}: {error.message}", line=line) from error
