"""One line of the log: a record, bound to all lines before it.

    line  = {"hash", "origin"?, "prev_hash", "record", "segment"?, "seq", "sig"?}     canonical JSON (RFC 8785)
    hash  = SHA-256 of the canonical form of the line without "hash" and "sig"
    sig   = detached JWS over the same
    leaf  = the line's hash in the Merkle tree, over all of its bytes but the newline

`prev_hash` of the first line is 64 zeros. "segment" stands in the first line of a file that continues another, and says
what that ended with. "origin" stands in a line that was taken over from a worker's log, and says from which. Because a
line must be spelled exactly canonically, changing any byte of it changes what is hashed, or is found at once. Nothing
here reads or writes a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from faceguard.audit.merkle import Tree, leaf_hash
from faceguard.audit.record import AuditRecord, Sha256Hex
from faceguard.errors import AuditIntegrityError, SignatureError
from faceguard.signing import SigningKey, TrustedKeys, canonical_json, digest, parse_canonical

GENESIS_HASH = "0" * 64
SIGNATURE_KIND = "faceguard-audit-entry"


_REQUIRED = {"hash", "prev_hash", "record", "seq"}
_OPTIONAL = {"origin", "segment", "sig"}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


_P = TypeVar("_P", bound=_Part)


class Opening(_Part):
    """Says, in the first line of segment `number` (from 2), what tree stood over all lines before it."""

    number: int = Field(ge=2)
    root: Sha256Hex
    peaks: tuple[Sha256Hex, ...]

    @classmethod
    def after(cls, tree: Tree, number: int) -> Opening:
        return cls(number=number, root=tree.root.hex(), peaks=tuple(peak.hex() for peak in tree.peaks))

    def tree(self, size: int) -> Tree:
        """The tree that it names, of `size` leaves. Raises ValueError if there is none."""
        tree = Tree(size, tuple(bytes.fromhex(peak) for peak in self.peaks))
        if tree.root.hex() != self.root:
            raise ValueError("the subtrees don't make the root")
        return tree


class Origin(_Part):
    """Where a joined line comes from: line `seq`, with `hash`, of a log of `size` lines under `root`.

    `head_sig` is the signature of that log's checkpoint. Whoever has that log can be shown that nothing was left out.
    """

    seq: int = Field(ge=0)
    hash: Sha256Hex
    size: int = Field(ge=1)
    root: Sha256Hex
    head_sig: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the log, as read. `seq` counts from 0; `line` in messages counts from 1. `leaf` is its Merkle leaf."""

    seq: int
    prev_hash: str
    record: AuditRecord
    hash: str
    signature: str | None = None
    opening: Opening | None = None
    origin: Origin | None = None
    leaf: bytes = b""


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


def seal_entry(
    record: AuditRecord,
    after: Tip,
    key: SigningKey | None,
    *,
    opening: Opening | None = None,
    origin: Origin | None = None,
) -> tuple[bytes, Entry]:
    """The line, ending in a newline, that puts `record` after the tip; signed if there is a key."""
    content: dict[str, Any] = {"prev_hash": after.hash, "record": record.document(), "seq": after.size}
    for name, part in (("segment", opening), ("origin", origin)):
        if part is not None:
            content[name] = part.model_dump(mode="json", exclude_none=True)
    line: dict[str, Any] = {**content, "hash": digest(content)}
    if key is not None:
        line["sig"] = key.sign(content, kind=SIGNATURE_KIND)
    data = canonical_json(line)
    entry = Entry(after.size, after.hash, record, line["hash"], line.get("sig"), opening, origin, leaf=leaf_hash(data))
    return data + b"\n", entry


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
    if not isinstance(fields, dict) or set(fields) - _OPTIONAL != _REQUIRED:
        raise AuditIntegrityError(f"line {line} is damaged: not the fields of a log line", line=line)
    content = {name: value for name, value in fields.items() if name not in ("hash", "sig")}
    if digest(content) != fields["hash"]:  # 2
        raise AuditIntegrityError(f"line {line} was altered: its hash does not match", line=line)
    try:
        record = AuditRecord.model_validate_json(canonical_json(content["record"]))  # 3
        opening = _part(Opening, content.get("segment"))
        origin = _part(Origin, content.get("origin"))
    except ValidationError as error:
        raise AuditIntegrityError(f"line {line} holds no audit record", line=line) from error
    if type(content["seq"]) is not int or not isinstance(content["prev_hash"], str):
        raise AuditIntegrityError(f"line {line} is damaged: not the fields of a log line", line=line)
    if keys is not None:
        _check_signature(fields.get("sig"), content, line, keys, signed_at=record.timestamp, moment=moment)  # 4
    return Entry(
        content["seq"],
        content["prev_hash"],
        record,
        fields["hash"],
        fields.get("sig"),
        opening,
        origin,
        leaf=leaf_hash(data),
    )


def _part(kind: type[_P], value: object) -> _P | None:
    return None if value is None else kind.model_validate_json(canonical_json(value))


def _check_signature(
    signature: object, content: dict[str, Any], line: int, keys: TrustedKeys, *, signed_at: datetime, moment: datetime
) -> None:
    if not isinstance(signature, str):
        raise AuditIntegrityError(f"line {line} is not signed", line=line)
    try:
        keys.verify(signature, content, kind=SIGNATURE_KIND, signed_at=signed_at, moment=moment)
    except SignatureError as error:
        raise AuditIntegrityError(f"line {line}: {error.message}", line=line) from error
