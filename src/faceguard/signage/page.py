"""The second layer: everything a notice says, as a page of parts and entries, in full or in words for children."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from faceguard.policy.notice import HandlingNotice
from faceguard.policy.policy_terms import Locale, NoticeItem
from faceguard.policy.wording import NOTICE_ITEMS, word
from faceguard.signage.items import lines_of, purpose_in_full
from faceguard.signage.sign import child_words
from faceguard.signage.wording import CHILD_FUNCTIONS, ITEMS_OF_PART, PARTS, PHRASES, Part, Phrase
from faceguard.types import Function


@dataclass(frozen=True, slots=True)
class Entry:
    """A label and what is said under it, one line for each point."""

    label: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """The full text in one language."""

    locale: Locale
    title: str
    introduction: str
    sections: tuple[Section, ...]
    for_children: bool = False


def compose_page(notice: HandlingNotice, locale: Locale) -> Page:
    """Everything that `notice` says in `locale`."""
    sections = (
        Section(word(PARTS, part, locale), tuple(_entries(notice, part, locale)))
        for part in Part
        if part is not Part.ABOUT
    )
    return Page(
        locale=locale,
        title=word(PHRASES, Phrase.PAGE_TITLE, locale),
        introduction=word(PHRASES, Phrase.PAGE_INTRODUCTION, locale),
        sections=(*(section for section in sections if section.entries), _about(notice, locale)),
    )


def compose_child_page(notice: HandlingNotice, locale: Locale) -> Page:
    """The same for children: questions they ask, with short answers. Raises NoticeError without `child_text`."""
    sections = (Section("", (entry,)) for entry in _child_entries(notice, locale) if entry.lines)
    return Page(
        locale=locale,
        title=word(PHRASES, Phrase.CHILD_TITLE, locale),
        introduction=child_words(notice, locale),
        sections=(*sections, _about(notice, locale)),
        for_children=True,
    )


def _entries(notice: HandlingNotice, part: Part, locale: Locale) -> Iterator[Entry]:
    for item in ITEMS_OF_PART[part]:
        lines = lines_of(notice, item, locale)
        if item is NoticeItem.PURPOSES:
            lines = tuple(purpose_in_full(purpose, locale) for purpose in notice.purposes)
        if lines:
            yield Entry(word(NOTICE_ITEMS, item, locale), lines)
    if (
        part is Part.CHILDREN
        and (words := notice.child_text.ja if locale is Locale.JA else notice.child_text.en).strip()
    ):
        yield Entry(word(PHRASES, Phrase.CHILD_VERSION, locale), tuple(words.splitlines()))


def _child_entries(notice: HandlingNotice, locale: Locale) -> Iterator[Entry]:
    def say(phrase: Phrase) -> str:
        return word(PHRASES, phrase, locale)

    yield Entry(say(Phrase.CHILD_WHO), lines_of(notice, NoticeItem.CONTROLLER_NAME, locale))
    yield Entry(say(Phrase.CHILD_WHAT), tuple(word(CHILD_FUNCTIONS, did, locale) for did in notice.functions))
    if {Function.AGE_ESTIMATION, Function.REDACTION} <= set(notice.functions):
        yield Entry(say(Phrase.CHILD_FACE), (say(Phrase.CHILD_FACE_ANSWER),))
    yield Entry(say(Phrase.CHILD_NO), (say(Phrase.CHILD_NO_ANSWER),))
    yield Entry(say(Phrase.CHILD_ASK), lines_of(notice, NoticeItem.CONTACT, locale))
    yield Entry(say(Phrase.CHILD_GROWN_UPS), lines_of(notice, NoticeItem.MINORS_STATEMENT, locale))


def _about(notice: HandlingNotice, locale: Locale) -> Section:
    said = {
        Phrase.VERSION: f"{notice.notice_id} {notice.version}",
        Phrase.IN_FORCE_FROM: notice.effective_from.isoformat(),
        Phrase.IN_FORCE_TO: notice.effective_to.isoformat() if notice.effective_to is not None else "",
        Phrase.REPLACES: f"{notice.replaces.notice_id} {notice.replaces.version}" if notice.replaces else "",
        Phrase.DIGEST: notice.sha256,
    }
    entries = (Entry(word(PHRASES, phrase, locale), (text,)) for phrase, text in said.items() if text)
    return Section(word(PARTS, Part.ABOUT, locale), tuple(entries))
