"""`faceguard audit prove` and `check`: proofs that hold without the log and without trust in whoever made them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from faceguard.cli.audit_options import AsJson, Kept, Keys, Log, trusted
from faceguard.cli.times import now
from faceguard.errors import ConfigurationError


def prove(
    log: Log,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="PROOF.json", help="Where the proof goes.")],
    record: Annotated[
        str | None, typer.Option("--record", metavar="ID", help="Prove that this record is in the log.")
    ] = None,
    head: Annotated[
        Path | None,
        typer.Option(
            "--head", metavar="KEPT.head", help="Prove that the log begins with all of this older checkpoint."
        ),
    ] = None,
    keys: Keys = None,
) -> None:
    """Proves that a record is in the log (--record), or that nothing was rewritten since a checkpoint (--head).

    Give the proof to whoever asks, with a copy of `LOG.head`; `faceguard audit check` needs nothing else but the
    public keys.
    """
    from faceguard.atomic import write_atomic
    from faceguard.audit.head import load_head
    from faceguard.audit.proof import prove_consistency, prove_record
    from faceguard.signing import canonical_json

    if (record is None) == (head is None):
        raise ConfigurationError("say what to prove: a record with --record ID, or growth with --head KEPT.head")
    if record is not None:
        document = prove_record(log, record, keys=trusted(keys), moment=now()).document()
    else:
        document = prove_consistency(log, load_head(head or log), keys=trusted(keys), moment=now()).document()
    write_atomic(output, canonical_json(document) + b"\n", overwrite=False)
    print(f"{output}: check it with `faceguard audit check {output} --trusted-keys TRUSTED.json`")


def check(
    proof: Annotated[Path, typer.Argument(metavar="PROOF.json", help="What `faceguard audit prove` wrote.")],
    keys: Keys = None,
    head: Kept = None,
    as_json: AsJson = False,
) -> None:
    """Checks a proof, without the log. Exit code 5 if it proves nothing.

    A proof of growth needs the older checkpoint that you kept (--head); a proof of a record is held against it too.
    """
    from faceguard.audit.head import load_head
    from faceguard.audit.proof import check_proof, read_proof

    known = trusted(keys)
    if known is None:
        raise ConfigurationError("a proof counts only under keys that you trust; give them with `--trusted-keys`")
    kept = None if head is None else load_head(head)
    proved = check_proof(read_proof(proof), keys=known, kept=kept, moment=now())
    size, root = proved.head.tip.size, proved.head.root
    if as_json:
        entry = proved.entry
        found = None if entry is None else {"seq": entry.seq, "hash": entry.hash, "record": entry.record.document()}
        print(json.dumps({"size": size, "root": root, "entry": found, "since": kept and kept.tip.size}, indent=2))
        return
    if proved.entry is not None:
        print(f"record {proved.entry.record.decision_id} is line {proved.entry.seq + 1} of a log of {size} lines")
    elif proved.old is not None:
        print(f"the log of {size} lines begins with all {proved.old.tip.size} of the checkpoint that you kept")
    print(f"root {root}, signed on {proved.head.moment:%Y-%m-%d %H:%M} UTC")
