"""FG-A05: false adult rate for each year of age, MAE, parity and intervals, exact on a set with known rates."""

from __future__ import annotations

import json

import pytest

from faceguard.age.evaluation import Case, Evaluation, OperatingPoint, evaluate
from faceguard.age.evaluation_report import to_json, to_text
from faceguard.types import AgeEstimate, AgeUnknown, AgeUnknownReason

POINT = OperatingPoint("made-up", 16.0, 21.0, 0.05)


def person(age: int, years: float | None, **groups: str) -> Case:
    answer = AgeUnknown(AgeUnknownReason.BLURRED) if years is None else AgeEstimate(years, 2.0, 0.0, "fake", "cal")
    return Case(age, answer, tuple(sorted(groups.items())))


def measure(*cases: Case) -> Evaluation:
    return evaluate(cases, POINT, lambda estimate: estimate.years >= POINT.challenge_age)


def known_set() -> list[Case]:
    """100 of 15, four passed; 50 of 10, one passed; 40 of 25: 30 passed, 6 kept back, 4 unanswered."""
    return [
        *[person(15, 22.0, race="A") for _ in range(4)],
        *[person(15, 16.0, race="B") for _ in range(96)],
        person(10, 30.0, race="A"),
        *[person(10, 10.0, race="A") for _ in range(49)],
        *[person(25, 27.0, race="B") for _ in range(30)],
        *[person(25, 20.0, race="B") for _ in range(6)],
        *[person(25, None, race="B") for _ in range(4)],
    ]


def test_rates_are_the_known_ones() -> None:
    """FG-A05"""
    found = measure(*known_set())
    assert (found.false_adult.events, found.false_adult.people) == (5, 150)
    assert found.year_below.value == 4 / 100
    assert dict(found.passed_by_age)[10].value == 1 / 50
    assert [(band, rate.events, rate.people) for band, rate in found.false_adult_by_band] == [
        ("0-11", 1, 50),
        ("12-15", 4, 100),
    ]
    assert found.fallback.value == 10 / 40


def test_errors_are_the_known_ones() -> None:
    """FG-A05: (4*7 + 96*1 + 1*20 + 49*0 + 30*2 + 6*5) / 186, biased by (28 + 96 + 20 + 60 - 30) / 186"""
    found = measure(*known_set()).error
    assert found.people == 186
    assert found.mae == pytest.approx(234 / 186)
    assert found.bias == pytest.approx(174 / 186)


def test_intervals_are_exact() -> None:
    """FG-A05: scipy's binomtest(4, 100) gives [0.011004, 0.099257]."""
    rate = measure(*known_set()).year_below
    assert (rate.low, rate.high) == pytest.approx((0.0110045, 0.0992572), abs=1e-6)


def test_parity_compares_each_group_with_the_whole() -> None:
    """FG-A05"""
    groups = {result.group: result for result in measure(*known_set()).groups}
    assert groups["A"].false_adult.value == 5 / 54
    assert groups["A"].ratio == pytest.approx((5 / 54) / (5 / 150))
    assert groups["B"].ratio == 0.0
    assert groups["B"].fallback.value == 10 / 40


def test_a_group_of_a_few_people_gets_no_ratio() -> None:
    cases = [person(15, 30.0, race="few"), *[person(15, 10.0, race="many") for _ in range(30)]]
    assert [result.ratio for result in measure(*cases).groups] == [None, 0.0]


def test_the_unanswered_are_not_passed_and_stay_in_the_denominator() -> None:
    """FG-A01"""
    found = measure(person(30, None), person(30, 40.0), Case(30, None))
    assert (found.fallback.events, found.fallback.people) == (2, 3)
    assert found.not_acquired.events == 1
    assert found.unanswered_by_reason == (("blurred", 1),)


@pytest.mark.parametrize(("passed", "above"), [(0, False), (5, False), (6, True)])
def test_the_limit_is_about_the_year_below_the_threshold(passed: int, above: bool) -> None:
    """FG-A05: a rate equal to the limit is not above it."""
    cases = [person(15, 30.0 if i < passed else 10.0) for i in range(100)]
    assert measure(*cases, person(14, 30.0)).above_limit is above


def test_without_anyone_a_year_below_the_limit_is_not_shown() -> None:
    assert measure(person(30, 40.0)).above_limit


def test_nobody_can_not_be_evaluated() -> None:
    with pytest.raises(ValueError, match="nobody"):
        measure()


def test_the_report_says_what_was_counted() -> None:
    found = measure(*known_set())
    text = to_text(found)
    assert "4.0% [1.1, 9.9] 4/100  limit 5.0%" in text
    assert "2.8 x !" in text
    document = json.loads(to_json(found))
    assert document["false_adult"]["events"] == 5
    assert document["above_limit"] is False
