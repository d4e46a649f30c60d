"""`faceguard consent request`: asks a guardian, or a person, and writes down that it was asked."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceguard.cli.consent_options import (
    SIGN,
    WHAT,
    WHERE,
    WHO,
    Assets,
    Collection,
    Event,
    Key,
    Notice,
    Place,
    Register,
    Release,
    Trusted,
    add_signed,
)
from faceguard.cli.language import Language
from faceguard.cli.times import now
from faceguard.errors import ConsentError, EncodeError

if TYPE_CHECKING:
    from faceguard.policy.consent_request import ConsentRequest
    from faceguard.policy.policy_terms import Locale


def request(
    *,
    subject: Annotated[
        str, typer.Option("--subject", metavar="KEY", help="Your own key of the person.", rich_help_panel=WHO)
    ],
    guardian: Annotated[
        str | None,
        typer.Option(
            metavar="KEY", help="Your own key of the guardian; without it the person is asked.", rich_help_panel=WHO
        ),
    ] = None,
    purpose: Annotated[
        list[str],
        typer.Option("--purpose", metavar="ID", help="A purpose of the notice; repeatable.", rich_help_panel=WHAT),
    ],
    notice: Notice,
    release: Release = False,
    event: Event = None,
    collection: Collection = None,
    place: Place = None,
    asset: Assets = None,
    days: Annotated[
        int, typer.Option(min=1, max=36_000, help="How long the consent would hold, in days.", rich_help_panel=WHERE)
    ] = 180,
    answer_days: Annotated[
        int, typer.Option(min=1, max=365, help="Within how many days the answer is due.", rich_help_panel=WHERE)
    ] = 30,
    requested_by: Annotated[
        str, typer.Option(metavar="KEY", help="Who asks; never the guardian.", rich_help_panel=SIGN)
    ] = "operator",
    language: Annotated[Language, typer.Option(help="The language of the letter.")] = Language.JA,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the letter there, not to the screen.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the request as JSON instead of the letter.")] = False,
    key: Key,
    register: Register,
    trusted_keys: Trusted = None,
    policy: Annotated[
        str, typer.Option("--policy", metavar="P", help="The policy whose law is named.", rich_help_panel=SIGN)
    ] = "jp-appi-2026",
) -> None:
    """Asks for a consent: prints the letter to the guardian, with a part for the child, and records that it was asked.

    Nothing may be done before it is answered: see `faceguard consent grant --request`, or `consent revoke` for a no.
    """
    from faceguard.cli.consent_said import scope
    from faceguard.policy.consent_request import Question, request_of
    from faceguard.policy.load import load_policy
    from faceguard.policy.notice import load_notice
    from faceguard.policy.policy_terms import Locale

    moment = now()
    asked = request_of(
        Question(
            subject_id=subject,
            asked_of=guardian or subject,
            requested_by=requested_by,
            purposes=tuple(purpose),
            scope=scope(moment, days, event, collection, place, tuple(asset or ())),
            release=release,
            jurisdiction=", ".join(load_policy(policy).jurisdictions),
            language=Locale(language.value),
            asked_at=moment,
            answer_by=moment + timedelta(days=answer_days),
        ),
        load_notice(notice),
    )
    add_signed([asked], key, register, trusted_keys)
    _give(asked, Locale(language.value), output, as_json=as_json)


def _give(asked: ConsentRequest, language: Locale, output: Path | None, *, as_json: bool) -> None:
    from faceguard.atomic import write_atomic
    from faceguard.policy.consent_request_text import request_text

    text = asked.model_dump_json(indent=2, exclude_none=True) + "\n" if as_json else request_text(asked, language)
    if output is None:
        print(text, end="")
        return
    try:
        write_atomic(output, text.encode(), overwrite=False)
    except EncodeError as error:
        raise ConsentError(f"recorded request {asked.request_id}, but not its letter: {error.message}") from error
    print(f"recorded request {asked.request_id}; the letter is in {output}")
