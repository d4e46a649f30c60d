"""`faceguard policy`: the presets, a check of one's own file, and the cases that hold a policy to its word."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceguard.cli.language import Language
from faceguard.cli.policy_compare import diff, merge
from faceguard.cli.policy_new import new

if TYPE_CHECKING:
    from faceguard.policy.cases import CaseResult

app = typer.Typer(help="Policies: presets, files of one's own, checks, plain words, cases.", no_args_is_help=True)
app.command("new")(new)
app.command("diff")(diff)
app.command("merge")(merge)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
NameOrFile = Annotated[str, typer.Argument(help="A preset, a file, or presets joined by `+`.", metavar="POLICY")]


@app.command("list")
def list_policies(as_json: AsJson = False) -> None:
    """Lists the presets with the standing of their law, and warns of those nobody has held against it for long."""
    from faceguard.cli.times import now
    from faceguard.policy.limits import stale_warning
    from faceguard.policy.load import DEFAULT_POLICY, PRESETS, load_policy

    policies = [load_policy(name) for name in PRESETS]
    if as_json:
        rows = [
            {
                "policy_id": policy.policy_id,
                "version": policy.version,
                "title": policy.title.en,
                "legal_status": policy.legal_status,
                "last_verified": str(policy.last_verified),
                "sha256": policy.sha256,
                "stale": stale_warning(policy, now()) is not None,
                "default": policy.policy_id == DEFAULT_POLICY,
            }
            for policy in policies
        ]
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    for policy in policies:
        mark = "*" if policy.policy_id == DEFAULT_POLICY else " "
        print(f"{mark} {policy.policy_id:<17}{policy.legal_status:<22}{policy.title.en}")
    for warning in filter(None, (stale_warning(policy, now()) for policy in policies)):
        print(f"warning: {warning}")
    print("\n* the default. `faceguard policy explain NAME` says what one does.")


@app.command("check")
def check_policy(policy: NameOrFile, as_json: AsJson = False) -> None:
    """Reads a policy strictly; names what is wrong, what is stale, and what was weakened."""
    from faceguard.cli.times import now
    from faceguard.policy.limits import warnings_of
    from faceguard.policy.load import load_policy

    loaded = load_policy(policy)
    warnings = warnings_of(loaded, now())
    if as_json:
        answer = {
            "policy_id": loaded.policy_id,
            "version": loaded.version,
            "sha256": loaded.sha256,
            "weakened_from_preset": loaded.weakened_from_preset,
            "warnings": warnings,
        }
        print(json.dumps(answer, indent=2, ensure_ascii=False))
        return
    print(f"ok  {loaded.policy_id} {loaded.version}  sha256 {loaded.sha256}")
    for warning in warnings:
        print(f"warning: {warning}")


@app.command("explain")
def explain_policy(
    policy: NameOrFile,
    language: Annotated[Language, typer.Option("--language", help="Of the explanation.")] = Language.EN,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="A page with every rule, its basis, source and day, in English.")
    ] = False,
) -> None:
    """Says in plain words what a policy does, and what each of its conditions rests on."""
    from faceguard.policy.explain import explain_policy as page_of
    from faceguard.policy.load import load_policy
    from faceguard.policy.policy_page import policy_page
    from faceguard.policy.policy_terms import Locale

    loaded = load_policy(policy)
    print(policy_page(loaded).rstrip() if markdown else page_of(loaded, Locale(language)))


@app.command("schema")
def print_schema(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="A file to write instead of printing.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replaces the file if it exists.")] = False,
) -> None:
    """Prints the JSON Schema of policy files, with which an editor completes keys and marks slips.

    Editors with taplo (Even Better TOML) find it by a first line such as `#:schema ./policy.schema.json`.
    """
    from faceguard.atomic import write_atomic
    from faceguard.policy.policy_schema import schema_text

    if output is None:
        print(schema_text().rstrip())
    else:
        write_atomic(output, schema_text().encode("utf-8"), overwrite=overwrite)


@app.command("test")
def run_policy_cases(
    cases: Annotated[
        Path | None, typer.Argument(help="A case file, or a folder of them; without it the shipped ones.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Runs policy cases; exit code 2 if one does not come out as it says."""
    from faceguard.errors import PolicyError
    from faceguard.policy.cases import run_cases

    results = run_cases(cases)
    failed = [result for result in results if not result.passed]
    if as_json:
        print(json.dumps({"cases": len(results), "failed": [_row(result) for result in failed]}, indent=2))
    else:
        _print_cases(results)
    if failed:
        raise PolicyError(f"{len(failed)} of {len(results)} policy cases failed; mend the policy or the case")


def _print_cases(results: Iterable[CaseResult]) -> None:
    tally: dict[str, list[bool]] = {}
    for result in results:
        tally.setdefault(result.policy_id, []).append(result.passed)
        if not result.passed:
            print(f"FAILED {result.file.name}: {result.case.name}")
            print(f"       expected {result.expected}\n       actual   {result.actual}")
    for policy_id, passed in tally.items():
        print(f"{policy_id:<17}{sum(passed):>4} of {len(passed)} cases hold")


def _row(result: CaseResult) -> dict[str, str]:
    return {
        "file": str(result.file),
        "case": result.case.name,
        "policy_id": result.policy_id,
        "expected": result.expected,
        "actual": result.actual,
    }
