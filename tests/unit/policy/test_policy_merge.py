"""Strictest wins, whichever way policies are named (FG-P02)."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faceguard.errors import PolicyError
from faceguard.policy.document import Policy
from faceguard.policy.load import PRESETS, load_policy
from faceguard.policy.merge import at_least_as_strict, merge_policies, rules_of, weaker_keys
from faceguard.policy.strictness import Stricter, at_least, stricter_of
from faceguard.types import GuardianLevel, RedactionClass

CONTENTS = {name: load_policy(name).content for name in PRESETS}
SECTIONS = [key for key, value in CONTENTS["uk"].items() if isinstance(value, dict) and key != "title"]


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Any mixture of the presets' rules: each rule, and each entry of a table, from a preset of its own."""
    content: dict[str, Any] = dict(CONTENTS[draw(st.sampled_from(PRESETS))])
    for section in SECTIONS:
        rules = {key: rule for name in PRESETS for key, rule in CONTENTS[name][section].items()}
        picked = {}
        for key in rules:
            sources = [CONTENTS[name][section] for name in PRESETS if key in CONTENTS[name][section]]
            picked[key] = draw(st.sampled_from(sources))[key]
        if section == "redact_when":
            picked = {key: rule for key, rule in picked.items() if draw(st.booleans())}
        content[section] = picked
    content["weakened_from_preset"] = draw(st.lists(st.sampled_from(["a:b", "c:d"]), unique=True, max_size=2))
    return Policy.model_validate_json(json.dumps(content))


LARGE = [HealthCheck.too_slow, HealthCheck.data_too_large]
SLOW = settings(max_examples=25, deadline=None, suppress_health_check=LARGE)


@SLOW
@given(policies(), policies())
def test_a_merge_is_at_least_as_strict_as_each_part_in_either_order(left: Policy, right: Policy) -> None:
    """FG-P02."""
    merged = merge_policies(left, right)
    assert weaker_keys(merged, left) == ()
    assert weaker_keys(merged, right) == ()
    assert merged == merge_policies(right, left)
    assert merged.sha256 == merge_policies(right, left).sha256
    assert set(merged.weakened_from_preset) == {*left.weakened_from_preset, *right.weakened_from_preset}


@SLOW
@given(policies(), policies(), policies())
def test_grouping_does_not_matter_and_nothing_is_counted_twice(a: Policy, b: Policy, c: Policy) -> None:
    """FG-P02: associative, idempotent, absorbing."""
    merged = merge_policies(a, b, c)
    assert merged == merge_policies(a, merge_policies(b, c)) == merge_policies(c, a, b)
    assert merge_policies(merged, merged) == merged
    assert merge_policies(merged, a) == merged
    assert merge_policies(a, a) == a


@SLOW
@given(policies(), policies())
def test_a_merge_is_no_stricter_than_it_has_to_be(left: Policy, right: Policy) -> None:
    """FG-P02: each value is one of the two, or for sets made of both."""
    merged = {rule.key: rule for rule in rules_of(merge_policies(left, right))}
    mine, theirs = ({rule.key: rule for rule in rules_of(policy)} for policy in (left, right))
    assert merged.keys() == mine.keys() | theirs.keys()
    for key, rule in merged.items():
        values = [side[key].value for side in (mine, theirs) if key in side]
        if rule.order is Stricter.MORE:
            assert set(rule.value) == set().union(*values)
        elif rule.order is Stricter.FEWER:
            assert set(rule.value) == set.intersection(*map(set, values))
        else:
            assert rule.value in values


@SLOW
@given(policies(), policies())
def test_being_as_strict_both_ways_means_the_same_values(left: Policy, right: Policy) -> None:
    """The order is antisymmetric on values."""
    if at_least_as_strict(left, right) and at_least_as_strict(right, left):
        assert [(r.key, set(r.value) if isinstance(r.value, tuple) else r.value) for r in rules_of(left)] == [
            (r.key, set(r.value) if isinstance(r.value, tuple) else r.value) for r in rules_of(right)
        ]


@pytest.mark.parametrize("name", [name for name in PRESETS if name != "strictest"])
def test_a_preset_with_all_others_is_their_merge(name: str) -> None:
    everything = merge_policies(*(load_policy(n) for n in PRESETS))
    assert at_least_as_strict(everything, load_policy(name))
    assert not at_least_as_strict(load_policy(name), everything)


def test_a_source_or_note_is_kept_from_both_sides() -> None:
    merged = load_policy("uk+us-coppa")
    assert {source.id for source in merged.sources} >= {"uk-gdpr", "coppa", "faceguard"}
    assert set(merged.jurisdictions) == {"GB", "US"}
    assert merged.age.guardian_consent_age_years.source == ("coppa", "uk-gdpr")


def test_a_merge_is_as_old_as_the_part_that_was_verified_first() -> None:
    """FG-P01, FG-P02: the fresher of two must not hide that the other is stale."""
    old = load_policy("uk").model_copy(update={"last_verified": date(2025, 1, 1)})
    fresh = load_policy("eu-gdpr").model_copy(update={"last_verified": date(2026, 11, 22)})
    assert merge_policies(old, fresh).last_verified == date(2025, 1, 1)
    assert merge_policies(fresh, old).last_verified == date(2025, 1, 1)


def test_nothing_can_not_be_merged() -> None:
    with pytest.raises(PolicyError, match="nothing to merge"):
        merge_policies()


VALUES: dict[Stricter, st.SearchStrategy[Any]] = {
    Stricter.HIGHER: st.integers(),
    Stricter.LOWER: st.floats(allow_nan=False),
    Stricter.YES: st.booleans(),
    Stricter.NO: st.booleans(),
    Stricter.MORE: st.lists(st.sampled_from("abcde"), unique=True).map(tuple),
    Stricter.FEWER: st.lists(st.sampled_from("abcde"), unique=True).map(tuple),
    Stricter.LATER: st.sampled_from(GuardianLevel),
    Stricter.EARLIER: st.sampled_from(RedactionClass),
    Stricter.FIXED: st.just("solid"),
}


@pytest.mark.parametrize("order", Stricter)
@settings(deadline=None)
@given(data=st.data())
def test_each_order_is_a_semilattice(order: Stricter, data: st.DataObject) -> None:
    """FG-P02."""
    a, b, c = (data.draw(VALUES[order]) for _ in range(3))
    joined = stricter_of(order, a, b)
    assert at_least(order, joined, a)
    assert at_least(order, joined, b)
    assert joined == stricter_of(order, b, a)
    assert stricter_of(order, joined, c) == stricter_of(order, a, stricter_of(order, b, c))
    assert at_least(order, stricter_of(order, a, a), a)
    assert at_least(order, a, stricter_of(order, a, a))


def test_irreversible_is_stricter_than_cosmetic_and_g3_than_g1() -> None:
    assert stricter_of(Stricter.EARLIER, RedactionClass.COSMETIC, RedactionClass.IRREVERSIBLE) == "irreversible"
    assert stricter_of(Stricter.LATER, GuardianLevel.G1, GuardianLevel.G3) == "G3"
