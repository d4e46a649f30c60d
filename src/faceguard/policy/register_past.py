"""The consent register as it stood at an earlier moment, out of the one of today.

Statements are only ever added, and each record of the audit log says how many there were and what they hash to. So
today's register, if it begins with just those, shows what was known then: neither a consent that came later nor a
revocation that was entered later counts, whatever time they claim.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Self

from faceguard.errors import ConsentError, SignatureError, UntrustedKeyError
from faceguard.policy.consent import Cessation, Revocation
from faceguard.policy.register import ConsentRegister, RegisteredConsent
from faceguard.policy.register_file import read_register
from faceguard.policy.statement import Statement, StatementKind, bodies_of, read_statement
from faceguard.signing import TrustedKeys
from faceguard.types import Reason


@dataclass(slots=True)
class RegisterHistory:
    """A register of today that can be asked how it stood. Make it by `load`."""

    path: Path
    lines: tuple[bytes, ...]
    statements: tuple[Statement, ...]
    today: ConsentRegister
    keys: TrustedKeys
    _known: dict[tuple[int, frozenset[str]], ConsentRegister] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path, keys: TrustedKeys, *, moment: datetime) -> Self:
        """Reads the register at `path`, a database or an export. Raises ConsentError unless it is in order today."""
        today = ConsentRegister.load(path, keys, moment=moment)
        if today.untrusted_because is not None:
            raise ConsentError(f"the consent register `{path}` is not in order: {today.untrusted_because}", path=path)
        lines = tuple(read_register(path).data.splitlines(keepends=True)[:-1])
        return cls(path, lines, tuple(read_statement(line[:-1]) for line in lines), today, keys)

    def begins_with(self, entries: int, entries_sha256: str) -> bool:
        """Whether the first `entries` statements are those that hash to `entries_sha256`."""
        begin = self.lines[:entries]
        return len(begin) == entries and hashlib.sha256(b"".join(begin)).hexdigest() == entries_sha256

    def at(self, entries: int, *, issued_at: datetime | None, moment: datetime) -> ConsentRegister:
        """The register of the first `entries` statements, sealed at `issued_at`, with the keys in force at `moment`."""
        revoked = frozenset(
            key.kid for key in self.keys.keys if key.revoked_at is not None and moment >= key.revoked_at
        )
        if (entries, revoked) not in self._known:
            self._known[entries, revoked] = self._register(entries, moment)
        return replace(self._known[entries, revoked], issued_at=issued_at)

    def _register(self, entries: int, moment: datetime) -> ConsentRegister:
        begin = self.statements[:entries]
        count = sum(statement.kind is StatementKind.CONSENT for statement in begin)
        revocations: dict[str, list[Revocation]] = defaultdict(list)
        for revocation in bodies_of(begin, Revocation):
            revocations[revocation.record_id].append(revocation)
        return ConsentRegister(
            consents=tuple(self._as_then(consent, moment) for consent in self.today.consents[:count]),
            revocations={record_id: tuple(found) for record_id, found in revocations.items()},
            cessations=bodies_of(begin, Cessation),
        )

    def _as_then(self, consent: RegisteredConsent, moment: datetime) -> RegisteredConsent:
        """`consent` with the flaws its signature had at `moment`: a key may have been revoked since."""
        if consent.record is None:
            return consent
        flaws: tuple[Reason, ...] = ()
        try:
            consent.statement.verify(self.keys, signed_at=consent.record.signed_at, moment=moment)
        except UntrustedKeyError:
            flaws = (Reason.CONSENT_KEY_UNKNOWN,)
        except SignatureError:
            unsigned = not consent.statement.signature
            flaws = (Reason.CONSENT_UNSIGNED if unsigned else Reason.CONSENT_SIGNATURE_INVALID,)
        return replace(consent, flaws=flaws)

    @property
    def subject_keys(self) -> frozenset[str]:
        """Everybody of whom it says anything."""
        return frozenset(c.subject_id for c in self.today.consents) | {c.subject_id for c in self.today.cessations}

    @property
    def named_files(self) -> frozenset[str]:
        """The SHA-256 of every file that a consent's scope names."""
        return frozenset(
            sha256 for c in self.today.consents if c.record is not None for sha256 in c.record.scope.asset_sha256
        )
