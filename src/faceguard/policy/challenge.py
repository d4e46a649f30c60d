"""The challenge age in force: the policy's own, or a higher one when the age model turns out to need it (FG-A03).

A challenge age is what an estimate has to reach before a face counts as an adult's. A policy declares one for
calibrated and one for uncalibrated models; what was measured of the model at hand can raise it and never lower it.
What is in force stands in every decision, so that configured and declared can't drift apart (FG-A04).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from faceguard.errors import PolicyError
from faceguard.policy.document import Policy
from faceguard.types import AgeCalibrationFigures


class ChallengeBasis(StrEnum):
    """Where the challenge age comes from."""

    DECLARED = "declared"
    """The policy's, and the model's measured figures hold its rate there."""
    MEASURED = "measured"
    """Raised: the model needs more than the policy declares to hold its rate."""
    UNCALIBRATED = "uncalibrated"
    """Nothing was measured that answers this policy, so its wide default holds."""


@dataclass(frozen=True, slots=True)
class ChallengeAge:
    """Ages in years; `years` is the one in force for the guardian-consent age `threshold_years`."""

    years: float
    declared_years: float
    threshold_years: float
    basis: ChallengeBasis
    calibration_id: str = ""

    @property
    def raised(self) -> bool:
        return self.years > self.declared_years

    @property
    def trusts_bound(self) -> bool:
        """Whether an estimate's lower bound may clear a face: only that of a calibrated model."""
        return self.basis is not ChallengeBasis.UNCALIBRATED


def effective_challenge_age(policy: Policy, figures: AgeCalibrationFigures) -> ChallengeAge:
    """The challenge age for `policy` with a model of these figures.

    Of the measured triples, one answers the policy if it is for its threshold or a higher one and for its rate or a
    stricter one; the nearest such is taken. If there is none, the model counts as uncalibrated.
    """
    age = policy.age
    threshold = float(age.guardian_consent_age_years.value)
    answering = [
        (measured_threshold, -rate, years)
        for measured_threshold, rate, years in figures.challenge_ages
        if measured_threshold >= threshold and rate <= age.max_false_adult_rate.value
    ]
    if not figures.calibration_id or not answering:
        wide = float(age.challenge_age_uncalibrated_years.value)
        return ChallengeAge(wide, wide, threshold, ChallengeBasis.UNCALIBRATED, figures.calibration_id)
    declared = float(age.challenge_age_calibrated_years.value)
    measured = min(answering)[2]
    basis = ChallengeBasis.MEASURED if measured > declared else ChallengeBasis.DECLARED
    return ChallengeAge(max(declared, measured), declared, threshold, basis, figures.calibration_id)


def check_challenge_age(challenge: ChallengeAge, policy: Policy) -> None:
    """Raises PolicyError when `challenge` is less than `policy` allows: configured must not fall below declared."""
    age = policy.age
    calibrated = challenge.basis is not ChallengeBasis.UNCALIBRATED
    floor = age.challenge_age_calibrated_years if calibrated else age.challenge_age_uncalibrated_years
    if challenge.threshold_years != age.guardian_consent_age_years.value or not challenge.years >= floor.value:
        raise PolicyError(
            f"the challenge age in use, {challenge.years:g} for the threshold {challenge.threshold_years:g}, "
            f"is not that of `{policy.policy_id}`; use `effective_challenge_age`",
            expected=f"{floor.value:g}",
            actual=f"{challenge.years:g}",
        )
