"""`faceguard consent`: its commands, and those that end a consent or confirm the register."""

from __future__ import annotations

from typing import Annotated

import typer

from faceguard.cli.consent_exchange import export, import_
from faceguard.cli.consent_expire import expire
from faceguard.cli.consent_grant import grant
from faceguard.cli.consent_options import Key, Register, Trusted, add_signed, find_consent, read_for_writing
from faceguard.cli.consent_request import request
from faceguard.cli.consent_show import list_consents, receipt, verify
from faceguard.cli.consent_uses import uses
from faceguard.cli.times import now
from faceguard.errors import ConsentError
from faceguard.policy.consent_terms import Actor, RevocationReason

app = typer.Typer(
    help="Consents: ask for them, record and end them, check the register, print a receipt.", no_args_is_help=True
)
app.command("request")(request)
app.command("grant")(grant)
app.command("receipt")(receipt)
app.command("verify")(verify)
app.command("list")(list_consents)
app.command("uses")(uses)
app.command("expire")(expire)
app.command("export")(export)
app.command("import")(import_)


@app.command("revoke")
def revoke(
    record_id: Annotated[str, typer.Argument(metavar="RECORD_ID", help="The number of the consent, or of a request.")],
    key: Key,
    register: Register,
    by: Annotated[Actor, typer.Option(help="Who ends it.")] = Actor.GUARDIAN,
    reason: Annotated[RevocationReason, typer.Option(help="Why.")] = RevocationReason.WITHDRAWN,
    trusted_keys: Trusted = None,
) -> None:
    """Ends a consent at once; on a request, writes down that the answer is no.

    In an emergency the child, its school or a court ends it: `--by institution --reason emergency`. A co-guardian's
    objection is `--by co_guardian --reason guardian_objection`.
    """
    from faceguard.policy.consent import Revocation

    known = read_for_writing(register, key, trusted_keys)
    is_request = any(request.request_id == record_id for request in known.requests)
    if not is_request:
        find_consent(known, record_id, register)
    ended = Revocation(record_id=record_id, time_utc=now(), by=by, reason=reason)
    add_signed([ended], key, register, trusted_keys)
    if is_request:
        print(f"request {record_id} is refused")
    else:
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
    add_signed([request], key, register, trusted_keys)
    print(f"recorded request {request.request_id}: `{subject}` is always covered from now on")


@app.command("refresh")
def refresh(key: Key, register: Register, trusted_keys: Trusted = None) -> None:
    """Confirms that the register is complete as of now; policies stop believing one not confirmed lately."""
    if not register.exists():
        raise ConsentError(f"there is no register `{register}`", path=register)
    add_signed([], key, register, trusted_keys)
    print(f"confirmed {register} as of {now():%Y-%m-%d %H:%M:%S} UTC")
