"""Two policies, rule by rule: what differs, which is stricter, and on what each rests."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any

from faceguard.policy.document import Policy, Provenance
from faceguard.policy.merge import RuleEntry, rules_of
from faceguard.policy.strictness import Stricter, at_least


class Side(StrEnum):
    """Which of two policies protects more in a rule."""

    FIRST = "first"
    SECOND = "second"
    SAME = "same"
    """The value is the same; only what it rests on differs."""
    NEITHER = "neither"
    """Each asks for something that the other doesn't."""


@dataclass(frozen=True, slots=True)
class RuleDifference:
    """One rule that two policies don't share. An entry of a table that one of them lacks has the value None there."""

    key: str
    order: Stricter
    first: Any
    second: Any
    stricter: Side
    first_footing: Provenance | None
    second_footing: Provenance | None


@dataclass(frozen=True, slots=True)
class PolicyDifference:
    """All in which two policies differ as rules; names, titles and versions don't count."""

    rules: tuple[RuleDifference, ...]
    """Rules whose values differ, in the order of the file."""
    footings: tuple[RuleDifference, ...]
    """Rules of the same value that rest on something else, or hold since another day."""


def difference_of(first: Policy, second: Policy) -> PolicyDifference:
    """What `second` says otherwise than `first`."""
    mine, theirs = ({entry.key: entry for entry in rules_of(policy)} for policy in (first, second))
    pairs = [_compare(mine.get(key), theirs.get(key)) for key in _keys_in_order(mine, theirs)]
    differing = [pair for pair in pairs if pair.stricter is not Side.SAME]
    elsewhere = [pair for pair in pairs if pair.stricter is Side.SAME and _footing_differs(pair)]
    return PolicyDifference(tuple(differing), tuple(elsewhere))


def _keys_in_order(mine: dict[str, RuleEntry], theirs: dict[str, RuleEntry]) -> list[str]:
    """Keys of both in the order of `mine`; entries that only `theirs` has stand at the end of their table."""
    places = {key: place for place, key in enumerate(mine)}
    last_of_table = {key.rpartition(".")[0]: place for key, place in places.items()}
    return sorted(
        {**mine, **theirs},
        key=lambda key: (places.get(key, last_of_table.get(key.rpartition(".")[0], len(mine))), key not in mine, key),
    )


def _compare(mine: RuleEntry | None, theirs: RuleEntry | None) -> RuleDifference:
    either = mine or theirs
    if either is None:
        raise ValueError("a rule that neither policy has")
    first, second = (None if entry is None else entry.value for entry in (mine, theirs))
    return RuleDifference(
        key=either.key,
        order=either.order,
        first=first,
        second=second,
        stricter=_stricter(either.order, first, second),
        first_footing=None if mine is None else mine.provenance,
        second_footing=None if theirs is None else theirs.provenance,
    )


def _stricter(order: Stricter, first: Any, second: Any) -> Side:
    if first is None or second is None:  # a condition or item that one of them doesn't have
        return Side.SECOND if first is None else Side.FIRST
    ahead, behind = at_least(order, first, second), at_least(order, second, first)
    if ahead and behind:
        return Side.SAME
    return Side.FIRST if ahead else Side.SECOND if behind else Side.NEITHER


def _footing_differs(pair: RuleDifference) -> bool:
    mine, theirs = pair.first_footing, pair.second_footing
    if mine is None or theirs is None:
        return mine is not theirs
    return (mine.basis, mine.source, mine.in_force_from) != (theirs.basis, theirs.source, theirs.in_force_from)


_WHY = {
    Stricter.HIGHER: "more is stricter",
    Stricter.LOWER: "less is stricter",
    Stricter.YES: "yes is stricter",
    Stricter.NO: "no is stricter",
    Stricter.MORE: "asking for more is stricter",
    Stricter.FEWER: "allowing less is stricter",
}


def why(order: Stricter, kind: type[Enum] | None = None) -> str:
    """In words, which of two values of a rule is the stricter one."""
    if kind is not None and order in (Stricter.LATER, Stricter.EARLIER):
        members = [str(member.value) for member in kind]
        return "from lax to strict: " + ", ".join(members if order is Stricter.LATER else reversed(members))
    return _WHY.get(order, "nothing else can be held")


def in_words(value: Any) -> str:
    """The value of a rule, for people; None is an entry that isn't there."""
    if value is None:
        return "not asked for"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(str(part) for part in value) or "nothing"
    return f"{value:g}" if isinstance(value, float) else str(value)


def telling(pair: RuleDifference, first_name: str, second_name: str) -> str:
    """Which of the two is stricter in this rule, and why; of lists, what only one of them has."""
    kind = type(pair.first) if isinstance(pair.first, Enum) else None
    because = why(pair.order, kind) if None not in (pair.first, pair.second) else "a rule that the other lacks"
    named = {Side.FIRST: f"{first_name} is stricter", Side.SECOND: f"{second_name} is stricter"}
    said = f"{named.get(pair.stricter, 'neither is stricter in all')} ({because})"
    if not isinstance(pair.first, tuple) or not isinstance(pair.second, tuple):
        return said
    alone = ((first_name, pair.first, pair.second), (second_name, pair.second, pair.first))
    only = [f"only {name}: {in_words(rest)}" for name, own, other in alone if (rest := _without(own, other))]
    return "; ".join([said, *only])


def _without(own: tuple[Any, ...], other: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(part for part in own if part not in other)
