"""Decides again what a log says was decided, from the record, the policy, the notice and the consents alone (FG-D03).

    1. The notice gate lets the use through, or refuses it with the error that was recorded.
    2. The challenge age is one that the policy allows.
    3. The register, as it stood then, says of each face what the record says it said.
    4. What was concluded of the age is possible, and no milder than what the register says of the person.
    5. The engine gives the recorded effect, for the recorded reasons, by the recorded rules.

What can't be asked again is the age itself: no record holds an estimate (FG-A08), only what was concluded from it. No
picture, model or clock is needed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from faceguard.audit.chain import Entry
from faceguard.audit.compose import answer_of, finding_entry
from faceguard.audit.record import Action, AuditRecord, FaceAnswer, FaceInput, FindingEntry, salted_digest
from faceguard.errors import NoticeError, PolicyError
from faceguard.evidence.texts import ReplayTexts
from faceguard.policy.challenge import ChallengeAge, ChallengeBasis
from faceguard.policy.document import Policy
from faceguard.policy.engine import AgeAssessment, DecisionContext, assess_age, decide_assessed
from faceguard.policy.gate import BoundNotice, bind_notice
from faceguard.policy.register import UNTRUSTED, ConsentRegister
from faceguard.policy.register_past import RegisterHistory
from faceguard.policy.validity import ConsentUse
from faceguard.types import AgeEstimate, AgeStatus, ConsentFinding, Decision, Effect, SubjectRef

_NO_OBSTACLE = AgeEstimate(years=120.0, std_years=0.0, lower_years=120.0, model_id="")
_UNKNOWN_PERSON = ""
"""Stands for somebody of whom the register says nothing; no key is empty."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The first record (line from 1), and the face in it, of which the replay doesn't come to the recorded answer."""

    line: int
    record_id: str
    face: int | None
    what: str

    def __str__(self) -> str:
        face = "" if self.face is None else f", face {self.face}"
        return f"line {self.line}, record {self.record_id}{face}: {self.what}"


@dataclass(slots=True)
class Replay:
    """What was decided again, and the first difference; None if there is none."""

    records: int = 0
    faces: int = 0
    refusals: int = 0
    errors: list[int] = field(default_factory=list)
    """Lines with a face that was redacted because asking raised an error: protective, and not to be reproduced."""
    not_believed: list[int] = field(default_factory=list)
    """Lines whose register was not believed, so that every face was redacted."""
    without_inputs: list[int] = field(default_factory=list)
    """Lines of schema version 1, which lacks what a replay needs."""
    difference: Difference | None = None


def replay_log(entries: Iterable[Entry], texts: ReplayTexts) -> Replay:
    """Decides every record again, up to the first that differs.

    Raises ConfigurationError when a text that a record rests on is not among `texts`.
    """
    replay = Replay()
    for entry in entries:
        line, record = entry.seq + 1, entry.record
        if record.schema_version == "1":
            replay.without_inputs.append(line)
            continue
        try:
            _replay_record(record, texts, replay, line)
        except _Differs as found:
            replay.difference = Difference(line, record.decision_id, found.face, found.what)
            break
        replay.records += 1
    return replay


class _Differs(Exception):
    """Ends the replay of a record; never leaves this module."""

    def __init__(self, what: str, face: int | None = None) -> None:
        super().__init__(what)
        self.what, self.face = what, face


def _replay_record(record: AuditRecord, texts: ReplayTexts, replay: Replay, line: int) -> None:
    policy = texts.policy_of(record)
    if _asked_nothing(record):
        return
    bound = _bind(record, policy, texts)  # 1
    if bound is None:
        replay.refusals += 1
        return
    if not record.input.faces:
        return
    context = _context(record, bound)  # 2
    history = texts.register_of(record)
    if _is_untrusted(record):
        replay.not_believed.append(line)
    for question, answer in zip(record.input.faces, record.result.faces, strict=True):
        if answer.rule_path == ("error",):
            if answer.effect is not Effect.REDACT:
                raise _Differs("kept after an error", question.index)
            replay.errors.append(line)
            continue
        found = _findings(record, question, context, history)  # 3
        assessment = _assessment(question, context, found)  # 4
        _compare(question, answer, decide_assessed(question.index, _ref(question), assessment, context, found))  # 5
        replay.faces += 1


