"""What was said on the command line, as the parts of a consent record."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from faceguard.errors import ConsentError
from faceguard.policy.consent_terms import AuthorityBasis, GuardianRole, VerificationMethod

if TYPE_CHECKING:
    from faceguard.policy.consent import DataSubject, Guardian, Scope, WrittenRelease
    from faceguard.policy.document import Policy


class Method(StrEnum):
    """`ConsentMethod`, named here so that `--help` needs no policy."""

    SIGNED_PAPER = "signed_paper"
    ELECTRONIC_SIGNATURE = "electronic_signature"
    IN_PERSON = "in_person"
    WEB_FORM = "web_form"
    EMAIL = "email"
    SMS = "sms"
    TELEPHONE = "telephone"
    CARD_TRANSACTION = "card_transaction"
    WALLET_CREDENTIAL = "wallet_credential"


class Signature(StrEnum):
    HANDWRITTEN = "handwritten"
    ELECTRONIC = "electronic"


def subject(subject: str, born: str | None, policy: Policy, said_at: datetime) -> DataSubject:
    from pydantic import ValidationError

    from faceguard.policy.consent import DataSubject

    try:
        person = DataSubject(id=subject, is_child=False, birth_year_month=born)
    except ValidationError as error:
        raise ConsentError(
            f"`{subject}` born `{born}` can't be recorded: {error.errors()[0]['msg'].lower()}", key="born"
        ) from None
    grown_up = born is None or person.surely_is(policy.age.best_interests_age_years.value, said_at.date())
    return person if grown_up else person.model_copy(update={"is_child": True})


def scope(
    start: datetime, days: int, event: str | None, collection: str | None, place: str | None, assets: tuple[Path, ...]
) -> Scope:
    from pydantic import ValidationError

    from faceguard.policy.consent import Scope

    try:
        return Scope(
            asset_sha256=tuple(_sha256(path) for path in assets),
            event=event,
            collection=collection,
            place=place,
            valid_from=start,
            valid_to=start + timedelta(days=days),
        )
    except ValidationError as error:
        raise ConsentError(
            f"{error.errors()[0]['msg'].removeprefix('Value error, ')}; name them by --event, --collection or --asset"
        ) from None


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ConsentError(f"`{path}` can't be read: {error.strerror or error}", path=path) from error


def guardian(
    guardian: str | None,
    role: GuardianRole,
    relationship: str,
    method: VerificationMethod,
    verifier: str,
    authority: AuthorityBasis,
    age_at_least_years: int | None,
    verified_at: datetime,
) -> Guardian | None:
    from faceguard.policy.consent import AdultEvidence, Guardian
    from faceguard.types import GuardianLevel

    if guardian is None:
        return None
    proof = age_at_least_years
    claimed = Guardian(
        id=guardian,
        role=role,
        relationship=relationship,
        authority_basis=authority,
        adult_evidence=None if proof is None else AdultEvidence(method=method, age_at_least_years=proof),
        verification_method=method,
        verifier=verifier,
        verified_at=verified_at,
        assurance_level=GuardianLevel.G4,
    )
    return claimed.model_copy(update={"assurance_level": claimed.level})


def written_release(signature: Signature | None, term: timedelta) -> WrittenRelease | None:
    from faceguard.policy.consent import WrittenRelease

    if signature is None:
        return None
    return WrittenRelease(signature_type=signature.value, term=term)
