"""`faceguard consent list`, `verify` and `receipt`: what the register says."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from faceguard.cli.consent_options import AsJson, Register, TrustedToRead, find_consent, read_trusted
from faceguard.cli.language import Language
from faceguard.cli.times import now
from faceguard.errors import ConsentError

if TYPE_CHECKING:
    from faceguard.policy.register import ConsentRegister, RegisteredConsent

RecordId = Annotated[str, typer.Argument(metavar="RECORD_ID", help="The consent's number.")]


class ReceiptFormat(StrEnum):
    TEXT = "text"
    JSON = "json"
    JSONLD = "jsonld"


def list_consents(
    register: Register,
    trusted_keys: TrustedToRead,
    subject: Annotated[str | None, typer.Option("--subject", metavar="KEY", help="Of this person alone.")] = None,
    as_json: AsJson = False,
) -> None:
    """Lists consents, requests that wait for an answer, and requests to stop, with the state they are in now."""
    from faceguard.policy.consent_terms import ConsentState

    known = read_trusted(register, trusted_keys)
    rows = [_row(known, consent) for consent in known.consents if subject in (None, consent.subject_id)]
    stopped = [request for request in known.cessations if subject in (None, request.subject_id)]
    asked = [request for request in known.requests if subject in (None, request.subject_id)]
    states = {request.request_id: known.state_of_request(request, now()) for request in asked}
    if as_json:
        answer = {
            "consents": [asdict(row) for row in rows],
            "requests": [
                {**each.model_dump(mode="json", exclude_none=True), "state": states[each.request_id]} for each in asked
            ],
            "cessation_requests": [request.model_dump(mode="json") for request in stopped],
        }
        print(json.dumps(answer, indent=2))
        return
    for row in rows:
        until = f"until {row.valid_to}" if row.valid_to else ""
        print(f"{row.record_id}  {row.subject:<16}{row.state:<22}{until:<18}{', '.join(row.purposes)}".rstrip())
    for each in asked:
        if states[each.request_id] is ConsentState.REQUESTED:
            print(f"{each.request_id}  {each.subject_id:<16}{'asked':<22}answer by {each.answer_by:%Y-%m-%d}")
    for request in stopped:
        print(f"{request.request_id}  {request.subject_id:<16}asked to stop on {request.time_utc:%Y-%m-%d %H:%M} UTC")
    if not rows and not stopped and not asked:
        print("nothing is recorded")


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


def receipt(
    record_id: RecordId,
    register: Register,
    trusted_keys: TrustedToRead,
    language: Annotated[
        Language | None, typer.Option(help="The language of the letter, if not the one it was said in.")
    ] = None,
    form: Annotated[
        ReceiptFormat,
        typer.Option("--format", help="A letter, the signed record, or that in DPV's terms (W3C) as JSON-LD."),
    ] = ReceiptFormat.TEXT,
    as_json: Annotated[bool, typer.Option("--json", help="The same as `--format json`.")] = False,
) -> None:
    """Prints the copy that the person or guardian takes home: a letter, or with `--json` the signed record."""
    from faceguard.policy.policy_terms import Locale
    from faceguard.policy.receipt import ConsentReceipt, receipt_text
    from faceguard.policy.receipt_jsonld import receipt_jsonld

    known = read_trusted(register, trusted_keys)
    consent = find_consent(known, record_id, register)
    made = ConsentReceipt.of(consent.statement, moment=now())
    if as_json or form is ReceiptFormat.JSON:
        print(made.model_dump_json(indent=2))
    elif form is ReceiptFormat.JSONLD:
        ended = known.revocations.get(record_id, ())
        print(json.dumps(receipt_jsonld(made, ended), indent=2, ensure_ascii=False))
    else:
        said_in = consent.record.notice.language if consent.record is not None else Locale.EN.value
        print(receipt_text(made, Locale(language.value if language else said_in)), end="")


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
