"""`faceguard consent`: give, end, check and show consents."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceguard.cli.consent_exchange import export, import_
from faceguard.cli.consent_grant import grant
from faceguard.cli.consent_options import (
    AsJson,
    Key,
    Register,
    Trusted,
    TrustedToRead,
    believed,
    find_consent,
    read_trusted,
    writing_keys,
)
from faceguard.cli.language import Language
from faceguard.cli.times import now
from faceguard.errors import ConsentError
from faceguard.policy.consent_terms import Actor, RevocationReason

if TYPE_CHECKING:
    from faceguard.policy.consent import Cessation, Revocation
    from faceguard.policy.register import ConsentRegister, RegisteredConsent

app = typer.Typer(help="Consents: record them, end them, check the register, print a receipt.", no_args_is_help=True)
app.command("grant")(grant)
app.command("export")(export)
app.command("import")(import_)

RecordId = Annotated[str, typer.Argument(metavar="RECORD_ID", help="The consent's number.")]


@app.command("revoke")
def revoke(
    record_id: RecordId,
    key: Key,
    register: Register,
    by: Annotated[Actor, typer.Option(help="Who ends it.")] = Actor.GUARDIAN,
    reason: Annotated[RevocationReason, typer.Option(help="Why.")] = RevocationReason.WITHDRAWN,
    trusted_keys: Trusted = None,
) -> None:
    """Ends a consent at once. A co-guardian's objection is `--by co_guardian --reason guardian_objection`."""
    from faceguard.policy.consent import Revocation
    from faceguard.policy.register import ConsentRegister
    from faceguard.signing import SigningKey

    moment = now()
    keys = writing_keys(SigningKey.load(key), trusted_keys)
    known = believed(ConsentRegister.load(register, keys, moment=moment), register)
    find_consent(known, record_id, register)
    _add(Revocation(record_id=record_id, time_utc=moment, by=by, reason=reason), key, register, trusted_keys)
    print(f"consent {record_id} has ended; pictures made from now on cover the face")


@app.command("stop")
def stop(
    subject: Annotated[str, typer.Option("--subject", metavar="KEY", help="Your own key of the person.")],
    key: Key,
    register: Register,
    by: Annotated[Actor, typer.Option(help="Who asks.")] = Actor.SUBJECT,
    trusted_keys: Trusted = None,
) -> None:
    """Records a request to stop using a person's pictures. It wins over every consent, given or to come."""
    import uuid

    from faceguard.policy.consent import Cessation

    request = Cessation(request_id=str(uuid.uuid4()), subject_id=subject, time_utc=now(), by=by)
    _add(request, key, register, trusted_keys)
    print(f"recorded request {request.request_id}: `{subject}` is always covered from now on")


@app.command("refresh")
def refresh(key: Key, register: Register, trusted_keys: Trusted = None) -> None:
    """Confirms that the register is complete as of now; policies stop believing one not confirmed lately."""
    from faceguard.policy.register_file import add_statements
    from faceguard.signing import SigningKey

    moment, signing_key = now(), SigningKey.load(key)
    if not register.exists():
        raise ConsentError(f"there is no register `{register}`", path=register)
    add_statements(register, [], key=signing_key, keys=writing_keys(signing_key, trusted_keys), moment=moment)
    print(f"confirmed {register} as of {moment:%Y-%m-%d %H:%M:%S} UTC")


@app.command("list")
def list_consents(
    register: Register,
    trusted_keys: TrustedToRead,
    subject: Annotated[str | None, typer.Option("--subject", metavar="KEY", help="Of this person alone.")] = None,
    as_json: AsJson = False,
) -> None:
    """Lists consents and requests to stop, with the state they are in now."""
    known = read_trusted(register, trusted_keys)
    rows = [_row(known, consent) for consent in known.consents if subject in (None, consent.subject_id)]
    stopped = [request for request in known.cessations if subject in (None, request.subject_id)]
    if as_json:
        requests = [request.model_dump(mode="json") for request in stopped]
        print(json.dumps({"consents": [asdict(row) for row in rows], "cessation_requests": requests}, indent=2))
        return
    for row in rows:
        until = f"until {row.valid_to}" if row.valid_to else ""
        print(f"{row.record_id}  {row.subject:<16}{row.state:<22}{until:<18}{', '.join(row.purposes)}".rstrip())
    for request in stopped:
        print(f"{request.request_id}  {request.subject_id:<16}asked to stop on {request.time_utc:%Y-%m-%d %H:%M} UTC")
    if not rows and not stopped:
        print("nothing is recorded")


@app.command("verify")
def verify(register: Register, trusted_keys: TrustedToRead, as_json: AsJson = False) -> None:
    """Checks the register and every signature in it; exit code 2 if anything is wrong."""
    known = read_trusted(register, trusted_keys)
    flawed = [consent for consent in known.consents if consent.flaws]
    if as_json:
        answer = {
            "consents": len(known.consents),
            "issued_at": known.issued_at.isoformat() if known.issued_at else None,
            "flaws": {consent.record_id: list(consent.flaws) for consent in flawed},
        }
        print(json.dumps(answer, indent=2))
    else:
        print(f"{register}: {len(known.consents)} consents, complete as of {known.issued_at:%Y-%m-%d %H:%M} UTC")
        for consent in flawed:
            print(f"  {consent.record_id}: {', '.join(consent.flaws)}")
    if flawed:
        raise ConsentError(
            f"{len(flawed)} of {len(known.consents)} consents don't hold; record them anew", path=register
        )


@app.command("receipt")
def receipt(
    record_id: RecordId,
    register: Register,
    trusted_keys: TrustedToRead,
    language: Annotated[
        Language | None, typer.Option(help="The language of the letter, if not the one it was said in.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Prints the copy that the person or guardian takes home: a letter, or with `--json` the signed record."""
    from faceguard.policy.policy_terms import Locale
    from faceguard.policy.receipt import ConsentReceipt, receipt_text

    consent = find_consent(read_trusted(register, trusted_keys), record_id, register)
    made = ConsentReceipt.of(consent.statement, moment=now())
    if as_json:
        print(made.model_dump_json(indent=2))
        return
    said_in = consent.record.notice.language if consent.record is not None else Locale.EN.value
    print(receipt_text(made, Locale(language.value if language else said_in)), end="")


# ---------------------------------------------------------------------------------------------------------- steps


def _add(content: Revocation | Cessation, key: Path, register: Path, trusted_keys: Path | None) -> None:
    from faceguard.policy.register_file import add_statements
    from faceguard.policy.statement import sign_statement
    from faceguard.signing import SigningKey

    signing_key = SigningKey.load(key)
    keys = writing_keys(signing_key, trusted_keys)
    add_statements(register, [sign_statement(content, signing_key)], key=signing_key, keys=keys, moment=now())


@dataclass(frozen=True, slots=True)
class _Row:
    record_id: str
    subject: str
    guardian: str | None
    state: str
    valid_to: str | None
    purposes: tuple[str, ...]


def _row(known: ConsentRegister, consent: RegisteredConsent) -> _Row:
    record, flaws = consent.record, ", ".join(consent.flaws)
    if record is None:
        return _Row(consent.record_id, consent.subject_id, None, flaws, None, ())
    return _Row(
        record_id=record.record_id,
        subject=consent.subject_id,
        guardian=record.guardian.id if record.guardian else None,
        state=flaws or known.state_of(record, now()).value,
        valid_to=record.scope.valid_to.date().isoformat(),
        purposes=tuple(process.purpose for process in record.processes),
    )
