"""Words that the commands of `faceguard audit` share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from faceguard.signing import TrustedKeys

Log = Annotated[Path, typer.Argument(metavar="LOG", help="The audit log. Its other files are found beside it.")]
Keys = Annotated[
    Path | None,
    typer.Option(
        "--trusted-keys",
        "--keys",
        metavar="TRUSTED.json",
        help="Every line and the checkpoint must be signed by one of these public keys.",
    ),
]
Kept = Annotated[
    Path | None,
    typer.Option(
        "--head",
        metavar="KEPT.head",
        help="A copy of `LOG.head` that you kept: the log must still begin with all that it stood for.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Policies = Annotated[
    list[str] | None,
    typer.Option(
        "--policy",
        metavar="FILE|FOLDER|PRESET",
        help="A policy, or a folder with all of its versions. The shipped presets are known. May be repeated.",
    ),
]
Notices = Annotated[
    list[Path] | None,
    typer.Option(
        "--notice", metavar="FILE|FOLDER", help="A notice, or a folder with all of its versions. May be repeated."
    ),
]


def trusted(path: Path | None) -> TrustedKeys | None:
    from faceguard.signing import TrustedKeys

    return None if path is None else TrustedKeys.load(path)
