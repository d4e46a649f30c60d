"""A new notice, question by question: what a policy requires, in the languages it requires, and nothing twice.

A draft is a notice in the making, as a JSON value in the notice's own shape. `next_question` looks at the draft and
says what it still lacks; so answers may come from a file, from flags or from a person, in any mixture.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from faceguard.errors import NoticeError
from faceguard.policy.document import LocalText, Policy, Strict
from faceguard.policy.notice import STRUCTURED_ITEMS, LegalBasis, has_words
from faceguard.policy.policy_terms import Locale, NoticeItem, PlacementKind
from faceguard.policy.toml_file import parse, read_toml
from faceguard.policy.wording import NOTICE_ITEMS, word
from faceguard.resources import resource_dir
from faceguard.types import Disclosure, Function

Draft = dict[str, Any]
LIST_OF_WORDS: Final = frozenset({"functions"})
"""Keys whose answer is words separated by commas."""

_LISTS: Final = frozenset({"purposes", "placements"})
_IDENTIFIER: Final = r"[a-z0-9][a-z0-9._+-]*"
_ADDRESS: Final = r"https?://\S+"
_DISCLOSURES = tuple(Disclosure)
_LEGAL_BASES = tuple(LegalBasis)


class Wording(Strict):
    """How a thing is asked for, and a text to start from."""

    ask: LocalText = LocalText()
    suggest: LocalText = LocalText()


class _Questions(Strict):
    entries: dict[str, Wording]


@dataclass(frozen=True, slots=True)
class Question:
    """One gap in a draft. `key` is its place, such as `items.contact.ja` or `purposes.0.id`."""

    key: str
    text: str
    suggestion: str = ""
    choices: tuple[str, ...] = ()
    optional: bool = False
    pattern: str = ""
    """What an answer has to look like, as a regular expression; empty when any words will do."""


def next_question(
    draft: Draft, policy: Policy, locales: tuple[Locale, ...], *, skipped: Collection[str] = ()
) -> Question | None:
    """The first thing that `draft` lacks under `policy`; None when there is nothing left but what was `skipped`."""
    gaps = (question for question in _questions(draft, policy, locales) if question.key not in skipped)
    return next((question for question in gaps if not _is_answered(value_at(draft, question.key))), None)


def value_at(draft: Draft, key: str) -> object:
    """What `draft` holds at a dotted key; None when nothing is there.

    An entry of a list goes by its number from 0, or by its `id` or `kind`: `purposes.0.id`, `placements.web.url`.
    """
    value: Any = draft
    for part in key.split("."):
        value = (
            _entry(value, part) if isinstance(value, list) else value.get(part) if isinstance(value, Mapping) else None
        )
    return value


def put(draft: Draft, key: str, text: str) -> None:
    """Answers one question: sets `text` at a dotted key. Raises NoticeError for a key that a notice can't have."""
    value: Any = [word.strip() for word in text.split(",") if word.strip()] if key in LIST_OF_WORDS else text.strip()
    parts = key.split(".")
    below: Any = draft
    for part in parts[:-1]:
        below = _below(below, part)
    if not isinstance(below, dict):
        raise NoticeError(
            f"`{key}` is no key of a notice; keys are like `items.contact.en`, `purposes.0.id`, `placements.web.url`",
            key=key,
        )
    below[parts[-1]] = value


def _below(value: Any, part: str) -> Any:
    """What lies at `part`, made if it is not there yet; None where nothing can be."""
    if isinstance(value, dict):
        return value.setdefault(part, [] if part in _LISTS else {})
    if not isinstance(value, list):
        return None
    if _entry(value, part) is None:
        new: Draft | None = {} if part == str(len(value)) else {"kind": part} if part in set(PlacementKind) else None
        value += [new] if new is not None else []
        return new
    return _entry(value, part)


def _entry(entries: list[Any], part: str) -> Any:
    if part.isdecimal():
        return entries[int(part)] if int(part) < len(entries) else None
    named = (entry for entry in entries if isinstance(entry, Mapping) and part in (entry.get("id"), entry.get("kind")))
    return next(named, None)


def _is_answered(value: object) -> bool:
    return has_words(value) if isinstance(value, str) else bool(value)


