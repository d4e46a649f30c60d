"""Several policies into one: the strictest wins in every dimension (FG-P02).

`merge_policies` is commutative, associative and idempotent, and its answer is at least as strict as each part.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import reduce
from typing import Any

from pydantic import BaseModel

from faceguard.errors import PolicyError
from faceguard.policy.document import InForceFrom, LocalText, Policy, Provenance, Rule, Source
from faceguard.policy.policy_terms import LegalStatus
from faceguard.policy.strictness import Stricter, at_least, stricter_of

_NOTE_SEPARATOR = " | "
_TITLE_SEPARATOR = " + "


@dataclass(frozen=True, slots=True)
class RuleEntry:
    """One rule of a policy as it stands in the file: `key` is its dotted key there."""

    key: str
    order: Stricter
    value: Any
    provenance: Provenance


def rules_of(policy: Policy) -> Iterator[RuleEntry]:
    """Every rule of `policy`. A table of conditions or items gives one entry for each of them, with the value True."""
    yield from _rules(policy, "")


def _rules(model: BaseModel, prefix: str) -> Iterator[RuleEntry]:
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        key = f"{prefix}{field.alias or name}"
        if isinstance(value, Rule):
            yield RuleEntry(key, _order_of(field.metadata), value.value, value)
        elif isinstance(value, dict):
            for item, provenance in value.items():
                yield RuleEntry(f"{key}.{item}", Stricter.YES, True, provenance)
        elif isinstance(value, BaseModel):
            yield from _rules(value, f"{key}.")


def _order_of(metadata: list[Any]) -> Stricter:
    return next(item for item in metadata if isinstance(item, Stricter))


def weaker_keys(policy: Policy, than: Policy) -> tuple[str, ...]:
    """The keys of the rules in which `policy` is less strict than `than`; empty means it is at least as strict."""
    own = {entry.key: entry for entry in rules_of(policy)}
    weaker = []
    for entry in rules_of(than):
        mine = own.get(entry.key)
        if mine is None or not at_least(entry.order, mine.value, entry.value):
            weaker.append(entry.key)
    return tuple(sorted(weaker))


def at_least_as_strict(policy: Policy, than: Policy) -> bool:
    """Whether `policy` protects at least as much as `than` in every dimension."""
    return not weaker_keys(policy, than)


def merge_policies(*policies: Policy) -> Policy:
    """One policy that is at least as strict as each of `policies`. Raises PolicyError when there is none to merge."""
    if not policies:
        raise PolicyError("nothing to merge; name at least one policy")
    return reduce(_merge_two, policies[1:], policies[0])


def _merge_two(left: Policy, right: Policy) -> Policy:
    if left == right:
        return left
    merged: dict[str, Any] = {
        "schema_version": 1,
        "policy_id": _join(left.policy_id, right.policy_id, "+"),
        "version": _join(left.version, right.version, "+"),
        "title": LocalText(
            ja=_join(left.title.ja, right.title.ja, _TITLE_SEPARATOR),
            en=_join(left.title.en, right.title.en, _TITLE_SEPARATOR),
        ),
        "jurisdictions": _union(left.jurisdictions, right.jurisdictions),
        "legal_status": left.legal_status if left.legal_status == right.legal_status else LegalStatus.MIXED,
        "in_force_from": max(left.in_force_from, right.in_force_from, key=_day),
        "latest_in_force": max((d for d in (left.latest_in_force, right.latest_in_force) if d), default=None),
        "last_verified": min(left.last_verified, right.last_verified),
        "sources": _merge_sources(left.sources, right.sources),
        "weakened_from_preset": _union(left.weakened_from_preset, right.weakened_from_preset),
        "redact_when": _merge_table(left.redact_when, right.redact_when),
    }
    for name in Policy.model_fields.keys() - merged.keys():
        merged[name] = _merge_section(getattr(left, name), getattr(right, name))
    return Policy.model_validate(merged)


def _merge_section(left: BaseModel, right: BaseModel) -> BaseModel:
    merged: dict[str, Any] = {}
    for name, field in type(left).model_fields.items():
        mine, theirs = getattr(left, name), getattr(right, name)
        if isinstance(mine, Rule):
            merged[name] = _merge_rule(_order_of(field.metadata), mine, theirs)
        elif isinstance(mine, dict):
            merged[name] = _merge_table(mine, theirs)
        else:  # plain words, such as the reason for keeping originals
            merged[name] = _join(mine, theirs, _NOTE_SEPARATOR)
    return type(left).model_validate(merged, by_name=True)


def _merge_rule(order: Stricter, left: Rule[Any], right: Rule[Any]) -> Rule[Any]:
    value = stricter_of(order, left.value, right.value)
    if order in (Stricter.MORE, Stricter.FEWER):  # both sides have a part in the answer
        holders = [left, right]
    else:
        holders = [rule for rule in (left, right) if at_least(order, rule.value, value)]
    provenance = reduce(_merge_provenance, (Provenance(**_provenance(rule)) for rule in holders))
    return type(left).model_validate({"value": value, **_provenance(provenance)})


def _merge_table(left: dict[Any, Provenance], right: dict[Any, Provenance]) -> dict[Any, Provenance]:
    merged = {}
    for item in sorted({*left, *right}):
        holders = [table[item] for table in (left, right) if item in table]
        merged[item] = reduce(_merge_provenance, holders)
    return merged


def _merge_provenance(left: Provenance, right: Provenance) -> Provenance:
    return Provenance(
        basis=(*left.basis, *right.basis),
        source=(*left.source, *right.source),
        in_force_from=min(left.in_force_from, right.in_force_from, key=_day),
        note=_join(left.note, right.note, _NOTE_SEPARATOR),
    )


def _provenance(rule: Provenance) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in Provenance.model_fields}


def _merge_sources(left: tuple[Source, ...], right: tuple[Source, ...]) -> tuple[Source, ...]:
    """By id; of two that share one, the first in order, whichever side it came from."""
    by_id: dict[str, Source] = {}
    for source in sorted((*left, *right), key=lambda s: (s.id, s.title, s.url, s.note)):
        by_id.setdefault(source.id, source)
    return tuple(by_id.values())


def _join(left: str, right: str, separator: str) -> str:
    """The parts of both, each once, in order."""
    parts = {part for text in (left, right) for part in text.split(separator) if part}
    return separator.join(sorted(parts))


def _union(left: tuple[str, ...], right: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({*left, *right}))


def _day(moment: InForceFrom) -> date:
    return date.max if moment == "not_set" else moment
