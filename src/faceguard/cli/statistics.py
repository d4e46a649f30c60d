"""`faceguard statistics`: how many people, of what age band, when; and nothing else.

Imports nothing that covers or writes pictures, at any remove: see the contract in pyproject.toml.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from faceguard.cli.terminal import printable
from faceguard.cli.times import now, parse_time
from faceguard.errors import ConfigurationError

_LEDGER_NAME = "faceguard-statistics.db"
_LOG_NAME = "faceguard-audit.jsonl"


def statistics(
    sources: Annotated[
        list[Path], typer.Argument(metavar="SRC...", help="Photos and videos to count in.", show_default=False)
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="COUNTS", help="The table to write: `.csv` or `.json`.")
    ],
    notice: Annotated[
        Path | None,
        typer.Option("--notice", metavar="FILE", help="The handling notice; it names the function `statistics`."),
    ] = None,
    purpose: Annotated[
        str, typer.Option("--purpose", metavar="ID", help="What the counts are for: a purpose of the notice.")
    ] = "",
    policy: Annotated[
        str, typer.Option("--policy", metavar="P", help="A preset or a policy file; `A+B`: strictest wins.")
    ] = "jp-appi-2026",
    announcement: Annotated[
        str | None,
        typer.Option("--announcement", metavar="URL", help="Where it is publicly announced that statistics are made."),
    ] = None,
    agreement: Annotated[
        str | None,
        typer.Option("--agreement", metavar="ID", help="The written agreement with whoever gets the counts."),
    ] = None,
    no_redistribution: Annotated[
        bool, typer.Option("--no-redistribution", help="The agreement forbids handing the counts on.")
    ] = False,
    readiness: Annotated[
        bool,
        typer.Option("--readiness", help="A trial before the law is in force: labelled as one, never shared."),
    ] = False,
    interval: Annotated[
        str, typer.Option("--interval", metavar="15m", help="Length of a time interval; 5m at least, divides a day.")
    ] = "15m",
    bands: Annotated[
        str, typer.Option("--bands", metavar="AGES", help="Ages at which a band begins; 10 years apart at least.")
    ] = "16,30,45,60",
    captured_at: Annotated[
        list[str] | None,
        typer.Option(
            "--captured-at",
            metavar="TIME",
            help="When recording began, ISO 8601; once for each source, in their order. "
            "Else photos say it, and videos count from their own start.",
        ),
    ] = None,
    epsilon: Annotated[
        float | None,
        typer.Option("--epsilon", metavar="E", help="Differential privacy: noise of this budget, spent for good."),
    ] = None,
    budget: Annotated[
        float | None,
        typer.Option("--budget", metavar="E", help="All that may be spent on one source; set by a ledger's first use."),
    ] = None,
    ledger: Annotated[
        Path | None,
        typer.Option("--ledger", metavar="DB", help=f"What was told so far; by default `{_LEDGER_NAME}` at COUNTS."),
    ] = None,
    audit: Annotated[
        Path | None, typer.Option("--audit", metavar="LOG", help=f"The audit log; by default `{_LOG_NAME}` at COUNTS.")
    ] = None,
    audit_key: Annotated[
        Path | None, typer.Option("--audit-key", metavar="KEY.pem", help="Signs every line of the audit log.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replaces an existing table.")] = False,
) -> None:
    """Counts people by coarse age band and time, and gives nothing but the counts.

    Numbers under the policy's `statistics.min_cell` are left empty, and as many others as it takes that they can't be
    got from the totals. No picture, face or exact time is written. A person seen twice is counted twice: nobody is
    recognised. The policy must allow statistics; docs/statistics.md says which do.
    """
    from faceguard.audit.log import AuditLog
    from faceguard.policy.load import load_policy
    from faceguard.policy.notice import load_notice
    from faceguard.signing import SigningKey
    from faceguard.statistics.bands import parse_bands, parse_interval
    from faceguard.statistics.count import Source, functions_for
    from faceguard.statistics.models import make_models
    from faceguard.statistics.noise import check_epsilon
    from faceguard.statistics.run import StatisticsJob, make_statistics
    from faceguard.statistics.terms import StatisticsMode, Undertakings, agree_terms

    if captured_at and len(captured_at) != len(sources):
        raise ConfigurationError(
            f"{len(captured_at)} times for {len(sources)} sources; give `--captured-at` once for each",
            key="captured-at",
        )
    for value in (epsilon, budget):
        if value is not None:
            check_epsilon(value)
    rules = load_policy(policy)
    terms = agree_terms(
        rules,
        None if notice is None else load_notice(notice),
        purpose=purpose,
        functions=functions_for(sources),
        moment=now(),
        readiness=readiness,
        undertakings=Undertakings(announcement, agreement, no_redistribution),
    )
    times = [parse_time(text) for text in captured_at] if captured_at else [None] * len(sources)
    job = StatisticsJob(
        tuple(Source(path, time) for path, time in zip(sources, times, strict=True)),
        output,
        ledger or output.parent / _LEDGER_NAME,
        length=parse_interval(interval),
        bands=parse_bands(bands),
        epsilon=epsilon,
        budget=budget,
        overwrite=overwrite,
    )
    log = audit or output.parent / _LOG_NAME
    sink = AuditLog(log, None if audit_key is None else SigningKey.load(audit_key))
    report = make_statistics(job, terms, make_models(rules), sink)
    result = report.result
    if terms.mode is StatisticsMode.READINESS:
        print("READINESS TRIAL: the law that allows these statistics is not in force; do not share them")
    print(
        f"{printable(report.target)}: {len(result.intervals)} intervals, {len(result.bands.names)} age bands; ", end=""
    )
    print(f"{result.suppressed_count} of {result.table.size} numbers suppressed (minimum {terms.min_cell})")
    if report.epsilon_spent is not None:
        print(f"privacy budget spent: {report.epsilon_spent:g} on a source so far; ledger {printable(job.ledger)}")
    print(f"policy {rules.policy_id} {rules.version}; records in {printable(log)}")
