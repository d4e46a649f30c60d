"""`faceguard consent expire`: marks what has lapsed, and tells what lapses soon."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from faceguard.cli.consent_options import AsJson, Key, Register, Trusted, add_signed, read_for_writing
from faceguard.cli.times import now

if TYPE_CHECKING:
    from faceguard.policy.consent_lapse import Lapsing


def expire(
    key: Key,
    register: Register,
    trusted_keys: Trusted = None,
    policy: Annotated[
        str, typer.Option("--policy", metavar="P", help="The policy whose age for guardians' consent counts.")
    ] = "jp-appi-2026",
    soon_days: Annotated[int, typer.Option(min=0, max=3650, help="Also tell what lapses within so many days.")] = 30,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell, and mark nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Marks consents and requests whose time is over, and lists those whose time is over soon, to be asked anew.

    A consent that has lapsed shows nobody, marked or not.
    """
    from faceguard.policy.consent_lapse import lapsing, mark_of
    from faceguard.policy.load import load_policy

    moment = now()
    known = read_for_writing(register, key, trusted_keys)
    found = lapsing(known, load_policy(policy), until=moment + timedelta(days=soon_days))
    lapsed = [lapse for lapse in found if lapse.at <= moment]
    soon = [lapse for lapse in found if lapse.at > moment]
    if lapsed and not dry_run:
        add_signed([mark_of(lapse, moment) for lapse in lapsed], key, register, trusted_keys)
    if as_json:
        rows = {"lapsed": [_row(each) for each in lapsed], "soon": [_row(each) for each in soon]}
        print(json.dumps({"marked": not dry_run, **rows}, indent=2))
        return
    for lapse in lapsed:
        print(f"{'lapsed' if dry_run else 'marked'}  {_line(lapse)}")
    for lapse in soon:
        print(f"soon    {_line(lapse)}")
    if not found:
        print(f"nothing has lapsed, and nothing lapses within {soon_days} days")


def _line(lapse: Lapsing) -> str:
    return f"{lapse.record_id}  {lapse.subject_id:<16}{lapse.at:%Y-%m-%d}  {lapse.because}"


def _row(lapse: Lapsing) -> dict[str, str]:
    return {
        "record_id": lapse.record_id,
        "subject": lapse.subject_id,
        "at": lapse.at.isoformat(),
        "because": lapse.because.value,
    }
