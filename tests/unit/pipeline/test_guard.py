"""The guard on arrays: nothing leaves before the whole sentence has been carried out."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from fakes import ADULT, CHILD, FailingRedactor, FakeAgeEstimator, FakeDetector, face_at
from numpy.typing import NDArray

from faceguard import Box, FaceGuard, SubjectRegion
from faceguard.audit.log import AppendReceipt, MemoryAuditLog
from faceguard.audit.record import Action, AuditRecord
from faceguard.errors import (
    AuditWriteError,
    ConfigurationError,
    ConsentError,
    InferenceError,
    NoticeRequired,
    PolicyError,
    PurposeMismatch,
    RedactionError,
)
from faceguard.policy.consent import Cessation
from faceguard.policy.consent_terms import Actor
from faceguard.policy.load import load_policy
from faceguard.policy.notice import load_notice
from faceguard.policy.register import ConsentRegister
from faceguard.policy.register_lines import seal_up
from faceguard.policy.statement import sign_statement
from faceguard.signing import SigningKey, TrustedKeys
from faceguard.types import AgeStatus, AgeUnknownReason, Effect, Reason

NOTICE = Path(__file__).parents[3] / "examples" / "notice.toml"
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def picture(seed: int = 1) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (240, 320, 3), dtype=np.uint8)


def guard_of(detector: FakeDetector, **settings: object) -> FaceGuard:
    defaults: dict[str, object] = {
        "notice": NOTICE,
        "purpose": "in_store_safety",
        "detector": detector,
        "estimator": FakeAgeEstimator([CHILD]),
        "clock": lambda: NOW,
    }
    return FaceGuard(**{**defaults, **settings})


FACE = face_at(100, 80, 40, 50)


def test_nothing_runs_without_a_notice() -> None:
    """FG-N01: the detector isn't called, and there is no guard."""
    detector = FakeDetector([FACE])
    with pytest.raises(NoticeRequired):
        guard_of(detector, notice=None)
    assert detector.calls == 0


def test_a_notice_that_ends_between_two_pictures_stops_the_second() -> None:
    """FG-N01, FG-N06: the gate is passed anew for every picture."""
    expired = replace_effective_to(NOW + timedelta(hours=1))
    times = iter([NOW, NOW, NOW + timedelta(hours=2)])
    detector = FakeDetector([FACE])
    guard = guard_of(detector, notice=expired, clock=lambda: next(times))
    guard.redact(picture())
    assert detector.calls == 1
    with pytest.raises(NoticeRequired):
        guard.redact(picture())
    assert detector.calls == 1


def replace_effective_to(moment: datetime) -> object:
    return load_notice(NOTICE).model_copy(update={"effective_to": moment})


def test_another_purpose_than_the_notice_s_is_refused() -> None:
    """FG-N09"""
    with pytest.raises(PurposeMismatch):
        guard_of(FakeDetector(), purpose="advertising")


def test_a_child_is_covered_and_an_adult_kept_in_place() -> None:
    """FG-C01, FG-R01: solid fill over the child's head, the adult's pixels untouched."""
    faces = [face_at(30, 100, 40, 50), face_at(220, 100, 40, 50)]
    guard = guard_of(FakeDetector(faces), estimator=FakeAgeEstimator([CHILD, ADULT]))
    image = picture()
    before = image.copy()
    result = guard.redact(image)
    assert [face.decision.effect for face in result.faces] == [Effect.REDACT, Effect.KEEP]
    assert [face.decision.age_status for face in result.faces] == [AgeStatus.MINOR_POSSIBLE, AgeStatus.ADULT_CLEAR]
    assert len(np.unique(result.image[100:150, 30:70].reshape(-1, 3), axis=0)) == 1
    np.testing.assert_array_equal(result.image[100:150, 220:260], image[100:150, 220:260])
    np.testing.assert_array_equal(image, before)


def test_a_face_at_the_corner_is_covered_to_the_last_row_and_column() -> None:
    guard = guard_of(FakeDetector([face_at(290, 205, 30, 35)]))
    result = guard.redact(picture())
    assert len(np.unique(result.image[205:, 290:].reshape(-1, 3), axis=0)) == 1


def test_without_faces_the_picture_is_the_same_and_recorded() -> None:
    """FG-D01"""
    log = MemoryAuditLog()
    image = picture()
    result = guard_of(FakeDetector(), audit=log).redact(image)
    np.testing.assert_array_equal(result.image, image)
    assert [entry.record.decision_id for entry in log.entries] == [result.record_id]


def test_faces_without_an_age_answer_are_covered() -> None:
    """FG-A01: an estimator that knows nothing makes every face a possible minor."""
    guard = guard_of(FakeDetector([FACE]), estimator=FakeAgeEstimator())
    (face,) = guard.redact(picture()).faces
    assert face.decision.effect is Effect.REDACT
    assert Reason.AGE_UNKNOWN in face.decision.reasons


