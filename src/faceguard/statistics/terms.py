"""Whether statistics may be made at all, and on which terms: asked before any picture is opened.

1. Does the policy know statistics (`statistics.enabled`, `statistics.readiness_mode`)?     no -> PolicyError
2. Is the law that allows them in force at this moment?   no -> only a readiness trial, if the policy has one, asked
   for by name, labelled in every result, and never shared                                  else PolicyError
3. Is a notice bound that names the function `statistics` and says `statistics_use`?        no -> NoticeError
4. Is there a public announcement, if the policy asks for one?                              no -> PolicyError
5. Sharing with third parties: is there a written agreement, and does it forbid handing on? no -> PolicyError
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from urllib.parse import urlsplit

from faceguard.errors import NoticeIncomplete, PolicyError
from faceguard.policy.document import InForceFrom, Policy
from faceguard.policy.gate import BoundNotice, bind_notice
from faceguard.policy.notice import HandlingNotice
from faceguard.policy.policy_terms import NoticeItem
from faceguard.types import Disclosure, Function

MIN_MIN_CELL = 2
"""Whatever the policy says: a cell of one is a person."""


class StatisticsMode(StrEnum):
    """On what footing the counts stand."""

    IN_FORCE = "in_force"
    READINESS = "readiness"
    """A trial before the law is in force: to be looked at by the operator alone."""


@dataclass(frozen=True, slots=True)
class Undertakings:
    """What the operator refers to: the public announcement, the written agreement, and its ban on handing on."""

    announcement_url: str | None = None
    agreement_id: str | None = None
    no_redistribution: bool = False


@dataclass(frozen=True, slots=True)
class StatisticsTerms:
    """The terms on which counts may be made. Made by `agree_terms` alone."""

    bound: BoundNotice
    mode: StatisticsMode
    undertakings: Undertakings
    moment: datetime

    @property
    def policy(self) -> Policy:
        return self.bound.policy

    @property
    def min_cell(self) -> int:
        return max(MIN_MIN_CELL, self.policy.statistics.min_cell.value)


def agree_terms(
    policy: Policy,
    notice: HandlingNotice | None,
    *,
    purpose: str,
    functions: frozenset[Function],
    moment: datetime,
    readiness: bool,
    undertakings: Undertakings,
) -> StatisticsTerms:
    """Asks the five questions above. Raises PolicyError or NoticeError, naming the key (FG-S01, FG-S03)."""
    mode = _mode(policy, moment, readiness=readiness)  # 1, 2
    bound = bind_notice(  # 3
        notice, policy=policy, purpose=purpose, functions=functions | {Function.STATISTICS}, moment=moment
    )
    if NoticeItem.STATISTICS_USE not in bound.notice.items:
        raise NoticeIncomplete(
            f"the notice `{bound.notice.notice_id}` doesn't say that statistics are made; add the item "
            "`statistics_use` and publish it",
            missing=[NoticeItem.STATISTICS_USE.value],
        )
    _check_announcement(policy, undertakings)  # 4
    if bound.disclosure is Disclosure.THIRD_PARTY:  # 5
        _check_sharing(policy, mode, undertakings)
    return StatisticsTerms(bound, mode, undertakings, moment.astimezone(UTC))


def _mode(policy: Policy, moment: datetime, *, readiness: bool) -> StatisticsMode:
    rules = policy.statistics
    if rules.enabled.value and _is_in_force(rules.enabled.in_force_from, moment):
        return StatisticsMode.IN_FORCE
    if not rules.enabled.value and not rules.readiness_mode.value:
        raise PolicyError(
            f"`{policy.policy_id}` allows no statistics: `statistics.enabled` and `statistics.readiness_mode` are "
            "false; choose a policy that allows them",
            key="statistics.enabled",
        )
    since = rules.enabled.in_force_from
    when = "has no date yet" if since == "not_set" else f"is {since}"
    if not rules.readiness_mode.value:
        raise PolicyError(
            f"`statistics.enabled` of `{policy.policy_id}` is not in force: its `in_force_from` {when}, and "
            "`statistics.readiness_mode` is false; wait for it",
            key="statistics.enabled",
        )
    if not readiness:
        raise PolicyError(
            f"`statistics.enabled` of `{policy.policy_id}` is not in force: its `in_force_from` {when}; pass "
            "`--readiness` for a trial that is labelled as such and not shared",
            key="statistics.enabled",
        )
    return StatisticsMode.READINESS


def _is_in_force(since: InForceFrom, moment: datetime) -> bool:
    return isinstance(since, date) and since <= moment.astimezone(UTC).date()


def _check_announcement(policy: Policy, undertakings: Undertakings) -> None:
    if not policy.statistics.announcement_required.value:
        return
    url = undertakings.announcement_url or ""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        problem = f"`{url}` is no web address" if url else "none was given"
        raise PolicyError(
            f"`{policy.policy_id}` asks for a public announcement (`statistics.announcement_required`) and {problem}; "
            "publish one and pass its address with `--announcement`",
            key="statistics.announcement_required",
        )


def _check_sharing(policy: Policy, mode: StatisticsMode, undertakings: Undertakings) -> None:
    if mode is StatisticsMode.READINESS:
        raise PolicyError(
            f"`statistics.enabled` of `{policy.policy_id}` is not in force, so a trial may not be shared, and the "
            "purpose gives its results to third parties; choose a purpose of your own use",
            key="statistics.enabled",
        )
    if policy.statistics.agreement_required.value and not (undertakings.agreement_id or "").strip():
        raise PolicyError(
            f"`{policy.policy_id}` asks for a written agreement before sharing (`statistics.agreement_required`); "
            "pass its number with `--agreement`",
            key="statistics.agreement_required",
        )
    if not undertakings.no_redistribution:
        raise PolicyError(
            "whoever gets the counts may not hand them on; confirm that the agreement says so with "
            "`--no-redistribution`",
            key="statistics.agreement_required",
        )
