"""The consent register: what it says of one person, one use and one moment.

It is loaded once, against keys that come from elsewhere: a register that vouched for itself would be worth nothing. A
file that can't be read at all is the operator's mistake (ConsentError). A register that is there but not in order
(cut, altered, sealed by nobody we know, dated in the future) is not believed in any part: every finding then says so,
about everybody, for it may have lost a request to stop. A record that is not signed by a trusted key fails alone.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self, TypeVar

from faceguard.errors import ConsentError, SignatureError, UntrustedKeyError
from faceguard.policy.consent import Cessation, ConsentRecord, Revocation
from faceguard.policy.consent_request import ConsentRequest
from faceguard.policy.consent_terms import STATES_GIVEN, Actor, ConsentState
from faceguard.policy.document import Policy
from faceguard.policy.register_database import DamagedRegister
from faceguard.policy.register_file import read_register
from faceguard.policy.register_lines import check_newest, open_sealed
from faceguard.policy.statement import Seal, Statement, StatementKind, bodies_of
from faceguard.policy.validity import ConsentUse, Standing, covers_release, ends_at, failures, giver_of, is_minor
from faceguard.signing import TrustedKeys
from faceguard.types import ConsentFinding, ConsentGiver, Reason

Item = TypeVar("Item")
Key = TypeVar("Key")

UNTRUSTED = ConsentFinding(
    record_id="",
    given_by=ConsentGiver.SELF,
    valid=False,
    reasons=(Reason.CONSENT_REGISTER_UNTRUSTED,),
    cessation=True,
)
"""What a register that isn't believed says of everybody: somebody may have asked to stop, and we can't tell who."""


_REWRITTEN = (
    "bytes of its file or checkpoint were changed by something else, though no statement was; if that was meant, "
    "confirm it with `faceguard consent refresh`"
)


@dataclass(frozen=True, slots=True)
class RegisteredConsent:
    """A record of the register; `record` is None if it is malformed. `flaws` are those of its form and signature."""

    record_id: str
    subject_id: str
    record: ConsentRecord | None
    statement: Statement
    flaws: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class ConsentRegister:
    """All consents, revocations and requests to stop, as they stood at `issued_at`. Make it by `load` or `empty`."""

    consents: tuple[RegisteredConsent, ...] = ()
    revocations: Mapping[str, tuple[Revocation, ...]] = field(default_factory=dict)
    cessations: tuple[Cessation, ...] = ()
    issued_at: datetime | None = None
    sha256: str | None = None
    untrusted_because: str | None = None
    """Why nothing in it is believed; None if it is in order."""
    seal: Seal | None = None
    requests: tuple[ConsentRequest, ...] = ()
    """What was asked, by a trusted key. No finding ever comes of it."""
    _of_subject: Mapping[str, tuple[RegisteredConsent, ...]] = field(init=False, repr=False, compare=False)
    _by_guardian: Mapping[str | None, tuple[RegisteredConsent, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_of_subject", _grouped(self.consents, lambda consent: consent.subject_id))
        object.__setattr__(self, "_by_guardian", _grouped(self.consents, _guardian_of))

    @classmethod
    def empty(cls) -> Self:
        """A register in which nobody has said anything."""
        return cls()

    @classmethod
    def load(cls, path: Path, keys: TrustedKeys, *, moment: datetime) -> Self:
        """Reads the register at `path`, a database or an export.

        Raises ConsentError only if there is no such file or it can't be read.
        """
        try:
            stored = read_register(path)
        except DamagedRegister as error:
            return cls(untrusted_because=error.message)
        register = cls.of(stored.data, keys, moment=moment, head=stored.head)
        if register.untrusted_because is None and stored.rewritten:
            return cls(sha256=register.sha256, untrusted_because=_REWRITTEN)
        return register

    @classmethod
    def of(cls, data: bytes, keys: TrustedKeys, *, moment: datetime, head: bytes | None = None) -> Self:
        """The register that the lines `data` hold, as it is to be believed at `moment`; `head` is its checkpoint."""
        sha256 = hashlib.sha256(data).hexdigest()
        try:
            sealed = open_sealed(data, keys, moment)
            check_newest(data, head, keys, moment)
            consents = _consents(sealed.statements, keys, moment)
            revocations = _grouped(bodies_of(sealed.statements, Revocation), lambda revocation: revocation.record_id)
            cessations = bodies_of(sealed.statements, Cessation)
            requests = _requests(sealed.statements, keys, moment)
        except ConsentError as error:
            return cls(sha256=sha256, untrusted_because=error.message)
        seal = sealed.seal
        return cls(consents, revocations, cessations, seal.issued_at, sha256, seal=seal, requests=requests)

    def findings(self, subject_key: str | None, *, use: ConsentUse, policy: Policy) -> tuple[ConsentFinding, ...]:
        """What the register says of one person and this use: requests to stop first, then records in their order.

        `subject_key` is None for a face that nobody has named; of such a one only an untrusted register says anything.
        """
        if self.untrusted_because is not None:
            return (UNTRUSTED,)
        if subject_key is None:
            return ()
        stopped = [
            _cessation(request)
            for request in self.cessations
            if request.subject_id == subject_key and use.moment >= request.time_utc
        ]
        found = [self._finding(consent, use, policy) for consent in self._of_subject.get(subject_key, ())]
        return (*stopped, *found)

    def _finding(self, consent: RegisteredConsent, use: ConsentUse, policy: Policy) -> ConsentFinding:
        reasons = [*consent.flaws]
        if self._is_stale(use.moment, policy):
            reasons.append(Reason.CONSENT_REVOCATION_LIST_STALE)
        record = consent.record
        if record is None:
            return ConsentFinding(consent.record_id, ConsentGiver.SELF, valid=False, reasons=tuple(reasons))
        standing = self._standing(record, use.moment)
        reasons += failures(record, standing, use, policy)
        return ConsentFinding(
            record_id=record.record_id,
            given_by=giver_of(record, use.moment),
            valid=not reasons,
            reasons=tuple(reasons),
            state=self.state_of(record, use.moment),
            guardian_level=record.guardian.level if record.guardian else None,
            covers_release=covers_release(record, use.purpose, policy),
            written_release=record.written_release is not None and record.written_release.term is not None,
            best_interests_ref=record.best_interests_ref,
            subject_is_minor=is_minor(record, use.moment, policy),
        )

    def _is_stale(self, moment: datetime, policy: Policy) -> bool:
        limit = timedelta(hours=policy.consent.offline_staleness_hours.value)
        return self.issued_at is None or moment - self.issued_at > limit

    def _standing(self, record: ConsentRecord, moment: datetime) -> Standing:
        children = {
            other.subject_id
            for other in self._by_guardian.get(record.guardian.id if record.guardian else None, ())
            if other.record is not None and self.state_of(other.record, moment) in STATES_GIVEN
        }
        return Standing(self.revocations.get(record.record_id, ()), len(children))

    def state_of(self, record: ConsentRecord, moment: datetime) -> ConsentState:
        """The state in which `record` is at `moment`, after all that was said of it."""
        ended = [r for r in self.revocations.get(record.record_id, ()) if moment >= r.time_utc]
        if ended:
            return ended[0].state
        event = record.event_at(moment)
        if event is None:
            return ConsentState.UNKNOWN
        given = event.state in STATES_GIVEN
        return ConsentState.EXPIRED if given and moment >= ends_at(record, event) else event.state

    def state_of_request(self, request: ConsentRequest, moment: datetime) -> ConsentState:
        """The state in which `request` is at `moment`: answered, refused, lapsed or waiting."""
        for consent in self.consents:
            if consent.record is not None and consent.record.answers == request.request_id:
                return self.state_of(consent.record, moment)
        if moment >= request.answer_by:
            return ConsentState.EXPIRED
        ended = self.revocations.get(request.request_id, ())
        return ConsentState.REFUSED if ended else ConsentState.REQUESTED


def _grouped(items: Iterable[Item], key: Callable[[Item], Key]) -> dict[Key, tuple[Item, ...]]:
    groups = defaultdict[Key, list[Item]](list)
    for item in items:
        groups[key(item)].append(item)
    return {name: tuple(group) for name, group in groups.items()}


def _guardian_of(consent: RegisteredConsent) -> str | None:
    record = consent.record
    return record.guardian.id if record is not None and record.guardian is not None else None


def _consents(statements: tuple[Statement, ...], keys: TrustedKeys, moment: datetime) -> tuple[RegisteredConsent, ...]:
    consents = tuple(_consent(s, keys, moment) for s in statements if s.kind is StatementKind.CONSENT)
    if len({consent.record_id for consent in consents}) != len(consents):
        raise ConsentError("a record's id stands twice in the register")
    return consents


def _requests(statements: tuple[Statement, ...], keys: TrustedKeys, moment: datetime) -> tuple[ConsentRequest, ...]:
    """The requests that a trusted key signed; another one was never asked by us."""
    requests = []
    for statement in statements:
        if statement.kind is StatementKind.REQUEST:
            with contextlib.suppress(ConsentError):
                request = statement.read_as(ConsentRequest)
                statement.verify(keys, signed_at=request.signed_at, moment=moment)
                requests.append(request)
    return tuple(requests)


def _consent(statement: Statement, keys: TrustedKeys, moment: datetime) -> RegisteredConsent:
    try:
        record = statement.read_as(ConsentRecord)
    except ConsentError:
        record_id, subject_id = _named_in(statement.body)
        return RegisteredConsent(record_id, subject_id, None, statement, (Reason.CONSENT_MALFORMED,))
    flaws: tuple[Reason, ...] = ()
    try:
        statement.verify(keys, signed_at=record.signed_at, moment=moment)
    except UntrustedKeyError:
        flaws = (Reason.CONSENT_KEY_UNKNOWN,)
    except SignatureError:
        flaws = (Reason.CONSENT_SIGNATURE_INVALID if statement.signature else Reason.CONSENT_UNSIGNED,)
    return RegisteredConsent(record.record_id, record.data_subject.id, record, statement, flaws)


def _named_in(body: dict[str, Any]) -> tuple[str, str]:
    """Record and person of a malformed record. Raises ConsentError: one that may be anybody's spoils the register."""
    subject = body.get("data_subject")
    record_id, subject_id = body.get("record_id"), subject.get("id") if isinstance(subject, dict) else None
    if not isinstance(record_id, str) or not isinstance(subject_id, str):
        raise ConsentError("a record of the register is malformed and doesn't say whose it is")
    return record_id, subject_id


def _cessation(request: Cessation) -> ConsentFinding:
    return ConsentFinding(
        record_id=request.request_id,
        given_by=ConsentGiver.SELF if request.by is Actor.SUBJECT else ConsentGiver.GUARDIAN,
        valid=False,
        reasons=(Reason.CESSATION_REQUESTED,),
        cessation=True,
    )