def _asked_nothing(record: AuditRecord) -> bool:
    """Whether it is of a request that was carried out, or of counts: then no face was decided on, and no gate asked."""
    if record.input.functions is not None or record.input.faces:
        return False
    carried_out = record.result.action is Action.ERASE or record.result.operator_override is not None
    return record.statistics_mode or carried_out


# ------------------------------------------------------------------------------------------------------- 1 and 2


def _bind(record: AuditRecord, policy: Policy, texts: ReplayTexts) -> BoundNotice | None:
    """The notice as the gate lets it through; None if it refuses, as it did."""
    entry, question = record.bundles.policy, record.input
    if entry.weakened_from_preset != policy.weakened_from_preset:
        raise _Differs("the record and the policy name other rules as weakened")
    if question.functions is None:
        raise _Differs("the record does not say what ran")
    refused = record.result.error if record.result.action is Action.REFUSE else None
    try:
        bound = bind_notice(
            texts.notice_of(record),
            policy=policy,
            purpose=question.purpose,
            functions=question.functions,
            moment=record.timestamp,
            capture_time=question.captured_at,
            successors=tuple(texts.notices.values()),
        )
    except NoticeError as error:
        if error.code == refused:
            return None
        raise _Differs(
            f"the gate refuses with {error.code} ({error.message}), and the record says it {_said(refused)}"
        ) from error
    if refused is not None:
        raise _Differs(f"the gate lets it through, and the record says it refused with {refused}")
    if bound.disclosure is not question.disclosure:
        raise _Differs(f"the notice's purpose is {bound.disclosure}, and the record says {question.disclosure}")
    return bound


def _said(refused: str | None) -> str:
    return "let it through" if refused is None else f"refused with {refused}"


def _context(record: AuditRecord, bound: BoundNotice) -> DecisionContext:
    entry, age = record.input.challenge, bound.policy.age
    if entry is None:
        raise _Differs("the record names no challenge age")
    uncalibrated = entry.basis == ChallengeBasis.UNCALIBRATED
    declared = (age.challenge_age_uncalibrated_years if uncalibrated else age.challenge_age_calibrated_years).value
    try:
        challenge = ChallengeAge(
            years=entry.years,
            declared_years=entry.declared_years,
            threshold_years=float(age.guardian_consent_age_years.value),
            basis=ChallengeBasis(entry.basis),
            calibration_id=entry.calibration_id,
        )
        context = DecisionContext(bound, challenge, record.timestamp)
    except (PolicyError, ValueError) as error:
        raise _Differs(f"the challenge age does not hold: {error}") from error
    if entry.declared_years != declared:
        raise _Differs(f"the policy declares the challenge age {declared:g}, and the record {entry.declared_years:g}")
    return context


# ------------------------------------------------------------------------------------------------------- 3 and 4


def _is_untrusted(record: AuditRecord) -> bool:
    """Whether the register was not believed when this was decided: then it said the same of everybody."""
    only = (finding_entry(UNTRUSTED),)
    return record.bundles.consent_register_entries is None and all(f.findings == only for f in record.input.faces)


def _findings(
    record: AuditRecord, question: FaceInput, context: DecisionContext, history: RegisterHistory | None
) -> tuple[ConsentFinding, ...]:
    if _is_untrusted(record):
        return (UNTRUSTED,)
    register = _register(record, history)
    found = register.findings(
        _key(record, question, history), use=_use(record, context, history), policy=context.policy
    )
    recorded = question.findings or ()
    for said, then in zip((finding_entry(finding) for finding in found), recorded, strict=False):
        if said != then:
            raise _Differs(_other_finding(said, then), question.index)
    if len(found) != len(recorded):
        raise _Differs(
            f"the register says {len(found)} things of this person, and the record {len(recorded)}", question.index
        )
    return found


