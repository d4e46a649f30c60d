"""The options that the `faceguard consent` commands share, and the steps with which each begins."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceguard.cli.times import now
from faceguard.errors import ConsentError

if TYPE_CHECKING:
    from faceguard.policy.register import ConsentRegister, RegisteredConsent
    from faceguard.policy.statement import Content
    from faceguard.signing import SigningKey, TrustedKeys

WHO, WHAT, WHERE, GUARDIAN, SIGN = "Who", "What for", "Where and how long", "Guardian", "Signing"
"""Panels of `--help`."""

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Register = Annotated[
    Path,
    typer.Option("--register", metavar="FILE", help="The consent register, such as consents.db.", rich_help_panel=SIGN),
]
Key = Annotated[
    Path, typer.Option("--key", metavar="KEY.pem", help="The private key to sign with.", rich_help_panel=SIGN)
]
Trusted = Annotated[
    Path | None,
    typer.Option(
        "--trusted-keys",
        metavar="FILE",
        help="The trusted public keys, if the register was signed by others too.",
        rich_help_panel=SIGN,
    ),
]
TrustedToRead = Annotated[
    Path, typer.Option("--trusted-keys", metavar="FILE", help="The public keys that may sign the register.")
]
Notice = Annotated[
    Path, typer.Option("--notice", metavar="FILE", help="The notice that was shown.", rich_help_panel=WHAT)
]
Event = Annotated[str | None, typer.Option(help="Pictures of this event.", rich_help_panel=WHERE)]
Collection = Annotated[str | None, typer.Option(help="Pictures of this collection.", rich_help_panel=WHERE)]
Place = Annotated[str | None, typer.Option(help="Pictures taken at this place.", rich_help_panel=WHERE)]
Assets = Annotated[
    list[Path] | None,
    typer.Option("--asset", metavar="FILE", help="This very file; repeatable.", rich_help_panel=WHERE),
]
Release = Annotated[
    bool, typer.Option("--release", help="Third parties may get pictures; asked for apart.", rich_help_panel=WHAT)
]


def writing_keys(key: SigningKey, trusted: Path | None) -> TrustedKeys:
    """The keys under which a register must be in order before it is written on: one's own, and those named."""
    from faceguard.signing import TrustedKeys

    own = key.public()
    named = TrustedKeys.load(trusted) if trusted is not None else TrustedKeys(())
    return named if named.get(own.kid) is not None else named.adding([own])


def load_key(path: Path) -> SigningKey:
    """The private key; asks for its passphrase if it has one and somebody is there to be asked."""
    import sys

    from faceguard.signing import PASSPHRASE_VARIABLE, SigningKey, is_encrypted

    if sys.stdin.isatty() and is_encrypted(path) and PASSPHRASE_VARIABLE not in os.environ:
        return SigningKey.load(path, passphrase=typer.prompt(f"Passphrase of {path}", hide_input=True, err=True))
    return SigningKey.load(path)


def add_signed(contents: list[Content], key: Path, register: Path, trusted_keys: Path | None) -> None:
    """Signs what was said and adds it to the register. Raises ConsentError."""
    from faceguard.policy.register_file import add_statements
    from faceguard.policy.statement import sign_statement

    signing_key = load_key(key)
    keys = writing_keys(signing_key, trusted_keys)
    statements = [sign_statement(content, signing_key) for content in contents]
    add_statements(register, statements, key=signing_key, keys=keys, moment=now())


def read_for_writing(register: Path, key: Path, trusted_keys: Path | None) -> ConsentRegister:
    """The register as whoever may write it sees it. Raises ConsentError."""
    from faceguard.policy.register import ConsentRegister

    keys = writing_keys(load_key(key), trusted_keys)
    return believed(ConsentRegister.load(register, keys, moment=now()), register)


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
