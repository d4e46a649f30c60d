"""The fixed words of signs and pages, in English and Japanese. What operators say themselves is in their notice.

The first layer follows EDPB Guidelines 3/2019, section 7, and PPC Q&A 1-14: who, what for, what is done, what it means
for you, whom to ask, and where the rest is.
"""

from __future__ import annotations

from enum import StrEnum, auto
from typing import Final

from faceguard.policy.notice import LegalBasis
from faceguard.policy.policy_terms import NoticeItem, PlacementKind
from faceguard.policy.wording import Wording
from faceguard.types import Disclosure, Function


class Phrase(StrEnum):
    """Everything that signs and pages say in words of ours."""

    HEADLINE = auto()
    """A line break stands where a wide sign breaks it."""
    STRAPLINE_AGE = auto()
    STRAPLINE = auto()
    DETECTS = auto()
    DETECTS_AND_ESTIMATES = auto()
    NOBODY_IDENTIFIED = auto()
    COVERED_WITHOUT_CONSENT = auto()
    CHILDREN_COVERED = auto()
    RELEASE_COVERED = auto()
    READ_MORE = auto()
    VERSION = auto()
    IN_FORCE_FROM = auto()
    IN_FORCE_TO = auto()
    REPLACES = auto()
    DIGEST = auto()
    PAGE_TITLE = auto()
    PAGE_INTRODUCTION = auto()
    CHILD_HEADLINE = auto()
    CHILD_STRAPLINE = auto()
    CHILD_TITLE = auto()
    CHILD_VERSION = auto()
    FULL_VERSION = auto()
    CHILD_WHO = auto()
    CHILD_WHAT = auto()
    CHILD_FACE = auto()
    CHILD_FACE_ANSWER = auto()
    CHILD_NO = auto()
    CHILD_NO_ANSWER = auto()
    CHILD_ASK = auto()
    CHILD_GROWN_UPS = auto()


PHRASES: Final[Wording[Phrase]] = {
    Phrase.HEADLINE: ("Cameras here\ndetect faces", "カメラで顔を\n検出しています"),
    Phrase.STRAPLINE_AGE: (
        "AI estimates age. Nobody is identified by face.",
        "AIで年齢を推定します。顔による個人の特定はしません。",
    ),
    Phrase.STRAPLINE: ("Nobody is identified by face.", "顔による個人の特定はしません。"),
    Phrase.DETECTS: (
        "{operator} detects faces in camera pictures here.",
        "{operator}は、この場所のカメラ画像から顔を検出します。",
    ),
    Phrase.DETECTS_AND_ESTIMATES: (
        "{operator} detects faces in camera pictures here and estimates age by AI.",
        "{operator}は、この場所のカメラ画像から顔を検出し、AIで年齢を推定します。",
    ),
    Phrase.NOBODY_IDENTIFIED: ("Nobody is identified by their face.", "顔による個人の照合は行いません。"),
    Phrase.COVERED_WITHOUT_CONSENT: (
        "Faces without confirmed consent are covered automatically.",
        "同意が確認できない方の顔は自動で塗りつぶします。",
    ),
    Phrase.CHILDREN_COVERED: (
        "Faces of people who may be children are covered automatically unless a guardian's consent is confirmed.",
        "子どもの可能性がある方の顔は、法定代理人の同意が確認できない限り自動で塗りつぶします。",
    ),
    Phrase.RELEASE_COVERED: (
        "In what is published or given to others, every face without consent is covered.",
        "公開・提供するものでは、同意のない方の顔をすべて塗りつぶします。",
    ),
    Phrase.READ_MORE: ("Full notice", "くわしい説明"),
    Phrase.VERSION: ("Notice and version", "通知ID・版"),
    Phrase.IN_FORCE_FROM: ("In force from", "適用開始"),
    Phrase.IN_FORCE_TO: ("In force until", "適用終了"),
    Phrase.REPLACES: ("Replaces", "置き換える版"),
    Phrase.DIGEST: ("SHA-256 of this notice", "この通知のSHA-256"),
    Phrase.PAGE_TITLE: ("How we handle pictures of faces", "顔の画像の取扱いについて"),
    Phrase.PAGE_INTRODUCTION: (
        "This is the full notice behind the sign at our cameras.",
        "カメラの掲示の全文です。",
    ),
    Phrase.CHILD_HEADLINE: ("There are\ncameras here", "ここには カメラが\nあります"),
    Phrase.CHILD_STRAPLINE: ("For children", "こどもの みなさんへ"),
    Phrase.CHILD_TITLE: ("About our cameras, for children", "こどもの みなさんへ：カメラの おはなし"),
    Phrase.CHILD_VERSION: ("Version for children", "こども向けの説明"),
    Phrase.FULL_VERSION: ("Full notice for grown-ups", "おとな向けの全文"),
    Phrase.CHILD_WHO: ("Whose cameras are they?", "だれの カメラ？"),
    Phrase.CHILD_WHAT: ("What do they do?", "カメラは なにを するの？"),
    Phrase.CHILD_FACE: ("What happens to my face?", "わたしの かおは どうなるの？"),
    Phrase.CHILD_FACE_ANSWER: (
        "If you may be a child, your face is painted over, unless your grown-up says yes and the rules allow it.",
        "こどもかもしれない ときは、ぬりつぶします。おうちの人が「いいよ」と いい、きまりに あうときだけ のこります。",
    ),
    Phrase.CHILD_NO: ("What if I don't want this?", "いやな ときは？"),
    Phrase.CHILD_NO_ANSWER: (
        "Say so at any time: to the people here or to your grown-up. You won't be in trouble for it.",
        "いつでも いって だいじょうぶです。ここの人か、おうちの人に いってください。おこられることは ありません。",
    ),
    Phrase.CHILD_ASK: ("Whom can I ask?", "だれに きけば いい？"),
    Phrase.CHILD_GROWN_UPS: ("For guardians", "保護者の方へ"),
}


