"""`faceguard rights`: what people ask for, taken down, and carried out in what was made before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from faceguard.cli.consent_options import Key, Register, Trusted, writing_keys
from faceguard.cli.rights_options import AsJson, Index, Log, LogKey, PolicyName, Search, make_carrier, open_index
from faceguard.cli.terminal import printable
from faceguard.cli.times import now
from faceguard.errors import BatchError, ConfigurationError, PolicyError
from faceguard.policy.consent_terms import Actor

if TYPE_CHECKING:
    from faceguard.rights.carry_out import CarriedOut, Handled, How
    from faceguard.rights.index import IndexedOutput, Request

app = typer.Typer(
    help="Requests of people: stop using my pictures, erase them, tell me of them; and their carrying out.",
    no_args_is_help=True,
)

Subject = Annotated[str, typer.Option("--subject", metavar="KEY", help="Your own key of the person.")]
By = Annotated[Actor, typer.Option(help="Who asks.")]


@app.command("cessation")
def cessation(
    subject: Subject,
    index: Index,
    register: Register,
    key: Key,
    by: By = Actor.SUBJECT,
    policy: PolicyName = "jp-appi-2026",
    trusted_keys: Trusted = None,
) -> None:
    """Takes down a request to stop using a person's pictures. From now on the face is covered, whatever was consented.

    `faceguard rights carry-out` then covers it in what was made before.
    """
    _take_down("cessation", subject, index, register, key, by, policy, trusted_keys)


@app.command("erasure")
def erasure(
    subject: Subject,
    index: Index,
    register: Register,
    key: Key,
    by: By = Actor.SUBJECT,
    policy: PolicyName = "jp-appi-2026",
    trusted_keys: Trusted = None,
) -> None:
    """Takes down a request to erase a person's pictures, and to make no more.

    `faceguard rights carry-out` then deletes what was made before, or covers the face there (`--how redact`).
    """
    from faceguard.policy.load import load_policy

    if not load_policy(policy).rights.erasure.value:
        raise PolicyError(
            f"`{policy}` has no right to erasure (`rights.erasure`); take it down as a cessation", key="rights.erasure"
        )
    _take_down("erasure", subject, index, register, key, by, policy, trusted_keys)


@app.command("access")
def access(subject: Subject, index: Index, as_json: AsJson = False) -> None:
    """Lists every output that a person is said to be in: when and for what it was made, and whether they show."""
    known = open_index(index)
    name = known.hash_of(subject)
    rows = [_output_row(output, name) for output in known.outputs(name)]
    if as_json:
        print(json.dumps({"subject": name, "outputs": rows}, indent=2, ensure_ascii=False))
        return
    for row in rows:
        state = "shown" if row["shown"] else "covered"
        what = f"{row['purpose']} ({row['disclosure']})"
        print(f"{row['made']}  {state:<8} {what}  {printable(row['path'])}  record {row['record_id']}")
    print(f"{len(rows)} outputs" if len(rows) != 1 else "1 output")


@app.command("list")
def list_requests(index: Index, as_json: AsJson = False) -> None:
    """Lists all requests, those that fall due first on top, with what became of them."""
    requests, moment = open_index(index).requests(), now()
    if as_json:
        print(json.dumps([_request_row(request) for request in requests], indent=2))
        return
    for request in requests:
        if request.done_at is not None:
            state = f"done {request.done_at:%Y-%m-%d}: {request.note}"
        else:
            state = f"open, {'OVERDUE since' if request.due_at < moment else 'due'} {request.due_at:%Y-%m-%d}"
        print(f"{request.id}  {request.kind:<10} person {request.subject[:12]}  {state}")
    if not requests:
        print("no requests")


@app.command("carry-out")
def carry_out(
    index: Index,
    audit: Log,
    policy: PolicyName = "jp-appi-2026",
    audit_key: LogKey = None,
    request: Annotated[
        str | None, typer.Option("--request", metavar="ID", help="This request alone (its id, or how it begins).")
    ] = None,
    how: Annotated[
        str | None,
        typer.Option(
            "--how",
            metavar="redact|delete",
            help="By default cessation covers the face and erasure deletes the output.",
        ),
    ] = None,
    search: Search = None,
    accept_missing: Annotated[
        str | None,
        typer.Option("--accept-missing", metavar="WHY", help="Closes requests whose outputs can't be found, and why."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Carries out all open requests in what was made before: covers the face there, or deletes the output.

    It is done from the output itself; no original is needed. Each step is in the audit log. What can't be found, or was
    altered, is named, and its request stays open: exit code 6.
    """
    from faceguard.rights.carry_out import How

    known = {str(one): one for one in How}
    if how is not None and how not in known:
        raise ConfigurationError(f"`{how}` is neither `redact` nor `delete`", key="how")
    carrier = make_carrier(index, policy, audit, audit_key, search or ())
    wanted = [one for one in carrier.index.requests(only_open=True) if one.id.startswith(request or "")]
    if request is not None and not wanted:
        raise ConfigurationError(f"no open request `{request}`; see `faceguard rights list`", key="request")
    done = [carrier.carry_out(one, known[how] if how else _usual(one)) for one in wanted]
    for result in done:
        if not result.is_done and accept_missing and all(_is_settled_or_lost(one) for one in result.handled):
            carrier.index.close_request(result.request.id, now(), f"not all outputs found: {accept_missing}")
    _tell(done, as_json=as_json)
    unsettled = {
        str(one.output.path): one.error or ConfigurationError(f"{one.outcome}")
        for result in done
        for one in result.handled
        if not one.outcome.is_settled
    }
    if unsettled and not accept_missing:
        raise BatchError(
            f"{len(unsettled)} outputs are missing, altered or failed, and their requests stay open; search for them "
            "with `--search DIR`, see to altered ones by hand, then close with `--accept-missing WHY`",
            errors=unsettled,
        )


