"""A decision, or a policy, in plain English or Japanese. Says no more than the record does: no age, no name."""

from __future__ import annotations

from collections.abc import Iterator

from faceguard.policy.document import Policy, Provenance
from faceguard.policy.merge import rules_of
from faceguard.policy.policy_terms import Locale, RedactWhen
from faceguard.policy.wording import (
    AGE_STATUSES,
    AGE_UNKNOWN_REASONS,
    BASES,
    CONDITIONS,
    EFFECTS,
    LEGAL_STATUSES,
    NOTICE_ITEMS,
    REASONS,
    WHEN_TRACKING_LOST,
    word,
)
from faceguard.types import AgeStatus, Decision, Reason

_SAYS_STATUS = frozenset({Reason.ADULT_IN_PLACE, Reason.MINOR_DECLARED})
"""Reasons that say the age's status themselves."""


def explain(decision: Decision, locale: Locale | str = Locale.EN) -> str:
    """One or two sentences: what happens to the face, why, and on which consent and limits that rests."""
    locale = Locale(locale)
    effect = word(EFFECTS, decision.effect, locale)
    reasons = [explain_reason(reason, locale) for reason in decision.reasons]
    details = list(_details(decision, locale))
    if locale is Locale.JA:
        note = f"（{'、'.join(details)}）" if details else ""
        return f"顔{decision.index}：{effect}。{'。'.join(reasons)}{note}。"
    note = f" ({'; '.join(details)})" if details else ""
    return f"Face {decision.index} is {effect}: {'; '.join(reasons)}{note}."


def explain_reason(reason: Reason, locale: Locale | str = Locale.EN) -> str:
    """What a reason's code means."""
    return word(REASONS, reason, Locale(locale))


def _details(decision: Decision, locale: Locale) -> Iterator[str]:
    english = locale is Locale.EN
    if decision.age_unknown_reason is not None:
        yield word(AGE_UNKNOWN_REASONS, decision.age_unknown_reason, locale)
    elif decision.age_status is AgeStatus.MINOR_POSSIBLE and decision.challenge_age is not None:
        limit = f"{decision.challenge_age:g}"
        yield f"the estimate is below the challenge age {limit}" if english else f"推定年齢が確認基準の{limit}歳未満"
    elif _SAYS_STATUS.isdisjoint(decision.reasons):
        yield word(AGE_STATUSES, decision.age_status, locale)
    if decision.consent_id is not None:
        level = f", {decision.guardian_level}" if decision.guardian_level else ""
        yield f"consent {decision.consent_id[:8]}{level}" if english else f"同意記録 {decision.consent_id[:8]}{level}"


def explain_policy(policy: Policy, locale: Locale | str = Locale.EN) -> str:
    """A page about a policy: what it is about, whom it takes for a child, when it covers a face, what it asks for."""
    return "\n".join(_page_ja(policy) if Locale(locale) is Locale.JA else _page_en(policy))


def _page_en(policy: Policy) -> Iterator[str]:
    age, consent = policy.age, policy.consent
    status = word(LEGAL_STATUSES, policy.legal_status, Locale.EN)
    yield f"{policy.policy_id} {policy.version}: {policy.title.en}"
    yield f"Law: {status}; in force from {_day(policy)}; last verified {policy.last_verified}. Not legal advice."
    yield from (f"Weakened from preset: {key}" for key in policy.weakened_from_preset)
    yield ""
    yield (
        f"A face may be a child's unless the estimate reaches {age.challenge_age_calibrated_years.value:g} years "
        f"({age.challenge_age_uncalibrated_years.value:g} with an uncalibrated model), or more if the model needs more "
        f"to let no more than {age.max_false_adult_rate.value:.0%} pass, or its lower bound reaches "
        f"{age.guardian_consent_age_years.value}."
    )
    yield (
        f"A guardian decides under {age.guardian_consent_age_years.value}, checked at "
        f"{consent.min_guardian_level.value} ({consent.min_guardian_level_release.value} for release). "
        f"Best interests come first under "
        f"{age.best_interests_age_years.value}. A consent holds for {consent.max_duration_days.value} days at most."
    )
    yield ""
    yield "A face is covered when"
    yield from _conditions(policy, Locale.EN)
    yield ""
    yield (
        f"How: {policy.redaction.method.value} over the {policy.redaction.region.value}, margin "
        f"{policy.redaction.margin.value:g}, class {policy.redaction.redaction_class.value}; detector "
        f"{policy.detection.tier.value}; when many faces of a video are lost at once, "
        f"{word(WHEN_TRACKING_LOST, policy.redaction.when_tracking_lost.value, Locale.EN)}; "
        f"originals kept {policy.retention.originals_hours.value} hours."
    )
    yield f"The notice has to say: {_items(policy, Locale.EN, ', ')}."
    yield f"It is shown: {', '.join(policy.notice.placements_required.value)}."
    yield f"Rules: {_tally(policy, Locale.EN, ', ')}."


