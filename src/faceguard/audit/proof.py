"""Proofs that an auditor checks alone, with the operator's public key and no log.

    inclusion    this very line stands at this place under the root of this signed checkpoint
    consistency  the log of this signed checkpoint begins with all of the log of an older one that the auditor kept

A proof is one JSON document; what it says of a record, a checkpoint or a path is checked and never believed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from faceguard.audit.chain import Entry, read_entry
from faceguard.audit.head import Head, parse_head
from faceguard.audit.merkle import consistency_path, includes, inclusion_path, is_consistent
from faceguard.audit.record import Sha256Hex
from faceguard.audit.segments import closed_segments, lines_of
from faceguard.audit.verify import LogWalk, check_kept
from faceguard.errors import AuditIntegrityError, ConfigurationError
from faceguard.signing import TrustedKeys, canonical_json, parse_canonical


class _Proof(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    head: dict[str, Any]
    path: tuple[Sha256Hex, ...]

    @property
    def hashes(self) -> tuple[bytes, ...]:
        return tuple(bytes.fromhex(text) for text in self.path)

    def document(self) -> dict[str, Any]:
        return self.model_dump(mode="json")


class InclusionProof(_Proof):
    """`line` is the whole line of the log, whose place is its `seq`."""

    kind: Literal["inclusion"] = "inclusion"
    line: dict[str, Any]


class ConsistencyProof(_Proof):
    """From the first `old_size` lines to those of `head`."""

    kind: Literal["consistency"] = "consistency"
    old_size: int


Proof = Annotated[InclusionProof | ConsistencyProof, Field(discriminator="kind")]
_ADAPTER: TypeAdapter[InclusionProof | ConsistencyProof] = TypeAdapter(Proof)


@dataclass(frozen=True, slots=True)
class Proved:
    """What a proof proves: that `entry` stands under `head`, or that `head` continues the `old` one."""

    head: Head
    entry: Entry | None = None
    old: Head | None = None


def prove_record(log: Path, record_id: str, *, keys: TrustedKeys | None, moment: datetime) -> InclusionProof:
    """The proof that the record whose id begins with `record_id` is in the log, which is verified first.

    Raises ConfigurationError unless there is just one, AuditIntegrityError if the log doesn't hold.
    """
    walk = LogWalk(log, keys, moment)
    found = [entry for entry in walk.entries() if entry.record.decision_id.startswith(record_id)]
    head = _whole(walk)
    if len(found) != 1:
        problem = f"there is no record `{record_id}`" if not found else f"{len(found)} records begin with `{record_id}`"
        raise ConfigurationError(f"{problem} in `{log}`; `faceguard audit show {log}` lists them", key="record")
    seq = found[0].seq
    path = inclusion_path(walk.leaves, seq)
    return InclusionProof(line=_line_at(log, seq), head=head.document, path=tuple(node.hex() for node in path))


def prove_consistency(log: Path, old: Head, *, keys: TrustedKeys | None, moment: datetime) -> ConsistencyProof:
    """The proof that the log begins with all that `old` stood for. Raises AuditIntegrityError if it doesn't."""
    walk = LogWalk(log, keys, moment)
    for _ in walk.entries():
        pass
    head = _whole(walk)
    check_kept(old, walk, keys)
    path = consistency_path(walk.leaves, old.tip.size)
    return ConsistencyProof(old_size=old.tip.size, head=head.document, path=tuple(node.hex() for node in path))


def read_proof(path: Path) -> InclusionProof | ConsistencyProof:
    """Reads a proof. Raises ConfigurationError."""
    try:
        return _ADAPTER.validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"the proof `{path}` can't be read: {error.strerror or error}", path=path) from error
    except ValidationError as error:
        raise ConfigurationError(f"`{path}` is no proof; make one with `faceguard audit prove`", path=path) from error


def check_proof(
    proof: InclusionProof | ConsistencyProof, *, keys: TrustedKeys, kept: Head | None, moment: datetime
) -> Proved:
    """What `proof` proves to one who trusts `keys` alone. Raises AuditIntegrityError if it proves nothing.

    1. A trusted key signed the proof's checkpoint.
    2. Inclusion: a trusted key signed the line, and it stands under the checkpoint's root.
       Consistency: the checkpoint `kept` by the auditor, signed too, is the one that is continued.
    3. An inclusion with a `kept` checkpoint is one under that very checkpoint.
    """
    try:
        head = parse_head(proof.head)
    except ValueError as error:
        raise AuditIntegrityError("the proof's checkpoint is damaged") from error
    head.check_signature(keys, moment)  # 1
    if isinstance(proof, ConsistencyProof):
        return _check_consistency(proof, head, keys, kept, moment)
    if kept is not None and kept.content != head.content:  # 3
        raise AuditIntegrityError(
            f"the proof is under a checkpoint of {head.tip.size} lines, and the one given counts {kept.tip.size}; "
            "ask for a proof under yours, or for one of consistency between the two"
        )
    return _check_inclusion(proof, head, keys, moment)


def _check_inclusion(proof: InclusionProof, head: Head, keys: TrustedKeys, moment: datetime) -> Proved:
    try:
        data = canonical_json(proof.line)
    except ValueError as error:
        raise AuditIntegrityError("the proof's line is damaged") from error
    seq = proof.line.get("seq")
    entry = read_entry(data, seq + 1 if type(seq) is int else 0, keys, moment)
    if not includes(head.tree.root, head.tip.size, entry.seq, entry.leaf, proof.hashes):
        raise AuditIntegrityError(
            f"the line does not stand at place {entry.seq + 1} under the root {head.root}; the proof proves nothing",
            line=entry.seq + 1,
        )
    return Proved(head, entry=entry)


def _check_consistency(
    proof: ConsistencyProof, head: Head, keys: TrustedKeys, kept: Head | None, moment: datetime
) -> Proved:
    if kept is None:
        raise ConfigurationError("a proof of consistency needs the older checkpoint that you kept; give it with --head")
    kept.check_signature(keys, moment)
    if proof.old_size != kept.tip.size or not is_consistent(
        kept.tree.root, kept.tip.size, head.tree.root, head.tip.size, proof.hashes
    ):
        raise AuditIntegrityError(
            f"the log of {head.tip.size} lines does not begin with the {kept.tip.size} lines of the checkpoint that "
            "was kept: it was written anew, or the proof is for another checkpoint"
        )
    return Proved(head, old=kept)


def _whole(walk: LogWalk) -> Head:
    """The checkpoint over the whole log. Raises AuditIntegrityError."""
    head = walk.check_end()
    if head.tip != walk.tip:
        raise AuditIntegrityError(
            "the log's last line is not yet under its checkpoint, since the power went; append a record first"
        )
    return head


def _line_at(log: Path, seq: int) -> dict[str, Any]:
    """The line as it stands in the file: verified before, so it can be found by its number."""
    for path in (*(part.path for part in closed_segments(log) if part.removal is None), log):
        for data in lines_of(path):
            line = parse_canonical(data.removesuffix(b"\n"))
            if line["seq"] == seq:
                return dict(line)
    raise AuditIntegrityError(f"line {seq + 1} is gone", line=seq + 1)
