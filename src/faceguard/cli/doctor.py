"""`faceguard doctor`: what is wrong with an installation, and what to do about it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from faceguard.cli.doctor_checks import Finding

_COLOURS = {"ok": "green", "note": "cyan", "warning": "yellow", "failure": "bold red"}


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Prints JSON for machines.")] = False) -> None:
    """Looks at this installation: Python, libraries, models, codecs, folders, clock; then redacts a drawn face.

    Each line says what was found, and what to do where something is wrong. Exit code 0: pictures and videos can be
    handled; 1: something that is needed fails. Notes and warnings (an extra that isn't installed) don't change it.
    """
    from faceguard.cli.doctor_checks import Health, examine

    findings = examine()
    failed = any(finding.health is Health.FAILURE for finding in findings)
    if as_json:
        print(json.dumps({"ok": not failed, "findings": [_entry(finding) for finding in findings]}, indent=2))
    else:
        _print(findings)
    if failed:
        raise typer.Exit(1)


def _entry(finding: Finding) -> dict[str, str]:
    return {
        "name": finding.name,
        "health": str(finding.health),
        "found": finding.found,
        "remedy": finding.remedy,
    }


def _print(findings: list[Finding]) -> None:
    from rich.text import Text

    from faceguard.cli.terminal import make_console, printable

    console = make_console()
    for finding in findings:
        word = str(finding.health)
        console.print(Text.assemble((f"{word:<9}", _COLOURS[word]), f"{finding.name:<22}{printable(finding.found)}"))
        if finding.remedy:
            console.print(f"{'':<9}{'':<22}-> {printable(finding.remedy)}")
