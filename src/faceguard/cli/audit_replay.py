"""`faceguard audit replay`, `export` and `join`: the log as a whole, with the texts it rests on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from faceguard.cli.audit_options import AsJson, Keys, Log, Notices, Policies, trusted
from faceguard.cli.times import now
from faceguard.errors import AuditIntegrityError


def replay(
    log: Log,
    policy: Policies = None,
    notice: Notices = None,
    consents: Annotated[
        list[Path] | None,
        typer.Option("--consents", metavar="REGISTER", help="The consent register as it is today. May be repeated."),
    ] = None,
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:
    """Decides everything again from records, policies, notices and consents alone; exit code 5 at the first difference.

    No picture and no model is needed. The register of today is enough: it only grows, and a record says how much of
    it there was. What a record rests on and wasn't given is named.
    """
    from faceguard.audit.verify import read_log, verify_log
    from faceguard.evidence.replay import replay_log
    from faceguard.evidence.texts import ReplayTexts

    known, moment = trusted(keys), now()
    verify_log(log, keys=known, moment=moment)
    texts = ReplayTexts.load(
        policies=policy or (), notices=notice or (), consents=consents or (), keys=known, moment=moment
    )
    done = replay_log(read_log(log, keys=None, moment=moment), texts)
    if done.difference is not None:
        raise AuditIntegrityError(f"`{log}`: {done.difference}", line=done.difference.line)
    if as_json:
        print(
            json.dumps(
                {
                    "records": done.records,
                    "faces": done.faces,
                    "refusals": done.refusals,
                    "errors": done.errors,
                    "register_not_believed": done.not_believed,
                    "without_inputs": done.without_inputs,
                },
                indent=2,
            )
        )
        return
    print(f"{log}: {done.records} records decided again, {done.faces} faces; none differs")
    if done.refusals:
        print(f"refused again, before anything was looked at: {done.refusals}")
    for lines, told in (
        (done.errors, "have a face that was redacted because of an error, which can't be reproduced"),
        (done.not_believed, "were decided while the consent register was not in order: everybody was redacted"),
        (done.without_inputs, "are of an older form that lacks the inputs, and were not decided again"),
    ):
        if lines:
            print(f"lines {', '.join(map(str, lines))} {told}")


def export(
    log: Log,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FOLDER|FILE.zip", help="A new folder, or an archive.")
    ],
    record: Annotated[
        list[str] | None,
        typer.Option("--record", metavar="ID", help="Only this record, with its proof. May be repeated."),
    ] = None,
    head: Annotated[
        Path | None,
        typer.Option("--head", metavar="KEPT.head", help="Add the proof of growth since this checkpoint."),
    ] = None,
    policy: Policies = None,
    notice: Notices = None,
    csv: Annotated[bool, typer.Option("--csv", help="Add a table with one row for each face.")] = False,
    keys: Keys = None,
) -> None:
    """Hands an auditor all that is needed: the log, the policies and notices it rests on, proofs, and a README.

    The auditor checks it on any machine, with the public keys from elsewhere. The consent register is not in it.
    """
    from faceguard.audit.head import load_head
    from faceguard.evidence.export import AuditExport, export_audit
    from faceguard.evidence.texts import ReplayTexts

    moment = now()
    texts = ReplayTexts.load(policies=policy or (), notices=notice or (), moment=moment)
    job = AuditExport(
        log=log,
        texts=texts,
        keys=trusted(keys),
        moment=moment,
        records=tuple(record or ()),
        kept=None if head is None else load_head(head),
        with_csv=csv,
    )
    done = export_audit(job, output)
    print(
        f"{output}: {len(done.files)} files for an auditor, of a log of {done.checked.size} records; see its README.md"
    )
    if keys is None:
        print("signatures were not checked: give --trusted-keys to know that the log is signed as it should be")


def join(
    log: Annotated[Path, typer.Argument(metavar="LOG", help="The log that the others are added to.")],
    workers: Annotated[list[Path], typer.Argument(metavar="WORKER-LOG...", help="Logs nobody writes to any more.")],
    audit_key: Annotated[
        Path | None, typer.Option("--audit-key", metavar="KEY.pem", help="Signs the lines that are added.")
    ] = None,
    keys: Keys = None,
) -> None:
    """Takes over what workers on other machines logged. Each log is verified first; joining again adds what is new."""
    from faceguard.audit.join import join_logs
    from faceguard.audit.log import AuditLog
    from faceguard.signing import SigningKey

    target = AuditLog(log, None if audit_key is None else SigningKey.load(audit_key))
    for part in join_logs(target, workers, keys=trusted(keys), moment=now()):
        print(f"{part.path}: {part.added} of {part.size} records added, root {part.root}")
