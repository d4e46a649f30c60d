"""What signs and pages say: all that belongs on them, in both languages, and nothing that isn't true."""

from __future__ import annotations

from pathlib import Path

import pytest

from faceguard.errors import NoticeError, NoticeIncomplete
from faceguard.policy.cases import shipped_notice
from faceguard.policy.load import PRESETS, load_policy
from faceguard.policy.notice import STRUCTURED_ITEMS, LegalBasis, has_words
from faceguard.policy.policy_terms import Locale, NoticeItem, PlacementKind
from faceguard.policy.wording import NOTICE_ITEMS
from faceguard.signage.markdown import page_markdown
from faceguard.signage.page import compose_child_page, compose_page
from faceguard.signage.sign import compose_child_sign, compose_sign, sign_text
from faceguard.signage.wording import (
    CHILD_FUNCTIONS,
    DISCLOSURES,
    FUNCTIONS,
    ITEMS_OF_PART,
    LEGAL_BASES,
    PARTS,
    PHRASES,
    PLACEMENT_KINDS,
    Part,
    Phrase,
)
from faceguard.types import Disclosure, Function
from policies import notice, notice_without

SNAPSHOTS = Path(__file__).parent / "snapshots"
BOTH = tuple(Locale)
FIRST_LAYER = [(name, item) for name in PRESETS for item in load_policy(name).notice.first_layer_items.value]


# ------------------------------------------------------------------------------------------- the first layer


@pytest.mark.parametrize(("preset", "item"), FIRST_LAYER)
def test_the_first_layer_says_each_item_that_the_policy_wants_there(preset: str, item: NoticeItem) -> None:
    """FG-N04: per preset, the required subset is on the sign, in every language of the sign."""
    shown = shipped_notice()
    sign = compose_sign(shown, load_policy(preset), BOTH)
    (row,) = [row for row in sign.rows if row.item is item]
    assert len(row.text) == len(row.label) == len(BOTH)
    for locale, text, label in zip(BOTH, row.text, row.label, strict=True):
        assert label == NOTICE_ITEMS[item][(Locale.EN, Locale.JA).index(locale)]
        if item is NoticeItem.PURPOSES:
            assert all(getattr(purpose.text, locale) in text for purpose in shown.purposes)
        elif item is NoticeItem.FUNCTIONS:
            assert all(FUNCTIONS[did][(Locale.EN, Locale.JA).index(locale)] in text for did in shown.functions)
        else:
            assert text == getattr(shown.items[item], locale)


@pytest.mark.parametrize(("preset", "item"), [pair for pair in FIRST_LAYER if pair[1] not in STRUCTURED_ITEMS])
def test_no_sign_is_made_without_an_item_that_belongs_on_it(preset: str, item: NoticeItem) -> None:
    """FG-N04."""
    with pytest.raises(NoticeError, match=item.value):
        compose_sign(notice_without(item.value), load_policy(preset), BOTH)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_sign_says_who_what_for_and_whom_to_ask(preset: str) -> None:
    """FG-N04: whatever the policy lists."""
    items = {row.item for row in compose_sign(shipped_notice(), load_policy(preset), (Locale.EN,)).rows}
    assert {NoticeItem.CONTROLLER_NAME, NoticeItem.PURPOSES, NoticeItem.CONTACT} <= items


def test_a_sign_needs_the_address_of_the_full_text() -> None:
    """FG-N04."""
    placements = [p for p in shipped_notice().content["placements"] if p["kind"] != "web"]
    with pytest.raises(NoticeIncomplete) as caught:
        compose_sign(notice(placements=placements), load_policy("kr-pipa"), (Locale.EN,))
    assert caught.value.missing == ("placements.web",)


def test_the_sign_carries_version_day_and_hash() -> None:
    """FG-N06: a sign on a wall can be matched to its text."""
    shown = shipped_notice()
    identity = compose_sign(shown, load_policy("uk"), (Locale.EN,)).identity
    assert shown.notice_id in identity
    assert f"v{shown.version}" in identity
    assert "2026-01-01" in identity
    assert shown.sha256[:12] in identity


IN_PLACE_ONLY = [shipped_notice().content["purposes"][0]]
RELEASE_ONLY = [shipped_notice().content["purposes"][1]]
EVERY_FACE = PHRASES[Phrase.COVERED_WITHOUT_CONSENT][0]
CHILDREN = PHRASES[Phrase.CHILDREN_COVERED][0]
RELEASED = PHRASES[Phrase.RELEASE_COVERED][0]


