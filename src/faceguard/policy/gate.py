"""The notice gate: nothing runs before a notice is bound that covers this policy, purpose and every function in use.

`bind_notice` is the only maker of a `BoundNotice`, and the engine takes nothing else (FG-N01).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from faceguard.errors import NoticeError, NoticeIncomplete, NoticeRequired, PurposeMismatch
from faceguard.policy.document import Policy
from faceguard.policy.notice import (
    STRUCTURED_ITEMS,
    ExceptionClaim,
    HandlingNotice,
    LegalBasis,
    Purpose,
    ReleaseBasis,
    missing_locales,
)
from faceguard.policy.policy_terms import Locale, NoticeItem
from faceguard.types import Disclosure, DocumentRef, Function

_SEAL: Final = object()


@dataclass(frozen=True, slots=True)
class BoundNotice:
    """A notice that holds for one policy, purpose and set of functions. Made by `bind_notice` alone."""

    notice: HandlingNotice
    policy: Policy
    purpose: str
    disclosure: Disclosure
    functions: frozenset[Function]
    legal_basis: LegalBasis | None = None
    exception: ExceptionClaim | None = None
    seal: object = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.seal is not _SEAL:
            raise NoticeRequired("a notice is bound by `bind_notice` and in no other way")

    @property
    def ref(self) -> DocumentRef:
        return self.notice.ref

    def require(self, function: Function) -> None:
        """Raises NoticeIncomplete when `function` was not named at the gate, so may not run (FG-N03)."""
        if function not in self.functions:
            raise _function_missing(self.notice, {function})


def bind_notice(
    notice: HandlingNotice | None,
    *,
    policy: Policy,
    purpose: str,
    functions: Collection[Function],
    moment: datetime,
    capture_time: datetime | None = None,
    successors: Sequence[HandlingNotice] = (),
) -> BoundNotice:
    """Binds `notice`, or refuses. `moment` is now; `capture_time` is when the picture was taken, if known for sure.

    1. There is a notice.                                                     else NoticeRequired
    2. It is in force at `capture_time` (else at `moment`), and none of
       `successors` had replaced it by then (FG-N06).                         else NoticeRequired
    3. `purpose` is among its purposes (FG-N09), none of which releases
       pictures by opt-out, asked for now or not (FG-T03).                    else PurposeMismatch, NoticeError
    4. It names every function in use (FG-N03).                               else NoticeIncomplete
    5. It says all that the policy asks for (FG-N02, FG-N07), or is withheld
       on a ground that the policy knows, for a reason, approved (FG-N08).    else NoticeIncomplete, NoticeError
    6. The use itself can be: no private place.                               else NoticeError
    """
    if not isinstance(notice, HandlingNotice):  # 1
        raise NoticeRequired(
            "no handling notice; start one from `faceguard notice example`, and pass it with `--notice`"
        )
    _check_in_force(notice, capture_time or moment, successors)  # 2
    use = notice.purpose(purpose)  # 3
    if use is None:
        known = ", ".join(f"`{p.id}`" for p in notice.purposes) or "none"
        raise PurposeMismatch(
            f"the notice `{notice.notice_id}` has no purpose `{purpose}`; it has {known}",
            expected=known,
            actual=purpose,
        )
    _refuse_opt_out(notice)
    if absent := set(functions) - set(notice.functions):  # 4
        raise _function_missing(notice, absent)
    if notice.exception is not None:  # 5
        _check_exception(notice.exception, policy)
    elif missing := check_notice(notice, policy, purpose=purpose, functions=functions):
        raise NoticeIncomplete(
            f"the notice `{notice.notice_id}` lacks {', '.join(f'`{key}`' for key in missing)}, "
            f"which `{policy.policy_id}` requires; add and publish them",
            missing=missing,
        )
    _check_place(notice, policy)  # 6
    return BoundNotice(
        notice=notice,
        policy=policy,
        purpose=use.id,
        disclosure=use.disclosure,
        functions=frozenset(functions),
        legal_basis=use.legal_basis,
        exception=notice.exception,
        seal=_SEAL,
    )


def check_notice(
    notice: HandlingNotice, policy: Policy, *, purpose: str | None = None, functions: Collection[Function] = ()
) -> tuple[str, ...]:
    """The keys that `notice` lacks under `policy`, in the order of the notice; empty when it says all that is required.

    An item with text in one language only gives `item.locale`. With `purpose`, only that purpose is looked at closely.
    """
    required, locales = policy.notice.required_items, policy.notice.locales.value
    missing = [key for item in NoticeItem if item in required for key in _missing_of(notice, item, locales)]
    uses = [use for use in notice.purposes if purpose is None or use.id == purpose]
    missing += [key for use in uses for key in _missing_of_purpose(use, policy)]
    missing += [f"functions.{function}" for function in sorted(set(functions) - set(notice.functions))]
    shown = {placement.kind for placement in notice.placements if placement.is_shown}
    missing += [f"placements.{kind}" for kind in sorted(set(policy.notice.placements_required.value) - shown)]  # FG-N07
    if policy.notice.child_readable.value:
        missing += _missing_text("child_text", missing_locales(notice.child_text, locales), locales)
    return tuple(missing)


def absent_recommended(notice: HandlingNotice, policy: Policy) -> tuple[str, ...]:
    """The items that `policy` recommends and `notice` lacks."""
    locales = policy.notice.locales.value
    recommended = policy.notice.recommended_items.value
    return tuple(key for item in NoticeItem if item in recommended for key in _missing_of(notice, item, locales))


def _missing_of(notice: HandlingNotice, item: NoticeItem, locales: tuple[Locale, ...]) -> list[str]:
    if item in STRUCTURED_ITEMS:
        return [] if getattr(notice, item.value) else [item.value]
    text = notice.items.get(item)
    return [item.value] if text is None else _missing_text(item.value, missing_locales(text, locales), locales)


def _missing_text(key: str, absent: tuple[Locale, ...], locales: tuple[Locale, ...]) -> list[str]:
    return [key] if absent == locales else [f"{key}.{locale}" for locale in absent]


def _missing_of_purpose(use: Purpose, policy: Policy) -> list[str]:
    locales = policy.notice.locales.value
    prefix = f"purposes.{use.id}"
    missing = _missing_text(f"{prefix}.text", missing_locales(use.text, locales), locales)
    if policy.notice.legal_basis_per_purpose.value and use.legal_basis is None:
        missing.append(f"{prefix}.legal_basis")
    if use.release_basis is ReleaseBasis.OPT_OUT:  # which is none (FG-T03)
        missing.append(f"{prefix}.release_basis")
    if use.disclosure is Disclosure.THIRD_PARTY:
        missing += _missing_text(f"{prefix}.recipients", missing_locales(use.recipients, locales), locales)
    return missing


def _check_in_force(notice: HandlingNotice, at: datetime, successors: Sequence[HandlingNotice]) -> None:
    if at.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    name = f"the notice `{notice.notice_id}` {notice.version}"
    if at < notice.effective_from:
        raise NoticeRequired(
            f"{name} is in force only from {_utc(notice.effective_from)}, not yet at {_utc(at)}; publish one that is",
            expected=_utc(notice.effective_from),
            actual=_utc(at),
        )
    if notice.effective_to is not None and at >= notice.effective_to:
        raise NoticeRequired(f"{name} expired at {_utc(notice.effective_to)}; publish a new version", actual=_utc(at))
    for successor in successors:
        old = successor.replaces
        replaced = old is not None and (old.notice_id, old.version, old.sha256) == (
            notice.notice_id,
            notice.version,
            notice.sha256,
        )
        if replaced and at >= successor.effective_from:
            raise NoticeRequired(f"{name} was replaced by `{successor.notice_id}` {successor.version}; use that one")


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _function_missing(notice: HandlingNotice, absent: Collection[Function]) -> NoticeIncomplete:
    names = sorted(absent)
    return NoticeIncomplete(
        f"the notice `{notice.notice_id}` does not name {', '.join(f'`{name}`' for name in names)}, which would run; "
        "name it under `functions`, or switch it off",
        missing=[f"functions.{name}" for name in names],
    )


def _check_exception(claim: ExceptionClaim, policy: Policy) -> None:
    allowed = policy.notice.exceptions_allowed.value
    if claim.code not in allowed:
        known = ", ".join(f"`{code}`" for code in allowed) or "none"
        raise NoticeError(
            f"`{policy.policy_id}` knows no exception `{claim.code}` from the notice; it allows {known}",
            key="exception.code",
            expected=known,
            actual=claim.code,
        )


def _check_place(notice: HandlingNotice, policy: Policy) -> None:
    if notice.private_place and not policy.notice.private_places_allowed.value:
        raise NoticeError(
            f"`{policy.policy_id}` allows no camera in a private place; point it elsewhere", key="private_place"
        )


def _refuse_opt_out(notice: HandlingNotice) -> None:
    for use in notice.purposes:
        if use.release_basis is ReleaseBasis.OPT_OUT:
            raise NoticeError(
                f"the purpose `{use.id}` releases pictures by opt-out, and silence is no footing for that; ask for "
                "consent",
                key=f"purposes.{use.id}.release_basis",
            )
