"""`faceguard notice`: write a handling notice, check it against a policy, render it for people to read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from faceguard.cli.notice_new import new
from faceguard.cli.notice_render import bump, render

app = typer.Typer(help="Handling notices: write one, check it, render signs and pages.", no_args_is_help=True)
app.command("new")(new)


@app.command("check")
def check(
    notice: Annotated[Path, typer.Argument(help="The notice, a TOML file.")],
    policy: Annotated[str, typer.Option(help="A preset, a file, or presets joined by `+`.")] = "jp-appi-2026",
    purpose: Annotated[str | None, typer.Option(help="One purpose of the notice; without it, all of them.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Says whether the notice can be bound now under a policy, and names all that it lacks; exit code 2 if it can't."""
    from datetime import UTC, datetime

    from faceguard.errors import NoticeError
    from faceguard.policy.gate import absent_recommended, bind_notice
    from faceguard.policy.load import load_policy
    from faceguard.policy.notice import load_notice
    from faceguard.policy.notice_versions import changed_without_version
    from faceguard.types import ALWAYS_IN_USE

    loaded, rules, moment = load_notice(notice), load_policy(policy), datetime.now(UTC)
    purposes = [purpose] if purpose is not None else [use.id for use in loaded.purposes] or [""]
    functions = ALWAYS_IN_USE.union(loaded.functions)
    refusals: dict[str, NoticeError] = {}
    for purpose_id in purposes:
        try:
            bind_notice(loaded, policy=rules, purpose=purpose_id, functions=functions, moment=moment)
        except NoticeError as refusal:
            refusals[purpose_id] = refusal
    advice, changed = absent_recommended(loaded, rules), changed_without_version(notice, loaded)
    if as_json:
        answer = {
            "notice_id": loaded.notice_id,
            "version": loaded.version,
            "sha256": loaded.sha256,
            "policy_id": rules.policy_id,
            "functions": loaded.functions,
            "purposes": {
                purpose_id: {"ok": purpose_id not in refusals, "error": _error(refusals.get(purpose_id))}
                for purpose_id in purposes
            },
            "recommended": advice,
            "changed_without_version": changed,
        }
        print(json.dumps(answer, indent=2, ensure_ascii=False))
    else:
        print(f"{loaded.notice_id} {loaded.version}  sha256 {loaded.sha256}")
        for purpose_id in purposes:
            word = "REFUSED" if purpose_id in refusals else "ok"
            print(f"{word:<8}{rules.policy_id}  {purpose_id}")
        for item in advice:
            print(f"advice: `{item}` is recommended and not there")
        if changed:
            print(f"warning: version {loaded.version} was rendered with another text; run `faceguard notice bump`")
    if refusals:
        raise next(iter(refusals.values()))


@app.command("example")
def example() -> None:
    """Prints the shipped example notice, complete for every preset, to start your own from."""
    from faceguard.resources import resource_dir

    print((resource_dir("policies") / "notices" / "example.toml").read_text(encoding="utf-8"), end="")


app.command("render")(render)
app.command("bump")(bump)


def _error(refusal: Exception | None) -> dict[str, object] | None:
    from faceguard.errors import FaceguardError, NoticeIncomplete

    if not isinstance(refusal, FaceguardError):
        return None
    missing = refusal.missing if isinstance(refusal, NoticeIncomplete) else ()
    return {"code": refusal.code, "message": refusal.message, "missing": missing}
