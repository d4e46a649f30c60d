"""Worn badges through the sentence: the signed list, the codes that are seen, and whose face is above each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from faceguard.badges.code import SeenCode
from faceguard.badges.placing import Placement, place_badge
from faceguard.errors import ConfigurationError
from faceguard.geometry import expand
from faceguard.pipeline.link import Link, Name
from faceguard.policy.badge import Badge, BadgeRules, BadgeStanding, BadgeVerdict, read_badges
from faceguard.policy.document import Policy
from faceguard.signing import TrustedKeys
from faceguard.types import AgeAnswer, AgeEstimate, Box, Function, LinkMethod, SubjectRef

BADGE_READING = frozenset({Function.BADGE_READING})

BADGE_INDEX = 0
"""Regions that belong to no face's decision: they hide a badge, not a person."""

QUIET_ZONE = 0.15
"""What is covered around a code, in shares of its sides: the white border, and the error of its corners."""


@dataclass(frozen=True, slots=True)
class BadgeFile:
    """The signed badge list that a run links by; it is read for each picture, so that a revocation counts at once."""

    path: Path
    keys: TrustedKeys

    def rules(self, policy: Policy, event: str | None, *, moment: datetime, captured_at: datetime | None) -> BadgeRules:
        """The list as it is to be believed for pictures of `event`. Raises ConfigurationError or ConsentError."""
        badges = read_badges(self.path, self.keys, moment=moment)
        if event != badges.event:
            asked = "no event" if event is None else f"`{event}`"
            raise ConfigurationError(
                f"the badges of `{self.path}` are for `{badges.event}`, and the pictures belong to {asked}; "
                f"pass the event's own list, or name the event with `--event`",
                key="event",
                expected=badges.event,
                actual=event,
            )
        max_list_age = timedelta(hours=policy.consent.offline_staleness_hours.value)
        return BadgeRules(badges, self.keys, moment, captured_at or moment, max_list_age)


@dataclass(frozen=True, slots=True)
class SeenBadge:
    """A code that is a badge, or may be one, with what it is worth and which faces it can be of."""

    code: SeenCode
    verdict: BadgeVerdict
    placement: Placement

    @property
    def key(self) -> str | None:
        """Whose it is or may be, as the list has it."""
        return None if self.verdict.badge is None else self.verdict.badge.subject

    @property
    def cover(self) -> Box:
        """What hides it."""
        return expand(self.code.box, QUIET_ZONE, QUIET_ZONE, QUIET_ZONE, QUIET_ZONE)


def judge_codes(codes: Sequence[SeenCode], faces: Sequence[Box], rules: BadgeRules) -> tuple[SeenBadge, ...]:
    """The badges among `codes`. A shop's own QR code is none; one that can't be read counts beside a face, since it may
    be one."""
    seen = []
    for code in codes:
        placement = place_badge(code.box, code.side_px, faces)
        verdict = _verdict(code, rules)
        is_foreign = verdict.standing is BadgeStanding.UNKNOWN and code.marker is not None and not placement.near
        if verdict.standing is BadgeStanding.NOT_A_BADGE and (code.text or not placement.near):
            continue
        if not is_foreign:
            seen.append(SeenBadge(code, verdict, placement))
    return tuple(seen)


def _verdict(code: SeenCode, rules: BadgeRules) -> BadgeVerdict:
    return rules.judge_marker(code.marker) if code.marker is not None else rules.judge_text(code.text or "")


def link_by_badge(seen: Sequence[SeenBadge], ages: Sequence[AgeAnswer]) -> tuple[Link, ...]:
    """A link for each face, whose ages are `ages`.

    1. The badge is valid.
    2. Nobody's badge is seen twice: neither the same one, nor two of one person.
    3. It hangs below this face beyond doubt, and could be of no other.
    4. No other badge, valid or not, could be of this face.
    5. The wearer's declared age is not below what the face's age can be.

    Whoever else a badge near a face may stand for is doubtful: an objection of theirs protects the face.
    """
    return tuple(_link(n, age, seen) for n, age in enumerate(ages))


def _link(face: int, age: AgeAnswer, seen: Sequence[SeenBadge]) -> Link:
    near = [badge for badge in seen if face in badge.placement.near]
    doubtful = tuple(name for badge in near if (name := _name(badge.verdict.badge)) is not None)
    if len(near) != 1:  # 4
        return Link(None, doubtful)
    (only,) = near
    badge = only.verdict.badge
    if badge is None or only.verdict.standing is not BadgeStanding.VALID:  # 1
        return Link(None, doubtful)
    is_seen_twice = sum(other.key == badge.subject for other in seen) > 1  # 2
    if is_seen_twice or only.placement.face != face or contradicts(badge, age):  # 3, 5
        return Link(None, doubtful)
    return Link(_name(badge))


def _name(badge: Badge | None) -> Name | None:
    return None if badge is None else Name(SubjectRef(badge.subject, LinkMethod.BADGE), badge.declared_age)


def contradicts(badge: Badge, age: AgeAnswer) -> bool:
    """Whether a face can't be of the age that its badge declares: the badge is worn by somebody older."""
    if badge.declared_age is None or not isinstance(age, AgeEstimate) or not age.calibration_id:
        return False
    return age.lower_years >= badge.declared_age + 1