def _page_ja(policy: Policy) -> Iterator[str]:
    age, consent = policy.age, policy.consent
    status = word(LEGAL_STATUSES, policy.legal_status, Locale.JA)
    yield f"{policy.policy_id} {policy.version}：{policy.title.ja}"
    yield f"法令：{status}、施行日 {_day(policy)}、最終確認日 {policy.last_verified}。法的助言ではありません。"
    yield from (f"プリセットより緩めた項目：{key}" for key in policy.weakened_from_preset)
    yield ""
    yield (
        f"推定年齢が{age.challenge_age_calibrated_years.value:g}歳（未校正のモデルでは"
        f"{age.challenge_age_uncalibrated_years.value:g}歳）に達するか、下限値が{age.guardian_consent_age_years.value}歳に"
        f"達しない限り、子どもの可能性があるものとして扱います。誤って成人とする割合を"
        f"{age.max_false_adult_rate.value:.0%}以下に保てないモデルでは、さらに高い年齢を使います。"
    )
    yield (
        f"{age.guardian_consent_age_years.value}歳未満は法定代理人が同意します（確認の水準{consent.min_guardian_level.value}"
        f"以上、提供の場合は{consent.min_guardian_level_release.value}以上）。{age.best_interests_age_years.value}歳未満は"
        f"最善の利益を優先します。同意の期間は最長{consent.max_duration_days.value}日です。"
    )
    yield ""
    yield "次の場合に顔を塗りつぶします。"
    yield from _conditions(policy, Locale.JA)
    yield ""
    yield (
        f"方法：{policy.redaction.method.value}、範囲 {policy.redaction.region.value}、余白 "
        f"{policy.redaction.margin.value:g}、区分 {policy.redaction.redaction_class.value}。検出 "
        f"{policy.detection.tier.value}。動画で多数の顔を同時に見失ったときは"
        f"{word(WHEN_TRACKING_LOST, policy.redaction.when_tracking_lost.value, Locale.JA)}。"
        f"元画像の保存 {policy.retention.originals_hours.value}時間。"
    )
    yield f"通知に必要な項目：{_items(policy, Locale.JA, '、')}。"
    yield f"掲示場所：{'、'.join(policy.notice.placements_required.value)}。"
    yield f"規則の根拠：{_tally(policy, Locale.JA, '、')}。"


def _conditions(policy: Policy, locale: Locale) -> Iterator[str]:
    for condition in RedactWhen:
        if condition in policy.redact_when:
            provenance = policy.redact_when[condition]
            yield f"  - {word(CONDITIONS, condition, locale)}  [{_footing(provenance, locale)}]"


def _footing(provenance: Provenance, locale: Locale) -> str:
    bases = " + ".join(word(BASES, basis, locale) for basis in provenance.basis)
    cited = [source for source in provenance.source if source != "faceguard"]
    return f"{bases}: {', '.join(cited)}" if cited else bases


def _items(policy: Policy, locale: Locale, separator: str) -> str:
    return separator.join(
        word(NOTICE_ITEMS, item, locale) for item in NOTICE_ITEMS if item in policy.notice.required_items
    )


def _tally(policy: Policy, locale: Locale, separator: str) -> str:
    """How many rules rest on what; a rule with two footings counts for both."""
    rules = list(rules_of(policy))
    counts = {basis: sum(basis in rule.provenance.basis for rule in rules) for basis in BASES}
    return separator.join(f"{word(BASES, basis, locale)} {count}" for basis, count in counts.items() if count)


def _day(policy: Policy) -> str:
    if policy.in_force_from == "not_set":
        return "?" if policy.latest_in_force is None else f"? (<= {policy.latest_in_force})"
    return str(policy.in_force_from)