def _register(record: AuditRecord, history: RegisterHistory | None) -> ConsentRegister:
    bundles = record.bundles
    if history is None or bundles.consent_register_entries is None:
        return ConsentRegister.empty()
    return history.at(
        bundles.consent_register_entries, issued_at=bundles.consent_register_issued_at, moment=record.timestamp
    )


def _key(record: AuditRecord, question: FaceInput, history: RegisterHistory | None) -> str | None:
    """The person whose salted key the record has."""
    if question.subject is None:
        return None
    salt, wanted = record.input.asset.salt, question.subject.salted_key_sha256
    keys = history.subject_keys if history is not None else ()
    return next((key for key in keys if salted_digest(salt, [key.encode()]) == wanted), _UNKNOWN_PERSON)


def _use(record: AuditRecord, context: DecisionContext, history: RegisterHistory | None) -> ConsentUse:
    bound, scope = context.bound, record.input.scope
    use = ConsentUse(
        purpose=bound.purpose,
        disclosure=bound.disclosure,
        moment=record.timestamp,
        notice=bound.ref,
        notice_from=bound.notice.effective_from,
    )
    if scope is None:
        return use
    files, salt = history.named_files if history is not None else (), record.input.asset.salt
    named = next((sha for sha in files if salted_digest(salt, [sha.encode()]) == scope.salted_file_sha256), None)
    return replace(use, asset_sha256=named, event=scope.event, collection=scope.collection, place=scope.place)


def _other_finding(said: FindingEntry, then: FindingEntry) -> str:
    if said.record_id != then.record_id:
        return f"the register answers with consent {said.record_id}, and the record with {then.record_id}"
    names = [name for name in type(said).model_fields if getattr(said, name) != getattr(then, name)]
    changes = "; ".join(
        f"{name}: {_shown(getattr(said, name))}, recorded {_shown(getattr(then, name))}" for name in names
    )
    return f"the register says of consent {said.record_id} {changes}"


def _assessment(question: FaceInput, context: DecisionContext, found: tuple[ConsentFinding, ...]) -> AgeAssessment:
    status, under = question.age.status, question.age.under_guardian_age
    certain = {AgeStatus.UNKNOWN: True, AgeStatus.MINOR_POSSIBLE: True, AgeStatus.ADULT_CLEAR: False}
    if under is None or certain.get(status, under) != under:
        raise _Differs(f"`{status}` does not go with the age group recorded", question.index)
    said = assess_age(_NO_OBSTACLE, None, context, found)
    if (said.under_guardian_age and not under) or (said.status is AgeStatus.MINOR and status is AgeStatus.ADULT_CLEAR):
        raise _Differs(f"the register says that this is a minor, and the record says `{status}`", question.index)
    return AgeAssessment(status, under, question.age.unknown_reason)


def _ref(question: FaceInput) -> SubjectRef | None:
    subject = question.subject
    return None if subject is None else SubjectRef(subject.salted_key_sha256, subject.linked_by)


# -------------------------------------------------------------------------------------------------------------- 5


def _compare(question: FaceInput, answer: FaceAnswer, decision: Decision) -> None:
    again = answer_of(decision)
    for name in ("effect", "reason_codes", "rule_path", "consent", "best_interests_ref"):
        now, then = getattr(again, name), getattr(answer, name)
        if now != then:
            raise _Differs(f"{name} is {_shown(now)}, recorded {_shown(then)}", question.index)
    limits = (question.age.threshold_years, question.age.challenge_age_years)
    if limits != (decision.threshold, decision.challenge_age):
        raise _Differs(
            f"the limits of age are {decision.threshold:g} and {decision.challenge_age:g}, recorded {limits}",
            question.index,
        )


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(str(part) for part in value) or "nothing"
    return str(value) if value is not None else "nothing"
