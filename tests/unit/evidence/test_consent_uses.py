"""A guardian sees when and where a consent was used, out of a log that holds, or sees nothing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from records import MOMENT, append_some, make_record

from faceguard.audit.log import AuditLog
from faceguard.audit.record import Action
from faceguard.errors import AuditIntegrityError
from faceguard.evidence.uses import UseOfConsent, uses_in
from faceguard.signing import SigningKey, TrustedKeys
from faceguard.types import Effect

CONSENT = "7d9f2c52-55f0-4f0e-9a3a-2f9f6a1f7b11"
OTHER = "a8098c1a-f86e-41da-bd1a-00112444be1e"
NOW = MOMENT + timedelta(hours=1)


def uses(log: Path, consent: str = CONSENT, key: str | None = None) -> tuple[UseOfConsent, ...]:
    return uses_in(log, record_id=consent, subject_key=key, keys=None, moment=NOW)[1]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "audit.jsonl"
    append_some(path, 0)
    return path


def test_every_use_is_listed_with_its_moment_picture_and_record(log: Path) -> None:
    """FG-C08, FG-D01: five pictures, in each of which the consent was asked and did not count."""
    found = uses(log)
    assert [use.line for use in found] == [1, 2, 3, 4, 5]
    assert [use.decision_id for use in found] == [make_record(number).decision_id for number in range(5)]
    first = found[0]
    assert (first.moment, first.asset_digest, first.purpose) == (MOMENT, "d" * 64, "in_store_safety")
    assert (first.effect, first.shown, first.relied_on, first.linked_by) == (Effect.REDACT, False, True, "region")


def test_a_person_is_found_by_key_where_no_consent_counted(log: Path) -> None:
    found = uses(log, OTHER, "ward-7")
    assert [use.relied_on for use in found] == [False] * 5
    assert uses(log, OTHER, "ward-8") == ()
    assert uses(log, OTHER) == ()


@pytest.mark.parametrize(("action", "shown"), [(Action.RELEASE, True), (Action.DRY_RUN, False)])
def test_only_what_left_uncovered_counts_as_shown(tmp_path: Path, action: Action, shown: bool) -> None:
    record = make_record(0, action)
    kept = record.result.faces[0].model_copy(update={"effect": Effect.KEEP})
    faces = (kept, *record.result.faces[1:])
    path = tmp_path / "audit.jsonl"
    AuditLog(path).append(record.model_copy(update={"result": record.result.model_copy(update={"faces": faces})}))
    assert [use.shown for use in uses(path)] == [shown]


def test_nothing_is_told_of_a_log_that_does_not_hold(log: Path) -> None:
    """FG-D01: altered, a line dropped, the end cut off."""
    sound = log.read_bytes()
    lines = sound.splitlines(keepends=True)
    for damaged in (sound.replace(b"in_store_safety", b"in_store_sAfety", 1), b"".join(lines[:2] + lines[3:]),
                    b"".join(lines[:3])):  # fmt: skip
        log.write_bytes(damaged)
        with pytest.raises(AuditIntegrityError):
            uses(log)
    log.write_bytes(sound)
    assert len(uses(log)) == 5


def test_a_log_signed_by_a_stranger_is_refused_when_keys_are_named(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    AuditLog(path, SigningKey.generate()).append(make_record())
    own = TrustedKeys((SigningKey.generate().public(),))
    with pytest.raises(AuditIntegrityError):
        uses_in(path, record_id=CONSENT, subject_key=None, keys=own, moment=NOW)
