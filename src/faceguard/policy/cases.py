"""Policy cases: a subject, consents, a purpose and a moment, and the decision that a policy has to give.

Each TOML file under `policies/cases` is about one policy. A case goes through the real gate, register and engine, with
the shipped notice; only signatures are taken as said (`flaw`), since what they prove is not the policy's business.
`faceguard policy test` runs them, and an operator's own cases for an operator's own policy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Self
from uuid import UUID

from pydantic import AwareDatetime, Field, model_validator

from faceguard.errors import NoticeError, PolicyError
from faceguard.policy.case_consent import CaseConsent
from faceguard.policy.consent import Cessation
from faceguard.policy.consent_terms import Actor
from faceguard.policy.document import Identifier, NonBlank, Policy, Strict
from faceguard.policy.engine import DecisionContext, decide
from faceguard.policy.gate import bind_notice
from faceguard.policy.load import load_policy
from faceguard.policy.notice import HandlingNotice, load_notice
from faceguard.policy.register import ConsentRegister
from faceguard.policy.toml_file import parse, read_toml
from faceguard.policy.validity import ConsentUse
from faceguard.resources import resource_dir
from faceguard.types import (
    AgeAnswer,
    AgeCalibrationFigures,
    AgeEstimate,
    AgeUnknown,
    AgeUnknownReason,
    Effect,
    Function,
    LinkMethod,
    Reason,
    Subject,
    SubjectRef,
)

PERSON = "person-1"
CASE_MOMENT = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
"""When a case happens that doesn't say."""

_CALIBRATION = "case"
_FUNCTIONS = frozenset({Function.FACE_DETECTION, Function.AGE_ESTIMATION, Function.REDACTION})


class CaseAge(Strict):
    """An estimate with its lower bound, or why there is none."""

    estimate: float | None = None
    lower: float = 0.0
    unknown: AgeUnknownReason | None = None

    @model_validator(mode="after")
    def _is_one_or_the_other(self) -> Self:
        if (self.estimate is None) == (self.unknown is None):
            raise ValueError("an age is either an estimate or unknown")
        return self

    def answer(self, *, calibration_id: str) -> AgeAnswer:
        if self.estimate is None:
            return AgeUnknown(self.unknown or AgeUnknownReason.NOT_YET)
        return AgeEstimate(self.estimate, 4.0, self.lower, "case", calibration_id)


class Case(Strict):
    """One claim about a policy: either a decision (`expect`, `reasons`), or that the gate refuses (`refuses`)."""

    name: NonBlank
    purpose: str
    moment: AwareDatetime = CASE_MOMENT
    age: CaseAge
    declared_age: int | None = None
    calibrated: bool = True
    measured_challenge_age: float = 0.0
    """What was measured of the age model for this policy's threshold and rate."""
    event: str | None = "spring-fair"
    consents: tuple[CaseConsent, ...] = ()
    cessation: AwareDatetime | None = None
    """When the person asked to stop."""
    register_age_hours: Annotated[float, Field(ge=0)] = 0.5
    register_untrusted: bool = False
    expect: Effect | None = None
    reasons: tuple[Reason, ...] = ()
    refuses: str | None = None
    """The code of the error with which nothing runs."""

    @model_validator(mode="after")
    def _expects_one_thing(self) -> Self:
        if (self.expect is None) == (self.refuses is None) or bool(self.reasons) != bool(self.expect):
            raise ValueError("a case expects an effect with its reasons, or a refusal")
        return self


class CaseFile(Strict):
    """All cases of one policy. `policy` is a preset, or a file beside this one."""

    policy: NonBlank
    case: tuple[Case, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What came of one case; `passed` when it is what was expected."""

    file: Path
    policy_id: Identifier
    case: Case
    actual: str

    @property
    def expected(self) -> str:
        return self.case.refuses or _shown(self.case.expect, self.case.reasons)

    @property
    def passed(self) -> bool:
        return self.actual == self.expected


def run_cases(folder: str | Path | None = None) -> tuple[CaseResult, ...]:
    """Runs every case file of `folder`, by default the shipped ones. Raises PolicyError for a file that isn't one."""
    place = Path(folder) if folder is not None else resource_dir("policies") / "cases"
    files = sorted(place.glob("*.toml")) if place.is_dir() else [place]
    if not files:
        raise PolicyError(f"`{place}` holds no case files (*.toml); name another folder", path=place)
    return tuple(result for file in files for result in _run_file(file))


def shipped_notice() -> HandlingNotice:
    """The example notice that comes with the package; complete for every preset."""
    return load_notice(resource_dir("policies") / "notices" / "example.toml")


def _run_file(path: Path) -> Iterator[CaseResult]:
    file = read_toml(path, error=PolicyError, what="case file")
    cases = parse(CaseFile, file.value, file, error=PolicyError)
    beside = path.parent / cases.policy
    policy = load_policy(beside if beside.suffix and beside.exists() else cases.policy)
    notice = shipped_notice()
    for case in cases.case:
        yield CaseResult(path, policy.policy_id, case, _outcome(case, policy, notice))


def _outcome(case: Case, policy: Policy, notice: HandlingNotice) -> str:
    try:
        bound = bind_notice(notice, policy=policy, purpose=case.purpose, functions=_FUNCTIONS, moment=case.moment)
    except NoticeError as refusal:
        return refusal.code
    figures = _figures(case, policy)
    context = DecisionContext.of(bound, figures=figures, moment=case.moment)
    use = ConsentUse(
        purpose=bound.purpose,
        disclosure=bound.disclosure,
        moment=case.moment,
        notice=bound.ref,
        notice_from=notice.effective_from,
        event=case.event,
    )
    findings = _register(case, notice).findings(PERSON, use=use, policy=policy)
    subject = Subject(
        index=0,
        age=case.age.answer(calibration_id=figures.calibration_id),
        ref=SubjectRef(PERSON, LinkMethod.REGION),
        declared_age=case.declared_age,
    )
    decision = decide(subject, context, findings)
    return _shown(decision.effect, decision.reasons)


def _figures(case: Case, policy: Policy) -> AgeCalibrationFigures:
    if not case.calibrated:
        return AgeCalibrationFigures("", ("case",))
    age = policy.age
    triple = (
        float(age.guardian_consent_age_years.value),
        age.max_false_adult_rate.value,
        case.measured_challenge_age,
    )
    return AgeCalibrationFigures(_CALIBRATION, ("case",), (triple,))


def _register(case: Case, notice: HandlingNotice) -> ConsentRegister:
    issued_at = case.moment - timedelta(hours=case.register_age_hours)
    if case.register_untrusted:
        return ConsentRegister(issued_at=issued_at, untrusted_because="as the case says")
    consents, revocations = [], {}
    for number, consent in enumerate(case.consents, start=1):
        registered = consent.registered(number, PERSON, case.purpose, case.event, notice.ref)
        consents.append(registered)
        revocations[registered.record_id] = consent.revocations(registered.record_id)
    stopped: tuple[Cessation, ...] = ()
    if case.cessation is not None:
        request = Cessation(
            request_id=str(UUID(int=1, version=4)),
            subject_id=PERSON,
            time_utc=case.cessation.astimezone(UTC),
            by=Actor.SUBJECT,
        )
        stopped = (request,)
    return ConsentRegister(tuple(consents), revocations, stopped, issued_at)


def _shown(effect: Effect | None, reasons: tuple[Reason, ...]) -> str:
    return f"{effect}: {', '.join(reasons)}"
