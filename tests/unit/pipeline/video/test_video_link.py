"""FG-C14: whose a video's faces are: by a place and a time, or by a badge that is worn long enough."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from badge_scenes import EVENT, KEY, KEYS, NOW, below, card_of, issue, wear
from consents import changed, guardian_consent, load, register_bytes
from fakes import CHILD, FakeAgeEstimator, FakeDetector, face_at
from made_videos import Clip, ground, pictures
from numpy.typing import NDArray

from faceguard import FaceGuard
from faceguard.audit.log import MemoryAuditLog
from faceguard.badges.reader import read_all_codes
from faceguard.errors import ConfigurationError
from faceguard.pipeline.link import Link
from faceguard.pipeline.rules import AssetScope
from faceguard.pipeline.video.job import VideoJob, VideoReport
from faceguard.pipeline.video.link import VideoSubject, link_by_place
from faceguard.pipeline.video.sweep import SweptFace
from faceguard.policy.badge import Badge, BadgeKind, BadgeList, write_badges
from faceguard.policy.consent import ConsentRecord, NoticeRef
from faceguard.policy.notice import load_notice
from faceguard.tracking.path import PathPoint, path_of
from faceguard.types import AgeUnknown, AgeUnknownReason, Box, Effect, LinkMethod

NOTICE = Path(__file__).parents[4] / "examples" / "notice.toml"
LEFT, RIGHT = face_at(60, 40, 70, 90), face_at(480, 40, 70, 90)
WEARER, OTHER = "child-17", "child-18"
KEEP, REDACT = Effect.KEEP, Effect.REDACT
CARD_PX = 84


def consent() -> ConsentRecord:
    """A guardian's, for `WEARER`, to the whole event."""
    notice, record = load_notice(NOTICE), guardian_consent()
    ref = NoticeRef(id=notice.notice_id, version=notice.version, sha256=notice.sha256, language="ja")
    return changed(record, data_subject=record.data_subject.model_copy(update={"id": WEARER}), notice=ref)


def scene(*worn: tuple[Badge, Box]) -> NDArray[np.uint8]:
    picture = ground(640, 480)
    for badge, face in worn:
        picture = wear(picture, card_of(badge), below(face, heights=1.6), CARD_PX, noise=0)
    return picture


def clip(folder: Path, *parts: tuple[NDArray[np.uint8], float]) -> Path:
    """A video of still pictures, each for so many seconds, ten a second."""
    images = [picture for picture, seconds in parts for _ in range(round(seconds * 10))]
    return Clip(images, rate=Fraction(10)).write(folder / "in.mp4")


def redact(
    folder: Path, source: Path, *, badges: BadgeList | None = None, subjects: tuple[VideoSubject, ...] = ()
) -> tuple[VideoReport, MemoryAuditLog]:
    log = MemoryAuditLog()
    if badges is not None:
        write_badges(folder / "badges.json", badges, KEY)
    guard = FaceGuard(
        notice=NOTICE,
        purpose="in_store_safety",
        consents=load(register_bytes(consent(), issued_at=NOW), moment=NOW + timedelta(hours=1)),
        detector=FakeDetector((LEFT, RIGHT)),
        estimator=FakeAgeEstimator([CHILD]),
        audit=log,
        badges=None if badges is None else folder / "badges.json",
        badge_keys=KEYS,
        verify=False,
        clock=lambda: NOW + timedelta(hours=1),
    )
    job = VideoJob(source, folder / "out.mp4", subjects=subjects, scope=AssetScope(event=EVENT), overwrite=True)
    return guard.redact_video(job), log


def effects(report: VideoReport) -> dict[str, Effect]:
    """What becomes of the face on each side."""
    return {"left" if face.best.box.x0 < 300 else "right": face.decision.effect for face in report.plan.faces}


def test_a_badge_worn_through_a_video_names_its_face_and_is_covered(tmp_path: Path) -> None:
    """And the record says by which way the face was known."""
    badges, worn = issue({WEARER: BadgeKind.ARUCO})
    source = clip(tmp_path, (scene((worn[WEARER], LEFT.box)), 2.5))
    report, log = redact(tmp_path, source, badges=badges)
    assert effects(report) == {"left": KEEP, "right": REDACT}
    (record,) = (entry.record for entry in log.entries)
    assert [face.subject.linked_by for face in record.input.faces if face.subject] == [LinkMethod.BADGE]
    written = pictures(tmp_path / "out.mp4")
    assert len(written) == 25
    assert [len(read_all_codes(image)) for image in pictures(source)[::5]] == [1] * 5
    assert [len(read_all_codes(image)) for image in written] == [0] * 25


def test_a_badge_that_is_held_up_in_passing_names_nobody(tmp_path: Path) -> None:
    badges, worn = issue({WEARER: BadgeKind.ARUCO})
    source = clip(tmp_path, (scene((worn[WEARER], LEFT.box)), 0.7), (scene(), 2))
    assert effects(redact(tmp_path, source, badges=badges)[0]) == {"left": REDACT, "right": REDACT}


def test_a_badge_that_is_handed_on_while_the_first_still_has_it_names_nobody(tmp_path: Path) -> None:
    badges, worn = issue({WEARER: BadgeKind.ARUCO})
    first, second = scene((worn[WEARER], LEFT.box)), scene((worn[WEARER], RIGHT.box))
    source = clip(tmp_path, (first, 2), (second, 2), (first, 2))
    assert effects(redact(tmp_path, source, badges=badges)[0]) == {"left": REDACT, "right": REDACT}


