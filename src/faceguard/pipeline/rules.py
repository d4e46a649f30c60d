"""What binds a run: policy, notice, purpose and consents. The only way from a face to a decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from faceguard.pipeline.consent_source import ConsentSource
from faceguard.policy.challenge import ChallengeAge
from faceguard.policy.document import Policy
from faceguard.policy.engine import AgeAssessment, DecisionContext, assess_age, decide, decide_assessed
from faceguard.policy.gate import BoundNotice, bind_notice
from faceguard.policy.notice import HandlingNotice
from faceguard.policy.policy_terms import WhenTrackingLost
from faceguard.policy.register import ConsentRegister
from faceguard.policy.validity import ConsentUse
from faceguard.redaction.coverage import RegionKind, head_region
from faceguard.types import (
    AgeAnswer,
    AgeCalibrationFigures,
    AgeEstimate,
    AgeStatus,
    Box,
    ConsentFinding,
    Decision,
    Detection,
    Function,
    Subject,
    SubjectRef,
)

_NO_OBSTACLE = AgeEstimate(years=120.0, std_years=0.0, lower_years=120.0, model_id="")

UNCALIBRATED = AgeCalibrationFigures("", ())
"""The figures of a run without an age model."""


@dataclass(frozen=True, slots=True)
class AssetScope:
    """What of an asset a consent's scope may name: the input file's digest (hex) and the operator's own names."""

    sha256: str | None = None
    event: str | None = None
    collection: str | None = None
    place: str | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """The documents of a run, before any notice is bound."""

    policy: Policy
    notice: HandlingNotice | None
    purpose: str
    consents: ConsentSource
    successors: Sequence[HandlingNotice] = ()

    def bind(
        self,
        functions: frozenset[Function],
        figures: AgeCalibrationFigures,
        *,
        moment: datetime,
        captured_at: datetime | None = None,
    ) -> BoundRules:
        """Passes the notice gate, or raises NoticeError: nothing may look at a picture before (FG-N01)."""
        bound = bind_notice(
            self.notice,
            policy=self.policy,
            purpose=self.purpose,
            functions=functions,
            moment=moment,
            capture_time=captured_at,
            successors=self.successors,
        )
        context = DecisionContext.of(bound, figures=figures, moment=moment)
        return BoundRules(self, context, self.consents.at(moment), captured_at)


@dataclass(frozen=True, slots=True)
class BoundRules:
    """Rules that may be asked: a notice is bound, for this moment."""

    rules: Rules
    context: DecisionContext
    register: ConsentRegister
    captured_at: datetime | None = None

    @property
    def policy(self) -> Policy:
        return self.rules.policy

    @property
    def notice(self) -> BoundNotice:
        return self.context.bound

    @property
    def challenge(self) -> ChallengeAge:
        return self.context.challenge

    @property
    def moment(self) -> datetime:
        return self.context.moment

    def decide(self, subject: Subject, asset: AssetScope) -> Decision:
        """What the policy says of one face. Total: an error while asking is REDACT."""
        return decide(subject, self.context, self.findings(subject.ref, asset))

    def assess(
        self, age: AgeAnswer, declared_age: int | None, ref: SubjectRef | None, asset: AssetScope
    ) -> AgeAssessment:
        """What an age answer amounts to under the policy: all that a plan may keep of it (FG-A08)."""
        return assess_age(age, declared_age, self.context, self.findings(ref, asset))

    def reassess(
        self, assessment: AgeAssessment, declared_age: int | None, ref: SubjectRef | None, asset: AssetScope
    ) -> AgeAssessment:
        """`assessment` lowered by what the person or a record says of the age; never raised (FG-A07).

        What is said is assessed with an age that is no obstacle, and the stricter of the two counts.
        """
        said = self.assess(_NO_OBSTACLE, declared_age, ref, asset)
        stricter = said.under_guardian_age > assessment.under_guardian_age or (
            said.status is AgeStatus.MINOR and assessment.status is not AgeStatus.MINOR
        )
        return replace(said, unknown_reason=assessment.unknown_reason) if stricter else assessment

    def decide_assessed(
        self, index: int, ref: SubjectRef | None, assessment: AgeAssessment, asset: AssetScope
    ) -> Decision:
        """As `decide`, for a face whose age was assessed before, under this very policy."""
        return decide_assessed(index, ref, assessment, self.context, self.findings(ref, asset))

    def findings(self, ref: SubjectRef | None, asset: AssetScope) -> Sequence[ConsentFinding]:
        """What the consents say of a subject for this use."""
        use = ConsentUse(
            purpose=self.notice.purpose,
            disclosure=self.notice.disclosure,
            moment=self.moment,
            notice=self.notice.ref,
            notice_from=self.notice.notice.effective_from,
            asset_sha256=asset.sha256,
            event=asset.event,
            collection=asset.collection,
            place=asset.place,
        )
        key = ref.key if ref is not None else None
        return self.register.findings(key, use=use, policy=self.policy)

    @property
    def covers_when_lost(self) -> bool:
        """Whether the whole picture is covered while many faces of a video are lost at once."""
        return self.policy.redaction.when_tracking_lost.value is WhenTrackingLost.HOLD

    def region_of(self, detection: Detection) -> Box:
        """What is covered of a face: head or face as the policy says, with its margin."""
        redaction = self.policy.redaction
        return head_region(detection, redaction.margin.value, RegionKind(redaction.region.value))
