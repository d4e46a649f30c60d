"""What was agreed to: as the options say, or as a request asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from faceguard.cli.consent_said import scope
from faceguard.errors import ConsentError
from faceguard.policy.consent_terms import ConsentState

if TYPE_CHECKING:
    from faceguard.policy.consent import Scope
    from faceguard.policy.consent_request import ConsentRequest
    from faceguard.policy.notice import HandlingNotice
    from faceguard.policy.register import ConsentRegister

_DAYS = 180
"""How long a consent holds if nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class Wording:
    """What the options say of the person and the pictures."""

    subject: str | None
    purposes: tuple[str, ...]
    event: str | None
    collection: str | None
    place: str | None
    assets: tuple[Path, ...]
    release: bool
    days: int | None
    requested_by: str | None


@dataclass(frozen=True, slots=True)
class Terms:
    """Who is shown, for what, where, who asked, and in which language (None: nobody said)."""

    subject: str
    purposes: tuple[str, ...]
    scope: Scope
    release: bool
    requested_by: str
    language: str | None = None


def terms_said(wording: Wording, said_at: datetime) -> Terms:
    """The terms of the options alone. Raises ConsentError when they leave out what is needed."""
    if wording.subject is None or not wording.purposes:
        raise ConsentError("say what is agreed to: by --request, or by --subject and --purpose", key="request")
    where = scope(said_at, wording.days or _DAYS, wording.event, wording.collection, wording.place, wording.assets)
    return Terms(wording.subject, wording.purposes, where, wording.release, wording.requested_by or "operator")


def terms_of_request(
    known: ConsentRegister, request_id: str, wording: Wording, notice: HandlingNotice, said_at: datetime
) -> Terms:
    """What the request asked for, or less of it. Raises ConsentError for more, or when it waits for no answer."""
    request = next((each for each in known.requests if each.request_id == request_id), None)
    if request is None:
        raise ConsentError(f"no request `{request_id}` in the register; see `faceguard consent list`", key=request_id)
    _require_waiting(known, request, said_at)
    _require_nothing_more(request, wording)
    if notice.sha256 != request.notice.sha256:
        raise ConsentError(
            f"request `{request_id}` was made with another notice than this one; give the notice that was shown",
            key=request_id,
        )
    asked = request.scope
    end = asked.valid_to if wording.days is None else min(asked.valid_to, said_at + timedelta(days=wording.days))
    where = asked.model_copy(update={"valid_from": max(asked.valid_from, said_at), "valid_to": end})
    return Terms(
        request.subject_id,
        wording.purposes or request.purposes,
        where,
        request.release,
        request.requested_by,
        request.notice.language,
    )


def _require_waiting(known: ConsentRegister, request: ConsentRequest, said_at: datetime) -> None:
    state = known.state_of_request(request, said_at)
    if state is not ConsentState.REQUESTED:
        raise ConsentError(
            f"request `{request.request_id}` waits for no answer (it is {state}); "
            "ask anew with `faceguard consent request`",
            key=request.request_id,
        )
    if said_at < request.time_utc:
        raise ConsentError(
            f"request `{request.request_id}` was made after {said_at:%Y-%m-%d %H:%M} UTC; check --given-at",
            key=request.request_id,
        )


def _require_nothing_more(request: ConsentRequest, wording: Wording) -> None:
    again = (wording.subject, wording.event, wording.collection, wording.place, wording.requested_by)
    if any(value is not None for value in again) or wording.assets or wording.release:
        raise ConsentError(
            f"request `{request.request_id}` says already who, which pictures and who asked; "
            "leave out --subject, --event, --collection, --place, --asset, --release and --requested-by",
            key=request.request_id,
        )
    if unasked := sorted(set(wording.purposes) - set(request.purposes)):
        raise ConsentError(
            f"request `{request.request_id}` didn't ask for {', '.join(f'`{purpose}`' for purpose in unasked)}; "
            "ask anew with `faceguard consent request`",
            key=request.request_id,
        )
