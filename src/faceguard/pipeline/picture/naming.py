"""What a run knows of who is in a picture, put together from the operator's words and the badge list."""

from __future__ import annotations

from collections.abc import Sequence

from faceguard.errors import ConfigurationError
from faceguard.pipeline.picture.cover import CoveredPicture, Naming
from faceguard.pipeline.rules import AssetScope, BoundRules
from faceguard.policy.badge import BadgeRules, BadgeStanding
from faceguard.types import SubjectRegion


def naming_of(
    bound: BoundRules,
    scope: AssetScope,
    subjects: Sequence[SubjectRegion],
    everyone: Sequence[str],
    badges: BadgeRules | None,
) -> Naming:
    """Raises ConfigurationError where `everyone` can't be meant: without an event, or with a name twice."""
    event = AssetScope(event=scope.event, place=scope.place)
    if everyone and scope.event is None:
        raise ConfigurationError(
            "everybody is named, but not the event whose consents are meant; name it with `--event`", key="everyone"
        )
    if len(set(everyone)) != len(everyone):
        raise ConfigurationError("somebody is named twice among everybody; name each person once", key="everyone")
    return Naming(tuple(subjects), badges, tuple(everyone), decide_event=lambda subject: bound.decide(subject, event))


def badge_parameters(covered: CoveredPicture) -> dict[str, str | int | float | bool]:
    """What the record says of badges, where they were looked for: by which list, how many were covered, and valid."""
    if covered.badge_list_sha256 is None:
        return {}
    valid = sum(badge.verdict.standing is BadgeStanding.VALID for badge in covered.badges)
    return {
        "badge_list_sha256": covered.badge_list_sha256,
        "badges_covered": len(covered.badges),
        "badges_valid": valid,
    }
