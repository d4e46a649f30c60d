"""`faceguard retention`: what has been kept long enough, and its removal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceguard.cli.rights_options import AsJson, Index, Log, LogKey, PolicyName, Search, make_carrier
from faceguard.cli.terminal import printable
from faceguard.errors import BatchError, ConfigurationError

if TYPE_CHECKING:
    from faceguard.rights.retention import Due, Retention

app = typer.Typer(help="How long things are kept: what is due, and its removal.", no_args_is_help=True)

Originals = Annotated[
    list[Path] | None,
    typer.Option(
        "--originals",
        metavar="DIR",
        help="A folder where you keep originals; all files in it fall under the policy's `originals_hours`.",
    ),
]


@app.command("list")
def list_due(
    index: Index, audit: Log, policy: PolicyName = "jp-appi-2026", originals: Originals = None, as_json: AsJson = False
) -> None:
    """Lists what the policy says is to be removed by now: outputs, originals, closed segments of the audit log."""
    due = _retention(index, policy, audit, None, originals, None).due()
    if as_json:
        print(json.dumps([_row(one) for one in due], indent=2, ensure_ascii=False))
        return
    for one in due:
        print(f"{one.due_at:%Y-%m-%d}  {one.kind:<10}{printable(one.name)}  ({one.key})")
    print(f"{len(due)} due")


@app.command("run")
def run(
    index: Index,
    audit: Log,
    policy: PolicyName = "jp-appi-2026",
    audit_key: LogKey = None,
    originals: Originals = None,
    search: Search = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Says what would be removed, and removes nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Removes what is due, and records it. Run it once a day.

    An output that was altered is not deleted but named: exit code 6. Of the audit log whole closed segments go, and a
    signed note stays in their place, so that the rest still verifies.
    """
    if dry_run:
        list_due(index, audit, policy, originals, as_json)
        return
    removed = _retention(index, policy, audit, audit_key, originals, search).run()
    if as_json:
        print(json.dumps([{**_row(one.due), "problem": one.problem} for one in removed], indent=2, ensure_ascii=False))
    else:
        for one in removed:
            state = "removed" if one.problem is None else f"NOT removed ({printable(one.problem)})"
            print(f"{state}  {one.due.kind}  {printable(one.due.name)}  ({one.due.key})")
        print(f"{sum(one.problem is None for one in removed)} removed")
    failed = {one.due.name: ConfigurationError(one.problem) for one in removed if one.problem is not None}
    if failed:
        raise BatchError(f"{len(failed)} of {len(removed)} could not be removed; see to them by hand", errors=failed)


def _retention(
    index: Path,
    policy: str,
    audit: Path,
    audit_key: Path | None,
    originals: list[Path] | None,
    search: list[Path] | None,
) -> Retention:
    from faceguard.rights.retention import Retention
    from faceguard.signing import SigningKey

    key = None if audit_key is None else SigningKey.load(audit_key)
    carrier = make_carrier(index, policy, audit, audit_key, search or ())
    return Retention(carrier, tuple(originals or ()), audit, key)


def _row(due: Due) -> dict[str, str]:
    return {"kind": str(due.kind), "name": due.name, "due": due.due_at.isoformat(), "key": due.key}
