"""Badges that people wear at an event so that a camera knows whose face is above: the signed list, and what a sighting
is worth.

    badge list --signed--> file          who each badge stands for, from when to when, and which are revoked
    sighting (a QR text or a marker's number) + list + moment -> BadgeVerdict

A badge gives a name and nothing else: whether that person may be shown is then asked of the consents like for any name.
Everything that is not clearly in order gives nobody (FG-C14).
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, ValidationError, model_validator

from faceguard.atomic import write_atomic
from faceguard.errors import ConsentError, EncodeError, SignatureError
from faceguard.policy.badge_token import make_token, read_token, verify_token
from faceguard.policy.consent import PseudonymousId, UtcTime, Uuid4
from faceguard.policy.document import NonBlank, Strict
from faceguard.signing import SigningKey, TrustedKeys, canonical_json, digest, parse_canonical

LIST_KIND = "faceguard-badge-list"

MARKER_COUNT = 587
"""Markers of the family AprilTag 36h11 (Olson 2011): any two differ in 11 of 36 bits at least, however turned."""

DEFAULT_VALIDITY = timedelta(hours=12)
"""A day's event. A badge that was copied is worth nothing after it."""

MAX_VALIDITY = timedelta(hours=72)
"""The longest that a badge may hold: a weekend. Nobody wears one unwatched for longer."""

_MAX_FILE_BYTES = 5_000_000


class BadgeKind(StrEnum):
    """QR: a token that is signed in itself. ARUCO: a number that only the list gives a meaning; read from farther."""

    QR = "qr"
    ARUCO = "aruco"


class Badge(Strict):
    """One badge: for one person, one event and a few hours."""

    badge_id: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    kind: BadgeKind
    marker: Annotated[int, Field(ge=0, lt=MARKER_COUNT)] | None = None
    subject: PseudonymousId
    declared_age: Annotated[int, Field(ge=0, le=130)] | None = None
    """Said by the operator; it may lower a decision, and a face that can't be of this age isn't the wearer's."""
    valid_from: UtcTime
    valid_to: UtcTime
    issued_at: UtcTime
    revoked_at: UtcTime | None = None

    @model_validator(mode="after")
    def _is_short_lived_and_whole(self) -> Self:
        if not timedelta() < self.valid_to - self.valid_from <= MAX_VALIDITY:
            raise ValueError(f"a badge holds for at most {MAX_VALIDITY // timedelta(hours=1)} hours")
        if (self.marker is None) is (self.kind is BadgeKind.ARUCO):
            raise ValueError("an aruco badge has a marker's number, and a qr badge has none")
        return self


class BadgeList(Strict):
    """All badges of one event. `issued_at` is when it was last known to be complete, revocations and all."""

    list_id: Uuid4
    event: NonBlank
    sequence: Annotated[int, Field(ge=1)]
    issued_at: UtcTime
    badges: tuple[Badge, ...] = ()

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        ids = [badge.badge_id for badge in self.badges]
        markers = [badge.marker for badge in self.badges if badge.marker is not None]
        if len(set(ids)) != len(ids) or len(set(markers)) != len(markers):
            raise ValueError("a badge stands twice in the list")
        return self

    @classmethod
    def new(cls, event: str, *, moment: datetime) -> Self:
        """A list without badges."""
        return cls(list_id=str(uuid.uuid4()), event=event, sequence=1, issued_at=moment)

    @property
    def sha256(self) -> str:
        """Of the signed text, as the record names it."""
        return digest(self.model_dump(mode="json", exclude_none=True))

    def get(self, badge_id: str) -> Badge | None:
        return next((badge for badge in self.badges if badge.badge_id == badge_id), None)

    def changed(self, badges: Iterable[Badge], *, moment: datetime) -> BadgeList:
        """The next version of this list: `badges` added, or put in the place of those with their ids."""
        merged = {badge.badge_id: badge for badge in (*self.badges, *badges)}
        return self.model_validate(
            {
                "list_id": self.list_id,
                "event": self.event,
                "sequence": self.sequence + 1,
                "issued_at": moment,
                "badges": tuple(merged.values()),
            }
        )


# --------------------------------------------------------------------------------------------------- issuing


def new_badge(
    badges: BadgeList,
    subject: str,
    kind: BadgeKind,
    *,
    valid_from: datetime,
    valid_to: datetime,
    moment: datetime,
    declared_age: int | None = None,
) -> Badge:
    """A badge that isn't in `badges` yet; times are cut to whole minutes. Raises ConsentError."""
    marker = _free_marker(badges) if kind is BadgeKind.ARUCO else None
    try:
        return Badge(
            badge_id=secrets.token_hex(8),
            kind=kind,
            marker=marker,
            subject=subject,
            declared_age=declared_age,
            valid_from=valid_from.replace(second=0, microsecond=0),
            valid_to=valid_to.replace(second=0, microsecond=0),
            issued_at=moment,
        )
    except ValidationError as error:
        raise ConsentError(f"no such badge can be made: {_first_problem(error)}", key="badge") from None


def _free_marker(badges: BadgeList) -> int:
    """A marker's number that was never given out in this list, drawn at random: not the next child's plus one."""
    taken = {badge.marker for badge in badges.badges}
    free = [number for number in range(MARKER_COUNT) if number not in taken]
    if not free:
        raise ConsentError(f"all {MARKER_COUNT} markers of this list are given out; use qr badges or a new list")
    return secrets.choice(free)


def token_of(badge: Badge, event: str, key: SigningKey) -> str:
    """The text of a QR badge."""
    return make_token(badge.badge_id, event, badge.valid_from, badge.valid_to, key)


