"""What may be shown of one face: pure and total. No clock, no file, no pixels, no model.

    0. Is a valid notice bound, naming every function in use and this purpose?   no  -> refuse; nothing runs
    1. Did the person, or a guardian, ask for cessation?                         yes -> REDACT
    2. Is the age known well enough?                                             no  -> treat as a possible minor
       (a policy may ask to redact every doubtful detection, whatever was consented)
    3. Could this be under the guardian-consent age?
       said to be (declared, or by a record); or age unknown; or the estimate is below the challenge age
       and its lower bound, if it can be trusted, below the threshold
    4. Possible minor: is there a valid guardian consent for this purpose,
       scope and moment, and a best-interests reference?                         no  -> REDACT
    5. Adult: does this use need the person's own consent (release to third parties; any use,
       if the policy says so or the purpose rests on consent), and is it there?  no  -> REDACT
       In place without need of one: did the person refuse or object?            yes -> REDACT

    An error while answering is itself an answer: REDACT.

Rule 0 lives in the type: a `DecisionContext` needs a `BoundNotice`, and only the gate makes one. What a person or a
record says of an age can lower the decision and never raise it (FG-A07). Whether a single consent holds is the
register's finding; the engine still asks of each finding what the policy asks, so that one wrong link exposes nobody.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from faceguard.errors import NoticeRequired
from faceguard.policy.challenge import ChallengeAge, check_challenge_age, effective_challenge_age
from faceguard.policy.consent_terms import STATES_GIVEN, ConsentState
from faceguard.policy.document import Policy
from faceguard.policy.gate import BoundNotice
from faceguard.policy.notice import LegalBasis
from faceguard.policy.policy_terms import RedactWhen, ThirdPartyRule
from faceguard.types import (
    AgeAnswer,
    AgeCalibrationFigures,
    AgeEstimate,
    AgeStatus,
    AgeUnknown,
    AgeUnknownReason,
    ConsentFinding,
    ConsentGiver,
    Decision,
    Disclosure,
    Effect,
    Reason,
    Subject,
    SubjectRef,
)

_REFUSED_STATES = frozenset({ConsentState.REFUSED, ConsentState.WITHDRAWN, ConsentState.REVOKED})
_REFUSED_REASONS = frozenset({Reason.CONSENT_REVOKED, Reason.CONSENT_GUARDIAN_OBJECTION})
_REASON_ORDER = {reason: place for place, reason in enumerate(Reason)}


@dataclass(frozen=True, slots=True)
class DecisionContext:
    """What all faces of one run have in common: the bound notice and its policy, the challenge age, the moment."""

    bound: BoundNotice
    challenge: ChallengeAge
    moment: datetime

    def __post_init__(self) -> None:
        if not isinstance(self.bound, BoundNotice):
            raise NoticeRequired("no handling notice is bound; bind one with `bind_notice` first")
        check_challenge_age(self.challenge, self.bound.policy)

    @classmethod
    def of(cls, bound: BoundNotice, *, figures: AgeCalibrationFigures, moment: datetime) -> Self:
        """The context for an age model of these figures. Raises NoticeRequired without a bound notice."""
        if not isinstance(bound, BoundNotice):
            raise NoticeRequired("no handling notice is bound; bind one with `bind_notice` first")
        return cls(bound, effective_challenge_age(bound.policy, figures), moment)

    @property
    def policy(self) -> Policy:
        return self.bound.policy

    @property
    def is_release(self) -> bool:
        return self.bound.disclosure is Disclosure.THIRD_PARTY


@dataclass(frozen=True, slots=True)
class AgeAssessment:
    """What rules 2 and 3 conclude. It holds no age, so a record can keep it and the rest be decided again from it."""

    status: AgeStatus
    under_guardian_age: bool
    """Known to be, or possibly, under the age up to which a guardian decides."""
    unknown_reason: AgeUnknownReason | None = None


def decide(subject: Subject, context: DecisionContext, consents: Sequence[ConsentFinding] = ()) -> Decision:
    """The decision for one face. Never raises for what it is given: an error is REDACT with `Reason.ERROR`."""
    try:
        assessment = assess_age(subject.age, subject.declared_age, context, consents)
        return decide_assessed(subject.index, subject.ref, assessment, context, consents)
    except Exception:  # noqa: BLE001  an error while answering is itself an answer
        return _error(subject, context)


def assess_age(
    age: AgeAnswer, declared_age: int | None, context: DecisionContext, consents: Sequence[ConsentFinding]
) -> AgeAssessment:
    """Rules 2 and 3: whether this is, or could be, a minor."""
    answer = age if _is_usable(age) else AgeUnknown(AgeUnknownReason.LOW_CONFIDENCE)
    unknown_reason = answer.reason if isinstance(answer, AgeUnknown) else None
    if _is_said_to_be_under_guardian_age(declared_age, context, consents):
        return AgeAssessment(AgeStatus.MINOR, under_guardian_age=True, unknown_reason=unknown_reason)
    if isinstance(answer, AgeUnknown):
        return AgeAssessment(AgeStatus.UNKNOWN, under_guardian_age=True, unknown_reason=unknown_reason)
    if not is_clear(answer, context.challenge):
        return AgeAssessment(AgeStatus.MINOR_POSSIBLE, under_guardian_age=True)
    if _is_said_to_be_minor(declared_age, context, consents):
        return AgeAssessment(AgeStatus.MINOR, under_guardian_age=False)
    return AgeAssessment(AgeStatus.ADULT_CLEAR, under_guardian_age=False)


def decide_assessed(
    index: int,
    ref: SubjectRef | None,
    assessment: AgeAssessment,
    context: DecisionContext,
    consents: Sequence[ConsentFinding],
) -> Decision:
    """Rules 1 to 5, once the age is assessed. Also how a record is decided again, since no record holds an age."""
    known = "no" if assessment.unknown_reason else "yes"
    path = [f"2.age_known={known}", f"3.possible_minor={_yes(assessment.under_guardian_age)}"]
    if any(finding.cessation for finding in consents):  # 1
        stopping = next(finding for finding in consents if finding.cessation)
        verdict = _Verdict(Effect.REDACT, stopping.reasons, "1.cessation=yes", stopping)
        return _decision(index, ref, assessment, context, ("1.cessation=yes",), verdict, consents)
    path.insert(0, "1.cessation=no")
    doubtful = assessment.unknown_reason is AgeUnknownReason.LOW_CONFIDENCE
    if doubtful and context.policy.redacts_when(RedactWhen.LOW_CONFIDENCE_DETECTION):  # 2
        verdict = _Verdict(Effect.REDACT, (Reason.LOW_CONFIDENCE_DETECTION,), "2.doubtful_detection=yes")
    elif assessment.under_guardian_age:  # 3 -> 4
        verdict = _possible_minor(assessment, context, consents)
    else:  # 5
        verdict = _adult(assessment, context, consents)
    return _decision(index, ref, assessment, context, (*path, verdict.rule), verdict, consents)


# --------------------------------------------------------------------------------------------- rules 2 and 3


def _is_usable(age: AgeAnswer) -> bool:
    """Whether an answer is one: an estimate that isn't a number is not."""
    if isinstance(age, AgeUnknown):
        return True
    return all(math.isfinite(value) for value in (age.years, age.std_years, age.lower_years))