def test_a_detector_that_is_unsure_leaves_the_age_unknown() -> None:
    """FG-A06, FG-R07: nobody asks for the age of what may not be a face."""
    estimator = FakeAgeEstimator([ADULT])
    guard = guard_of(FakeDetector([face_at(100, 80, 40, 50, score=0.31)]), estimator=estimator)
    (face,) = guard.redact(picture()).faces
    assert face.decision.effect is Effect.REDACT
    assert estimator.crops == []


def test_a_face_smaller_than_the_policy_trusts_has_no_age() -> None:
    """FG-A06"""
    estimator = FakeAgeEstimator([ADULT])
    (face,) = guard_of(FakeDetector([face_at(100, 80, 31, 60)]), estimator=estimator).redact(picture()).faces
    assert face.decision.age_unknown_reason is AgeUnknownReason.TOO_SMALL
    assert face.decision.effect is Effect.REDACT
    assert estimator.crops == []


def test_a_policy_that_asks_for_consent_of_all_covers_adults_too() -> None:
    guard = guard_of(FakeDetector([FACE]), estimator=FakeAgeEstimator([ADULT]), policy="strictest")
    (face,) = guard.redact(picture()).faces
    assert face.decision.effect is Effect.REDACT


def test_policies_joined_by_plus_take_the_strictest_rule() -> None:
    """FG-P02"""
    guard = guard_of(FakeDetector(), policy="jp-appi-2026 + in-dpdp")
    assert guard.policy.age.guardian_consent_age_years.value == 18


def test_a_blur_can_not_satisfy_a_policy() -> None:
    """FG-R01"""
    with pytest.raises(PolicyError):
        guard_of(FakeDetector(), method="blur")


def test_a_detector_tier_below_the_policy_s_is_refused() -> None:
    with pytest.raises(PolicyError):
        FaceGuard(notice=NOTICE, purpose="in_store_safety", policy="strictest", detector="live", clock=lambda: NOW)


def test_consents_without_keys_from_elsewhere_are_refused(tmp_path: Path) -> None:
    """FG-C03"""
    with pytest.raises(ConsentError):
        guard_of(FakeDetector(), consents=tmp_path / "register.json")


def test_an_empty_purpose_is_refused() -> None:
    with pytest.raises(ConfigurationError):
        guard_of(FakeDetector(), purpose="")


class Boom(Exception):
    pass


@pytest.mark.parametrize("error", [Boom("planted"), InferenceError("planted"), MemoryError("planted")])
@pytest.mark.parametrize("stage", ["detector", "estimator", "method"])
def test_a_fault_in_any_stage_gives_no_picture_and_a_true_record(stage: str, error: Exception) -> None:
    """FG-R07: our error, and a record that says the picture was withheld."""
    stages: dict[str, object] = {
        "detector": FakeDetector([FACE], error=error if stage == "detector" else None),
        "estimator": FakeAgeEstimator([CHILD], error=error if stage == "estimator" else None),
    }
    if stage == "method":
        stages["method"] = FailingRedactor(error)
    log = MemoryAuditLog()
    guard = guard_of(stages.pop("detector"), audit=log, **stages)
    expected = InferenceError if isinstance(error, InferenceError) else RedactionError
    with pytest.raises(expected):
        guard.redact(picture())
    assert [entry.record.result.action for entry in log.entries] == [Action.WITHHOLD]
    assert log.entries[0].record.result.error == type(error).__name__


def test_a_redactor_that_covers_nothing_is_found_out() -> None:
    """FG-R07: the result is checked against what had to be covered."""
    with pytest.raises(RedactionError):
        guard_of(FakeDetector([FACE]), method=FailingRedactor()).redact(picture())


@dataclass
class BrokenLog:
    def append(self, record: AuditRecord) -> AppendReceipt:
        raise AuditWriteError("planted")


def test_no_frame_leaves_when_the_record_can_not_be_written() -> None:
    """FG-D01"""
    with pytest.raises(AuditWriteError):
        guard_of(FakeDetector([FACE]), audit=BrokenLog()).redact(picture())


def test_records_hold_no_age_and_no_place() -> None:
    """FG-A08, FG-D02: neither the estimate nor exact pixels of the box."""
    log = MemoryAuditLog()
    odd_age = replace(CHILD, years=8.7654321, lower_years=2.3456789)
    guard_of(FakeDetector([face_at(101.25, 80.5, 40, 50)]), estimator=FakeAgeEstimator([odd_age]), audit=log).redact(
        picture()
    )
    text = log.entries[0].record.model_dump_json()
    assert "8.76" not in text
    assert "2.34" not in text
    assert "101.25" not in text


@pytest.mark.parametrize(
    ("image", "error"),
    [
        ("not an array", TypeError),
        (np.zeros((4, 4, 3), np.float32), TypeError),
        (np.zeros((4, 4), np.uint8), ValueError),
        (np.zeros((4, 4, 4), np.uint8), ValueError),
        (np.zeros((0, 4, 3), np.uint8), ValueError),
    ],
)
def test_arrays_of_another_form_are_the_caller_s_mistake(image: NDArray[np.uint8], error: type[Exception]) -> None:
    with pytest.raises(error):
        guard_of(FakeDetector()).redact(image)


