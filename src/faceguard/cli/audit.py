"""`faceguard audit`: check the log, and read in it what was decided and why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceguard.cli.times import now
from faceguard.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faceguard.audit.chain import Entry
    from faceguard.signing import TrustedKeys

app = typer.Typer(help="The log of what was decided: check it, read it.", no_args_is_help=True)

Log = Annotated[Path, typer.Argument(metavar="LOG", help="The audit log.")]
Keys = Annotated[
    Path | None,
    typer.Option("--keys", metavar="TRUSTED.json", help="Every line must be signed by one of these public keys."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


@app.command("verify")
def verify(log: Log, keys: Keys = None, as_json: AsJson = False) -> None:
    """Checks every line and the checkpoint; exit code 5 with the first line that was altered, dropped, moved or cut."""
    from faceguard.audit.verify import verify_log

    checked = verify_log(log, keys=_trusted(keys), moment=now())
    if as_json:
        times = {
            "first": checked.first and checked.first.isoformat(),
            "last": checked.last and checked.last.isoformat(),
        }
        print(json.dumps({"lines": checked.size, "tip": checked.tip_hash, "signed": checked.signed, **times}, indent=2))
        return
    span = f", {checked.first:%Y-%m-%d %H:%M} to {checked.last:%Y-%m-%d %H:%M} UTC" if checked.first else ""
    print(f"{log}: {checked.size} records{span}; none altered, dropped, moved or cut")
    print(f"tip {checked.tip_hash}")
    if not checked.signed:
        print("signatures were not checked: give --keys to know that nobody wrote the log anew")


@app.command("show")
def show(
    log: Log,
    record: Annotated[
        str | None, typer.Option("--record", metavar="ID", help="This record alone (its id, or how it begins).")
    ] = None,
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:
    """Shows what was decided about each face and why. Each line is checked before it is shown."""
    from faceguard.audit.verify import read_log

    entries = [
        entry
        for entry in read_log(log, keys=_trusted(keys), moment=now())
        if record is None or entry.record.decision_id.startswith(record)
    ]
    if record is not None and not entries:
        raise ConfigurationError(f"no record `{record}` in `{log}`; run `faceguard audit show {log}`", key=record)
    if as_json:
        print(json.dumps([{"seq": e.seq, "hash": e.hash, "record": e.record.document()} for e in entries], indent=2))
        return
    for entry in entries:
        print("\n".join(_lines(entry)))


@app.command("repair")
def repair(log: Log) -> None:
    """Moves a last line that was cut while being written aside, so that the log can be written on. Nothing else."""
    from faceguard.audit.repair import repair_log

    kept = repair_log(log, moment=now())
    print(f"{log} ends in a whole line; nothing to repair" if kept is None else f"moved the torn line to {kept}")


def _trusted(path: Path | None) -> TrustedKeys | None:
    from faceguard.signing import TrustedKeys

    return None if path is None else TrustedKeys.load(path)


def _lines(entry: Entry) -> Iterator[str]:
    record = entry.record
    asset, result, bundles = record.input.asset, record.result, record.bundles
    size = f"{asset.media_type} {asset.width_px}x{asset.height_px}"
    policy = f"policy {bundles.policy.id} {bundles.policy.version}"
    notice = f"notice {bundles.notice.id} {bundles.notice.version}" if bundles.notice else "no notice"
    yield f"{entry.seq + 1}. {record.decision_id}  {record.timestamp:%Y-%m-%d %H:%M:%S} UTC  {result.action}"
    yield f"   {size}, {record.input.purpose} ({record.input.disclosure}), {policy}, {notice}"
    if bundles.policy.weakened_from_preset:
        yield f"   weakened: {', '.join(bundles.policy.weakened_from_preset)}"
    if result.error:
        yield f"   error: {result.error}; nothing was released"
    for question, answer in zip(record.input.faces, result.faces, strict=True):
        consent = f"  consent {answer.consent.record_id}" if answer.consent else ""
        reasons = ", ".join(answer.reason_codes)
        yield f"   face {answer.index}: {answer.effect:<7}{question.age.status:<15}{reasons}{consent}"
