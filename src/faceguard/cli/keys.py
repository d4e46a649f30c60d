"""`faceguard keys`: the keys that sign consents and records, and the list of those that are trusted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Ed25519 keys that sign consents and records, and the public ones that are trusted.", no_args_is_help=True
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Trusted = Annotated[Path, typer.Argument(metavar="TRUSTED.json", help="A file of trusted public keys.")]


Output = Annotated[
    Path, typer.Option("--output", "-o", metavar="KEY.pem", help="Where to write it; never overwritten.")
]
Encrypt = Annotated[
    bool,
    typer.Option(
        "--encrypt",
        help="Encrypt it with a passphrase: that in FACEGUARD_KEY_PASSPHRASE, or one that is asked for.",
    ),
]


@app.command("new")
def new_key(output: Output, encrypt: Encrypt = False) -> None:
    """Makes a private key, readable by you alone. Keep it away from whoever must not sign."""
    from faceguard.signing import SigningKey

    key = SigningKey.generate()
    key.save(output, passphrase=_new_passphrase() if encrypt else None)
    print(f"wrote the private key `{key.key_id}` to {output}")


@app.command("rotate")
def rotate_key(
    old: Annotated[Path, typer.Argument(metavar="OLD.pem", help="The private key that is retired.")],
    output: Output,
    trusted: Annotated[
        Path, typer.Option("--trusted-keys", metavar="TRUSTED.json", help="The file of trusted keys to change.")
    ],
    name: Annotated[str | None, typer.Option(help="A name for people; that of the old key if none is given.")] = None,
    register: Annotated[
        Path | None,
        typer.Option("--register", metavar="FILE", help="A consent register, to be sealed by the new key at once."),
    ] = None,
    encrypt: Encrypt = False,
) -> None:
    """Makes a new key in place of an old one. What the old one has signed still counts; what it signs from now on, not.

    A key that others may know is not rotated: seal the register with another key (`consent refresh`), then `revoke`.
    """
    from faceguard.cli.consent_options import load_key
    from faceguard.cli.times import next_second
    from faceguard.errors import ConsentError
    from faceguard.policy.register_file import add_statements
    from faceguard.signing import SigningKey, TrustedKeys

    keys = TrustedKeys.load(trusted)
    retired = keys.get(load_key(old).key_id)
    if retired is None:
        raise ConsentError(
            f"the key `{old}` is not trusted in `{trusted}`; see `faceguard keys list {trusted}`", path=old
        )
    if retired.revoked_at is not None or retired.valid_to is not None:
        raise ConsentError(f"the key `{old}` is retired or revoked already in `{trusted}`", path=old)
    key = SigningKey.generate()
    key.save(output, passphrase=_new_passphrase() if encrypt else None)
    moment = next_second()  # signed texts say their second: what was signed in this one was signed before
    both = keys.adding([key.public(valid_from=moment, name=name or retired.name)])
    both.save(trusted)  # before anything is sealed by the new key, or the register would not be believed
    if register is not None:
        add_statements(register, [], key=key, keys=both, moment=moment)
    both.adding([retired.model_copy(update={"valid_to": moment})]).save(trusted)
    print(f"wrote the private key `{key.key_id}` to {output}; it is trusted in {trusted}")
    print(f"`{retired.kid}` is retired: what it signs from {moment:%Y-%m-%d %H:%M:%S} UTC on doesn't count")


@app.command("public")
def public_key(
    key: Annotated[Path, typer.Argument(metavar="KEY.pem", help="A private key made by `faceguard keys new`.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="TRUSTED.json", help="The file of trusted keys to make or add to.")
    ],
    name: Annotated[str | None, typer.Option(help="A name for people, such as `front desk 2026`.")] = None,
    valid_from: Annotated[
        str | None, typer.Option(metavar="TIME", help="Signatures said to be made before don't count (ISO 8601).")
    ] = None,
    valid_to: Annotated[
        str | None, typer.Option(metavar="TIME", help="Signatures said to be made from then on don't count (ISO 8601).")
    ] = None,
) -> None:
    """Adds the public half of a key to a file of trusted keys, which is made if there is none."""
    from faceguard.cli.consent_options import load_key
    from faceguard.cli.times import parse_time
    from faceguard.signing import TrustedKeys

    public = load_key(key).public(
        valid_from=parse_time(valid_from) if valid_from else None,
        valid_to=parse_time(valid_to) if valid_to else None,
        name=name,
    )
    trusted = TrustedKeys.load(output) if output.exists() else TrustedKeys(())
    trusted.adding([public]).save(output)
    print(f"`{public.kid}` is now trusted in {output}")


@app.command("list")
def list_keys(trusted: Trusted, as_json: AsJson = False) -> None:
    """Lists the trusted keys and the times in which their signatures count."""
    from faceguard.signing import TrustedKeys

    keys = TrustedKeys.load(trusted).keys
    if as_json:
        print(json.dumps([key.model_dump(mode="json", exclude_none=True) for key in keys], indent=2))
        return
    for key in keys:
        since = f"from {key.valid_from:%Y-%m-%d}" if key.valid_from else ""
        until = f"to {key.valid_to:%Y-%m-%d}" if key.valid_to else ""
        revoked = f"REVOKED {key.revoked_at:%Y-%m-%d %H:%M}" if key.revoked_at else ""
        print("  ".join(part for part in (key.kid, key.name or "", since, until, revoked) if part))


@app.command("revoke")
def revoke_key(
    key_id: Annotated[str, typer.Argument(metavar="KEY_ID", help="The key's id, as `keys list` shows it.")],
    trusted: Annotated[
        Path, typer.Option("--trusted-keys", metavar="TRUSTED.json", help="The file of trusted keys to change.")
    ],
) -> None:
    """Marks a key as no longer trusted: nothing that it ever signed counts from now on."""
    from faceguard.cli.times import now
    from faceguard.errors import ConsentError
    from faceguard.signing import TrustedKeys

    keys = TrustedKeys.load(trusted)
    key = keys.get(key_id)
    if key is None:
        raise ConsentError(f"no key `{key_id}` in `{trusted}`; see `faceguard keys list {trusted}`", key=key_id)
    keys.adding([key.model_copy(update={"revoked_at": now()})]).save(trusted)
    print(f"`{key_id}` is revoked in {trusted}")


def _new_passphrase() -> str:
    import os

    from faceguard.errors import ConsentError
    from faceguard.signing import PASSPHRASE_VARIABLE

    given = os.environ.get(PASSPHRASE_VARIABLE)
    if given is None:
        given = typer.prompt("Passphrase", hide_input=True, confirmation_prompt=True, err=True)
    if not given:
        raise ConsentError(f"an empty passphrase protects nothing; set {PASSPHRASE_VARIABLE}")
    return given
