"""The options that the `faceguard consent` commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceguard.cli.times import now
from faceguard.errors import ConsentError

if TYPE_CHECKING:
    from faceguard.policy.register import ConsentRegister, RegisteredConsent
    from faceguard.signing import SigningKey, TrustedKeys

_PANEL = "Signing"

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Register = Annotated[
    Path,
    typer.Option(
        "--register", metavar="FILE", help="The consent register, such as consents.db.", rich_help_panel=_PANEL
    ),
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


def read_trusted(register: Path, trusted_keys: Path) -> ConsentRegister:
    """The register, if it is believed. Raises ConsentError."""
    from faceguard.policy.register import ConsentRegister
    from faceguard.signing import TrustedKeys

    return believed(ConsentRegister.load(register, TrustedKeys.load(trusted_keys), moment=now()), register)


def believed(known: ConsentRegister, path: Path) -> ConsentRegister:
    """`known`, if it is in order. Raises ConsentError."""
    if known.untrusted_because is not None:
        raise ConsentError(
            f"`{path}` can't be trusted: {known.untrusted_because}; every face is covered until a sound copy is back "
            "(see `faceguard consent import`)",
            path=path,
        )
    return known


def find_consent(known: ConsentRegister, record_id: str, path: Path) -> RegisteredConsent:
    """The consent of this number. Raises ConsentError."""
    found = next((consent for consent in known.consents if consent.record_id == record_id), None)
    if found is None:
        raise ConsentError(f"no consent `{record_id}` in `{path}`; see `faceguard consent list`", key=record_id)
    return found
