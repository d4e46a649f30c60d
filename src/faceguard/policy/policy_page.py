"""A policy as a page of Markdown: every rule with its value, what it rests on, and since when. Made from the policy."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from faceguard.policy.difference import in_words, why
from faceguard.policy.document import InForceFrom, Policy, Provenance, Source
from faceguard.policy.explain import explain_policy
from faceguard.policy.merge import RuleEntry, rules_of
from faceguard.policy.policy_terms import Locale, NoticeItem, RedactWhen
from faceguard.policy.policy_text import section_comment
from faceguard.policy.wording import BASES, CONDITIONS, LEGAL_STATUSES, NOTICE_ITEMS, word

_EN = Locale.EN


def policy_page(policy: Policy) -> str:
    """The whole page. The same policy always gives the same page."""
    return "\n".join(_page(policy)) + "\n"


def _page(policy: Policy) -> Iterator[str]:
    yield f"# `{policy.policy_id}` {policy.version}"
    yield ""
    yield f"{policy.title.en}" + (f" · {policy.title.ja}" if policy.title.ja else "")
    yield ""
    yield "Made by `faceguard policy explain --markdown` from the policy. Our reading of a law, not legal advice."
    yield ""
    yield from _particulars(policy)
    yield from ("", "## In short", "", "```text", explain_policy(policy, _EN), "```", "", "## Rules", "")
    yield "A rule rests on a statute in force, on a draft (enacted but not in force, or published), on guidance, or"
    yield "on a choice of faceguard, which means that no law says it. The last column says which way is stricter."
    sections: dict[str, list[RuleEntry]] = {}
    for entry in rules_of(policy):
        sections.setdefault(entry.key.rpartition(".")[0], []).append(entry)
    for section in sorted(sections, key=lambda name: (list(Policy.model_fields).index(name.partition(".")[0]), name)):
        yield from ("", f"### `{section}`", "")
        yield from _about(section)
        yield from _table_of(sections[section]) if section in _WORDED else _rules(sections[section])
    yield from ("", "## Sources", "")
    yield from (_source(source) for source in sorted(policy.sources, key=lambda source: source.id))


def _particulars(policy: Policy) -> Iterator[str]:
    yield "| | |"
    yield "|---|---|"
    yield f"| standing of the law | {word(LEGAL_STATUSES, policy.legal_status, _EN)} |"
    yield f"| in force from | {_day(policy.in_force_from)} |"
    if policy.latest_in_force is not None:
        yield f"| at the latest from | {policy.latest_in_force} |"
    yield f"| last verified | {policy.last_verified} |"
    yield f"| jurisdictions | {', '.join(policy.jurisdictions)} |"
    yield f"| SHA-256 | `{policy.sha256}` |"
    for mark in policy.weakened_from_preset:
        yield f"| weakened from preset | `{mark}` |"


def _about(section: str) -> Iterator[str]:
    lines = section_comment(section) if section in Policy.model_fields else []
    if lines:
        yield from (*(line.removeprefix("# ") for line in lines), "")


def _rules(entries: list[RuleEntry]) -> Iterator[str]:
    yield "| rule | value | basis | source | in force from | note | |"
    yield "|---|---|---|---|---|---|---|"
    for entry in entries:
        kind = type(entry.value) if isinstance(entry.value, Enum) else None
        name = entry.key.rpartition(".")[2]
        yield f"| `{name}` | {_cell(in_words(entry.value))} | {_footing(entry.provenance)} | {why(entry.order, kind)} |"


def _table_of(entries: list[RuleEntry]) -> Iterator[str]:
    yield "| entry | in words | basis | source | in force from | note |"
    yield "|---|---|---|---|---|---|"
    for entry in entries:
        section, _, name = entry.key.rpartition(".")
        yield f"| `{name}` | {_cell(_worded(section, name))} | {_footing(entry.provenance)} |"


_WORDED = ("redact_when", "notice.required_items")


def _worded(section: str, name: str) -> str:
    if section == "redact_when":
        return word(CONDITIONS, RedactWhen(name), _EN)
    return word(NOTICE_ITEMS, NoticeItem(name), _EN)


def _footing(rule: Provenance) -> str:
    bases = " + ".join(word(BASES, basis, _EN) for basis in rule.basis)
    cited = ", ".join(f"[{source}](#source-{source})" for source in rule.source)
    return f"{bases} | {cited} | {_day(rule.in_force_from)} | {_cell(rule.note)}"


def _source(source: Source) -> str:
    title = f"[{source.title}]({source.url})" if source.url else source.title
    note = f". {source.note}" if source.note else ""
    return f'- <a id="source-{source.id}"></a>`{source.id}`: {title}{note}'


def _day(day: InForceFrom) -> str:
    return "not set" if day == "not_set" else str(day)


def _cell(text: str) -> str:
    """Text of a table's cell: a bar would end it."""
    return text.replace("|", "\\|").replace("\n", " ")
