"""The first layer: what a sign says, before it has a shape (FG-N04).

Whatever the policy's `first_layer_items` name is on it, and always who, what for, and whom to ask. Each text is a tuple
with one entry for each of the sign's languages, in their order.
"""

from __future__ import annotations

from dataclasses import dataclass

from faceguard.errors import NoticeError
from faceguard.policy.document import Policy
from faceguard.policy.notice import HandlingNotice
from faceguard.policy.policy_terms import Locale, NoticeItem, RedactWhen
from faceguard.policy.wording import NOTICE_ITEMS, word
from faceguard.signage.items import full_text_url, lines_of, local, require_locales
from faceguard.signage.wording import PHRASES, Phrase
from faceguard.types import Disclosure, Function

Texts = tuple[str, ...]
"""One text for each language of the sign."""

ALWAYS_ON_A_SIGN = frozenset({NoticeItem.CONTROLLER_NAME, NoticeItem.PURPOSES, NoticeItem.CONTACT})
"""Who, what for, whom to ask: no sign is of use without them, whatever the policy lists (EDPB 3/2019, section 7.1)."""

ON_A_CHILDS_SIGN = (NoticeItem.CONTROLLER_NAME, NoticeItem.CONTACT)

SHORT_HASH_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Row:
    """One item of the notice with its label."""

    item: NoticeItem
    label: Texts
    text: Texts


@dataclass(frozen=True, slots=True)
class Sign:
    """All the words of a sign."""

    locales: tuple[Locale, ...]
    headline: Texts
    strapline: Texts
    lead: Texts
    """Who does what here."""
    effect: Texts
    """What that means for whoever passes by; a child's sign says it in its lead."""
    rows: tuple[Row, ...]
    qr_caption: Texts
    url: str
    identity: str
    """Notice id, version, day and short hash: the small print by which a sign is matched to its text."""
    for_children: bool = False


def compose_sign(notice: HandlingNotice, policy: Policy, locales: tuple[Locale, ...]) -> Sign:
    """The sign of `notice` under `policy`. Raises NoticeError when it lacks what belongs on it."""
    wanted = ALWAYS_ON_A_SIGN | set(policy.notice.first_layer_items.value)
    required = set(policy.notice.first_layer_items.value) | {NoticeItem.CONTROLLER_NAME, NoticeItem.PURPOSES}
    for item in NoticeItem:
        if item in required:
            require_locales(notice, item, locales)
    strapline = Phrase.STRAPLINE_AGE if Function.AGE_ESTIMATION in notice.functions else Phrase.STRAPLINE
    return Sign(
        locales=locales,
        headline=_phrase(Phrase.HEADLINE, locales),
        strapline=_phrase(strapline, locales),
        lead=tuple(_lead(notice, locale) for locale in locales),
        effect=tuple(_effect(notice, policy, locale) for locale in locales),
        rows=_rows(notice, [item for item in NoticeItem if item in wanted], locales),
        qr_caption=_phrase(Phrase.READ_MORE, locales),
        url=full_text_url(notice),
        identity=identity(notice),
    )


def compose_child_sign(notice: HandlingNotice, locales: tuple[Locale, ...]) -> Sign:
    """A sign in words for children, to hang lower down and beside the other one. Raises NoticeError without words."""
    lead = tuple(child_words(notice, locale) for locale in locales)
    return Sign(
        locales=locales,
        headline=_phrase(Phrase.CHILD_HEADLINE, locales),
        strapline=_phrase(Phrase.CHILD_STRAPLINE, locales),
        lead=lead,
        effect=(),
        rows=_rows(notice, list(ON_A_CHILDS_SIGN), locales),
        qr_caption=_phrase(Phrase.CHILD_GROWN_UPS, locales),
        url=full_text_url(notice),
        identity=identity(notice),
        for_children=True,
    )


def child_words(notice: HandlingNotice, locale: Locale) -> str:
    """The notice's own words for children. Raises NoticeError when there are none in `locale` (FG-N05)."""
    if words := local(notice.child_text, locale):
        return words
    raise NoticeError(
        f"the notice `{notice.notice_id}` lacks `child_text.{locale.value}`; write it, or choose another `--language`",
        key=f"child_text.{locale.value}",
    )


def sign_text(sign: Sign) -> str:
    """The words of a sign in reading order, as plain text."""
    lines = [headline.replace("\n", " ") for headline in sign.headline]
    lines += [*sign.strapline, *sign.lead, *sign.effect]
    lines += [f"[{' / '.join(row.label)}] {' / '.join(row.text)}" for row in sign.rows]
    return "\n".join([*lines, f"[{' / '.join(sign.qr_caption)}] {sign.url}", sign.identity, ""])


def identity(notice: HandlingNotice) -> str:
    day = notice.effective_from.date().isoformat()
    return f"{notice.notice_id}  v{notice.version}  {day}  #{notice.sha256[:SHORT_HASH_DIGITS]}"


def _phrase(phrase: Phrase, locales: tuple[Locale, ...]) -> Texts:
    return tuple(word(PHRASES, phrase, locale) for locale in locales)


def _rows(notice: HandlingNotice, items: list[NoticeItem], locales: tuple[Locale, ...]) -> tuple[Row, ...]:
    said = {item: tuple(_in_one_line(notice, item, locale) for locale in locales) for item in items}
    labels = {item: tuple(word(NOTICE_ITEMS, item, locale) for locale in locales) for item in items}
    return tuple(Row(item, labels[item], texts) for item, texts in said.items() if all(texts))


def _in_one_line(notice: HandlingNotice, item: NoticeItem, locale: Locale) -> str:
    lines = lines_of(notice, item, locale)
    if item is NoticeItem.FUNCTIONS:
        return ("、" if locale is Locale.JA else ", ").join(lines)
    if len(lines) < 2:
        return "".join(lines)
    return "\n".join(f"・{line}" if locale is Locale.JA else f"• {line}" for line in lines)


def _lead(notice: HandlingNotice, locale: Locale) -> str:
    names = (NoticeItem.OPERATOR_NAME, NoticeItem.CONTROLLER_NAME)
    operator = next(" ".join(said) for item in names if (said := lines_of(notice, item, locale)))
    estimates = Function.AGE_ESTIMATION in notice.functions
    phrases = (Phrase.DETECTS_AND_ESTIMATES if estimates else Phrase.DETECTS, Phrase.NOBODY_IDENTIFIED)
    return _joined(phrases, locale).replace("{operator}", operator)


def _effect(notice: HandlingNotice, policy: Policy, locale: Locale) -> str:
    """Whose faces are covered: true of this notice under this policy, and no more."""
    released = [purpose.disclosure is Disclosure.THIRD_PARTY for purpose in notice.purposes]
    if Function.REDACTION not in notice.functions:
        return ""
    if all(released) or policy.redacts_when(RedactWhen.ADULT_WITHOUT_CONSENT):
        return _joined((Phrase.COVERED_WITHOUT_CONSENT,), locale)
    children = (Phrase.CHILDREN_COVERED,)
    return _joined((*children, Phrase.RELEASE_COVERED) if any(released) else children, locale)


def _joined(phrases: tuple[Phrase, ...], locale: Locale) -> str:
    return ("" if locale is Locale.JA else " ").join(word(PHRASES, phrase, locale) for phrase in phrases)
