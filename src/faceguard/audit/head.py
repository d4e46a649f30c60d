"""The checkpoint beside a log: how many lines it had and the hash of the last, so that cutting its end is found.

It stands in `LOG.head`, is made before the first line and renewed after each. A log may be one line ahead of it (the
power went between the two writes), never behind. Signed, it can't be forged; an older pair of log and checkpoint put
back together can only be told by whoever has kept a newer checkpoint.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from faceguard.atomic import write_atomic
from faceguard.audit.chain import Tip
from faceguard.errors import AuditIntegrityError, AuditWriteError, EncodeError, SignatureError
from faceguard.signing import SigningKey, TrustedKeys, canonical_json, parse_canonical

SIGNATURE_KIND = "faceguard-audit-head"
_MAX_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Head:
    """A checkpoint as read. `content` is what `signature` is over."""

    tip: Tip
    moment: datetime
    content: dict[str, Any]
    signature: str | None

    def check_signature(self, keys: TrustedKeys, moment: datetime) -> None:
        """Raises AuditIntegrityError unless a trusted key signed this checkpoint."""
        if self.signature is None:
            raise AuditIntegrityError("the log's checkpoint is not signed")
        try:
            keys.verify(self.signature, self.content, kind=SIGNATURE_KIND, signed_at=self.moment, moment=moment)
        except SignatureError as error:
            raise AuditIntegrityError(f"the log's checkpoint: {error.message}") from error

    def check_end(self, end: Tip, before_end: Tip) -> None:
        """Raises AuditIntegrityError unless a log may end in `end`, whose tip one line earlier was `before_end`."""
        if end.size < self.tip.size:
            raise AuditIntegrityError(
                f"the log has {end.size} lines but its checkpoint counts {self.tip.size}: its end was cut off",
                line=end.size + 1,
            )
        if self.tip not in (end, before_end):
            raise AuditIntegrityError(
                f"the log's end is not the one of its checkpoint, which counts {self.tip.size} lines: "
                "one of the two was replaced",
                line=self.tip.size,
            )


def head_path(log: Path) -> Path:
    """Where the checkpoint of `log` stands."""
    return log.with_name(log.name + ".head")


def write_head(log: Path, tip: Tip, moment: datetime, key: SigningKey | None) -> None:
    """Renews the checkpoint. Raises AuditWriteError."""
    content = {"hash": tip.hash, "size": tip.size, "time_utc": moment.astimezone(UTC).isoformat()}
    document = content if key is None else {**content, "sig": key.sign(content, kind=SIGNATURE_KIND)}
    try:
        write_atomic(head_path(log), canonical_json(document) + b"\n", overwrite=True)
    except EncodeError as error:
        raise AuditWriteError(f"the audit log's checkpoint: {error.message}", path=head_path(log)) from error


def read_head(log: Path) -> Head | None:
    """The checkpoint of `log`; None if there is none. Raises AuditIntegrityError if it is damaged."""
    path = head_path(log)
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES)
        fields = parse_canonical(data.removesuffix(b"\n"))
        signature = fields.pop("sig", None)
        if set(fields) != {"hash", "size", "time_utc"} or not data.endswith(b"\n") or type(fields["size"]) is not int:
            raise ValueError("not the fields of a checkpoint")
        moment = datetime.fromisoformat(fields["time_utc"])
        if moment.tzinfo is None:
            raise ValueError("a time without a zone")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise AuditIntegrityError(f"the log's checkpoint `{path}` is damaged or can't be read", path=path) from error
    return Head(Tip(fields["size"], fields["hash"]), moment, fields, signature)
