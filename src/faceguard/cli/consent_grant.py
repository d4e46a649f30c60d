"""`faceguard consent grant`: writes down what a person or a guardian said, signs it and adds it to the register."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceguard.cli.consent_options import AsJson, Key, Register, Trusted, writing_keys
from faceguard.cli.language import Language
from faceguard.cli.times import now, parse_time
from faceguard.errors import ConsentError
from faceguard.policy.consent_terms import AuthorityBasis, GuardianRole, VerificationMethod

if TYPE_CHECKING:
    from faceguard.policy.consent import ConsentRecord, DataSubject, Guardian, Scope, WrittenRelease
    from faceguard.policy.document import Policy
    from faceguard.policy.notice import HandlingNotice
    from faceguard.types import Reason


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


_WHO, _WHAT, _WHERE, _GUARDIAN, _SIGN = "Who", "What for", "Where and how long", "Guardian", "Signing"


def grant(
    *,
    subject: Annotated[
        str, typer.Option("--subject", metavar="KEY", help="Your own key of the person.", rich_help_panel=_WHO)
    ],
    born: Annotated[
        str | None,
        typer.Option(metavar="YYYY-MM", help="Month of birth; needed for a child.", rich_help_panel=_WHO),
    ] = None,
    purpose: Annotated[
        list[str],
        typer.Option("--purpose", metavar="ID", help="A purpose of the notice; repeatable.", rich_help_panel=_WHAT),
    ],
    notice: Annotated[
        Path, typer.Option("--notice", metavar="FILE", help="The notice that was shown.", rich_help_panel=_WHAT)
    ],
    language: Annotated[
        Language, typer.Option(help="The language it was said in.", rich_help_panel=_WHAT)
    ] = Language.JA,
    method: Annotated[Method, typer.Option("--method", help="How the will was expressed.", rich_help_panel=_WHAT)],
    release: Annotated[
        bool,
        typer.Option("--release", help="Third parties may get pictures; asked for apart.", rich_help_panel=_WHAT),
    ] = False,
    best_interests: Annotated[
        str | None,
        typer.Option(metavar="REF", help="The best-interests assessment, for a minor.", rich_help_panel=_WHAT),
    ] = None,
    written_release: Annotated[
        Signature | None, typer.Option(help="A written release was signed (BIPA).", rich_help_panel=_WHAT)
    ] = None,
    event: Annotated[str | None, typer.Option(help="Pictures of this event.", rich_help_panel=_WHERE)] = None,
    collection: Annotated[str | None, typer.Option(help="Pictures of this collection.", rich_help_panel=_WHERE)] = None,
    place: Annotated[str | None, typer.Option(help="Pictures taken at this place.", rich_help_panel=_WHERE)] = None,
    asset: Annotated[
        list[Path] | None,
        typer.Option("--asset", metavar="FILE", help="This very file; repeatable.", rich_help_panel=_WHERE),
    ] = None,
    given_at: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="When it was said, if not now (ISO 8601).", rich_help_panel=_WHERE),
    ] = None,
    days: Annotated[
        int, typer.Option(min=1, max=36_000, help="How long it holds, in days.", rich_help_panel=_WHERE)
    ] = 180,
    guardian: Annotated[
        str | None,
        typer.Option("--guardian", metavar="KEY", help="Your own key of the guardian.", rich_help_panel=_GUARDIAN),
    ] = None,
    guardian_role: Annotated[
        GuardianRole, typer.Option(help="In which role.", rich_help_panel=_GUARDIAN)
    ] = GuardianRole.PARENT,
    relationship: Annotated[
        str, typer.Option(help="In words, such as `mother`.", rich_help_panel=_GUARDIAN)
    ] = "parent",
    verified_by: Annotated[
        VerificationMethod,
        typer.Option(help="How the guardian was checked; decides the level G0 to G4.", rich_help_panel=_GUARDIAN),
    ] = VerificationMethod.SELF_ASSERTED,
    verifier: Annotated[
        str, typer.Option(metavar="NAME", help="Who checked it.", rich_help_panel=_GUARDIAN)
    ] = "operator",
    authority: Annotated[
        AuthorityBasis,
        typer.Option(help="What shows that this adult decides for this child.", rich_help_panel=_GUARDIAN),
    ] = AuthorityBasis.DECLARED,
    guardian_age: Annotated[
        int | None,
        typer.Option(metavar="YEARS", help="The age proven: at least so many years.", rich_help_panel=_GUARDIAN),
    ] = None,
    child_informed: Annotated[
        str | None, typer.Option(metavar="HOW", help="How the child was told.", rich_help_panel=_GUARDIAN)
    ] = None,
    requested_by: Annotated[
        str, typer.Option(metavar="KEY", help="Who asked; never the guardian.", rich_help_panel=_SIGN)
    ] = "operator",
    key: Key,
    register: Register,
    trusted_keys: Trusted = None,
    policy: Annotated[
        str, typer.Option("--policy", metavar="P", help="The policy to try it under.", rich_help_panel=_SIGN)
    ] = "jp-appi-2026",
    as_json: AsJson = False,
) -> None:
    """Records a consent and signs it. Asks nothing; says whether it would hold under the policy, and if not, why.

    A child's consent needs `--born` and `--guardian`. At least one of `--event`, `--collection` and `--asset` says
    which pictures are meant.
    """
    from faceguard.policy.consent import ChildInformed
    from faceguard.policy.grant import Grant, record_of
    from faceguard.policy.load import load_policy
    from faceguard.policy.notice import load_notice
    from faceguard.policy.policy_terms import Locale
    from faceguard.policy.register_file import add_statements
    from faceguard.policy.statement import sign_statement
    from faceguard.signing import SigningKey

    moment = now()
    said_at = parse_time(given_at) if given_at else moment
    rules, shown, signing_key = load_policy(policy), load_notice(notice), SigningKey.load(key)
    record = record_of(
        Grant(
            subject=_subject(subject, born, rules, said_at),
            purposes=tuple(purpose),
            scope=_scope(said_at, days, event, collection, place, tuple(asset or ())),
            given_at=said_at,
            method=method.value,
            requested_by=requested_by,
            jurisdiction=", ".join(rules.jurisdictions),
            language=Locale(language.value),
            release=release,
            guardian=_guardian(
                guardian, guardian_role, relationship, verified_by, verifier, authority, guardian_age, said_at
            ),
            written_release=_written_release(written_release, days),
            child_informed=ChildInformed(informed=True, method=child_informed) if child_informed else None,
            best_interests_ref=best_interests,
        ),
        shown,
    )
    keys = writing_keys(signing_key, trusted_keys)
    add_statements(register, [sign_statement(record, signing_key)], key=signing_key, keys=keys, moment=moment)
    _tell(record, _try(record, shown, rules, moment), rules, as_json=as_json)


# ----------------------------------------------------------------------------------- what was said, as it is recorded


def _subject(subject: str, born: str | None, policy: Policy, said_at: datetime) -> DataSubject:
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


def _scope(
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


def _guardian(
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


def _written_release(signature: Signature | None, days: int) -> WrittenRelease | None:
    from faceguard.policy.consent import WrittenRelease

    if signature is None:
        return None
    return WrittenRelease(signature_type=signature.value, term=timedelta(days=days))


# ------------------------------------------------------------------------------------------------- what comes of it


def _try(
    record: ConsentRecord, notice: HandlingNotice, policy: Policy, moment: datetime
) -> dict[str, tuple[Reason, ...]]:
    """For each purpose, why the record would not hold now in the pictures that it is about; empty where it would."""
    from faceguard.policy.validity import ConsentUse, Standing, failures
    from faceguard.types import Disclosure

    scope, reasons = record.scope, {}
    for process in record.processes:
        purpose = notice.purpose(process.purpose)
        use = ConsentUse(
            purpose=process.purpose,
            disclosure=Disclosure.THIRD_PARTY if purpose is None else purpose.disclosure,
            moment=moment,
            notice=notice.ref,
            notice_from=notice.effective_from,
            asset_sha256=scope.asset_sha256[0] if scope.asset_sha256 else None,
            event=scope.event,
            collection=scope.collection,
            place=scope.place,
        )
        reasons[process.purpose] = failures(record, Standing(), use, policy)
    return reasons


def _tell(record: ConsentRecord, tried: dict[str, tuple[Reason, ...]], policy: Policy, *, as_json: bool) -> None:
    if as_json:
        checks = [
            {"purpose": purpose, "policy": policy.policy_id, "holds": not reasons, "reasons": list(reasons)}
            for purpose, reasons in tried.items()
        ]
        print(json.dumps({"record_id": record.record_id, "checks": checks}, indent=2))
        return
    print(f"recorded consent {record.record_id}")
    for purpose, reasons in tried.items():
        standing = f"does NOT hold: {', '.join(reasons)}" if reasons else "holds"
        print(f"  {purpose} under {policy.policy_id}: {standing}")
    if record.data_subject.is_child and record.best_interests_ref is None:
        print("  a known minor is shown only with a best-interests reference: record the consent with --best-interests")
