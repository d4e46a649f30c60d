"""Ages of labelled pictures: how far off, which children are passed as adults, which adults aren't, at what cost."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from faceguard.age.evaluation import FALSE_ADULT_AGES, Case, Evaluation, OperatingPoint, Rate, evaluate, passed_between
from faceguard.age.labelled import LabelledSet, faces, too_weak
from faceguard.bench.measure import centre_ms
from faceguard.bench.report import Better, Measurement
from faceguard.policy.challenge import ChallengeAge, effective_challenge_age
from faceguard.policy.document import Policy
from faceguard.policy.engine import is_clear
from faceguard.policy.load import PRESETS, load_policy
from faceguard.types import AgeAnswer, AgeCalibrationFigures, AgeEstimate, AgeEstimator, Detection, Detector

_OLDEST = 120
_BANDS: tuple[tuple[str, int, int, Better], ...] = (
    ("under 12", 0, 11, "lower"),
    ("12 to 15", 12, 15, "lower"),
    ("20 to 29", 20, 29, "higher"),
    ("30 and over", 30, _OLDEST, "higher"),
)


@dataclass(frozen=True, slots=True)
class Looked:
    """One picture: true age, groups, and the largest face with the estimator's answer; None where no face was found."""

    age: int
    groups: tuple[tuple[str, str], ...]
    face: tuple[Detection, AgeAnswer] | None


@dataclass(frozen=True, slots=True)
class PolicyResult:
    """All pictures under one policy."""

    policy: Policy
    challenge: ChallengeAge
    cases: tuple[Case, ...]
    evaluation: Evaluation

    def passes(self, estimate: AgeEstimate) -> bool:
        return is_clear(estimate, self.challenge)


def one_for_each_threshold() -> list[Policy]:
    """The first preset of every guardian-consent age."""
    by_threshold: dict[float, Policy] = {}
    for name in PRESETS:
        policy = load_policy(name)
        by_threshold.setdefault(float(policy.age.guardian_consent_age_years.value), policy)
    return list(by_threshold.values())


def look_at_all(
    labelled: LabelledSet, detector: Detector, estimator: AgeEstimator, progress: Callable[[str], None]
) -> tuple[tuple[Looked, ...], tuple[float, ...]]:
    """Every picture once, and the CPU seconds of each face's estimate after the first, which loads the networks."""
    looked: list[Looked] = []
    seconds: list[float] = []
    is_loaded = False
    for number, (label, crop) in enumerate(faces(labelled, detector), start=1):
        progress(f"{number} of {len(labelled.labels)} pictures")
        found = None
        if crop is not None:
            if not is_loaded:
                estimator.estimate([crop])
                is_loaded = True
            start = time.process_time()
            answer = estimator.estimate([crop])[0]
            seconds.append(time.process_time() - start)
            found = crop.detection, answer
        looked.append(Looked(label.age, tuple(sorted(label.groups.items())), found))
    return tuple(looked), tuple(seconds)


def under_policy(looked: Sequence[Looked], policy: Policy, figures: AgeCalibrationFigures) -> PolicyResult:
    """What `policy` makes of the answers: its limits of size and sureness, its threshold, its challenge age."""
    challenge = effective_challenge_age(policy, figures)
    point = OperatingPoint(
        policy.policy_id, challenge.threshold_years, challenge.years, policy.age.max_false_adult_rate.value
    )
    cases = tuple(Case(one.age, _answer(one, policy), one.groups) for one in looked)
    return PolicyResult(policy, challenge, cases, evaluate(cases, point, lambda found: is_clear(found, challenge)))


def measurements(results: Sequence[PolicyResult], seconds: Sequence[float]) -> list[Measurement]:
    """Rates in % with half of their exact interval as noise; a band with nobody in it has no figure."""
    found: list[Measurement] = []
    if seconds:
        cpu_ms, noise_ms = centre_ms(seconds)
        found.append(
            Measurement(name="estimate of a face", value=cpu_ms, unit="ms CPU", noise=noise_ms, better="lower")
        )
    for result in results:
        found += _figures(result)
    return found


def passed_by_age(results: Sequence[PolicyResult]) -> tuple[list[str], Mapping[str, list[float]]]:
    """Ages from 5 to 20 at which there is somebody, and for each policy the share in % passed as adults there."""
    present = {one.age for result in results for one in result.cases}
    ages = [age for age in FALSE_ADULT_AGES if age in present]
    curves = {
        f"{result.policy.policy_id}, under {result.challenge.threshold_years:g}": [
            100 * (passed_between(result.cases, age, age, result.passes).value or 0.0) for age in ages
        ]
        for result in results
    }
    return [str(age) for age in ages], curves


def _answer(one: Looked, policy: Policy) -> AgeAnswer | None:
    if one.face is None:
        return None
    detection, answer = one.face
    weak = too_weak(
        detection,
        min_face_px=float(policy.age.min_face_px.value),
        min_score=policy.detection.confident_score.value,
    )
    return weak or answer


def _figures(result: PolicyResult) -> list[Measurement]:
    evaluation, name = result.evaluation, result.policy.policy_id
    point = evaluation.point
    under = f"passed as adults, under {point.threshold:g} (the threshold)"
    rates: list[tuple[str, Rate, Better]] = [
        ("no face found", evaluation.not_acquired, "lower"),
        (under, evaluation.false_adult, "lower"),
        (
            f"passed as adults, of {point.threshold - 1:g} (limit {point.max_false_adult_rate:.0%})",
            evaluation.year_below,
            "lower",
        ),
    ]
    rates += [
        (f"passed as adults, {band}", passed_between(result.cases, low, high, result.passes), better)
        for band, low, high, better in _BANDS
    ]
    found = [Measurement(name=f"{name} | challenge age in force", value=point.challenge_age, unit="years")]
    error = evaluation.error
    if error.mae is not None and error.high is not None:
        noise = error.high - error.mae
        found.append(
            Measurement(
                name=f"{name} | MAE of those answered", value=error.mae, unit="years", noise=noise, better="lower"
            )
        )
    return found + [_share(f"{name} | {what}", rate, better) for what, rate, better in rates if rate.people]


def _share(name: str, rate: Rate, better: Better) -> Measurement:
    value = 100 * rate.events / rate.people
    return Measurement(name=name, value=value, unit="%", noise=50 * (rate.high - rate.low), better=better)
