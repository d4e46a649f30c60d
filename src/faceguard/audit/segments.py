"""The files of one log: closed segments `LOG.000001`, `LOG.000002`, ..., then `LOG` itself, which is written to.

A segment that was deleted when its time was over leaves `LOG.000001.removed` in its place: which lines it had, with
their Merkle leaves, so that the rest still proves what it did; when and why it was removed; signed like the log.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from faceguard.audit.chain import Tip
from faceguard.audit.head import head_path
from faceguard.audit.merkle import Tree
from faceguard.audit.record import Moment, Sha256Hex
from faceguard.errors import AuditIntegrityError, ConfigurationError, SignatureError
from faceguard.signing import SigningKey, TrustedKeys, canonical_json, parse_canonical

REMOVAL_KIND = "faceguard-audit-removal"
_DIGITS = 6
_MAX_LINE_BYTES = 256_000_000
_NAME = re.compile(rf"\.(\d{{{_DIGITS},}})(\.removed)?$")


class Removal(BaseModel):
    """The note that stands for a removed segment: lines `first_seq` and on, one for each of `leaves`."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    segment: int = Field(ge=1)
    first_seq: int = Field(ge=0)
    prev_hash: Sha256Hex
    hash: Sha256Hex
    leaves: tuple[Sha256Hex, ...] = Field(min_length=1)
    first_utc: Moment
    last_utc: Moment
    removed_utc: Moment
    reason: str = Field(min_length=1)
    sig: str | None = None

    @property
    def content(self) -> dict[str, Any]:
        """What is signed."""
        return self.model_dump(mode="json", exclude={"sig"})

    @property
    def last_seq(self) -> int:
        return self.first_seq + len(self.leaves) - 1

    def signed(self, key: SigningKey | None) -> Self:
        return self if key is None else self.model_copy(update={"sig": key.sign(self.content, kind=REMOVAL_KIND)})

    def to_bytes(self) -> bytes:
        return canonical_json(self.model_dump(mode="json", exclude_none=True)) + b"\n"

    @classmethod
    def load(cls, path: Path, keys: TrustedKeys | None, moment: datetime) -> Self:
        """The note at `path`, signed by one of `keys` if there are any. Raises AuditIntegrityError."""
        try:
            data = path.read_bytes()
            if not data.endswith(b"\n"):
                raise ValueError("cut off")
            note = cls.model_validate_json(canonical_json(parse_canonical(data[:-1])))
        except (OSError, ValueError, ValidationError) as error:
            raise AuditIntegrityError(f"the note of a removed segment, `{path}`, is damaged", path=path) from error
        if keys is not None:
            try:
                keys.verify(note.sig or "", note.content, kind=REMOVAL_KIND, signed_at=note.removed_utc, moment=moment)
            except SignatureError as error:
                raise AuditIntegrityError(
                    f"the note of a removed segment, `{path}`: {error.message if note.sig else 'it is not signed'}",
                    path=path,
                ) from error
        return note

    def follow(self, tip: Tip, tree: Tree) -> tuple[Tip, Tree]:
        """Tip and tree after the lines it stands for. Raises AuditIntegrityError unless they come next."""
        if (self.first_seq, self.prev_hash) != (tip.size, tip.hash):
            raise AuditIntegrityError(
                f"the note of the removed segment {self.segment} does not follow from what stands before it",
                line=tip.size + 1,
            )
        for leaf in self.leaves:
            tree = tree.grown(bytes.fromhex(leaf))
        return Tip(tree.size, self.hash), tree


@dataclass(frozen=True, slots=True)
class Segment:
    """A closed segment: `path` has its lines, or, if it was removed, `removal` the note in its place."""

    number: int
    path: Path
    removal: Path | None = None


def segment_path(log: Path, number: int) -> Path:
    return log.with_name(f"{log.name}.{number:0{_DIGITS}d}")


def removal_path(log: Path, number: int) -> Path:
    return log.with_name(f"{log.name}.{number:0{_DIGITS}d}.removed")


def closed_segments(log: Path) -> tuple[Segment, ...]:
    """The closed segments in order. Raises AuditIntegrityError if one is missing without a note."""
    try:
        names = [path.name[len(log.name) :] for path in log.parent.iterdir() if path.name.startswith(log.name + ".")]
    except OSError:
        return ()
    found = [match for name in names if (match := _NAME.fullmatch(name)) is not None]
    with_lines = {int(match[1]) for match in found if not match[2]}
    removed = {int(match[1]) for match in found if match[2]}
    last = max(with_lines | removed, default=0)
    for number in range(1, last + 1):
        if number not in with_lines | removed:
            raise AuditIntegrityError(
                f"segment {number} of the log, `{segment_path(log, number)}`, is gone without a note of its removal"
            )
    return tuple(
        Segment(n, segment_path(log, n), None if n in with_lines else removal_path(log, n)) for n in range(1, last + 1)
    )


def lines_of(path: Path) -> Iterator[bytes]:
    """The lines of one file with their newlines; only the last may lack it. Raises AuditIntegrityError if it's gone."""
    try:
        with path.open("rb") as file:
            while line := file.readline(_MAX_LINE_BYTES):
                yield line
    except FileNotFoundError as error:
        if head_path(path).exists():
            raise AuditIntegrityError(f"the audit log `{path}` is gone, but its checkpoint is there", line=1) from error
        raise ConfigurationError(f"there is no audit log `{path}`", path=path) from error
    except OSError as error:
        raise ConfigurationError(
            f"the audit log `{path}` can't be read: {error.strerror or error}", path=path
        ) from error
