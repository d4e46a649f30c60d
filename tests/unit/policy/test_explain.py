"""Every code can be said in English and Japanese, and nothing says more than the record does."""

from __future__ import annotations

import re

import pytest

from faceguard.policy import wording
from faceguard.policy.engine import decide
from faceguard.policy.explain import explain, explain_policy, explain_reason
from faceguard.policy.load import PRESETS, load_policy
from faceguard.policy.policy_terms import Basis, LegalStatus, Locale, NoticeItem, RedactWhen
from faceguard.types import AgeStatus, AgeUnknownReason, Effect, Reason
from policies import BLURRED, CHILD, context, estimate, guardian_finding, subject

JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
CODES = {
    Effect: wording.EFFECTS,
    Reason: wording.REASONS,
    AgeStatus: wording.AGE_STATUSES,
    AgeUnknownReason: wording.AGE_UNKNOWN_REASONS,
    RedactWhen: wording.CONDITIONS,
    Basis: wording.BASES,
    LegalStatus: wording.LEGAL_STATUSES,
    NoticeItem: wording.NOTICE_ITEMS,
}


@pytest.mark.parametrize("codes", CODES, ids=lambda codes: codes.__name__)
def test_every_code_has_words_in_both_languages(codes: type) -> None:
    """FG-N05: labels in Japanese and English, no key missing."""
    texts = CODES[codes]
    assert list(texts) == list(codes)
    for english, japanese in texts.values():
        assert english.strip()
        assert not JAPANESE.search(english)
        assert JAPANESE.search(japanese)


def test_no_wording_promises_that_people_cannot_be_recognised() -> None:
    """FG-R08."""
    words = [text for texts in CODES.values() for pair in texts.values() for text in pair]
    words += [explain_policy(load_policy(name), locale) for name in PRESETS for locale in Locale]
    assert not [text for text in words if "anonym" in text.lower() or "匿名" in text]


def test_a_decision_in_plain_words() -> None:
    unknown = decide(subject(BLURRED), context())
    assert explain(unknown) == (
        "Face 0 is covered: the age can't be told, so this may be a child; no valid consent of a guardian "
        "(the face is blurred)."
    )
    possible = decide(subject(CHILD), context())
    assert explain(possible, Locale.JA) == (
        "顔0：塗りつぶし。子どもの可能性があります。有効な法定代理人の同意がありません（推定年齢が確認基準の21歳未満）。"
    )
    kept = decide(subject(CHILD), context(), [guardian_finding()])
    assert explain(kept) == (
        "Face 0 is shown: a guardian's consent holds for this use (a minor, by declaration or record; "
        "consent 0f8fad5b, G4)."
    )


def test_an_explanation_tells_no_age() -> None:
    """FG-A08."""
    for locale in Locale:
        assert "13.625" not in explain(decide(subject(estimate(13.625, 9.5)), context()), locale)


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("locale", Locale)
def test_a_policy_says_when_it_covers_a_face_and_on_what_that_rests(name: str, locale: Locale) -> None:
    policy = load_policy(name)
    page = explain_policy(policy, locale)
    for condition, provenance in policy.redact_when.items():
        line = next(line for line in page.splitlines() if wording.word(wording.CONDITIONS, condition, locale) in line)
        assert all(source in line for source in provenance.source if source != "faceguard")
    assert str(policy.last_verified) in page
    assert ("not legal advice" in page.lower()) or ("法的助言ではありません" in page)


def test_a_reason_can_be_asked_for_by_code_alone() -> None:
    assert explain_reason(Reason.CONSENT_EXPIRED) == "the consent has expired"
    assert explain_reason(Reason.CONSENT_EXPIRED, "ja") == "同意の期限が切れています"