def test_views_that_are_not_contiguous_are_fine() -> None:
    image = picture()[::-1, ::-1]
    assert not image.flags["C_CONTIGUOUS"]
    result = guard_of(FakeDetector([FACE])).redact(image)
    assert result.image.shape == image.shape
    assert len(np.unique(result.image[80:130, 100:140].reshape(-1, 3), axis=0)) == 1


def test_a_declared_age_only_lowers_the_decision() -> None:
    """FG-A07: 30 said of a child changes nothing; 14 said of an adult covers."""
    region = SubjectRegion("somebody", Box(80, 60, 160, 150), declared_age=30)
    (face,) = guard_of(FakeDetector([FACE])).redact(picture(), subjects=[region]).faces
    assert face.decision.effect is Effect.REDACT
    young = replace(region, declared_age=14)
    adult_guard = guard_of(FakeDetector([FACE]), estimator=FakeAgeEstimator([ADULT]))
    (face,) = adult_guard.redact(picture(), subjects=[young]).faces
    assert face.decision.effect is Effect.REDACT
    assert face.decision.age_status is AgeStatus.MINOR


def test_a_weakened_policy_shows_in_the_record(tmp_path: Path) -> None:
    """FG-P03"""
    weak = tmp_path / "mine.toml"
    weak.write_text(
        'extends = ["jp-appi-2026"]\npolicy_id = "mine"\nversion = "1"\nlast_verified = 2026-11-22\n'
        '[[weakens]]\nkey = "consent.max_duration_days"\nreason = "school years are longer"\n'
        "[consent]\n"
        'max_duration_days = { value = 500, basis = ["product"], source = ["faceguard"], in_force_from = 2026-11-22 }\n'
    )
    policy = load_policy(weak)
    log = MemoryAuditLog()
    guard_of(FakeDetector(), policy=policy, audit=log).redact(picture())
    assert log.entries[0].record.bundles.policy.weakened_from_preset == policy.weakened_from_preset
    assert policy.weakened_from_preset != ()


STOPPED = SubjectRegion("asked-to-stop", Box(0, 0, 320, 240))


def stopped_guard(detector: FakeDetector) -> FaceGuard:
    """Adults are kept in place, and `asked-to-stop` is not to be shown."""
    request = Cessation(request_id=str(uuid.uuid4()), subject_id="asked-to-stop", time_utc=NOW, by=Actor.SUBJECT)
    key = SigningKey.generate()
    data = seal_up([sign_statement(request, key)], key, NOW)
    register = ConsentRegister.of(data, TrustedKeys((key.public(),)), moment=NOW)
    return guard_of(detector, estimator=FakeAgeEstimator([ADULT]), consents=register)


def test_who_may_be_somebody_who_asked_to_stop_is_covered() -> None:
    """FG-C14: two faces in the place that was named; either may be the one."""
    other = face_at(200, 80, 40, 50)
    result = stopped_guard(FakeDetector([FACE, other])).redact(picture(), subjects=[STOPPED])
    assert [d.reasons for d in result.decisions] == [(Reason.CESSATION_REQUESTED,)] * 2
    assert [face.region is not None for face in result.faces] == [True, True]


def test_a_place_that_is_named_is_covered_though_no_face_is_found_there() -> None:
    """FG-R07: detectors miss faces; the operator's word that one is here counts."""
    image = picture()
    place = SubjectRegion("asked-to-stop", Box(200, 100, 240, 150))
    result = stopped_guard(FakeDetector([])).redact(image, subjects=[place])
    assert [d.effect for d in result.decisions] == [Effect.REDACT]
    assert len(np.unique(result.image[100:150, 200:240].reshape(-1, 3), axis=0)) == 1


@pytest.mark.parametrize("place", [Box(400, 0, 440, 40), Box(0, 300, 40, 340)])
def test_a_place_outside_of_the_picture_is_refused(place: Box) -> None:
    with pytest.raises(ConfigurationError, match="outside of the picture of 320x240"):
        stopped_guard(FakeDetector([FACE])).redact(picture(), subjects=[SubjectRegion("ward", place)])


def test_a_page_that_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="page 2"):
        stopped_guard(FakeDetector([FACE])).redact(picture(), subjects=[replace(STOPPED, frame_index=1)])


@pytest.mark.parametrize("subjects", [None, "child-1", [("child-1", (0, 0, 9, 9))], [None]])
def test_regions_of_another_form_are_the_caller_s_mistake(subjects: object) -> None:
    detector = FakeDetector([FACE])
    with pytest.raises(TypeError, match="SubjectRegion"):
        guard_of(detector).redact(picture(), subjects=subjects)
    assert detector.calls == 0


def test_numbers_out_of_range_are_the_caller_s_mistake(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="threads"):
        guard_of(FakeDetector([]), threads=0)
    with pytest.raises(ValueError, match="quality"):
        guard_of(FakeDetector([])).redact_image(tmp_path / "in.png", tmp_path / "out.png", quality=0)