def test_two_badges_one_after_the_other_on_one_face_name_nobody(tmp_path: Path) -> None:
    badges, worn = issue({WEARER: BadgeKind.ARUCO, OTHER: BadgeKind.ARUCO})
    source = clip(tmp_path, (scene((worn[WEARER], LEFT.box)), 2), (scene((worn[OTHER], LEFT.box)), 0.7))
    assert effects(redact(tmp_path, source, badges=badges)[0]) == {"left": REDACT, "right": REDACT}


def test_a_badge_that_was_ever_seen_twice_names_nobody(tmp_path: Path) -> None:
    badges, worn = issue({WEARER: BadgeKind.ARUCO})
    once = scene((worn[WEARER], LEFT.box))
    twice = wear(once, card_of(worn[WEARER]), (320, 200), CARD_PX, noise=0)
    source = clip(tmp_path, (once, 2), (twice, 0.7), (once, 1))
    assert effects(redact(tmp_path, source, badges=badges)[0]) == {"left": REDACT, "right": REDACT}


def test_an_older_face_is_not_the_child_s(tmp_path: Path) -> None:
    badges, worn = issue({WEARER: BadgeKind.ARUCO}, age=4)
    source = clip(tmp_path, (scene((worn[WEARER], LEFT.box)), 2.5))
    assert CHILD.lower_years < 4
    assert effects(redact(tmp_path, source, badges=badges)[0])["left"] is KEEP
    younger, worn = issue({WEARER: BadgeKind.ARUCO}, age=1)
    source = clip(tmp_path, (scene((worn[WEARER], LEFT.box)), 2.5))
    assert effects(redact(tmp_path, source, badges=younger)[0])["left"] is REDACT


def test_a_place_and_a_time_name_a_face(tmp_path: Path) -> None:
    """FG-C14: for its whole life, and the record says so."""
    source = clip(tmp_path, (scene(), 2.5))
    report, log = redact(tmp_path, source, subjects=(VideoSubject(WEARER, Box(40, 20, 150, 150), 0.5, 1.5),))
    assert effects(report) == {"left": KEEP, "right": REDACT}
    (record,) = (entry.record for entry in log.entries)
    assert [face.subject.linked_by for face in record.input.faces if face.subject] == [LinkMethod.TRACK]


def test_a_place_that_holds_two_faces_names_neither(tmp_path: Path) -> None:
    source = clip(tmp_path, (scene(), 2))
    report, _ = redact(tmp_path, source, subjects=(VideoSubject(WEARER, Box(0, 0, 640, 300)),))
    assert effects(report) == {"left": REDACT, "right": REDACT}


@pytest.mark.parametrize(
    "subject",
    [VideoSubject(WEARER, Box(250, 300, 350, 400)), VideoSubject(WEARER, Box(40, 20, 150, 150), 60.0, 70.0)],
    ids=["elsewhere", "later"],
)
def test_a_place_without_a_face_is_a_slip(tmp_path: Path, subject: VideoSubject) -> None:
    source = clip(tmp_path, (scene(), 2))
    with pytest.raises(ConfigurationError, match="no face is found"):
        redact(tmp_path, source, subjects=(subject,))
    assert not (tmp_path / "out.mp4").exists()


# ------------------------------------------------------------------------------------------------ places, exactly


def face(*boxes: Box, epochs: int = 1) -> SweptFace:
    """A face at one box after the other, a second (tick) each."""
    path = path_of([PathPoint(pts, box, box) for pts, box in enumerate(boxes)])
    unknown = (AgeUnknown(AgeUnknownReason.NOT_YET),)
    return SweptFace(path, LEFT, unknown, len(boxes), 0, len(boxes) - 1, epochs=epochs)


AT, AWAY = Box(10, 10, 30, 30), Box(200, 10, 220, 30)
PLACE = VideoSubject("a", Box(0, 0, 100, 100), 1.0, 3.0)


def linked(*faces: SweptFace) -> list[Link]:
    return list(link_by_place(faces, [PLACE], float))


def test_a_face_that_stays_in_the_place_all_the_while_is_named() -> None:
    assert linked(face(AWAY, AT, AT, AT, AWAY)) == [Link(PLACE.name)]


def test_a_face_that_leaves_the_place_in_the_span_is_in_doubt() -> None:
    assert linked(face(AT, AT, AWAY, AT)) == [Link(None, (PLACE.name,))]


def test_a_second_face_that_touches_the_place_makes_both_doubtful() -> None:
    edge = Box(95, 10, 115, 30)
    assert linked(face(AT, AT, AT, AT), face(edge, edge)) == [Link(None, (PLACE.name,))] * 2


@pytest.mark.parametrize("epochs", [0, 2])
def test_a_life_that_may_be_two_people_s_is_not_named(epochs: int) -> None:
    """FG-A10"""
    assert linked(face(AT, AT, AT, AT, epochs=epochs)) == [Link(None, (PLACE.name,))]


def test_a_span_between_two_key_points_is_seen() -> None:
    still = path_of([PathPoint(0, AT, AT), PathPoint(100, AT, AT)])
    calm = SweptFace(still, LEFT, (AgeUnknown(AgeUnknownReason.NOT_YET),), 2, 0, 1, epochs=1)
    assert linked(calm) == [Link(PLACE.name)]
