"""A signed text of the consent register: somebody was asked, consented, revoked, asked to stop; and the seal over all.

    line = {"body", "kind", "sig"}     canonical JSON (RFC 8785), one to a line
    sig  = detached JWS over the canonical form of `body`; its `typ` names the kind, so that none passes for another

A line is spelled exactly canonically: each byte of it is signed, or found to be wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from pydantic import Field, ValidationError

from faceguard.errors import ConsentError
from faceguard.policy.consent import Cessation, ConsentRecord, Revocation, Sha256Hex, UtcTime, Uuid4
from faceguard.policy.consent_request import ConsentRequest
from faceguard.policy.document import Strict
from faceguard.signing import SigningKey, TrustedKeys, canonical_json, parse_canonical


class StatementKind(StrEnum):
    """What a line says."""

    REQUEST = "request"
    CONSENT = "consent"
    REVOCATION = "revocation"
    CESSATION = "cessation"
    SEAL = "seal"

    @property
    def jws_typ(self) -> str:
        return f"faceguard-{self}"


class Seal(Strict):
    """The last line: how many lines stand before it, what they are, and when the list was last known to be complete.

    It is what tells a register from one in which a revocation was left out, and its `issued_at` is the age of the
    revocation list (FG-C08).
    """

    register_id: Uuid4
    sequence: int = Field(ge=1)
    entries: int = Field(ge=0)
    entries_sha256: Sha256Hex
    issued_at: UtcTime

    @property
    def signed_at(self) -> datetime:
        return self.issued_at

    def follows(self, older: Seal) -> bool:
        """Whether this is `older` itself or a later seal of the same register."""
        return self == older or (self.register_id == older.register_id and self.sequence > older.sequence)


Body = TypeVar("Body", ConsentRequest, ConsentRecord, Revocation, Cessation, Seal)

_KIND_OF: dict[type, StatementKind] = {
    ConsentRequest: StatementKind.REQUEST,
    ConsentRecord: StatementKind.CONSENT,
    Revocation: StatementKind.REVOCATION,
    Cessation: StatementKind.CESSATION,
    Seal: StatementKind.SEAL,
}


@dataclass(frozen=True, slots=True)
class Statement:
    """A line as read or about to be written; `body` is the JSON value that `signature` is over."""

    kind: StatementKind
    body: dict[str, Any]
    signature: str

    def line(self) -> bytes:
        """The line, ending in a newline."""
        return canonical_json({"body": self.body, "kind": self.kind.value, "sig": self.signature}) + b"\n"

    def read_as(self, model: type[Body]) -> Body:
        """The body as what its kind says. Raises ConsentError, naming the place and never the content."""
        if _KIND_OF[model] is not self.kind:
            raise ConsentError(f"a {self.kind} is not a {_KIND_OF[model]}")
        try:
            return model.model_validate_json(canonical_json(self.body))
        except ValidationError as error:
            where = ".".join(str(part) for part in error.errors()[0]["loc"])
            raise ConsentError(
                f"a {self.kind} is malformed at `{where}`: {error.errors()[0]['msg'].lower()}", key=where
            ) from None

    def verify(self, keys: TrustedKeys, *, signed_at: datetime, moment: datetime) -> None:
        """Raises SignatureError or UntrustedKeyError unless a trusted key signed it."""
        keys.verify(self.signature, self.body, kind=self.kind.jws_typ, signed_at=signed_at, moment=moment)


Content = ConsentRequest | ConsentRecord | Revocation | Cessation | Seal


def sign_statement(content: Content, key: SigningKey) -> Statement:
    """`content`, signed by `key`."""
    kind = _KIND_OF[type(content)]
    body = content.model_dump(mode="json", exclude_none=True)
    return Statement(kind, body, key.sign(body, kind=kind.jws_typ))


def bodies_of(statements: Iterable[Statement], model: type[Body]) -> tuple[Body, ...]:
    """What the statements of one kind say, in their order. Raises ConsentError for a malformed one."""
    return tuple(statement.read_as(model) for statement in statements if statement.kind is _KIND_OF[model])


def read_statement(line: bytes) -> Statement:
    """The statement of one line, its newline taken off; nothing is verified yet. Raises ConsentError."""
    try:
        fields = parse_canonical(line)
        if set(fields) != {"body", "kind", "sig"}:
            raise ValueError("not the fields of a statement")
        kind, body, signature = StatementKind(fields["kind"]), fields["body"], fields["sig"]
        if not isinstance(body, dict) or not isinstance(signature, str):
            raise ValueError("not the fields of a statement")
    except (ValueError, TypeError) as error:
        raise ConsentError("a line is no signed statement in canonical JSON") from error
    return Statement(kind, body, signature)