class Part(StrEnum):
    """The parts of the full page."""

    WHO = auto()
    WHY = auto()
    DATA = auto()
    WHERE = auto()
    KEEPING = auto()
    RIGHTS = auto()
    CHILDREN = auto()
    ABOUT = auto()


PARTS: Final[Wording[Part]] = {
    Part.WHO: ("Who is responsible", "責任者と窓口"),
    Part.WHY: ("What we do, and why", "目的と処理の内容"),
    Part.DATA: ("What data it is", "取り扱うデータ"),
    Part.WHERE: ("Where and when", "場所と期間"),
    Part.KEEPING: ("Keeping and passing on", "保存と提供"),
    Part.RIGHTS: ("What you can ask for", "ご本人の権利"),
    Part.CHILDREN: ("Children", "子どもについて"),
    Part.ABOUT: ("About this notice", "この通知について"),
}

ITEMS_OF_PART: Final[dict[Part, tuple[NoticeItem, ...]]] = {
    Part.WHO: (
        NoticeItem.CONTROLLER_NAME,
        NoticeItem.CONTROLLER_ADDRESS,
        NoticeItem.REPRESENTATIVE,
        NoticeItem.OPERATOR_NAME,
        NoticeItem.CONTACT,
        NoticeItem.DPO_CONTACT,
    ),
    Part.WHY: (
        NoticeItem.PURPOSES,
        NoticeItem.LEGAL_BASIS,
        NoticeItem.FUNCTIONS,
        NoticeItem.AUTOMATED_DECISION,
        NoticeItem.STATISTICS_USE,
        NoticeItem.PUBLIC_BENEFIT,
    ),
    Part.DATA: (
        NoticeItem.FACE_DATA_STATEMENT,
        NoticeItem.SOURCE_FEATURE,
        NoticeItem.DATA_ITEMS,
        NoticeItem.IDENTIFIABILITY,
        NoticeItem.REGISTRATION_CRITERIA,
    ),
    Part.WHERE: (NoticeItem.CAPTURE_PLACE_RANGE, NoticeItem.CAPTURE_PERIOD, NoticeItem.PLACEMENTS),
    Part.KEEPING: (
        NoticeItem.IMAGE_DISCARD,
        NoticeItem.RETENTION,
        NoticeItem.THIRD_PARTIES,
        NoticeItem.JOINT_USE_PROCESSORS,
        NoticeItem.CROSS_BORDER,
        NoticeItem.SECURITY_MEASURES,
    ),
    Part.RIGHTS: (
        NoticeItem.CESSATION_PROCEDURE,
        NoticeItem.ACCESS_PROCEDURE,
        NoticeItem.WITHDRAW_PROCEDURE,
        NoticeItem.COMPLAINT,
    ),
    Part.CHILDREN: (NoticeItem.MINORS_STATEMENT,),
    Part.ABOUT: (),
}
"""Every item of a notice has its place in the second layer."""

FUNCTIONS: Final[Wording[Function]] = {
    Function.FACE_DETECTION: ("finding faces", "顔の検出"),
    Function.TRACKING: ("following faces through the video", "映像内での追跡"),
    Function.AGE_ESTIMATION: ("estimating age by AI", "AIによる年齢推定"),
    Function.REDACTION: ("covering faces", "顔の塗りつぶし"),
    Function.BADGE_READING: ("reading consent badges", "同意バッジの読み取り"),
    Function.STATISTICS: ("counting people for statistics", "統計のための人数の計測"),
}

CHILD_FUNCTIONS: Final[Wording[Function]] = {
    Function.FACE_DETECTION: (
        "They find where faces are in the picture.",
        "しゃしんの どこに かおが あるかを みつけます。",
    ),
    Function.TRACKING: ("They follow a face while it moves.", "うごいている かおを おいかけます。"),
    Function.AGE_ESTIMATION: (
        "A computer guesses how old somebody looks.",
        "コンピューターが なんさいくらいかを かんがえます。",
    ),
    Function.REDACTION: ("They paint over faces.", "かおを ぬりつぶします。"),
    Function.BADGE_READING: (
        "They read badges that say whether a face may be shown.",
        "かおを のせてよいかが わかる バッジを よみとります。",
    ),
    Function.STATISTICS: ("They count how many people there are.", "なんにん いるかを かぞえます。"),
}

DISCLOSURES: Final[Wording[Disclosure]] = {
    Disclosure.IN_PLACE: ("used in place", "施設内での利用"),
    Disclosure.THIRD_PARTY: ("given to others or published", "第三者への提供・公開"),
}

LEGAL_BASES: Final[Wording[LegalBasis]] = {
    LegalBasis.CONSENT: ("consent", "同意"),
    LegalBasis.CONTRACT: ("contract", "契約"),
    LegalBasis.LEGAL_OBLIGATION: ("legal obligation", "法的義務"),
    LegalBasis.VITAL_INTERESTS: ("vital interests", "生命等の保護"),
    LegalBasis.PUBLIC_TASK: ("public task", "公的任務"),
    LegalBasis.LEGITIMATE_INTERESTS: ("legitimate interests", "正当な利益"),
}

PLACEMENT_KINDS: Final[Wording[PlacementKind]] = {
    PlacementKind.NEAR_SENSOR: ("At the camera", "カメラの近く"),
    PlacementKind.ENTRANCE: ("At the entrance", "入口"),
    PlacementKind.WEB: ("On the web", "ウェブ"),
    PlacementKind.DOCUMENT: ("In a document", "書面"),
}