# ---------------------------------------------------------------------------------------------------------- steps


def _take_down(
    kind: str, subject: str, index: Path, register: Path, key: Path, by: Actor, policy: str, trusted_keys: Path | None
) -> None:
    """The register first: from then on the face is covered, whatever becomes of the rest."""
    import uuid
    from datetime import timedelta

    from faceguard.policy.consent import Cessation
    from faceguard.policy.load import load_policy
    from faceguard.policy.register_file import add_statements
    from faceguard.policy.statement import sign_statement
    from faceguard.rights.index import Request
    from faceguard.signing import SigningKey

    known, rules, moment = open_index(index), load_policy(policy), now()
    request = Cessation(request_id=str(uuid.uuid4()), subject_id=subject, time_utc=moment, by=by)
    signing_key = SigningKey.load(key)
    keys = writing_keys(signing_key, trusted_keys)
    add_statements(register, [sign_statement(request, signing_key)], key=signing_key, keys=keys, moment=moment)
    name = known.hash_of(subject)
    due = moment + timedelta(days=rules.rights.answer_within_days.value)
    known.add_request(Request(request.request_id, kind, name, moment, due, str(by)))
    outputs = known.outputs(name)
    showing = sum(bool(output.may_show(name)) for output in outputs)
    print(f"recorded {kind} request {request.request_id}: `{printable(subject)}` is always covered from now on")
    print(f"{len(outputs)} outputs were made before, {showing} of them may show the face; due {due:%Y-%m-%d}")
    print(f"next: faceguard rights carry-out --index {printable(index)} --audit LOG")


def _usual(request: Request) -> How:
    from faceguard.rights.carry_out import How

    return How.DELETE if request.kind == "erasure" else How.REDACT


def _is_settled_or_lost(one: Handled) -> bool:
    """Whether an output is settled, or can't be because its file is gone or another."""
    return one.outcome.is_settled or one.outcome.value in ("missing", "altered")


def _tell(done: list[CarriedOut], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([_result_row(result) for result in done], indent=2, ensure_ascii=False))
        return
    for result in done:
        state = "done" if result.is_done else "not done"
        print(f"{result.request.kind} request {result.request.id}: {len(result.handled)} outputs, {state}")
        for one in result.handled:
            reason = f": {printable(one.error.message)}" if one.error else ""
            print(f"  {one.outcome:<16}{printable(one.output.path)}{reason}")
    if not done:
        print("no open requests")


def _result_row(result: CarriedOut) -> dict[str, Any]:
    return {
        **_request_row(result.request),
        "done": result.is_done,
        "outputs": [
            {
                "path": str(one.output.path),
                "outcome": str(one.outcome),
                "files": [str(path) for path in one.paths],
                "earlier_record": one.output.record_id,
                "error": None if one.error is None else one.error.message,
            }
            for one in result.handled
        ],
    }


def _request_row(request: Request) -> dict[str, Any]:
    return {
        "id": request.id,
        "kind": request.kind,
        "subject": request.subject,
        "received": request.received_at.isoformat(),
        "due": request.due_at.isoformat(),
        "asked_by": request.asked_by,
        "done_at": None if request.done_at is None else request.done_at.isoformat(),
        "note": request.note,
    }


def _output_row(output: IndexedOutput, subject: str) -> dict[str, Any]:
    return {
        "path": str(output.path),
        "made": output.made_at.strftime("%Y-%m-%d %H:%M UTC"),
        "purpose": output.purpose,
        "disclosure": output.disclosure,
        "shown": bool(output.may_show(subject)),
        "record_id": output.record_id,
    }
