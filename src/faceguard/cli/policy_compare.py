"""`faceguard policy diff` and `merge`: what two policies don't share, and one that is as strict as both."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from faceguard.policy.difference import PolicyDifference, RuleDifference
    from faceguard.policy.document import Policy

POLICY_HELP = "A preset, a file, or presets joined by `+`."
FirstPolicy = Annotated[str, typer.Argument(metavar="A", help=POLICY_HELP)]
SecondPolicy = Annotated[str, typer.Argument(metavar="B", help=POLICY_HELP)]


def diff(
    first: FirstPolicy,
    second: SecondPolicy,
    as_json: Annotated[bool, typer.Option("--json", help="Prints JSON for machines.")] = False,
) -> None:
    """Says rule by rule what differs between two policies, and which is stricter.

    Exit code as of diff: 0 when no rule differs in its value, 1 when some do, 2 when a policy can't be read.
    """
    from faceguard.policy.difference import difference_of
    from faceguard.policy.load import load_policy

    mine, theirs = load_policy(first), load_policy(second)
    difference = difference_of(mine, theirs)
    if as_json:
        print(json.dumps(_as_json(mine, theirs, difference), indent=2, ensure_ascii=False))
    else:
        _print(mine, theirs, difference)
    if difference.rules:
        raise typer.Exit(1)


def merge(
    policies: Annotated[list[str], typer.Argument(metavar="POLICY...", help="Presets or files, two or more.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The TOML file to write.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replaces the file if it exists.")] = False,
) -> None:
    """Writes one whole policy that is at least as strict as each, with the sources of every rule.

    The strictest value wins in every rule, whatever the order. `--policy A+B` does the same without a file.
    """
    import tomllib

    from faceguard.atomic import write_atomic
    from faceguard.errors import PolicyError
    from faceguard.policy.load import load_policy, policy_in
    from faceguard.policy.merge import merge_policies
    from faceguard.policy.policy_text import policy_toml
    from faceguard.policy.toml_file import TomlFile

    if len(policies) < 2:
        raise PolicyError("there is one policy, and nothing to merge it with; name another", key="policy")
    merged = merge_policies(*map(load_policy, policies))
    text = policy_toml(merged, comment=f"The strictest of {', '.join(policies)}, rule by rule. Not legal advice.")
    policy_in(TomlFile(output, text, tomllib.loads(text)))
    write_atomic(output, text.encode("utf-8"), overwrite=overwrite)
    print(f"{output}: {merged.policy_id} {merged.version}  sha256 {merged.sha256}")
    for mark in merged.weakened_from_preset:
        print(f"warning: weakened from preset: {mark}")


def _print(mine: Policy, theirs: Policy, difference: PolicyDifference) -> None:
    from faceguard.policy.difference import Side, in_words, telling

    names = _names(mine, theirs)
    print(f"A  {mine.policy_id} {mine.version}\nB  {theirs.policy_id} {theirs.version}")
    for rule in difference.rules:
        print(f"\n{rule.key}\n  A  {in_words(rule.first)}\n  B  {in_words(rule.second)}\n  {telling(rule, *names)}")
    sides = [rule.stricter for rule in difference.rules]
    count = f"{len(sides)} rules differ" if len(sides) != 1 else "1 rule differs"
    tally = ", ".join(
        f"{sides.count(side)} {words}"
        for side, words in ((Side.FIRST, "stricter in A"), (Side.SECOND, "in B"), (Side.NEITHER, "in neither"))
    )
    print(f"\n{count}: {tally}." if sides else "\nNo rule differs in its value.")
    if difference.footings:
        print(f"{len(difference.footings)} more rest on something else; `--json` lists them.")


def _names(mine: Policy, theirs: Policy) -> tuple[str, str]:
    return ("A", "B") if mine.policy_id == theirs.policy_id else (mine.policy_id, theirs.policy_id)


def _as_json(mine: Policy, theirs: Policy, difference: PolicyDifference) -> dict[str, Any]:
    first, second = ({"policy_id": p.policy_id, "version": p.version, "sha256": p.sha256} for p in (mine, theirs))
    return {
        "a": first,
        "b": second,
        "rules": [_row(rule) for rule in difference.rules],
        "same_value_other_footing": [_row(rule) for rule in difference.footings],
    }


def _row(rule: RuleDifference) -> dict[str, Any]:
    from faceguard.policy.difference import Side

    side = {Side.FIRST: "a", Side.SECOND: "b"}.get(rule.stricter, rule.stricter.value)
    footings = (
        None if f is None else _footing(f.model_dump(mode="json")) for f in (rule.first_footing, rule.second_footing)
    )
    first_footing, second_footing = footings
    return {
        "key": rule.key,
        "a": rule.first,
        "b": rule.second,
        "stricter": side,
        "a_rests_on": first_footing,
        "b_rests_on": second_footing,
    }


def _footing(content: dict[str, Any]) -> dict[str, Any]:
    return {name: content[name] for name in ("basis", "source", "in_force_from", "note")}
