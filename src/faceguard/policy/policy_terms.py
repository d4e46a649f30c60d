"""The words that policies are written in."""

from __future__ import annotations

from enum import StrEnum


class Basis(StrEnum):
    """What a rule rests on."""

    STATUTE = "statute"
    DRAFT = "draft"
    """Enacted but not in force, or a published draft of rules."""
    GUIDANCE = "guidance"
    PRODUCT = "product"
    """An engineering choice of this package; no law says it."""


class LegalStatus(StrEnum):
    """Where the law stands that a policy is about."""

    IN_FORCE = "in_force"
    ENACTED_NOT_IN_FORCE = "enacted_not_in_force"
    DRAFT = "draft"
    PRODUCT = "product"
    MIXED = "mixed"
    """Merged from policies that differ."""


class Locale(StrEnum):
    """A language in which notices and explanations exist."""

    JA = "ja"
    EN = "en"


class NoticeItem(StrEnum):
    """What a handling notice can say (ISO/IEC 29184, and the laws' own lists).

    Purposes, functions and placements have a structure of their own; the others are text.
    """

    CONTROLLER_NAME = "controller_name"
    CONTROLLER_ADDRESS = "controller_address"
    REPRESENTATIVE = "representative"
    OPERATOR_NAME = "operator_name"
    CONTACT = "contact"
    DPO_CONTACT = "dpo_contact"
    PURPOSES = "purposes"
    LEGAL_BASIS = "legal_basis"
    FACE_DATA_STATEMENT = "face_data_statement"
    SOURCE_FEATURE = "source_feature"
    FUNCTIONS = "functions"
    DATA_ITEMS = "data_items"
    IDENTIFIABILITY = "identifiability"
    CAPTURE_PLACE_RANGE = "capture_place_range"
    CAPTURE_PERIOD = "capture_period"
    IMAGE_DISCARD = "image_discard"
    RETENTION = "retention"
    THIRD_PARTIES = "third_parties"
    JOINT_USE_PROCESSORS = "joint_use_processors"
    CROSS_BORDER = "cross_border"
    SECURITY_MEASURES = "security_measures"
    CESSATION_PROCEDURE = "cessation_procedure"
    ACCESS_PROCEDURE = "access_procedure"
    WITHDRAW_PROCEDURE = "withdraw_procedure"
    COMPLAINT = "complaint"
    MINORS_STATEMENT = "minors_statement"
    AUTOMATED_DECISION = "automated_decision"
    STATISTICS_USE = "statistics_use"
    REGISTRATION_CRITERIA = "registration_criteria"
    PUBLIC_BENEFIT = "public_benefit"
    PLACEMENTS = "placements"


class PlacementKind(StrEnum):
    """Where a notice is shown."""

    NEAR_SENSOR = "near_sensor"
    ENTRANCE = "entrance"
    WEB = "web"
    DOCUMENT = "document"


class NoticeExceptionCode(StrEnum):
    """Grounds on which a law lets a notice be withheld (APPI 21(4) (i) to (iii))."""

    HARM_TO_PERSON_OR_THIRD_PARTY = "harm_to_person_or_third_party"
    HARM_TO_OPERATOR_LEGITIMATE_INTEREST = "harm_to_operator_legitimate_interest"
    PUBLIC_AUTHORITY_TASK = "public_authority_task"


class RedactWhen(StrEnum):
    """The conditions under which a face is covered; the engine's rules ask for these and for nothing else."""

    ERROR = "error"
    CESSATION_REQUEST = "cessation_request"
    LOW_CONFIDENCE_DETECTION = "low_confidence_detection"
    AGE_UNKNOWN_WITHOUT_GUARDIAN_CONSENT = "age_unknown_without_guardian_consent"
    MINOR_WITHOUT_GUARDIAN_CONSENT = "minor_without_guardian_consent"
    MINOR_WITHOUT_BEST_INTERESTS_REFERENCE = "minor_without_best_interests_reference"
    REFUSAL_OR_OBJECTION = "refusal_or_objection"
    RELEASE_WITHOUT_CONSENT = "release_without_consent"
    ADULT_WITHOUT_CONSENT = "adult_without_consent"
    WITHOUT_WRITTEN_RELEASE = "without_written_release"


ALWAYS_REDACT_WHEN = frozenset(
    {
        RedactWhen.ERROR,
        RedactWhen.CESSATION_REQUEST,
        RedactWhen.AGE_UNKNOWN_WITHOUT_GUARDIAN_CONSENT,
        RedactWhen.MINOR_WITHOUT_GUARDIAN_CONSENT,
        RedactWhen.MINOR_WITHOUT_BEST_INTERESTS_REFERENCE,
        RedactWhen.RELEASE_WITHOUT_CONSENT,
    }
)
"""No policy can do without these: they are what faceguard promises (FG-A01, FG-C01, FG-R07, FG-T02, FG-T03, FG-T04)."""


class ConsentMethod(StrEnum):
    """Affirmative acts by which a consent can be expressed. Silence and pre-ticked boxes have no name here (FG-C11)."""

    SIGNED_PAPER = "signed_paper"
    ELECTRONIC_SIGNATURE = "electronic_signature"
    IN_PERSON = "in_person"
    WEB_FORM = "web_form"
    """An unticked box or button that the person has to act on."""
    EMAIL = "email"
    SMS = "sms"
    TELEPHONE = "telephone"
    CARD_TRANSACTION = "card_transaction"
    WALLET_CREDENTIAL = "wallet_credential"


class DetectorTier(StrEnum):
    """How hard faces are looked for."""

    LIVE = "live"
    BALANCED = "balanced"
    THOROUGH = "thorough"


class RedactionExtent(StrEnum):
    """What is covered around a detected face."""

    FACE = "face"
    HEAD = "head"


class WhenTrackingLost(StrEnum):
    """What is covered of a video while many faces are lost at once, so that no prediction of them can be trusted."""

    WIDEN = "widen"
    """Where each is predicted, with a margin that grows."""
    HOLD = "hold"
    """The whole picture, until they are found again."""


class C2paRule(StrEnum):
    """Whether an output has to carry a signed C2PA manifest."""

    OPTIONAL = "optional"
    REQUIRED = "required"


class RegionPrecision(StrEnum):
    """How exactly a record or manifest may say where a face was."""

    EXACT = "exact"
    COARSE = "coarse"
    NONE = "none"


class ThirdPartyRule(StrEnum):
    """On what footing faces may go to third parties, or abroad."""

    CONSENT_ONLY = "consent_only"
    FORBIDDEN = "forbidden"


class IndividualNoticeRule(StrEnum):
    """Whether people are told of a breach one by one."""

    MAY_BE_RELAXED = "may_be_relaxed"
    WHEN_HIGH_RISK = "when_high_risk"
    REQUIRED = "required"
