"""How well ages are told, in the words of NIST FATE AEV (NISTIR 8525): counted, with exact intervals, nothing fitted.

    false adult rate   share of people under the threshold who are passed as adults
    fallback rate      share of adults who are not (here a fallback is a covered face)
    failure to acquire no face was found;  unanswered   a face was found, and no age given
    MAE, bias          mean |estimate - age| and mean (estimate - age) of those answered, in years

A face that isn't answered for is not passed as an adult, so it counts in every denominator but that of the MAE.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from faceguard.age.intervals import interval
from faceguard.types import AgeAnswer, AgeEstimate

CONFIDENCE = 0.95
_NORMAL_95 = 1.959964
FALSE_ADULT_AGES = range(5, 21)
BANDS = ((0, 4), (5, 11), (12, 15), (16, 17), (18, 19), (20, 29), (30, 44), (45, 59), (60, 120))
CHILDREN = ((0, 11), (12, 15))
"""The bands that the false adult rate is summed up in, besides the whole under the threshold."""
MIN_PARITY_PEOPLE = 20
"""A group with fewer people than this under the threshold is shown, but no ratio is made of it."""

Passes = Callable[[AgeEstimate], bool]


@dataclass(frozen=True, slots=True)
class Case:
    """One labelled person: true age in completed years, groups, and the answer; None is a failure to acquire."""

    age: int
    answer: AgeAnswer | None
    groups: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Rate:
    """`events` of `people`, with the exact 95 % interval; `value` is None for nobody."""

    events: int
    people: int
    value: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class MeanError:
    """Mean absolute error with its 95 % interval (normal), and bias, in years, over `people`."""

    people: int
    mae: float | None
    low: float | None
    high: float | None
    bias: float | None


@dataclass(frozen=True, slots=True)
class BandResult:
    """People of `low` to `high` completed years."""

    low: int
    high: int
    error: MeanError
    passed: Rate
    unanswered: Rate


@dataclass(frozen=True, slots=True)
class GroupResult:
    """One group of one column. `ratio` is its false adult rate over that of all; None when there are too few to say."""

    column: str
    group: str
    error: MeanError
    false_adult: Rate
    fallback: Rate
    ratio: float | None


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """What is evaluated: a policy's threshold and the challenge age in force, in years, and the rate it allows."""

    policy: str
    threshold: float
    challenge_age: float
    max_false_adult_rate: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All figures of one labelled set at one operating point."""

    point: OperatingPoint
    pictures: int
    not_acquired: Rate
    unanswered_by_reason: tuple[tuple[str, int], ...]
    error: MeanError
    false_adult: Rate
    false_adult_by_band: tuple[tuple[str, Rate], ...]
    passed_by_age: tuple[tuple[int, Rate], ...]
    """Share passed as adults at each year of age from 5 to 20: the false adult rate for those under the threshold."""
    year_below: Rate
    """False adult rate one year below the threshold, which the policy's limit is about."""
    fallback: Rate
    bands: tuple[BandResult, ...]
    groups: tuple[GroupResult, ...]

    @property
    def above_limit(self) -> bool:
        """Whether the rate one year below the threshold is above the policy's limit, or nobody of that age was
        there."""
        return self.year_below.value is None or self.year_below.value > self.point.max_false_adult_rate


def evaluate(cases: Sequence[Case], point: OperatingPoint, passes: Passes) -> Evaluation:
    """Counts `cases`. `passes` is the policy's own rule of when an estimate clears a face."""
    if not cases:
        raise ValueError("there is nobody to evaluate")
    under = [case for case in cases if case.age < point.threshold]
    adults = [case for case in cases if case.age >= point.threshold]
    false_adult = _passed(under, passes)
    reasons = Counter(
        case.answer.reason.value
        for case in cases
        if case.answer is not None and not isinstance(case.answer, AgeEstimate)
    )
    return Evaluation(
        point=point,
        pictures=len(cases),
        not_acquired=_rate(sum(case.answer is None for case in cases), len(cases)),
        unanswered_by_reason=tuple(sorted(reasons.items())),
        error=_error(cases),
        false_adult=false_adult,
        false_adult_by_band=tuple(
            (f"{low}-{high}", _passed(_between(under, low, high), passes)) for low, high in CHILDREN
        ),
        passed_by_age=tuple((age, _passed(_between(cases, age, age), passes)) for age in FALSE_ADULT_AGES),
        year_below=_passed(_between(cases, _year_below(point), _year_below(point)), passes),
        fallback=_complement(_passed(adults, passes)),
        bands=tuple(_band(cases, low, high, passes) for low, high in BANDS),
        groups=_groups(cases, point, passes, false_adult),
    )


def passed_between(cases: Sequence[Case], low: int, high: int, passes: Passes) -> Rate:
    """Share passed as adults of those of `low` to `high` completed years."""
    return _passed(_between(cases, low, high), passes)


def _year_below(point: OperatingPoint) -> int:
    return math.ceil(point.threshold) - 1


def _between(cases: Sequence[Case], low: int, high: int) -> list[Case]:
    return [case for case in cases if low <= case.age <= high]


def _passed(cases: Sequence[Case], passes: Passes) -> Rate:
    return _rate(sum(isinstance(case.answer, AgeEstimate) and passes(case.answer) for case in cases), len(cases))


def _rate(events: int, people: int) -> Rate:
    low, high = interval(events, people, CONFIDENCE)
    return Rate(events, people, events / people if people else None, low, high)


def _complement(rate: Rate) -> Rate:
    return _rate(rate.people - rate.events, rate.people)


def _error(cases: Sequence[Case]) -> MeanError:
    errors = [case.answer.years - case.age for case in cases if isinstance(case.answer, AgeEstimate)]
    count = len(errors)
    if count == 0:
        return MeanError(0, None, None, None, None)
    mae = math.fsum(abs(error) for error in errors) / count
    spread = math.fsum((abs(error) - mae) ** 2 for error in errors) / max(count - 1, 1)
    half = _NORMAL_95 * math.sqrt(spread / count)
    return MeanError(count, mae, max(mae - half, 0.0), mae + half, math.fsum(errors) / count)


def _band(cases: Sequence[Case], low: int, high: int, passes: Passes) -> BandResult:
    people = _between(cases, low, high)
    unanswered = sum(not isinstance(case.answer, AgeEstimate) for case in people)
    return BandResult(low, high, _error(people), _passed(people, passes), _rate(unanswered, len(people)))


def _groups(cases: Sequence[Case], point: OperatingPoint, passes: Passes, whole: Rate) -> tuple[GroupResult, ...]:
    names = sorted({pair for case in cases for pair in case.groups})
    return tuple(_group(column, group, cases, point, passes, whole) for column, group in names)


def _group(
    column: str, group: str, cases: Sequence[Case], point: OperatingPoint, passes: Passes, whole: Rate
) -> GroupResult:
    people = [case for case in cases if (column, group) in case.groups]
    false_adult = _passed([case for case in people if case.age < point.threshold], passes)
    fallback = _complement(_passed([case for case in people if case.age >= point.threshold], passes))
    comparable = false_adult.people >= MIN_PARITY_PEOPLE and false_adult.value is not None and whole.value
    ratio = false_adult.value / whole.value if comparable and false_adult.value is not None and whole.value else None
    return GroupResult(column, group, _error(people), false_adult, fallback, ratio)
