"""`faceguard consent export` and `import`: a register as a file of signed lines, to send, to keep, to bring back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from faceguard.cli.consent_options import Register, TrustedToRead, read_trusted
from faceguard.cli.times import now
from faceguard.errors import ConsentError, EncodeError


def export(
    register: Register,
    trusted_keys: TrustedToRead,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Where to write it, such as consents.jsonl.")
    ],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file.")] = False,
) -> None:
    """Writes the register as lines of signed JSON: for another machine, an auditor, or as a copy.

    `--consents` of `redact` reads it as it is. It is as old as its seal: policies stop believing it after a while.
    """
    from faceguard.atomic import write_atomic
    from faceguard.policy.register_file import read_register

    known = read_trusted(register, trusted_keys)
    try:
        write_atomic(output, read_register(register).data, overwrite=overwrite)
    except EncodeError as error:
        raise ConsentError(error.message, path=output) from error
    print(f"wrote {len(known.consents)} consents to {output}, complete as of {known.issued_at:%Y-%m-%d %H:%M} UTC")


def import_(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="An export, or another register.")],
    register: Register,
    trusted_keys: TrustedToRead,
) -> None:
    """Makes a new register of an export that is in order. An existing register is never written over or merged."""
    from faceguard.policy.register_file import import_register
    from faceguard.signing import TrustedKeys

    seal = import_register(source, register, keys=TrustedKeys.load(trusted_keys), moment=now())
    print(f"made {register} with {seal.entries} statements, complete as of {seal.issued_at:%Y-%m-%d %H:%M} UTC")
