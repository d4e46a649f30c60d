"""What "stricter" means for each kind of value: the orders in which policies are compared and merged (FG-P02).

Each order is a join-semilattice: `stricter_of` is commutative, associative and idempotent, and its answer is at least
as strict as both. That is what makes "strictest wins" independent of the order in which policies are named.
"""

from __future__ import annotations

from enum import Enum
from typing import Any


class Stricter(Enum):
    """Which of two values of a rule protects more."""

    HIGHER = "higher"
    LOWER = "lower"
    YES = "yes"
    """True is stricter than False."""
    NO = "no"
    """False is stricter than True."""
    MORE = "more"
    """A set that asks for more; merged by union."""
    FEWER = "fewer"
    """A set that allows less; merged by intersection."""
    LATER = "later"
    """An enum whose members stand from lax to strict."""
    EARLIER = "earlier"
    """An enum whose members stand from strict to lax."""
    FIXED = "fixed"
    """Only one value can be held at all."""


def stricter_of(order: Stricter, left: Any, right: Any) -> Any:
    """The least value that is at least as strict as both. Sets are tuples, sorted and without doubles."""
    if order is Stricter.MORE:
        return tuple(sorted(set(left) | set(right)))
    if order is Stricter.FEWER:
        return tuple(sorted(set(left) & set(right)))
    return left if at_least(order, left, right) else right


def at_least(order: Stricter, value: Any, other: Any) -> bool:
    """Whether `value` is at least as strict as `other`."""
    match order:
        case Stricter.HIGHER:
            return bool(value >= other)
        case Stricter.LOWER:
            return bool(value <= other)
        case Stricter.YES:
            return bool(value) or not other
        case Stricter.NO:
            return not value or bool(other)
        case Stricter.MORE:
            return set(value) >= set(other)
        case Stricter.FEWER:
            return set(value) <= set(other)
        case Stricter.LATER:
            return _rank(value) >= _rank(other)
        case Stricter.EARLIER:
            return _rank(value) <= _rank(other)
        case Stricter.FIXED:
            return bool(value == other)


def _rank(member: Enum) -> int:
    return list(type(member)).index(member)
