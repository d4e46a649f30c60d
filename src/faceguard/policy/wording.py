"""What codes are called in English and Japanese. Every code has both; a test holds us to it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from faceguard.policy.policy_terms import Basis, LegalStatus, Locale, NoticeItem, RedactWhen, WhenTrackingLost
from faceguard.types import AgeStatus, AgeUnknownReason, Effect, Reason

Code = TypeVar("Code", bound=StrEnum)
Wording = Mapping[Code, tuple[str, str]]
"""English and Japanese of each code."""

_LOCALES = (Locale.EN, Locale.JA)


def word(wording: Wording[Code], code: Code, locale: Locale) -> str:
    """The text of `code` in `locale`."""
    return wording[code][_LOCALES.index(locale)]


EFFECTS: Wording[Effect] = {
    Effect.KEEP: ("shown", "表示"),
    Effect.REDACT: ("covered", "塗りつぶし"),
}

REASONS: Wording[Reason] = {
    Reason.ADULT_IN_PLACE: (
        "clearly an adult, and the pictures stay in place",
        "明らかに成人で、映像は施設内だけで使います",
    ),
    Reason.CONSENT_VALID: ("the person's own consent holds for this use", "本人の同意がこの利用について有効です"),
    Reason.GUARDIAN_CONSENT_VALID: (
        "a guardian's consent holds for this use",
        "法定代理人の同意がこの利用について有効です",
    ),
    Reason.CESSATION_REQUESTED: ("somebody entitled to it asked that use stops", "利用停止の請求があります"),
    Reason.AGE_UNKNOWN: (
        "the age can't be told, so this may be a child",
        "年齢が分からないため、子どもの可能性があるものとして扱います",
    ),
    Reason.MINOR_POSSIBLE: ("this may be a child", "子どもの可能性があります"),
    Reason.MINOR_DECLARED: ("this is a child by what was declared or recorded", "申告または記録により未成年です"),
    Reason.NO_GUARDIAN_CONSENT: ("no valid consent of a guardian", "有効な法定代理人の同意がありません"),
    Reason.NO_CONSENT: (
        "no valid consent of the person, which this policy asks for",
        "この基準が求める本人の有効な同意がありません",
    ),
    Reason.RELEASE_WITHOUT_CONSENT: (
        "the picture is for third parties, and there is no valid consent to that",
        "第三者への提供ですが、そのための有効な同意がありません",
    ),
    Reason.WRITTEN_RELEASE_REQUIRED: (
        "a written release for a stated term is missing",
        "期間を定めた書面による許諾がありません",
    ),
    Reason.NO_BEST_INTERESTS_REFERENCE: (
        "no reference to an assessment of the child's best interests",
        "未成年者の最善の利益についての検討記録の番号がありません",
    ),
    Reason.LOW_CONFIDENCE_DETECTION: (
        "the detection is doubtful, and this policy covers those",
        "検出が不確かで、この基準では塗りつぶします",
    ),
    Reason.POLICY_ALWAYS: ("this policy never shows faces for this use", "この基準ではこの利用で顔を表示しません"),
    Reason.ERROR: ("an error came up while deciding", "判断中にエラーが起きました"),
    Reason.CONSENT_UNSIGNED: ("the consent is not signed", "同意記録に署名がありません"),
    Reason.CONSENT_SIGNATURE_INVALID: (
        "the consent's signature does not fit its text",
        "同意記録の署名が内容と一致しません",
    ),
    Reason.CONSENT_KEY_UNKNOWN: (
        "the consent is signed by a key that is not trusted",
        "信頼されていない鍵による署名です",
    ),
    Reason.CONSENT_MALFORMED: ("the consent record is malformed", "同意記録の形式が正しくありません"),
    Reason.CONSENT_STATE_NOT_GIVEN: ("the consent was not given", "同意が与えられた状態ではありません"),
    Reason.CONSENT_REVOKED: ("the consent was withdrawn or revoked", "同意は撤回または取り消されています"),
    Reason.CONSENT_EXPIRED: ("the consent has expired", "同意の期限が切れています"),
    Reason.CONSENT_NOT_YET_VALID: ("the consent has not begun", "同意の期間がまだ始まっていません"),
    Reason.CONSENT_TOO_LONG: (
        "the consent is for longer than the policy allows",
        "同意の期間が基準の上限を超えています",
    ),
    Reason.CONSENT_OTHER_PURPOSE: ("the consent is for another purpose", "別の目的についての同意です"),
    Reason.CONSENT_OUT_OF_SCOPE: (
        "the consent is for another file, event or place",
        "別の画像・催し・場所についての同意です",
    ),
    Reason.CONSENT_NOT_FOR_RELEASE: (
        "the consent does not cover release to third parties",
        "第三者への提供は同意に含まれていません",
    ),
    Reason.CONSENT_NOTICE_MISMATCH: (
        "the consent was not given after the notice in force",
        "現在の通知を見たうえでの同意ではありません",
    ),
    Reason.CONSENT_METHOD_NOT_ALLOWED: (
        "the consent was not expressed in a way that the policy accepts",
        "基準が認める方法で示された同意ではありません",
    ),
    Reason.CONSENT_GUARDIAN_LEVEL_TOO_LOW: (
        "the guardian was not checked well enough",
        "法定代理人の確認の水準が足りません",
    ),
    Reason.CONSENT_GUARDIAN_INVALID: ("the guardian can't grant this", "この法定代理人は同意できません"),
    Reason.CONSENT_GUARDIAN_OBJECTION: ("the other guardian objected", "もう一方の法定代理人が異議を述べています"),
    Reason.CONSENT_REAFFIRM_REQUIRED: (
        "the child has come of age for this and has to decide again",
        "本人が自分で同意できる年齢になったため、改めて本人の同意が必要です",
    ),
    Reason.CONSENT_REVOCATION_LIST_STALE: ("the list of revocations is too old", "撤回の一覧が古すぎます"),
    Reason.CONSENT_REGISTER_UNTRUSTED: ("the consent register can't be trusted", "同意台帳が信頼できません"),
}

AGE_STATUSES: Wording[AgeStatus] = {
    AgeStatus.ADULT_CLEAR: ("clearly an adult", "明らかに成人"),
    AgeStatus.MINOR_POSSIBLE: ("possibly a minor", "未成年の可能性あり"),
    AgeStatus.MINOR: ("a minor, by declaration or record", "未成年（申告または記録による）"),
    AgeStatus.UNKNOWN: ("age unknown", "年齢不明"),
}

AGE_UNKNOWN_REASONS: Wording[AgeUnknownReason] = {
    AgeUnknownReason.NO_ESTIMATOR: ("no age estimator runs", "年齢推定を行っていません"),
    AgeUnknownReason.TOO_SMALL: ("the face is too small", "顔が小さすぎます"),
    AgeUnknownReason.BLURRED: ("the face is blurred", "顔がぼやけています"),
    AgeUnknownReason.TURNED: ("the face is turned away", "顔が横を向いています"),
    AgeUnknownReason.OCCLUDED: ("the face is partly hidden", "顔の一部が隠れています"),
    AgeUnknownReason.LIGHTING: ("the light is too poor", "明るさが適切ではありません"),
    AgeUnknownReason.LOW_CONFIDENCE: ("it is doubtful that this is a face", "顔かどうか不確かです"),
    AgeUnknownReason.DISAGREEMENT: ("the estimates disagree", "推定結果が一致しません"),
    AgeUnknownReason.CROPPED: ("the face is cut by the edge of the picture", "顔が画像の端で切れています"),
    AgeUnknownReason.NOT_YET: ("no good enough view so far", "まだ十分な映りがありません"),
}

CONDITIONS: Wording[RedactWhen] = {
    RedactWhen.ERROR: ("anything goes wrong", "何らかのエラーが起きたとき"),
    RedactWhen.CESSATION_REQUEST: ("somebody asked that use stops", "利用停止の請求があるとき"),
    RedactWhen.LOW_CONFIDENCE_DETECTION: (
        "the detection is doubtful, whatever was consented",
        "検出が不確かなとき（同意があっても）",
    ),
    RedactWhen.AGE_UNKNOWN_WITHOUT_GUARDIAN_CONSENT: (
        "the age can't be told and no guardian consented",
        "年齢が分からず、法定代理人の同意がないとき",
    ),
    RedactWhen.MINOR_WITHOUT_GUARDIAN_CONSENT: (
        "it may be a child and no guardian consented",
        "子どもの可能性があり、法定代理人の同意がないとき",
    ),
    RedactWhen.MINOR_WITHOUT_BEST_INTERESTS_REFERENCE: (
        "it may be a minor and no assessment of best interests is named",
        "未成年の可能性があり、最善の利益の検討記録が示されていないとき",
    ),
    RedactWhen.REFUSAL_OR_OBJECTION: ("the person refused, withdrew or objected", "本人が拒否・撤回・異議を示したとき"),
    RedactWhen.RELEASE_WITHOUT_CONSENT: (
        "the picture goes to third parties without the person's consent to that",
        "第三者への提供について同意がないとき",
    ),
    RedactWhen.ADULT_WITHOUT_CONSENT: (
        "an adult did not consent, also in place",
        "成人の同意がないとき（施設内の利用でも）",
    ),
    RedactWhen.WITHOUT_WRITTEN_RELEASE: (
        "there is no written release for a stated term",
        "期間を定めた書面による許諾がないとき",
    ),
}

BASES: Wording[Basis] = {
    Basis.STATUTE: ("statute", "法令"),
    Basis.DRAFT: ("draft or not in force", "未施行・案"),
    Basis.GUIDANCE: ("guidance", "指針"),
    Basis.PRODUCT: ("choice of faceguard", "本製品の選択"),
}

LEGAL_STATUSES: Wording[LegalStatus] = {
    LegalStatus.IN_FORCE: ("in force", "施行済み"),
    LegalStatus.ENACTED_NOT_IN_FORCE: ("enacted, not in force", "成立・未施行"),
    LegalStatus.DRAFT: ("draft", "案"),
    LegalStatus.PRODUCT: ("no law, a choice", "法令ではなく任意の基準"),
    LegalStatus.MIXED: ("merged from laws of different standing", "施行状況の異なる法令を統合"),
}

WHEN_TRACKING_LOST: Wording[WhenTrackingLost] = {
    WhenTrackingLost.WIDEN: ("covers grow where they are expected", "予測した位置を広めに塗りつぶします"),
    WhenTrackingLost.HOLD: ("the whole picture is covered", "画面全体を塗りつぶします"),
}

NOTICE_ITEMS: Wording[NoticeItem] = {
    NoticeItem.CONTROLLER_NAME: ("Operator name", "事業者の名称"),
    NoticeItem.CONTROLLER_ADDRESS: ("Address", "住所"),
    NoticeItem.REPRESENTATIVE: ("Representative", "代表者の氏名"),
    NoticeItem.OPERATOR_NAME: ("System operator", "運用実施主体"),
    NoticeItem.CONTACT: ("Contact", "問合せ先"),
    NoticeItem.DPO_CONTACT: ("Data protection officer", "データ保護責任者"),
    NoticeItem.PURPOSES: ("Purposes of use", "利用目的"),
    NoticeItem.LEGAL_BASIS: ("Legal basis", "法的根拠"),
    NoticeItem.FACE_DATA_STATEMENT: ("Statement that face data is handled", "顔特徴データ等を取り扱う旨"),
    NoticeItem.SOURCE_FEATURE: ("Physical feature it derives from", "元となる身体的特徴の内容"),
    NoticeItem.FUNCTIONS: ("Functions used", "利用する機能"),
    NoticeItem.DATA_ITEMS: ("Data collected and generated", "取得・生成するデータの項目"),
    NoticeItem.IDENTIFIABILITY: ("Whether a person can be identified", "個人特定の可否"),
    NoticeItem.CAPTURE_PLACE_RANGE: ("Place and range of capture", "設置場所・撮影範囲"),
    NoticeItem.CAPTURE_PERIOD: ("Period and hours of capture", "撮影期間・時間"),
    NoticeItem.IMAGE_DISCARD: ("When source images are discarded", "元画像の破棄時期"),
    NoticeItem.RETENTION: ("Retention period", "保存期間"),
    NoticeItem.THIRD_PARTIES: ("Third-party recipients", "第三者提供の有無・提供先"),
    NoticeItem.JOINT_USE_PROCESSORS: ("Joint use; processors", "共同利用・委託"),
    NoticeItem.CROSS_BORDER: ("Transfers abroad", "外国への提供"),
    NoticeItem.SECURITY_MEASURES: ("Security measures", "安全管理措置"),
    NoticeItem.CESSATION_PROCEDURE: ("How to request cessation", "利用停止等の請求手続"),
    NoticeItem.ACCESS_PROCEDURE: ("Access and correction", "開示等の請求手続"),
    NoticeItem.WITHDRAW_PROCEDURE: ("How to withdraw consent", "同意の撤回方法"),
    NoticeItem.COMPLAINT: ("Complaints", "苦情の申出先"),
    NoticeItem.MINORS_STATEMENT: ("Treatment of minors", "未成年者の取扱い（法定代理人）"),
    NoticeItem.AUTOMATED_DECISION: ("Automated decision", "自動判断の有無"),
    NoticeItem.STATISTICS_USE: ("Statistics-only use", "統計作成等への利用"),
    NoticeItem.REGISTRATION_CRITERIA: ("Watch-list criteria", "登録基準・登録情報の取得元"),
    NoticeItem.PUBLIC_BENEFIT: ("Benefit to the public", "生活者のメリット"),
    NoticeItem.PLACEMENTS: ("Placements", "掲示場所"),
}
