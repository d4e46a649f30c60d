"""`faceguard models`: which models are shipped, and whether they are intact."""

from __future__ import annotations

import json
from typing import Annotated

import typer

app = typer.Typer(
    help="The shipped models: what they are, where they come from, whether they are intact.", no_args_is_help=True
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


@app.command("list")
def list_models(as_json: AsJson = False) -> None:
    """Lists the shipped models with licence, size and source package."""
    from faceguard.inference.manifest import load_manifest

    specs = load_manifest().models.values()
    if as_json:
        print(json.dumps([spec.model_dump() for spec in specs], indent=2))
        return
    for spec in specs:
        source = f"{spec.source.registry} {spec.source.package} {spec.source.version}"
        size = f"{spec.size_bytes / 1e6:.1f} MB"
        print(f"{spec.id:<26}{spec.task:<11}{size:>8}  {spec.licence:<12}{source:<38}{spec.sha256[:16]}")


@app.command("verify")
def verify_models(as_json: AsJson = False) -> None:
    """Compares every weights file with its SHA-256, loads it and checks its outputs; exit code 3 if one fails."""
    from faceguard.errors import ModelError
    from faceguard.inference.manifest import load_manifest
    from faceguard.inference.session import Session
    from faceguard.inference.store import read_weights

    answers = []
    failure: ModelError | None = None
    for spec in load_manifest().models.values():
        try:
            Session(spec, read_weights(spec), threads=1)
            answers.append({"id": spec.id, "sha256": spec.sha256, "ok": True, "error": ""})
        except ModelError as error:
            failure = failure or error
            answers.append({"id": spec.id, "sha256": spec.sha256, "ok": False, "error": error.message})
    if as_json:
        print(json.dumps(answers, indent=2))
    else:
        for answer in answers:
            word = "ok" if answer["ok"] else "FAILED"
            print(f"{word:<7}{answer['id']:<26}{str(answer['sha256'])[:16]}  {answer['error']}".rstrip())
    if failure is not None:
        raise failure
