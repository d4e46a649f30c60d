"""Where and when a person was referred to: every use of a consent, out of the audit log (section 4, visible use).

The log names a person by a salted hash alone, so whoever asks has to bring the key: the register has it. What is told
is no more than the log holds: no picture, no name, no exact place in one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from faceguard.audit.record import Action, AuditRecord, FaceInput, salted_digest
from faceguard.audit.verify import VerifiedLog, read_log, verify_log
from faceguard.signing import TrustedKeys
from faceguard.types import Disclosure, Effect, Reason


@dataclass(frozen=True, slots=True)
class UseOfConsent:
    """One face in one picture or video for which the consent was asked, or in which the person was named.

    `decision_id` is the record's number in the log, `asset_digest` its salted name of the file (None for pixels that
    came from memory). `relied_on` says whether it was this very consent that was held against the use. `shown` says
    whether the face left uncovered; what is only tried out (`dry_run`) or withheld shows nobody.
    """

    log: Path
    line: int
    decision_id: str
    moment: datetime
    action: Action
    asset_digest: str | None
    media_type: str
    purpose: str
    to_third_parties: bool
    event: str | None
    collection: str | None
    place: str | None
    face: int
    linked_by: str | None
    effect: Effect
    reasons: tuple[Reason, ...]
    relied_on: bool

    @property
    def shown(self) -> bool:
        return self.effect is Effect.KEEP and self.action is Action.RELEASE


def uses_in(
    log: Path, *, record_id: str, subject_key: str | None, keys: TrustedKeys | None, moment: datetime
) -> tuple[VerifiedLog, tuple[UseOfConsent, ...]]:
    """The uses of consent `record_id` in one log, and of its person where no consent counted, in the log's order.

    The whole log is verified before anything in it is told. Raises AuditIntegrityError if it doesn't hold.
    """
    verified = verify_log(log, keys=keys, moment=moment)
    found = [
        use
        for entry in read_log(log, keys=keys, moment=moment)
        for use in _uses(log, entry.seq + 1, entry.record, record_id, subject_key)
    ]
    return verified, tuple(found)


def _uses(log: Path, line: int, record: AuditRecord, record_id: str, subject_key: str | None) -> Iterator[UseOfConsent]:
    asset, scope = record.input.asset, record.input.scope
    named = None if subject_key is None else salted_digest(asset.salt, [subject_key.encode()])
    for question, answer in zip(record.input.faces, record.result.faces, strict=True):
        relied_on = answer.consent is not None and answer.consent.record_id == record_id
        if relied_on or _is(question, named):
            yield UseOfConsent(
                log=log,
                line=line,
                decision_id=record.decision_id,
                moment=record.timestamp,
                action=record.result.action,
                asset_digest=asset.salted_sha256,
                media_type=asset.media_type,
                purpose=record.input.purpose,
                to_third_parties=record.input.disclosure is Disclosure.THIRD_PARTY,
                event=None if scope is None else scope.event,
                collection=None if scope is None else scope.collection,
                place=None if scope is None else scope.place,
                face=answer.index,
                linked_by=None if question.subject is None else question.subject.linked_by.value,
                effect=answer.effect,
                reasons=answer.reason_codes,
                relied_on=relied_on,
            )


def _is(question: FaceInput, named: str | None) -> bool:
    return named is not None and question.subject is not None and question.subject.salted_key_sha256 == named