def is_clear(estimate: AgeEstimate, challenge: ChallengeAge) -> bool:
    """FG-A02. The lower bound counts only if it comes from the calibration that the challenge age comes from."""
    if estimate.years >= challenge.years:
        return True
    same_calibration = bool(estimate.calibration_id) and estimate.calibration_id == challenge.calibration_id
    trusted = challenge.trusts_bound and same_calibration and estimate.lower_years <= estimate.years
    return trusted and estimate.lower_years >= challenge.threshold_years


def _is_said_to_be_under_guardian_age(
    declared_age: int | None, context: DecisionContext, consents: Sequence[ConsentFinding]
) -> bool:
    """By the declared age, or by a record of a minor who has not validly decided for herself (the register lets nobody
    do so whose birth date, by the record, is under the age)."""
    if declared_age is not None and declared_age < context.challenge.threshold_years:
        return True
    decided_herself = any(finding.valid and finding.given_by is ConsentGiver.SELF for finding in consents)
    return not decided_herself and any(_says_minor(finding) for finding in consents)


def _is_said_to_be_minor(
    declared_age: int | None, context: DecisionContext, consents: Sequence[ConsentFinding]
) -> bool:
    best_interests_age = context.policy.age.best_interests_age_years.value
    if declared_age is not None and declared_age < best_interests_age:
        return True
    return any(_says_minor(finding) for finding in consents)


