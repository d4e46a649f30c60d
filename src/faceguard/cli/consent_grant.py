"""`faceguard consent grant`: writes down what a person or a guardian said, signs it and adds it to the register."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from faceguard.cli.consent_options import (
    GUARDIAN,
    SIGN,
    WHAT,
    WHERE,
    WHO,
    AsJson,
    Assets,
    Collection,
    Event,
    Key,
    Notice,
    Place,
    Register,
    Release,
    Trusted,
    add_signed,
    read_for_writing,
)
from faceguard.cli.consent_said import Method, Signature
from faceguard.cli.language import Language
from faceguard.cli.times import now, parse_time
from faceguard.policy.consent_terms import AuthorityBasis, GuardianRole, VerificationMethod

if TYPE_CHECKING:
    from datetime import datetime

    from faceguard.policy.consent import ConsentRecord
    from faceguard.policy.document import Policy
    from faceguard.policy.notice import HandlingNotice
    from faceguard.policy.register import ConsentRegister
    from faceguard.types import Reason


def grant(
    *,
    request: Annotated[
        str | None,
        typer.Option(
            "--request",
            metavar="REQUEST_ID",
            help="The request that is answered; it says who, what for, which pictures and how long.",
            rich_help_panel=WHO,
        ),
    ] = None,
    subject: Annotated[
        str | None,
        typer.Option("--subject", metavar="KEY", help="Your own key of the person.", rich_help_panel=WHO),
    ] = None,
    born: Annotated[
        str | None,
        typer.Option(metavar="YYYY-MM", help="Month of birth; needed for a child.", rich_help_panel=WHO),
    ] = None,
    purpose: Annotated[
        list[str] | None,
        typer.Option(
            "--purpose",
            metavar="ID",
            help="A purpose of the notice; repeatable. With --request: only these of it.",
            rich_help_panel=WHAT,
        ),
    ] = None,
    notice: Notice,
    language: Annotated[
        Language | None,
        typer.Option(help="The language it was said in; as the request says, or ja.", rich_help_panel=WHAT),
    ] = None,
    method: Annotated[Method, typer.Option("--method", help="How the will was expressed.", rich_help_panel=WHAT)],
    release: Release = False,
    best_interests: Annotated[
        str | None,
        typer.Option(metavar="REF", help="The best-interests assessment, for a minor.", rich_help_panel=WHAT),
    ] = None,
    written_release: Annotated[
        Signature | None, typer.Option(help="A written release was signed (BIPA).", rich_help_panel=WHAT)
    ] = None,
    event: Event = None,
    collection: Collection = None,
    place: Place = None,
    asset: Assets = None,
    given_at: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="When it was said, if not now (ISO 8601).", rich_help_panel=WHERE),
    ] = None,
    days: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=36_000,
            help="How long it holds, in days; as the request says, or 180.",
            rich_help_panel=WHERE,
        ),
    ] = None,
    guardian: Annotated[
        str | None,
        typer.Option("--guardian", metavar="KEY", help="Your own key of the guardian.", rich_help_panel=GUARDIAN),
    ] = None,
    guardian_role: Annotated[
        GuardianRole, typer.Option(help="In which role.", rich_help_panel=GUARDIAN)
    ] = GuardianRole.PARENT,
    relationship: Annotated[str, typer.Option(help="In words, such as `mother`.", rich_help_panel=GUARDIAN)] = "parent",
    verified_by: Annotated[
        VerificationMethod,
        typer.Option(help="How the guardian was checked; decides the level G0 to G4.", rich_help_panel=GUARDIAN),
    ] = VerificationMethod.SELF_ASSERTED,
    verifier: Annotated[
        str, typer.Option(metavar="NAME", help="Who checked it.", rich_help_panel=GUARDIAN)
    ] = "operator",
    authority: Annotated[
        AuthorityBasis,
        typer.Option(help="What shows that this adult decides for this child.", rich_help_panel=GUARDIAN),
    ] = AuthorityBasis.DECLARED,
    guardian_age: Annotated[
        int | None,
        typer.Option(metavar="YEARS", help="The age proven: at least so many years.", rich_help_panel=GUARDIAN),
    ] = None,
    child_informed: Annotated[
        str | None, typer.Option(metavar="HOW", help="How the child was told.", rich_help_panel=GUARDIAN)
    ] = None,
    requested_by: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            help="Who asked; never the guardian. As the request says, or `operator`.",
            rich_help_panel=SIGN,
        ),
    ] = None,
    key: Key,
    register: Register,
    trusted_keys: Trusted = None,
    policy: Annotated[
        str, typer.Option("--policy", metavar="P", help="The policy to try it under.", rich_help_panel=SIGN)
    ] = "jp-appi-2026",
    as_json: AsJson = False,
) -> None:
    """Records a consent and signs it. Asks nothing; says whether it would hold under the policy, and if not, why.

    Either `--request`, or `--subject`, `--purpose` and at least one of `--event`, `--collection` and `--asset`. A
    child's consent needs `--born` and `--guardian`.
    """
    from faceguard.cli import consent_said as said
    from faceguard.cli.consent_agreed import Wording, terms_of_request, terms_said
    from faceguard.policy.consent import ChildInformed
    from faceguard.policy.grant import Grant, record_of
    from faceguard.policy.load import load_policy
    from faceguard.policy.notice import load_notice
    from faceguard.policy.policy_terms import Locale

    moment = now()
    said_at = parse_time(given_at) if given_at else moment
    rules, shown = load_policy(policy), load_notice(notice)
    wording = Wording(
        subject, tuple(purpose or ()), event, collection, place, tuple(asset or ()), release, days, requested_by
    )
    if request is None:
        terms = terms_said(wording, said_at)
    else:
        terms = terms_of_request(read_for_writing(register, key, trusted_keys), request, wording, shown, said_at)
    record = record_of(
        Grant(
            subject=said.subject(terms.subject, born, rules, said_at),
            purposes=terms.purposes,
            scope=terms.scope,
            given_at=said_at,
            method=method.value,
            requested_by=terms.requested_by,
            jurisdiction=", ".join(rules.jurisdictions),
            language=Locale(language.value if language else terms.language or Language.JA.value),
            release=terms.release,
            guardian=said.guardian(
                guardian, guardian_role, relationship, verified_by, verifier, authority, guardian_age, said_at
            ),
            written_release=said.written_release(written_release, terms.scope.valid_to - said_at),
            child_informed=ChildInformed(informed=True, method=child_informed) if child_informed else None,
            best_interests_ref=best_interests,
            answers=request,
            recorded_at=moment,
        ),
        shown,
    )
    add_signed([record], key, register, trusted_keys)
    known = read_for_writing(register, key, trusted_keys)
    _tell(record, _try(known, record, shown, rules, moment), rules, as_json=as_json)


# ------------------------------------------------------------------------------------------------- what comes of it


def _try(
    known: ConsentRegister, record: ConsentRecord, notice: HandlingNotice, policy: Policy, moment: datetime
) -> dict[str, tuple[Reason, ...]]:
    """For each purpose, why the record would not hold now in the pictures that it is about; empty where it would.

    The whole register is asked: others' objections, and for how many children the guardian speaks.
    """
    from faceguard.policy.validity import ConsentUse
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
        found = known.findings(record.data_subject.id, use=use, policy=policy)
        reasons[process.purpose] = next(each.reasons for each in found if each.record_id == record.record_id)
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
