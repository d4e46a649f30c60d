"""FG-C14: who the faces are stands in a plan; what they and their guardians say of it is asked when it is rendered."""

from __future__ import annotations

import json
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from badge_scenes import EVENT, KEY, KEYS, NOW, below, card_of, issue, wear
from consents import changed, guardian_consent, load, register_bytes
from fakes import CHILD, FakeAgeEstimator, FakeDetector, face_at
from made_videos import Clip, ground

from faceguard import FaceGuard
from faceguard.errors import ConfigurationError
from faceguard.pipeline.rules import AssetScope
from faceguard.pipeline.video.job import VideoJob
from faceguard.pipeline.video.link import VideoSubject
from faceguard.policy.badge import BadgeKind, write_badges
from faceguard.policy.consent import Cessation, ConsentRecord, NoticeRef
from faceguard.policy.consent_terms import Actor
from faceguard.policy.notice import load_notice
from faceguard.policy.register import ConsentRegister
from faceguard.rights.index import RightsIndex
from faceguard.types import Box, Effect

NOTICE = Path(__file__).parents[4] / "examples" / "notice.toml"
LEFT, RIGHT = face_at(60, 40, 70, 90), face_at(480, 40, 70, 90)
HERS, BOTH = Box(40, 20, 150, 150), Box(40, 20, 600, 150)
WEARER = "child-17"
KEEP, REDACT = Effect.KEEP, Effect.REDACT
LATER = NOW + timedelta(hours=1)
WORD = {"who": "operator-1", "why": "seen by eye", "approved_by": "lead-1"}


def consent() -> ConsentRecord:
    notice, record = load_notice(NOTICE), guardian_consent()
    ref = NoticeRef(id=notice.notice_id, version=notice.version, sha256=notice.sha256, language="ja")
    return changed(record, data_subject=record.data_subject.model_copy(update={"id": WEARER}), notice=ref)


def register(*more: Any) -> ConsentRegister:
    return load(register_bytes(consent(), *more, issued_at=NOW), moment=LATER)


class Desk:
    """A video of two children, and a guard that knows what they may wear."""

    def __init__(self, folder: Path, *, badge: bool = False) -> None:
        self.folder, self.plan = folder, folder / "plan.json"
        picture = ground(640, 480)
        self.badges = None
        if badge:
            listed, worn = issue({WEARER: BadgeKind.ARUCO})
            picture = wear(picture, card_of(worn[WEARER]), below(LEFT.box, heights=1.6), 84, noise=0)
            self.badges, self.listed = folder / "badges.json", listed
            write_badges(self.badges, listed, KEY)
        self.source = Clip([picture] * 20, rate=Fraction(10)).write(folder / "in.mp4")

    def guard(
        self, consents: ConsentRegister, *, with_badges: bool = True, index: RightsIndex | None = None
    ) -> FaceGuard:
        return FaceGuard(
            notice=NOTICE,
            purpose="in_store_safety",
            consents=consents,
            detector=FakeDetector((LEFT, RIGHT)),
            estimator=FakeAgeEstimator([CHILD]),
            badges=self.badges if with_badges else None,
            badge_keys=KEYS,
            verify=False,
            index=index,
            clock=lambda: LATER,
        )

    def analyse(self, *subjects: VideoSubject, consents: ConsentRegister | None = None) -> None:
        job = VideoJob(self.source, None, subjects=subjects, scope=AssetScope(event=EVENT), overwrite=True)
        self.guard(consents or register()).analyse_video(job, self.plan)

    def render(
        self, consents: ConsentRegister | None = None, *, with_badges: bool = True, index: RightsIndex | None = None
    ) -> dict[str, Effect]:
        job = VideoJob(self.source, self.folder / "out.mp4", scope=AssetScope(event=EVENT), overwrite=True)
        report = self.guard(consents or register(), with_badges=with_badges, index=index).render_video(job, self.plan)
        return {"left" if face.best.box.x0 < 300 else "right": face.decision.effect for face in report.plan.faces}

    def edit(self, *edits: dict[str, Any]) -> None:
        document = json.loads(self.plan.read_text())
        document["edits"] = list(edits)
        self.plan.write_text(json.dumps(document))

    def number(self, side: str) -> int:
        faces = json.loads(self.plan.read_text())["analysis"]["tracks"][0]["faces"]
        return next(int(f["face"]) for f in faces if (f["detection"]["box"][0] < 300) == (side == "left"))


def stop(key: str = WEARER) -> Cessation:
    return Cessation(request_id="a8098c1a-f86e-41da-bd1a-000000000001", subject_id=key, time_utc=NOW, by=Actor.SUBJECT)


def test_a_named_face_is_known_when_the_plan_is_rendered(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.analyse(VideoSubject(WEARER, HERS))
    assert desk.render() == {"left": KEEP, "right": REDACT}


def test_a_request_to_stop_that_came_after_the_analysis_counts(tmp_path: Path) -> None:
    """FG-C08, FG-T02: the plan says who it is, never that the face may be shown."""
    desk = Desk(tmp_path)
    desk.analyse(VideoSubject(WEARER, HERS))
    assert desk.render(register(stop())) == {"left": REDACT, "right": REDACT}


def test_doubt_stands_in_the_plan_too_until_a_person_settles_it(tmp_path: Path) -> None:
    """A place that holds two faces names neither; an edit that says whose each is does."""
    desk = Desk(tmp_path)
    desk.analyse(VideoSubject(WEARER, BOTH))
    assert desk.render() == {"left": REDACT, "right": REDACT}
    desk.edit({"action": "name_subject", "face": desk.number("left"), "key": WEARER, **WORD})
    assert desk.render() == {"left": KEEP, "right": REDACT}


def test_a_plan_that_knows_faces_by_badges_needs_the_list_again(tmp_path: Path) -> None:
    desk = Desk(tmp_path, badge=True)
    desk.analyse()
    assert desk.render() == {"left": KEEP, "right": REDACT}
    with pytest.raises(ConfigurationError, match="--badges"):
        desk.render(with_badges=False)


def test_a_badge_revoked_after_the_analysis_names_nobody(tmp_path: Path) -> None:
    desk = Desk(tmp_path, badge=True)
    desk.analyse()
    (badge,) = desk.listed.badges
    revoked = desk.listed.model_copy(update={"badges": (badge.model_copy(update={"revoked_at": NOW}),)})
    assert desk.badges is not None
    write_badges(desk.badges, revoked, KEY)
    assert desk.render() == {"left": REDACT, "right": REDACT}


def test_a_person_s_word_against_a_badge_is_doubt(tmp_path: Path) -> None:
    """The edit names another child, who has no consent, and the badge names one who has: covered."""
    desk = Desk(tmp_path, badge=True)
    desk.analyse()
    desk.edit({"action": "name_subject", "face": desk.number("left"), "key": "child-18", **WORD})
    assert desk.render()["left"] is REDACT
    desk.edit({"action": "name_subject", "face": desk.number("left"), "key": WEARER, **WORD})
    assert desk.render()["left"] is KEEP


def test_an_index_finds_those_whose_face_it_may_be(tmp_path: Path) -> None:
    """FG-T02: a request finds the video although nobody could say which of two faces was hers."""
    desk, index = Desk(tmp_path), RightsIndex(tmp_path / "outputs.db")
    desk.analyse(VideoSubject(WEARER, HERS), VideoSubject("guest-4", BOTH))
    desk.render(index=index)
    for key in (WEARER, "guest-4"):
        (output,) = index.outputs(index.hash_of(key))
        assert index.hash_of(key) in output.subjects()
    assert index.outputs(index.hash_of("somebody-else")) == ()