def _says_minor(finding: ConsentFinding) -> bool:
    if finding.subject_is_minor is None:
        return finding.given_by is ConsentGiver.GUARDIAN and not finding.cessation
    return finding.subject_is_minor


# --------------------------------------------------------------------------------------------- rules 4 and 5


@dataclass(frozen=True, slots=True)
class _Verdict:
    effect: Effect
    reasons: tuple[Reason, ...]
    rule: str
    finding: ConsentFinding | None = None
    """The one relied on, or the one that came nearest."""


def _possible_minor(
    assessment: AgeAssessment, context: DecisionContext, consents: Sequence[ConsentFinding]
) -> _Verdict:
    offered = [finding for finding in consents if finding.given_by is ConsentGiver.GUARDIAN]
    best, lacking = _best(offered, context, needs_best_interests=True)
    if best is not None and not lacking:
        return _Verdict(Effect.KEEP, (Reason.GUARDIAN_CONSENT_VALID,), "4.guardian_consent=yes", best)
    why = {
        AgeStatus.UNKNOWN: Reason.AGE_UNKNOWN,
        AgeStatus.MINOR_POSSIBLE: Reason.MINOR_POSSIBLE,
        AgeStatus.MINOR: Reason.MINOR_DECLARED,
    }.get(assessment.status, Reason.MINOR_POSSIBLE)
    if lacking == (Reason.NO_BEST_INTERESTS_REFERENCE,):
        return _Verdict(Effect.REDACT, (why, *lacking), "4.best_interests=no", best)
    if best is None and consents:
        best, lacking = consents[0], _in_order(reason for finding in consents for reason in finding.reasons)
    reasons = tuple(dict.fromkeys((why, Reason.NO_GUARDIAN_CONSENT, *lacking)))
    return _Verdict(Effect.REDACT, reasons, "4.guardian_consent=no", best)


def _adult(assessment: AgeAssessment, context: DecisionContext, consents: Sequence[ConsentFinding]) -> _Verdict:
    is_known_minor = assessment.status is AgeStatus.MINOR
    offered = [finding for finding in consents if finding.given_by is ConsentGiver.SELF]
    best, lacking = _best(offered, context, needs_best_interests=is_known_minor)
    if context.is_release and context.policy.release.third_party.value is ThirdPartyRule.FORBIDDEN:
        return _Verdict(Effect.REDACT, (Reason.POLICY_ALWAYS,), "5.release=forbidden", best)
    if best is not None and not lacking:
        return _Verdict(Effect.KEEP, (Reason.CONSENT_VALID,), "5.consent=yes", best)
    need = _needed_consent(context)
    if need is not None:
        only_interests = lacking == (Reason.NO_BEST_INTERESTS_REFERENCE,)
        reasons = lacking if only_interests else tuple(dict.fromkeys((need, *lacking)))
        return _Verdict(Effect.REDACT, reasons, "5.consent=no", best)
    if context.policy.redacts_when(RedactWhen.REFUSAL_OR_OBJECTION):
        refusal = next((finding for finding in consents if _is_refusal(finding)), None)
        if refusal is not None and not any(finding.valid and not _is_refusal(finding) for finding in offered):
            why = refusal.reasons or (Reason.CONSENT_STATE_NOT_GIVEN,)
            return _Verdict(Effect.REDACT, why, "5.refused=yes", refusal)
    if is_known_minor:
        return _Verdict(Effect.REDACT, (Reason.NO_BEST_INTERESTS_REFERENCE,), "5.best_interests=no", best)
    return _Verdict(Effect.KEEP, (Reason.ADULT_IN_PLACE,), "5.consent=not_needed")


