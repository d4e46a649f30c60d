"""`faceguard audit`: check the log, and read in it what was decided and why."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from faceguard.cli.audit_options import AsJson, Kept, Keys, Log, trusted
from faceguard.cli.audit_proof import check, prove
from faceguard.cli.audit_replay import export, join, replay
from faceguard.cli.times import now
from faceguard.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faceguard.audit.chain import Entry
    from faceguard.audit.verify import VerifiedLog

app = typer.Typer(
    help="The log of what was decided: check it, read it, decide it again, prove it, hand it over.",
    no_args_is_help=True,
)


@app.command("verify")
def verify(log: Log, keys: Keys = None, head: Kept = None, as_json: AsJson = False) -> None:
    """Checks every line and the checkpoint; exit code 5 with the first line that was altered, dropped, moved or cut.

    With --head also that nothing was written anew since you kept that checkpoint, not even with the key.
    """
    from faceguard.audit.head import load_head
    from faceguard.audit.verify import verify_log

    kept = () if head is None else (load_head(head),)
    checked = verify_log(log, keys=trusted(keys), moment=now(), kept=kept)
    if as_json:
        print(json.dumps(_as_json(checked), indent=2))
        return
    span = f", {checked.first:%Y-%m-%d %H:%M} to {checked.last:%Y-%m-%d %H:%M} UTC" if checked.first else ""
    files = f" in {checked.segments} files" if checked.segments > 1 else ""
    print(f"{log}: {checked.size} records{files}{span}; none altered, dropped, moved or cut")
    for told in _remarks(checked):
        print(told)
    print(f"tip {checked.tip_hash}")
    print(f"root {checked.root}")
    if kept:
        print(f"the first {kept[0].tip.size} records are those of the checkpoint that you kept")


def _as_json(checked: VerifiedLog) -> dict[str, object]:
    return {
        "lines": checked.size,
        "tip": checked.tip_hash,
        "root": checked.root,
        "signed": checked.signed,
        "first": checked.first and checked.first.isoformat(),
        "last": checked.last and checked.last.isoformat(),
        "files": checked.segments,
        "removed": [note.model_dump(mode="json", exclude={"leaves"}) for note in checked.removed],
        "out_of_order": checked.out_of_order,
    }


def _remarks(checked: VerifiedLog) -> Iterator[str]:
    from faceguard.audit.retention import describe_removed

    if checked.removed:
        yield describe_removed(checked.removed)
    if checked.out_of_order:
        yield (
            f"line {checked.out_of_order[0]} is the first of {len(checked.out_of_order)} dated before the line above: "
            "several writers, a long video, or a clock that was set back"
        )
    if not checked.signed:
        yield "signatures were not checked: give --trusted-keys to know that nobody wrote the log anew"


app.command("replay")(replay)
app.command("prove")(prove)
app.command("check")(check)
app.command("export")(export)
app.command("join")(join)


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
        for entry in read_log(log, keys=trusted(keys), moment=now())
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


def _lines(entry: Entry) -> Iterator[str]:
    record = entry.record
    asset, result, bundles = record.input.asset, record.result, record.bundles
    size = f"{asset.media_type} {asset.width_px}x{asset.height_px}" if asset.width_px else asset.media_type
    if result.action == "refuse":
        size = "nothing was looked at"
    policy = f"policy {bundles.policy.id} {bundles.policy.version}"
    notice = f"notice {bundles.notice.id} {bundles.notice.version}" if bundles.notice else "no notice"
    yield f"{entry.seq + 1}. {record.decision_id}  {record.timestamp:%Y-%m-%d %H:%M:%S} UTC  {result.action}"
    use = f" ({record.input.disclosure})" if record.input.disclosure else ""
    yield f"   {size}, {record.input.purpose}{use}, {policy}, {notice}"
    if bundles.policy.weakened_from_preset:
        yield f"   weakened: {', '.join(bundles.policy.weakened_from_preset)}"
    if result.error:
        yield f"   error: {result.error}; nothing was released"
    for question, answer in zip(record.input.faces, result.faces, strict=True):
        consent = f"  consent {answer.consent.record_id}" if answer.consent else ""
        reasons = ", ".join(answer.reason_codes)
        yield f"   face {answer.index}: {answer.effect:<7}{question.age.status:<15}{reasons}{consent}"
