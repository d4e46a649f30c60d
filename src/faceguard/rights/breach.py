"""What a loss concerned: which outputs, how many people, how many of them maybe minors, and who must know by when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from faceguard.policy.document import Policy
from faceguard.rights.find import sha256_of
from faceguard.rights.index import IndexedOutput, RightsIndex

APPI_MANY_PEOPLE = 1_000
"""APPI Enforcement Rules Art. 7 (iv): a leak that concerns more than this many people is to be reported."""


APPI_WRONGFUL_FINAL_DAYS = 60
"""APPI Enforcement Rules Art. 8 (2): the final report of a leak that may have been done for a wrongful purpose."""
APPI_AUTHORITY = "PPC"


@dataclass(frozen=True, slots=True)
class LostAsset:
    """One output that is lost, or may be. Numbers count faces: nobody is recognised across outputs."""

    output: IndexedOutput
    shown: int
    covered: int
    possible_minors_shown: int
    subjects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Deadline:
    """Something to be done, by when, and the policy's key and words for it."""

    what: str
    due_at: datetime | None
    key: str
    basis: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class BreachReport:
    """What was lost, as far as the index knows, and what the policy asks for. `unknown` are files it doesn't know."""

    assets: tuple[LostAsset, ...]
    unknown: tuple[Path, ...]
    noticed_at: datetime
    authorities: tuple[str, ...]
    deadlines: tuple[Deadline, ...]

    @property
    def shown(self) -> int:
        return sum(asset.shown for asset in self.assets)

    @property
    def covered(self) -> int:
        return sum(asset.covered for asset in self.assets)

    @property
    def possible_minors_shown(self) -> int:
        return sum(asset.possible_minors_shown for asset in self.assets)

    @property
    def subjects(self) -> tuple[str, ...]:
        """Everybody who is known to be in them, by the index's keyed hash."""
        return tuple(sorted({subject for asset in self.assets for subject in asset.subjects}))

    @property
    def people_at_most(self) -> int:
        """All faces: the same person in two outputs counts twice, since nobody is recognised."""
        return self.shown + self.covered


def report_breach(
    index: RightsIndex,
    policy: Policy,
    *,
    lost: Sequence[Path] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    noticed_at: datetime,
) -> BreachReport:
    """What the index knows of the folders or files `lost`, of outputs made from `since` to `until`, or of both.

    A lost path need not be there any more: outputs are known by the place they were written to. What is still there
    is also known by its digest, wherever it was copied to.
    """
    outputs = [
        output
        for output in index.outputs()
        if (since is None or output.made_at >= since) and (until is None or output.made_at <= until)
    ]
    there = {path: sha256_of(path) for place in lost for path in _files(place)}
    digests = set(there.values())
    if lost:
        outputs = [o for o in outputs if o.sha256 in digests or any(_is_within(o.path, place) for place in lost)]
    known = {output.sha256 for output in index.outputs()}
    unknown = tuple(sorted(path for path, sha256 in there.items() if sha256 not in known))
    return BreachReport(
        assets=tuple(_asset(output) for output in outputs),
        unknown=unknown,
        noticed_at=noticed_at,
        authorities=policy.breach.authorities.value,
        deadlines=deadlines(policy, noticed_at),
    )


def deadlines(policy: Policy, noticed_at: datetime) -> tuple[Deadline, ...]:
    """What `policy` asks for after a leak that became known at `noticed_at`."""
    rules = policy.breach
    hours, days, notice = rules.preliminary_hours, rules.final_days, rules.individual_notice
    wrongful = Deadline(
        "final_report_wrongful",
        noticed_at + timedelta(days=APPI_WRONGFUL_FINAL_DAYS),
        "breach.authorities",
        tuple(rules.authorities.basis),
        "",
    )
    return (
        Deadline(
            "preliminary_report",
            noticed_at + timedelta(hours=hours.value),
            "breach.preliminary_hours",
            tuple(hours.basis),
            hours.note,
        ),
        Deadline(
            "final_report", noticed_at + timedelta(days=days.value), "breach.final_days", tuple(days.basis), days.note
        ),
        *((wrongful,) if APPI_AUTHORITY in rules.authorities.value else ()),
        Deadline(
            f"individual_notice:{notice.value}", None, "breach.individual_notice", tuple(notice.basis), notice.note
        ),
    )


def _asset(output: IndexedOutput) -> LostAsset:
    shown = [face for face in output.faces if face.shown]
    return LostAsset(
        output,
        shown=len(shown),
        covered=len(output.faces) - len(shown),
        possible_minors_shown=sum(face.possible_minor for face in shown),
        subjects=tuple(sorted(output.subjects())),
    )


def _is_within(path: Path, place: Path) -> bool:
    return path.absolute().is_relative_to(place.absolute())


def _files(place: Path) -> list[Path]:
    if place.is_file():
        return [place]
    return [path for path in place.rglob("*") if path.is_file() and not path.is_symlink()] if place.is_dir() else []