@pytest.mark.parametrize(
    ("preset", "changes", "effect"),
    [
        ("jp-appi-2026", {"purposes": IN_PLACE_ONLY}, CHILDREN),
        ("jp-appi-2026", {}, f"{CHILDREN} {RELEASED}"),
        ("jp-appi-2026", {"purposes": RELEASE_ONLY}, EVERY_FACE),
        ("in-dpdp", {"purposes": IN_PLACE_ONLY}, EVERY_FACE),
        ("jp-appi-2026", {"functions": ["face_detection", "age_estimation"]}, ""),
    ],
)
def test_the_sign_promises_no_more_than_the_policy_keeps(preset: str, changes: dict[str, object], effect: str) -> None:
    """FG-R08: where adults stay visible in place, the sign doesn't say that every face without consent is covered."""
    sign = compose_sign(notice(**changes), load_policy(preset), (Locale.EN,))
    assert sign.effect == (effect,)


def test_the_sign_speaks_of_age_only_where_age_is_estimated() -> None:
    """FG-N03."""
    sign = compose_sign(notice(functions=["face_detection", "redaction"]), load_policy("uk"), (Locale.EN,))
    assert "age" not in sign_text(sign).replace("images", "").lower().split()
    assert "AI estimates age" in sign_text(compose_sign(shipped_notice(), load_policy("uk"), (Locale.EN,)))


# ------------------------------------------------------------------------------------------ the second layer


def test_every_item_has_its_one_place_in_the_full_text() -> None:
    """FG-N04."""
    placed = [item for items in ITEMS_OF_PART.values() for item in items]
    assert sorted(placed) == sorted(NoticeItem)


@pytest.mark.parametrize("locale", BOTH)
def test_the_full_text_says_all_that_the_notice_says(locale: Locale) -> None:
    """FG-N04: the second layer holds every item, with its label."""
    shown = shipped_notice()
    page = compose_page(shown, locale)
    entries = {entry.label: "\n".join(entry.lines) for section in page.sections for entry in section.entries}
    for item, text in shown.items.items():
        assert entries[NOTICE_ITEMS[item][(Locale.EN, Locale.JA).index(locale)]] == getattr(text, locale)
    everything = page_markdown((page,))
    assert shown.sha256 in everything
    for purpose in shown.purposes:
        assert getattr(purpose.text, locale) in everything
    assert "https://aozora-market.example/cameras" in everything


@pytest.mark.parametrize("locale", BOTH)
def test_children_get_words_of_their_own(locale: Locale) -> None:
    """FG-N05."""
    shown = shipped_notice()
    page = compose_child_page(shown, locale)
    assert page.introduction == getattr(shown.child_text, locale)
    assert len(page.sections) == 7
    assert compose_child_sign(shown, (locale,)).lead == (page.introduction,)
    silent = notice(child_text={"ja": "", "en": ""})
    with pytest.raises(NoticeError, match=f"child_text.{locale}"):
        compose_child_page(silent, locale)
    with pytest.raises(NoticeError, match=f"child_text.{locale}"):
        compose_child_sign(silent, (locale,))


# ----------------------------------------------------------------------------------------------- languages


@pytest.mark.parametrize(
    ("wording", "codes"),
    [
        (PHRASES, Phrase),
        (PARTS, Part),
        (FUNCTIONS, Function),
        (CHILD_FUNCTIONS, Function),
        (DISCLOSURES, Disclosure),
        (LEGAL_BASES, LegalBasis),
        (PLACEMENT_KINDS, PlacementKind),
        (NOTICE_ITEMS, NoticeItem),
    ],
)
def test_no_word_is_missing_in_either_language(wording: dict[str, tuple[str, str]], codes: type) -> None:
    """FG-N05."""
    assert set(wording) == set(codes)
    assert all(has_words(english) and english.isascii() for english, _ in wording.values())
    assert all(has_words(japanese) and not japanese.isascii() for _, japanese in wording.values())


@pytest.mark.parametrize("name", ["sign", "child-sign", "full", "child-full"])
@pytest.mark.parametrize("locale", BOTH)
def test_the_words_are_those_that_were_read_and_approved(name: str, locale: Locale) -> None:
    """FG-N05: a snapshot for each language. Read the change, then write the file anew by hand."""
    shown, policy = shipped_notice(), load_policy("jp-appi-2026")
    text = {
        "sign": lambda: sign_text(compose_sign(shown, policy, (locale,))),
        "child-sign": lambda: sign_text(compose_child_sign(shown, (locale,))),
        "full": lambda: page_markdown((compose_page(shown, locale),)),
        "child-full": lambda: page_markdown((compose_child_page(shown, locale),)),
    }[name]()
    assert text == (SNAPSHOTS / f"{name}-{locale}.txt").read_text(encoding="utf-8")


def test_what_operators_write_is_text_in_markdown_and_never_markup() -> None:
    items = {**shipped_notice().content["items"], "retention": {"ja": "一年", "en": "# one <b>year</b> *[x](y)*"}}
    page = page_markdown((compose_page(notice(items=items), Locale.EN),))
    assert r"\# one \<b\>year\</b\> \*\[x\](y)\*" in page
