"""The checkpoint beside a log: how many lines it had, the hash of the last, and the Merkle root over all of them.

It stands in `LOG.head`, is made before the first line and renewed after each. A log may be one line ahead of it (the
power went between the two writes), never behind. Signed, it can't be forged. Whoever keeps a copy of one can later tell
whether the log still begins with all that it stood for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from faceguard.atomic import write_atomic
from faceguard.audit.chain import Tip
from faceguard.audit.merkle import Tree
from faceguard.errors import AuditIntegrityError, AuditWriteError, EncodeError, SignatureError
from faceguard.signing import SigningKey, TrustedKeys, canonical_json, parse_canonical

SIGNATURE_KIND = "faceguard-audit-head"
_MAX_BYTES = 16_384
_FIELDS = {"hash", "peaks", "root", "size", "time_utc"}


@dataclass(frozen=True, slots=True)
class Head:
    """A checkpoint as read. `content` is what `signature` is over."""

    tip: Tip
    tree: Tree
    moment: datetime
    content: dict[str, Any]
    signature: str | None

    @property
    def root(self) -> str:
        """The Merkle root over all lines, hex."""
        return self.tree.root.hex()

    @property
    def document(self) -> dict[str, Any]:
        """The JSON value as it stands in the file."""
        return self.content if self.signature is None else {**self.content, "sig": self.signature}

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

    def check_tree(self, tree: Tree) -> None:
        """Raises AuditIntegrityError unless `tree` stands over the lines that this checkpoint counts."""
        if self.tree != tree:
            raise AuditIntegrityError(
                f"the first {self.tip.size} lines of the log are not those that its checkpoint stands for: "
                "a line was altered, or the checkpoint replaced; run `faceguard audit verify`"
            )


def head_path(log: Path) -> Path:
    """Where the checkpoint of `log` stands."""
    return log.with_name(log.name + ".head")


def write_head(log: Path, tip: Tip, tree: Tree, moment: datetime, key: SigningKey | None) -> Head:
    """Renews the checkpoint. Raises AuditWriteError."""
    content: dict[str, Any] = {
        "hash": tip.hash,
        "peaks": [peak.hex() for peak in tree.peaks],
        "root": tree.root.hex(),
        "size": tip.size,
        "time_utc": moment.astimezone(UTC).isoformat(),
    }
    signature = None if key is None else key.sign(content, kind=SIGNATURE_KIND)
    head = Head(tip, tree, moment, content, signature)
    try:
        write_atomic(head_path(log), canonical_json(head.document) + b"\n", overwrite=True)
    except EncodeError as error:
        raise AuditWriteError(f"the audit log's checkpoint: {error.message}", path=head_path(log)) from error
    return head


def read_head(log: Path) -> Head | None:
    """The checkpoint of `log`; None if there is none. Raises AuditIntegrityError if it is damaged."""
    return load_head(path) if (path := head_path(log)).exists() else None


def load_head(path: Path) -> Head:
    """The checkpoint in the file `path`: of a log, or a copy that somebody kept. Raises AuditIntegrityError."""
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES)
        if not data.endswith(b"\n"):
            raise ValueError("cut off")
        return parse_head(parse_canonical(data.removesuffix(b"\n")))
    except (OSError, ValueError) as error:
        raise AuditIntegrityError(f"the log's checkpoint `{path}` is damaged or can't be read", path=path) from error


def parse_head(document: object) -> Head:
    """The checkpoint that a JSON value is. Raises ValueError."""
    if not isinstance(document, dict) or set(document) - {"sig"} != _FIELDS or type(document["size"]) is not int:
        raise ValueError("not the fields of a checkpoint")
    content = {name: document[name] for name in _FIELDS}
    try:
        moment = datetime.fromisoformat(content["time_utc"])
        tree = Tree(content["size"], tuple(bytes.fromhex(peak) for peak in content["peaks"]))
        signature = document.get("sig")
        if moment.tzinfo is None or tree.root.hex() != content["root"] or not isinstance(signature, str | None):
            raise ValueError("a time without a zone, or a root that isn't that of its parts")
    except (TypeError, AttributeError) as error:
        raise ValueError("not the fields of a checkpoint") from error
    return Head(Tip(content["size"], str(content["hash"])), tree, moment, content, signature)