def _needed_consent(context: DecisionContext) -> Reason | None:
    """Why an adult's own consent is needed for this use; None if it isn't."""
    if context.is_release:
        return Reason.RELEASE_WITHOUT_CONSENT
    if context.policy.redacts_when(RedactWhen.ADULT_WITHOUT_CONSENT):
        return Reason.NO_CONSENT
    if context.policy.redacts_when(RedactWhen.WITHOUT_WRITTEN_RELEASE):
        return Reason.WRITTEN_RELEASE_REQUIRED
    return Reason.NO_CONSENT if context.bound.legal_basis is LegalBasis.CONSENT else None


def _is_refusal(finding: ConsentFinding) -> bool:
    return finding.state in _REFUSED_STATES or not _REFUSED_REASONS.isdisjoint(finding.reasons)


def _best(
    offered: Sequence[ConsentFinding], context: DecisionContext, *, needs_best_interests: bool
) -> tuple[ConsentFinding | None, tuple[Reason, ...]]:
    """The finding that lacks least for this use, and what it lacks; None if nothing was offered."""
    judged = [(_lacking(finding, context, needs_best_interests), finding) for finding in offered]
    if not judged:
        return None, ()
    lacking, best = min(judged, key=lambda pair: len(pair[0]))
    return best, lacking


def _lacking(finding: ConsentFinding, context: DecisionContext, needs_best_interests: bool) -> tuple[Reason, ...]:
    """What `finding` lacks to be relied on; empty if nothing."""
    policy, lacking = context.policy, set(finding.reasons)
    if finding.valid and finding.state is not None and finding.state not in STATES_GIVEN:  # FG-C10, asked again
        lacking.add(Reason.CONSENT_STATE_NOT_GIVEN)
    if finding.given_by is ConsentGiver.GUARDIAN:
        rules = policy.consent
        least = (rules.min_guardian_level_release if context.is_release else rules.min_guardian_level).value
        if finding.guardian_level is None or finding.guardian_level < least:
            lacking.add(Reason.CONSENT_GUARDIAN_LEVEL_TOO_LOW)
    if context.is_release and not finding.covers_release:
        lacking.add(Reason.CONSENT_NOT_FOR_RELEASE)
    if policy.redacts_when(RedactWhen.WITHOUT_WRITTEN_RELEASE) and not finding.written_release:
        lacking.add(Reason.WRITTEN_RELEASE_REQUIRED)
    if needs_best_interests and not (finding.best_interests_ref or "").strip():  # FG-T04
        lacking.add(Reason.NO_BEST_INTERESTS_REFERENCE)
    if not finding.valid and not lacking:
        lacking.add(Reason.CONSENT_MALFORMED)
    return _in_order(lacking)


# ------------------------------------------------------------------------------------------------- decisions


def _decision(
    index: int,
    ref: SubjectRef | None,
    assessment: AgeAssessment,
    context: DecisionContext,
    path: tuple[str, ...],
    verdict: _Verdict,
    consents: Sequence[ConsentFinding],
) -> Decision:
    finding = verdict.finding
    return Decision(
        index=index,
        effect=verdict.effect,
        reasons=verdict.reasons,
        rule_path=path,
        age_status=assessment.status,
        age_unknown_reason=assessment.unknown_reason,
        threshold=context.challenge.threshold_years,
        challenge_age=context.challenge.years,
        subject=ref,
        consent_id=(finding.record_id or None) if finding else None,
        consent_state=finding.state if finding else None,
        guardian_level=finding.guardian_level if finding else None,
        best_interests_ref=finding.best_interests_ref if finding else None,
        under_guardian_age=assessment.under_guardian_age,
        findings=tuple(consents),
    )


def _error(subject: Subject, context: DecisionContext) -> Decision:
    return Decision(
        index=getattr(subject, "index", -1),
        effect=Effect.REDACT,
        reasons=(Reason.ERROR,),
        rule_path=("error",),
        age_status=AgeStatus.UNKNOWN,
        threshold=context.challenge.threshold_years,
        challenge_age=context.challenge.years,
        subject=getattr(subject, "ref", None),
    )


def _in_order(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    return tuple(sorted(set(reasons), key=_REASON_ORDER.__getitem__))


def _yes(answer: bool) -> str:
    return "yes" if answer else "no"
