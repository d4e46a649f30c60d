"""The options that the `faceguard consent` commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from faceguard.signing import SigningKey, TrustedKeys

_PANEL = "Signing"

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Register = Annotated[
    Path, typer.Option("--register", metavar="FILE", help="The consent register.", rich_help_panel=_PANEL)
]
Key = Annotated[
    Path, typer.Option("--key", metavar="KEY.pem", help="The private key to sign with.", rich_help_panel=_PANEL)
]
Trusted = Annotated[
    Path | None,
    typer.Option(
        "--trusted-keys",
        metavar="FILE",
        help="The trusted public keys, if the register was signed by others too.",
        rich_help_panel=_PANEL,
    ),
]
TrustedToRead = Annotated[
    Path, typer.Option("--trusted-keys", metavar="FILE", help="The public keys that may sign the register.")
]


def writing_keys(key: SigningKey, trusted: Path | None) -> TrustedKeys:
    """The keys under which a register must be in order before it is written on: one's own, and those named."""
    from faceguard.signing import TrustedKeys

    own = key.public()
    named = TrustedKeys.load(trusted) if trusted is not None else TrustedKeys(())
    return named if named.get(own.kid) is not None else named.adding([own])
