"""The words that consent records are written in: states, roles, methods, grounds.

States and roles are those of the W3C Data Privacy Vocabulary 2.2; the levels of guardian verification are faceguard's
own ladder, since no law surveyed gives a standard way to prove parental authority.
"""

from __future__ import annotations

from enum import StrEnum

from faceguard.types import GuardianLevel


class ConsentState(StrEnum):
    """`dpv:ConsentStatus`. Only the states of `STATES_GIVEN` let anything happen (FG-C10)."""

    UNKNOWN = "ConsentUnknown"
    REQUESTED = "ConsentRequested"
    REQUEST_DEFERRED = "ConsentRequestDeferred"
    REFUSED = "ConsentRefused"
    GIVEN = "ConsentGiven"
    RENEWED = "RenewedConsentGiven"
    EXPIRED = "ConsentExpired"
    WITHDRAWN = "ConsentWithdrawn"
    """Ended by the person."""
    REVOKED = "ConsentRevoked"
    """Ended by anybody else."""
    INVALIDATED = "ConsentInvalidated"


STATES_GIVEN = frozenset({ConsentState.GIVEN, ConsentState.RENEWED})


class Expression(StrEnum):
    """How clearly a will was expressed. Silence and implied consent have no name here (FG-C11)."""

    EXPLICIT = "explicit"
    EXPRESSED = "expressed"


class PartyRole(StrEnum):
    """`dpv:LegalEntity` roles."""

    CONTROLLER = "controller"
    JOINT_CONTROLLER = "joint_controller"
    PROCESSOR = "processor"


class GuardianRole(StrEnum):
    """`dpv:ParentOfDataSubject`, `dpv:GuardianOfDataSubject`, or another legal representative."""

    PARENT = "parent"
    GUARDIAN = "guardian"
    OTHER = "other"


class VerificationMethod(StrEnum):
    """How the guardian was checked."""

    SELF_ASSERTED = "self_asserted"
    EMAIL_ROUND_TRIP = "email_round_trip"
    SMS_ROUND_TRIP = "sms_round_trip"
    CARD_TRANSACTION = "card_transaction"
    PHONE_IDENTITY_CHECK = "phone_identity_check"
    SIGNED_FORM = "signed_form"
    KNOWLEDGE_QUESTIONS = "knowledge_questions"
    GOVERNMENT_ID = "government_id"
    WALLET_ATTRIBUTE = "wallet_attribute"
    IN_PERSON = "in_person"


class AuthorityBasis(StrEnum):
    """What shows that this adult may decide for this child."""

    DECLARED = "declared"
    FAMILY_REGISTER = "family_register"
    BIRTH_CERTIFICATE = "birth_certificate"
    COURT_ORDER = "court_order"
    SCHOOL_ROLL = "school_roll"
    GUARDIAN_REGISTRY = "guardian_registry"


HIGHEST_LEVEL = {
    VerificationMethod.SELF_ASSERTED: GuardianLevel.G0,
    VerificationMethod.EMAIL_ROUND_TRIP: GuardianLevel.G1,
    VerificationMethod.SMS_ROUND_TRIP: GuardianLevel.G1,
    VerificationMethod.CARD_TRANSACTION: GuardianLevel.G2,
    VerificationMethod.PHONE_IDENTITY_CHECK: GuardianLevel.G2,
    VerificationMethod.SIGNED_FORM: GuardianLevel.G2,
    VerificationMethod.KNOWLEDGE_QUESTIONS: GuardianLevel.G2,
    VerificationMethod.GOVERNMENT_ID: GuardianLevel.G3,
    VerificationMethod.WALLET_ATTRIBUTE: GuardianLevel.G3,
    VerificationMethod.IN_PERSON: GuardianLevel.G3,
}
"""The level that a method of verification can reach by itself; a proof of authority lifts G3 to G4."""


class RevocationReason(StrEnum):
    """Why a consent ended before its time."""

    WITHDRAWN = "withdrawn"
    GUARDIAN_OBJECTION = "guardian_objection"
    EMERGENCY = "emergency"
    COURT_ORDER = "court_order"
    LEFT_FACILITY = "left_facility"
    GRADUATED = "graduated"
    ACCOUNT_DELETED = "account_deleted"
    STAFF_INVALIDATED = "staff_invalidated"
    CONSENT_EXPIRED = "consent_expired"
    """Its time is over; marked by `faceguard consent expire`, and true without the mark."""


class Actor(StrEnum):
    """Who asked that a consent or a use ends. Nobody needs a key for that."""

    SUBJECT = "subject"
    GUARDIAN = "guardian"
    CO_GUARDIAN = "co_guardian"
    INSTITUTION = "institution"
    COURT = "court"
    CONTROLLER = "controller"
