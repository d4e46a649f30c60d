"""FG-N09, FG-C07, FG-T03, FG-T04: use in place and release to third parties are different questions."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from consents import NOW, adult_consent, changed, guardian_consent, load, register_bytes
from fakes import ADULT, CHILD, FakeAgeEstimator, FakeDetector, face_at
from pydantic import ValidationError

from faceguard import FaceGuard, SubjectRegion
from faceguard.audit.log import MemoryAuditLog
from faceguard.audit.record import Result
from faceguard.errors import NoticeError, PurposeMismatch
from faceguard.policy.consent import ConsentRecord, NoticeRef
from faceguard.policy.notice import load_notice
from faceguard.types import Decision, Effect, Reason

NOTICE = Path(__file__).parents[3] / "examples" / "notice.toml"
FACE = face_at(100, 80, 40, 50)
IN_PLACE, RELEASE = "in_store_safety", "publication"


def record(base: ConsentRecord, *, purpose: str, release: bool, **fields: object) -> ConsentRecord:
    """`base` for the example notice and one purpose, with or without the word on third parties."""
    notice = load_notice(NOTICE)
    process = base.processes[0].model_copy(update={"purpose": purpose, "third_party_disclosure": release})
    ref = NoticeRef(id=notice.notice_id, version=notice.version, sha256=notice.sha256, language="ja")
    return changed(base, notice=ref, processes=(process,), separate_disclosure_consent=release, **fields)


def redact(
    consent: ConsentRecord, purpose: str, *, age: object = CHILD, declared_age: int | None = None
) -> tuple[Decision, MemoryAuditLog]:
    log = MemoryAuditLog()
    guard = FaceGuard(
        notice=NOTICE,
        purpose=purpose,
        consents=load(register_bytes(consent, issued_at=NOW), moment=NOW + timedelta(hours=1)),
        detector=FakeDetector([FACE]),
        estimator=FakeAgeEstimator([age]),  # type: ignore[list-item]
        audit=log,
        verify=False,
        clock=lambda: NOW + timedelta(hours=1),
    )
    named = SubjectRegion(consent.data_subject.id, FACE.box, declared_age)
    result = guard.redact(np.full((240, 320, 3), 90, np.uint8), subjects=[named], event=consent.scope.event)
    return result.faces[0].decision, log


@pytest.mark.parametrize(
    ("base", "age"), [(guardian_consent(), CHILD), (adult_consent(), ADULT)], ids=["child", "adult"]
)
def test_a_consent_to_use_in_place_releases_nothing(base: ConsentRecord, age: object) -> None:
    """FG-C07: and the other way round; each purpose is asked for."""
    own = record(base, purpose=IN_PLACE, release=False)
    assert redact(own, IN_PLACE, age=age)[0].effect is Effect.KEEP
    decision, _ = redact(own, RELEASE, age=age)
    assert decision.effect is Effect.REDACT
    stretched = record(base, purpose=RELEASE, release=False)
    decision, _ = redact(stretched, RELEASE, age=age)
    assert decision.effect is Effect.REDACT
    assert Reason.CONSENT_NOT_FOR_RELEASE in decision.reasons
    assert redact(record(base, purpose=RELEASE, release=True), RELEASE, age=age)[0].effect is Effect.KEEP


def test_a_consent_to_release_is_none_to_use_a_child_s_face_in_place() -> None:
    """FG-N09"""
    decision, _ = redact(record(guardian_consent(), purpose=RELEASE, release=True), IN_PLACE)
    assert decision.effect is Effect.REDACT
    assert Reason.CONSENT_OTHER_PURPOSE in decision.reasons


def test_the_record_says_on_what_footing_pictures_were_released() -> None:
    """FG-T03: and there is no other footing that it could say."""
    for purpose, release, basis in ((IN_PLACE, False, None), (RELEASE, True, "consent")):
        _, log = redact(record(guardian_consent(), purpose=purpose, release=release), purpose)
        (entry,) = log.entries
        assert entry.record.result.release_basis == basis
    with pytest.raises(ValidationError, match="release_basis"):
        Result.model_validate({**entry.record.result.model_dump(), "release_basis": "opt_out"})


@pytest.mark.parametrize("purpose", [IN_PLACE, RELEASE])
def test_a_notice_with_opt_out_release_lets_nothing_run(tmp_path: Path, purpose: str) -> None:
    """FG-T03: whatever purpose is asked for."""
    text = NOTICE.read_text(encoding="utf-8")
    assert 'release_basis = "consent"' in text
    (tmp_path / "notice.toml").write_text(text.replace('release_basis = "consent"', 'release_basis = "opt_out"'))
    detector = FakeDetector([FACE])
    with pytest.raises(NoticeError, match="silence is no footing"):
        FaceGuard(notice=tmp_path / "notice.toml", purpose=purpose, detector=detector)
    assert detector.calls == 0


def test_a_purpose_that_the_notice_does_not_name_lets_nothing_run() -> None:
    """FG-N09"""
    detector = FakeDetector([FACE])
    with pytest.raises(PurposeMismatch):
        FaceGuard(notice=NOTICE, purpose="marketing", detector=detector)
    assert detector.calls == 0


@pytest.mark.parametrize("purpose", [IN_PLACE, RELEASE])
def test_a_known_minor_is_shown_only_with_a_best_interests_reference(purpose: str) -> None:
    """FG-T04: known by a record of a child, whatever the guardian said."""
    release = purpose == RELEASE
    told = record(guardian_consent(), purpose=purpose, release=release)
    decision, log = redact(told, purpose)
    assert (decision.effect, decision.best_interests_ref) == (Effect.KEEP, told.best_interests_ref)
    assert log.entries[0].record.result.faces[0].best_interests_ref == told.best_interests_ref
    silent = record(guardian_consent(), purpose=purpose, release=release, best_interests_ref=None)
    decision, _ = redact(silent, purpose)
    assert decision.effect is Effect.REDACT
    assert Reason.NO_BEST_INTERESTS_REFERENCE in decision.reasons


def test_somebody_of_17_who_decides_alone_still_needs_the_reference() -> None:
    """FG-T04: above the guardian's age of the policy, below 18; by the record's month of birth or the declared age."""
    base = adult_consent()
    born = base.data_subject.model_copy(update={"birth_year_month": "2009-05"})
    young = record(base, purpose=IN_PLACE, release=False, data_subject=born)
    decision, _ = redact(young, IN_PLACE, age=ADULT)
    assert decision.effect is Effect.REDACT
    assert Reason.NO_BEST_INTERESTS_REFERENCE in decision.reasons
    assessed = changed(young, best_interests_ref="bia-9")
    assert redact(assessed, IN_PLACE, age=ADULT)[0].effect is Effect.KEEP
    grown = record(base, purpose=IN_PLACE, release=False)
    assert redact(grown, IN_PLACE, age=ADULT)[0].effect is Effect.KEEP
    assert redact(grown, IN_PLACE, age=ADULT, declared_age=17)[0].effect is Effect.REDACT
