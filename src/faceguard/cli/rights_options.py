"""The options that `faceguard rights`, `retention` and `breach` share, and how they begin."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceguard.cli.times import now
from faceguard.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from faceguard.rights.carry_out import Carrier
    from faceguard.rights.index import RightsIndex

Index = Annotated[Path, typer.Option("--index", metavar="DB", help="The index that `faceguard redact --index` wrote.")]
PolicyName = Annotated[
    str, typer.Option("--policy", metavar="P", help="A preset or a policy file; `A+B`: strictest wins.")
]
Log = Annotated[Path, typer.Option("--audit", metavar="LOG", help="The audit log; what is done is recorded there.")]
LogKey = Annotated[
    Path | None, typer.Option("--audit-key", metavar="KEY.pem", help="Signs every line of the audit log.")
]
Search = Annotated[
    list[Path] | None,
    typer.Option(
        "--search",
        metavar="DIR",
        help="Also finds outputs here that were moved or copied, by their digest; repeatable.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Prints JSON for machines.")]


def open_index(path: Path) -> RightsIndex:
    """The index, which has to be there: a mistyped name must not look like an empty one."""
    from faceguard.rights.index import RightsIndex

    if not path.exists():
        raise ConfigurationError(f"there is no index `{path}`; `faceguard redact --index {path}` begins one", path=path)
    return RightsIndex(path)


def make_carrier(index: Path, policy: str, audit: Path, audit_key: Path | None, search: Sequence[Path]) -> Carrier:
    from faceguard.audit.log import AuditLog
    from faceguard.policy.load import load_policy
    from faceguard.rights.carry_out import Carrier
    from faceguard.rights.find import Finder
    from faceguard.signing import SigningKey

    key = None if audit_key is None else SigningKey.load(audit_key)
    return Carrier(open_index(index), load_policy(policy), AuditLog(audit, key), now(), Finder(tuple(search)))
