"""Statistics are off unless the policy, the law, the notice and the agreement all say otherwise."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from faceguard.errors import NoticeError, NoticeIncomplete, NoticeRequired, PolicyError
from faceguard.policy.document import Policy
from faceguard.policy.load import PRESETS, load_policy
from faceguard.statistics.terms import StatisticsMode, Undertakings, agree_terms
from faceguard.types import Function
from policies import IN_PLACE, NOW, RELEASE, notice

URL = "https://example.org/statistics"
ALL_GIVEN = Undertakings(URL, "agreement-7", no_redistribution=True)
FUNCTIONS = frozenset({Function.FACE_DETECTION, Function.AGE_ESTIMATION})
NAMES_STATISTICS = notice(functions=[str(function) for function in Function])


def policy_with(base: str = "jp-appi-2026", **rules: tuple[Any, Any]) -> Policy:
    """A preset with other rules of `statistics`: `(value, in_force_from)` for each."""
    content = load_policy(base).content
    changed = {
        key: {**content["statistics"][key], "value": value, "in_force_from": since}
        for key, (value, since) in rules.items()
    }
    return Policy.model_validate_json(
        json.dumps({**content, "policy_id": "own", "statistics": {**content["statistics"], **changed}})
    )


def ask(policy: Policy, **changes: Any) -> Any:
    given: dict[str, Any] = {
        "purpose": IN_PLACE,
        "functions": FUNCTIONS,
        "moment": NOW,
        "readiness": False,
        "undertakings": ALL_GIVEN,
    }
    given.update(changes)
    return agree_terms(policy, given.pop("notice", NAMES_STATISTICS), **given)


@pytest.mark.parametrize("preset", [name for name in PRESETS if name not in ("jp-appi-2026", "kr-pipa")])
def test_every_other_preset_refuses_and_names_the_key(preset: str) -> None:
    """FG-S01: off by default."""
    for readiness in (False, True):
        with pytest.raises(PolicyError, match=r"allows no statistics: `statistics\.enabled`"):
            ask(load_policy(preset), readiness=readiness)


def test_the_japanese_preset_allows_a_trial_only_and_only_when_it_is_asked_for() -> None:
    """FG-S01: refuses before the law is in force; readiness mode is labelled."""
    with pytest.raises(PolicyError, match="--readiness"):
        ask(load_policy("jp-appi-2026"))
    assert ask(load_policy("jp-appi-2026"), readiness=True).mode is StatisticsMode.READINESS


def test_the_clock_decides_from_when_on() -> None:
    """FG-S01: one day too early is too early."""
    policy = policy_with(enabled=(True, "2027-06-01"))
    with pytest.raises(PolicyError, match="2027-06-01"):
        ask(policy, moment=datetime(2027, 5, 31, 23, 59, tzinfo=UTC))
    assert ask(policy, moment=datetime(2027, 6, 1, tzinfo=UTC)).mode is StatisticsMode.IN_FORCE
    assert ask(policy, moment=datetime(2027, 5, 31, tzinfo=UTC), readiness=True).mode is StatisticsMode.READINESS


def test_without_readiness_mode_a_trial_is_refused_too() -> None:
    policy = policy_with(enabled=(True, "2027-06-01"), readiness_mode=(False, "2026-01-01"))
    with pytest.raises(PolicyError, match=r"statistics\.readiness_mode"):
        ask(policy, readiness=True)


def test_a_date_that_is_not_set_never_comes() -> None:
    policy = policy_with(enabled=(True, "not_set"))
    with pytest.raises(PolicyError, match="no date yet"):
        ask(policy, moment=datetime(2099, 1, 1, tzinfo=UTC))


def test_a_law_in_force_needs_no_trial() -> None:
    assert ask(load_policy("kr-pipa"), readiness=True).mode is StatisticsMode.IN_FORCE


def test_a_notice_is_still_needed() -> None:
    """FG-S03: notice still required."""
    with pytest.raises(NoticeRequired):
        ask(load_policy("kr-pipa"), notice=None)
    with pytest.raises(NoticeIncomplete, match="statistics"):
        ask(load_policy("kr-pipa"), notice=notice())
    silent = {key: text for key, text in NAMES_STATISTICS.content["items"].items() if key != "statistics_use"}
    with pytest.raises(NoticeError, match="statistics_use"):
        ask(load_policy("kr-pipa"), notice=notice(functions=[str(f) for f in Function], items=silent))


@pytest.mark.parametrize("url", [None, "", "soon", "ftp://example.org/x", "https://"])
def test_a_public_announcement_is_needed(url: str | None) -> None:
    """FG-S03: announcement URL."""
    with pytest.raises(PolicyError, match=r"statistics\.announcement_required"):
        ask(load_policy("kr-pipa"), undertakings=Undertakings(url, "agreement-7", no_redistribution=True))


@pytest.mark.parametrize(
    "missing", [Undertakings(URL, None, True), Undertakings(URL, " ", True), Undertakings(URL, "a")]
)
def test_sharing_needs_an_agreement_that_forbids_handing_on(missing: Undertakings) -> None:
    """FG-S03: written-agreement id and no-redistribution flag; missing any is a refusal."""
    with pytest.raises(PolicyError, match="agreement"):
        ask(load_policy("kr-pipa"), purpose=RELEASE, undertakings=missing)
    assert ask(load_policy("kr-pipa"), purpose=RELEASE).bound.purpose == RELEASE


def test_a_trial_is_never_shared() -> None:
    """FG-S01: readiness is for the operator alone."""
    with pytest.raises(PolicyError, match="may not be shared"):
        ask(load_policy("jp-appi-2026"), purpose=RELEASE, readiness=True)


def test_no_policy_lets_a_cell_of_one_be_shown() -> None:
    """FG-S02"""
    policy = policy_with("kr-pipa", min_cell=(1, date(2026, 1, 1).isoformat()))
    assert ask(policy).min_cell == 2