# ------------------------------------------------------------------------------------------------------ file


def write_badges(path: Path, badges: BadgeList, key: SigningKey) -> None:
    """Writes the signed list in place of the one there. Raises ConsentError."""
    body = badges.model_dump(mode="json", exclude_none=True)
    data = canonical_json({"body": body, "sig": key.sign(body, kind=LIST_KIND)}) + b"\n"
    try:
        write_atomic(path, data, overwrite=True)
    except EncodeError as error:
        raise ConsentError(error.message, path=path) from error


def read_badges(path: Path, keys: TrustedKeys, *, moment: datetime) -> BadgeList:
    """The list in `path`. Raises ConsentError unless a trusted key signed every byte of it."""
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ConsentError(
            f"the badge list `{path}` can't be read: {error.strerror or error}; make one with `faceguard badge new`",
            path=path,
        ) from error
    try:
        return open_badges(data, keys, moment=moment)
    except SignatureError as error:
        raise SignatureError(f"the badge list `{path}` is not to be believed: {error.message}", path=path) from error
    except ConsentError as error:
        raise ConsentError(f"`{path}` is no badge list: {error.message}", path=path) from error


def open_badges(data: bytes, keys: TrustedKeys, *, moment: datetime) -> BadgeList:
    """The list that `data` holds. Raises SignatureError or ConsentError."""
    try:
        fields = parse_canonical(data.removesuffix(b"\n"))
        if not isinstance(fields, dict) or set(fields) != {"body", "sig"} or not isinstance(fields["sig"], str):
            raise ValueError("not the fields of a badge list")
        badges = BadgeList.model_validate_json(canonical_json(fields["body"]))
    except ValidationError as error:
        raise ConsentError(f"it is malformed; {_first_problem(error)}") from None
    except ValueError as error:
        raise ConsentError(f"it is not signed canonical JSON ({error})") from None
    keys.verify(fields["sig"], fields["body"], kind=LIST_KIND, signed_at=badges.issued_at, moment=moment)
    if badges.issued_at > moment:
        raise ConsentError("it says that it was signed in the future; check the clock")
    return badges


def _first_problem(error: ValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"at `{place}`: {first['msg']}" if place else str(first["msg"])


# ----------------------------------------------------------------------------------------------------- verdicts


class BadgeStanding(StrEnum):
    """What a sighting is worth. Only VALID links a face."""

    VALID = "valid"
    NOT_A_BADGE = "not_a_badge"
    """Some other code: it says nothing about anybody."""
    UNKNOWN = "unknown"
    """Of our form, and not on the list: another event's, or made up."""
    OTHER_EVENT = "other_event"
    FORGED = "forged"
    REVOKED = "revoked"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    LIST_STALE = "list_stale"
    """Nobody has confirmed lately that the list's revocations are complete."""


@dataclass(frozen=True, slots=True)
class BadgeVerdict:
    """`badge` is what the list has under the id that was seen, also where it doesn't hold: whose it may be."""

    standing: BadgeStanding
    badge: Badge | None = None


@dataclass(frozen=True, slots=True)
class BadgeRules:
    """The list as it is to be believed at `moment`, for pictures taken at `captured_at`.

    `max_list_age` is how long the list counts without being confirmed (`faceguard badge refresh`).
    """

    badges: BadgeList
    keys: TrustedKeys
    moment: datetime
    captured_at: datetime
    max_list_age: timedelta

    def judge_text(self, text: str) -> BadgeVerdict:
        """What a QR code's text is worth."""
        token = read_token(text)
        if token is None:
            return BadgeVerdict(BadgeStanding.NOT_A_BADGE)
        badge = self.badges.get(token.badge_id)
        if badge is None or badge.kind is not BadgeKind.QR:
            other = badge is None and not token.is_for(self.badges.event)
            return BadgeVerdict(BadgeStanding.OTHER_EVENT if other else BadgeStanding.UNKNOWN)
        try:
            verify_token(token, self.badges.event, self.keys, issued_at=badge.issued_at, moment=self.moment)
        except SignatureError:
            return BadgeVerdict(BadgeStanding.FORGED, badge)
        hours = (token.valid_from, token.valid_to)
        if hours != (badge.valid_from, badge.valid_to) or not token.is_for(self.badges.event):
            return BadgeVerdict(BadgeStanding.FORGED, badge)
        return BadgeVerdict(self._standing(badge), badge)

    def judge_marker(self, number: int) -> BadgeVerdict:
        """What an ArUco marker is worth."""
        badge = next((badge for badge in self.badges.badges if badge.marker == number), None)
        if badge is None:
            return BadgeVerdict(BadgeStanding.UNKNOWN)
        return BadgeVerdict(self._standing(badge), badge)

    def still_holds(self, subject: str) -> bool:
        """Whether what a badge of `subject` once said counts now too: one is valid, and none was revoked since."""
        standings = [self._standing(badge) for badge in self.badges.badges if badge.subject == subject]
        return BadgeStanding.VALID in standings and BadgeStanding.REVOKED not in standings

    def _standing(self, badge: Badge) -> BadgeStanding:
        """A revoked badge doesn't count for pictures from before either: since when it was lost, nobody knows."""
        if badge.revoked_at is not None:
            return BadgeStanding.REVOKED
        if self.moment - self.badges.issued_at > self.max_list_age:
            return BadgeStanding.LIST_STALE
        if self.captured_at < badge.valid_from:
            return BadgeStanding.NOT_YET_VALID
        if self.captured_at >= badge.valid_to:
            return BadgeStanding.EXPIRED
        return BadgeStanding.VALID
