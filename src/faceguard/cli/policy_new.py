"""`faceguard policy new`: a policy file of one's own, begun from a preset."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The new policy's id: small letters, digits, `-`.")],
    preset: Annotated[
        str, typer.Option("--from", metavar="PRESET", help="What it begins from; several are joined by `+`.")
    ] = "jp-appi-2026",
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A rule that is stricter than the preset's; repeatable."),
    ] = None,
    weaken: Annotated[
        list[str] | None,
        typer.Option(
            "--weaken",
            metavar="KEY=VALUE",
            help="A rule that is weaker; needs --because. Of conditions and notice items: KEY=false. Repeatable.",
        ),
    ] = None,
    because: Annotated[str, typer.Option("--because", metavar="TEXT", help="Why rules are weakened.")] = "",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="The file to write; by default NAME.toml.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replaces the file if it exists.")] = False,
) -> None:
    """Writes a commented policy file that extends a preset and passes `faceguard policy check`.

    Every rule of the preset stands in it as a comment, with its value and which way is stricter.
    """
    from datetime import UTC, datetime

    from faceguard.atomic import write_atomic
    from faceguard.errors import PolicyError
    from faceguard.policy.authoring import base_of, change_of, new_policy

    if weaken and not because.strip():
        raise PolicyError("weakening a rule needs a reason; say it with `--because TEXT`", key="because")
    path, extends = output or Path(f"{name}.toml"), [part.strip() for part in preset.split("+")]
    base = base_of(extends)
    changes = [
        *(change_of(text, base, weakened_because=because.strip()) for text in weaken or ()),
        *(change_of(text, base) for text in settings or ()),
    ]
    text = new_policy(name, extends, changes, path=path, today=datetime.now(UTC).date())
    write_atomic(path, text.encode("utf-8"), overwrite=overwrite)
    print(f"{path}: {name} 1, from {base.policy_id}, {len(changes)} rules set")
    print(f"next: faceguard policy check {path}")
    print(f"      faceguard policy diff {base.policy_id} {path}")