def _questions(draft: Draft, policy: Policy, locales: tuple[Locale, ...]) -> Iterator[Question]:
    ask = _Asker(policy, locales)
    yield ask.one("notice_id", "notice_id", pattern=_IDENTIFIER)
    yield ask.one("functions", "functions", choices=tuple(Function))
    purposes = draft.get("purposes")
    for index in range(max(1, len(purposes) if isinstance(purposes, list) else 0)):
        yield from _purpose_questions(draft, policy, ask, f"purposes.{index}")
    yield from _placement_questions(policy, ask)
    required, recommended = policy.notice.required_items, policy.notice.recommended_items.value
    for item in NoticeItem:
        if item in required and item not in STRUCTURED_ITEMS:
            yield from ask.in_each_language(f"items.{item}", item.value)
    if policy.notice.child_readable.value:
        yield from ask.in_each_language("child_text", "child_text")
    for item in NoticeItem:
        if item in recommended and item not in required and item not in STRUCTURED_ITEMS:
            yield from ask.in_each_language(f"items.{item}", item.value, optional=True)


def _purpose_questions(draft: Draft, policy: Policy, ask: _Asker, key: str) -> Iterator[Question]:
    yield ask.one(f"{key}.id", "purpose_id", pattern=_IDENTIFIER)
    yield from ask.in_each_language(f"{key}.text", "purpose_text")
    yield ask.one(f"{key}.disclosure", "purpose_disclosure", choices=_DISCLOSURES)
    if policy.notice.legal_basis_per_purpose.value:
        yield ask.one(f"{key}.legal_basis", "purpose_legal_basis", choices=_LEGAL_BASES)
    if value_at(draft, f"{key}.disclosure") == Disclosure.THIRD_PARTY:
        yield from ask.in_each_language(f"{key}.recipients", "purpose_recipients")


def _placement_questions(policy: Policy, ask: _Asker) -> Iterator[Question]:
    """Every place that the policy requires, and the web, where the QR code leads (FG-N04)."""
    wanted = {*policy.notice.placements_required.value, PlacementKind.WEB}
    for kind in PlacementKind:
        if kind is PlacementKind.WEB:
            yield ask.one("placements.web.url", "web", pattern=_ADDRESS)
        elif kind in wanted:
            yield from ask.in_each_language(f"placements.{kind}.place", kind.value)


class _Asker:
    """Words questions: in the language of the answer if it has one, else in the first of the notice's languages."""

    def __init__(self, policy: Policy, locales: tuple[Locale, ...]) -> None:
        self._wordings = _wordings()
        self._values = _policy_values(policy)
        self._locales = locales

    def one(self, key: str, name: str, *, choices: tuple[str, ...] = (), pattern: str = "") -> Question:
        wording = self._wordings.get(name, Wording())
        text = self._text(name, wording, self._locales[0])
        return Question(key, text, wording.suggest.en, tuple(map(str, choices)), pattern=pattern)

    def in_each_language(self, key: str, name: str, *, optional: bool = False) -> Iterator[Question]:
        wording = self._wordings.get(name, Wording())
        for locale in self._locales:
            suggestion = getattr(wording.suggest, locale.value)
            for value, said in self._values[locale].items():
                suggestion = suggestion.replace(f"{{{value}}}", said)
            text = f"{self._text(name, wording, locale)} [{locale}]"
            yield Question(f"{key}.{locale}", text, suggestion, optional=optional)

    def _text(self, name: str, wording: Wording, locale: Locale) -> str:
        asked: str = getattr(wording.ask, locale.value)
        return asked or word(NOTICE_ITEMS, NoticeItem(name), locale)


def _wordings() -> Mapping[str, Wording]:
    file = read_toml(
        resource_dir("policies") / "notices" / "questions.toml", error=NoticeError, what="list of questions"
    )
    return parse(_Questions, {"entries": file.value}, file, error=NoticeError).entries


def _policy_values(policy: Policy) -> dict[Locale, dict[str, str]]:
    hours = policy.retention.originals_hours.value
    shared = {
        "guardian_age": str(policy.age.guardian_consent_age_years.value),
        "redacted_days": str(policy.retention.redacted_days.value),
        "decisions_days": str(policy.retention.decisions_days.value),
    }
    return {
        Locale.JA: {**shared, "originals": f"{hours}時間以内に" if hours else "塗りつぶし処理の直後に"},
        Locale.EN: {**shared, "originals": f"within {hours} hours" if hours else "as soon as faces have been covered"},
    }
