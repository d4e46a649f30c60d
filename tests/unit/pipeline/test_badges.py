"""FG-C14: a photo of people with badges, through the whole guard: who is shown by a badge, and every way in which none
is."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from badge_scenes import EVENT, KEY, KEYS, NOW, below, card_of, issue, wear
from consents import adult_consent, changed, event, guardian_consent, load, register_bytes
from fakes import ADULT, CHILD, FakeAgeEstimator, FakeDetector, face_at, years
from numpy.typing import NDArray

from faceguard import FaceGuard, SubjectRegion
from faceguard.audit.log import MemoryAuditLog
from faceguard.errors import ConfigurationError, ConsentError, NoticeIncomplete, SignatureError
from faceguard.policy.badge import Badge, BadgeKind, BadgeList, write_badges
from faceguard.policy.consent import Cessation, ConsentRecord, DataSubject, NoticeRef
from faceguard.policy.consent_terms import Actor
from faceguard.policy.notice import load_notice
from faceguard.signing import SigningKey
from faceguard.types import AgeAnswer, Box, Detection, Effect, FrameResult, LinkMethod

PURPOSE = "in_store_safety"
NOTICE = Path(__file__).parents[3] / "examples" / "notice.toml"
LEFT, RIGHT = face_at(150, 60, 100, 130), face_at(650, 60, 100, 130)
DURING = NOW + timedelta(hours=1)
CARD_PX = 110
WEARER, OTHER = "child-17", "child-18"
KEEP, REDACT = Effect.KEEP, Effect.REDACT


def consent_of(subject: str, record: ConsentRecord | None = None, number: int = 1) -> ConsentRecord:
    """A guardian's consent for `subject`, to this notice and the whole event."""
    notice = load_notice(NOTICE)
    ref = NoticeRef(id=notice.notice_id, version=notice.version, sha256=notice.sha256, language="ja")
    base = record or guardian_consent()
    who = base.data_subject.model_copy(update={"id": subject})
    return changed(base, record_id=f"7d9f2c52-55f0-4f0e-9a3a-2f9f6a1f7b{number:02d}", data_subject=who, notice=ref)


def adult_s_consent(subject: str, number: int = 9) -> ConsentRecord:
    return consent_of(
        subject,
        changed(
            adult_consent(),
            events=(event(by=subject),),
            data_subject=DataSubject(id=subject, is_child=False, birth_year_month="1990-05"),
        ),
        number,
    )


def scene(*worn: tuple[Badge, Box] | tuple[NDArray[np.uint8], Box]) -> NDArray[np.uint8]:
    """A grey picture in which cards hang below faces; a badge is printed as its maker prints it."""
    photo = np.full((620, 950, 3), 120, np.uint8)
    for card, face in worn:
        printed = card_of(card) if isinstance(card, Badge) else card
        photo = wear(photo, printed, below(face, heights=1.4), CARD_PX)
    return photo


class Party:
    """A guard with a badge list and a register, and two faces in every picture."""

    def __init__(self, folder: Path, badges: BadgeList, *said: object, faces: tuple[Detection, ...] = (LEFT, RIGHT)):
        self.list_file = folder / "badges.json"
        write_badges(self.list_file, badges, KEY)
        self.log = MemoryAuditLog()
        self.register = load(register_bytes(*said, issued_at=NOW), moment=DURING)
        self.faces = faces

    def redact(
        self,
        photo: NDArray[np.uint8],
        *,
        ages: tuple[AgeAnswer, ...] = (CHILD, CHILD),
        captured_at: datetime | None = None,
        moment: datetime = DURING,
        subjects: tuple[SubjectRegion, ...] = (),
        everyone: tuple[str, ...] = (),
        event: str | None = EVENT,
        purpose: str = PURPOSE,
    ) -> FrameResult:
        guard = FaceGuard(
            notice=NOTICE,
            purpose=purpose,
            consents=self.register,
            detector=FakeDetector(self.faces),
            estimator=FakeAgeEstimator(list(ages)),
            audit=self.log,
            badges=self.list_file,
            badge_keys=KEYS,
            verify=False,
            clock=lambda: moment,
        )
        return guard.redact(photo, event=event, captured_at=captured_at, subjects=subjects, everyone=everyone)

    def effects(self, photo: NDArray[np.uint8], **how: object) -> list[Effect]:
        return [face.decision.effect for face in self.redact(photo, **how).faces]  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", list(BadgeKind))
def test_of_two_children_the_one_with_a_badge_and_a_consent_is_shown(tmp_path: Path, kind: BadgeKind) -> None:
    """FG-C14: and the record says by which way she was known."""
    badges, worn = issue({WEARER: kind, OTHER: kind})
    party = Party(tmp_path, badges, consent_of(WEARER))
    result = party.redact(scene((worn[WEARER], LEFT.box), (worn[OTHER], RIGHT.box)))
    assert [face.decision.effect for face in result.faces] == [KEEP, REDACT]
    refs = [face.decision.subject for face in result.faces]
    assert [(ref.key, ref.linked_by) for ref in refs if ref] == [(WEARER, LinkMethod.BADGE), (OTHER, LinkMethod.BADGE)]
    (record,) = (entry.record for entry in party.log.entries)
    assert [face.subject.linked_by for face in record.input.faces if face.subject] == [LinkMethod.BADGE] * 2
    assert record.result.redaction is not None
    assert record.result.redaction.parameters["badges_valid"] == 2
    assert record.result.redaction.parameters["badge_list_sha256"] == badges.sha256


def test_a_badge_alone_shows_nobody(tmp_path: Path) -> None:
    """FG-C01: it is a name, and no consent."""
    badges, worn = issue({WEARER: BadgeKind.QR})
    assert Party(tmp_path, badges).effects(scene((worn[WEARER], LEFT.box))) == [REDACT, REDACT]


@pytest.mark.parametrize("kind", list(BadgeKind))
def test_badges_are_covered_in_what_leaves(tmp_path: Path, kind: BadgeKind) -> None:
    """FG-D02: a token is personal data, and a published badge could be copied."""
    from faceguard.badges.reader import read_codes

    badges, worn = issue({WEARER: kind})
    photo = scene((worn[WEARER], LEFT.box))
    safe = Party(tmp_path, badges, consent_of(WEARER)).redact(photo).image
    assert [code.content for code in read_codes(photo, [LEFT.box])] != []
    assert [code for code in read_codes(safe, [LEFT.box]) if code.text or code.marker is not None] == []


def test_a_badge_between_two_faces_shows_nobody(tmp_path: Path) -> None:
    badges, worn = issue({WEARER: BadgeKind.ARUCO})
    near = (face_at(150, 60, 100, 130), face_at(330, 60, 100, 130))
    photo = wear(scene(), card_of(worn[WEARER]), (290, 330), CARD_PX)
    assert Party(tmp_path, badges, consent_of(WEARER), faces=near).effects(photo) == [REDACT, REDACT]


@pytest.mark.parametrize("kind", list(BadgeKind))
def test_a_badge_that_is_seen_twice_shows_nobody(tmp_path: Path, kind: BadgeKind) -> None:
    """One of the two is a copy."""
    badges, worn = issue({WEARER: kind})
    party = Party(tmp_path, badges, consent_of(WEARER))
    assert party.effects(scene((worn[WEARER], LEFT.box), (worn[WEARER], RIGHT.box))) == [REDACT, REDACT]
    aside = wear(scene((worn[WEARER], LEFT.box)), card_of(worn[WEARER]), (450, 120), CARD_PX)
    assert party.effects(aside) == [REDACT, REDACT]


def test_two_badges_of_one_person_on_two_faces_show_nobody(tmp_path: Path) -> None:
    badges, worn = issue({WEARER: BadgeKind.QR, "spare": BadgeKind.ARUCO})
    spare = worn["spare"].model_copy(update={"subject": WEARER})
    party = Party(tmp_path, badges.changed([spare], moment=NOW), consent_of(WEARER))
    assert party.effects(scene((worn[WEARER], LEFT.box), (spare, RIGHT.box))) == [REDACT, REDACT]


def test_two_badges_on_one_chest_show_nobody(tmp_path: Path) -> None:
    badges, worn = issue({WEARER: BadgeKind.ARUCO, OTHER: BadgeKind.ARUCO})
    party = Party(tmp_path, badges, consent_of(WEARER), consent_of(OTHER, number=2))
    photo = wear(scene(), card_of(worn[WEARER]), below(LEFT.box, aside=-0.5, heights=1.4), 80)
    both = wear(photo, card_of(worn[OTHER]), below(LEFT.box, aside=0.6, heights=1.4), 80)
    assert party.effects(photo) == [KEEP, REDACT]
    assert party.effects(both) == [REDACT, REDACT]


def test_a_badge_out_of_its_hours_shows_nobody(tmp_path: Path) -> None:
    """The hours are those of the picture, not of the handling."""
    badges, worn = issue({WEARER: BadgeKind.QR})
    party, photo = Party(tmp_path, badges, consent_of(WEARER)), scene((worn[WEARER], LEFT.box))
    evening = NOW + timedelta(hours=20)
    assert party.effects(photo, captured_at=DURING, moment=evening) == [KEEP, REDACT]
    assert party.effects(photo, captured_at=NOW + timedelta(hours=10), moment=evening) == [REDACT, REDACT]
    assert party.effects(photo, moment=evening) == [REDACT, REDACT]


def test_a_forged_or_revoked_badge_shows_nobody(tmp_path: Path) -> None:
    badges, worn = issue({WEARER: BadgeKind.QR})
    party = Party(tmp_path, badges, consent_of(WEARER))
    forged = card_of(worn[WEARER], key=SigningKey.generate())
    assert party.effects(scene((forged, LEFT.box))) == [REDACT, REDACT]
    assert party.effects(scene((worn[WEARER], LEFT.box))) == [KEEP, REDACT]
    revoked = worn[WEARER].model_copy(update={"revoked_at": NOW})
    write_badges(party.list_file, badges.changed([revoked], moment=NOW), KEY)
    assert party.effects(scene((worn[WEARER], LEFT.box))) == [REDACT, REDACT]


def test_another_event_s_badge_beside_one_s_own_is_doubt(tmp_path: Path) -> None:
    badges, worn = issue({WEARER: BadgeKind.ARUCO})
    _, foreign = issue({"x": BadgeKind.QR}, event="autumn-fair")
    party = Party(tmp_path, badges, consent_of(WEARER))
    photo = wear(scene(), card_of(worn[WEARER]), below(LEFT.box, aside=-0.5, heights=1.2), 70)
    both = wear(photo, card_of(foreign["x"], event="autumn-fair"), below(LEFT.box, aside=0.5, heights=2.2), CARD_PX)
    assert party.effects(photo) == [KEEP, REDACT]
    assert party.effects(both) == [REDACT, REDACT]


def test_an_older_person_with_a_child_s_badge_is_not_that_child(tmp_path: Path) -> None:
    """The badge says 7 years, and the face can't be under 30: nobody is linked."""
    badges, worn = issue({WEARER: BadgeKind.QR}, age=7)
    party, photo = Party(tmp_path, badges, consent_of(WEARER)), scene((worn[WEARER], LEFT.box))
    as_child, as_adult = (party.redact(photo, ages=(age, CHILD)).faces[0].decision for age in (CHILD, ADULT))
    assert as_child.subject is not None
    assert as_adult.subject is None
    assert as_adult.consent_id is None


def test_doubt_takes_nobody_s_objection(tmp_path: Path) -> None:
    """FG-T01: an expired badge gives no name, and still may be that of somebody who asked to be covered."""
    badges, worn = issue({WEARER: BadgeKind.QR})
    stop = Cessation(
        request_id="a8098c1a-f86e-41da-bd1a-00112444be1e", subject_id=WEARER, time_utc=NOW, by=Actor.SUBJECT
    )
    photo, late = scene((worn[WEARER], LEFT.box)), NOW + timedelta(hours=10)
    adults = (ADULT, ADULT)
    assert Party(tmp_path, badges).effects(photo, ages=adults, moment=late) == [KEEP, KEEP]
    assert Party(tmp_path, badges, stop).effects(photo, ages=adults, moment=late) == [REDACT, KEEP]


def test_the_operator_and_the_badge_must_agree(tmp_path: Path) -> None:
    badges, worn = issue({WEARER: BadgeKind.QR})
    party = Party(tmp_path, badges, consent_of(WEARER), consent_of(OTHER, number=2))
    photo = scene((worn[WEARER], LEFT.box))
    assert party.effects(photo, subjects=(SubjectRegion(WEARER, LEFT.box),)) == [KEEP, REDACT]
    assert party.effects(photo, subjects=(SubjectRegion(OTHER, LEFT.box),)) == [REDACT, REDACT]
    elsewhere = party.effects(photo, subjects=(SubjectRegion(WEARER, RIGHT.box),))
    assert elsewhere == [REDACT, KEEP], "the badge on the left is then worn by somebody else"


def test_a_face_that_only_the_operator_sees_may_be_the_wearer(tmp_path: Path) -> None:
    badges, worn = issue({WEARER: BadgeKind.QR})
    party = Party(tmp_path, badges, consent_of(WEARER))
    unseen = SubjectRegion(OTHER, Box(260, 90, 350, 200))
    assert party.effects(scene((worn[WEARER], LEFT.box)), subjects=(unseen,)) == [REDACT, REDACT, REDACT]


def test_badges_need_their_own_event_key_and_notice(tmp_path: Path) -> None:
    """FG-N03: who reads badges says so in the notice."""
    badges, worn = issue({WEARER: BadgeKind.QR})
    party, photo = Party(tmp_path, badges), scene((worn[WEARER], LEFT.box))
    for other in (None, "autumn-fair"):
        with pytest.raises(ConfigurationError, match="--event"):
            party.redact(photo, event=other)
    write_badges(party.list_file, badges, SigningKey.generate())
    with pytest.raises(SignatureError, match="not to be believed"):
        party.redact(photo)
    party.list_file.write_bytes(b"{}")
    with pytest.raises(ConsentError, match="no badge list"):
        party.redact(photo)
    silent = tmp_path / "notice.toml"
    silent.write_text(NOTICE.read_text(encoding="utf-8").replace('"badge_reading", ', ""), encoding="utf-8")
    with pytest.raises(NoticeIncomplete, match="badge_reading"):
        FaceGuard(notice=silent, purpose=PURPOSE, detector=FakeDetector(), badges=party.list_file, badge_keys=KEYS)


# ----------------------------------------------------------------------------------- everybody in it is named


def test_where_everybody_is_named_and_consented_to_the_event_all_are_shown(tmp_path: Path) -> None:
    """FG-C14: and the record says that they were known by the event."""
    party = Party(tmp_path, issue({})[0], consent_of(WEARER), consent_of(OTHER, number=2))
    result = party.redact(scene(), everyone=(WEARER, OTHER))
    assert [face.decision.effect for face in result.faces] == [KEEP, KEEP]
    assert {face.decision.subject.linked_by for face in result.faces if face.decision.subject} == {LinkMethod.EVENT}
    assert {face.decision.consent_id for face in result.faces} == {
        consent_of(WEARER).record_id,
        consent_of(OTHER, number=2).record_id,
    }


@pytest.mark.parametrize(
    "everyone",
    [(WEARER,), (WEARER, OTHER, "child-19"), (WEARER, "child-19")],
    ids=["too few", "too many", "no consent"],
)
def test_where_somebody_is_not_accounted_for_nobody_is_shown(tmp_path: Path, everyone: tuple[str, ...]) -> None:
    party = Party(tmp_path, issue({})[0], consent_of(WEARER), consent_of(OTHER, number=2))
    assert party.effects(scene(), everyone=everyone) == [REDACT, REDACT]


def test_a_consent_to_single_files_is_not_one_to_the_event(tmp_path: Path) -> None:
    """FG-C07"""
    consent = consent_of(OTHER, number=2)
    narrow = changed(consent, scope=consent.scope.model_copy(update={"asset_sha256": ("a" * 64,)}))
    party = Party(tmp_path, issue({})[0], consent_of(WEARER), narrow)
    assert party.effects(scene(), everyone=(WEARER, OTHER)) == [REDACT, REDACT]


def test_a_child_s_face_can_t_be_shown_by_a_grown_up_s_consent(tmp_path: Path) -> None:
    """FG-A07: two faces of children, and only one of the two people named is a child with a guardian's consent."""
    party = Party(tmp_path, issue({})[0], consent_of(WEARER), adult_s_consent("teacher-2"))
    assert party.effects(scene(), everyone=(WEARER, "teacher-2")) == [REDACT, REDACT]
    assert party.effects(scene(), ages=(CHILD, ADULT), everyone=(WEARER, "teacher-2")) == [KEEP, KEEP]
    assert party.effects(scene(), ages=(ADULT, CHILD), everyone=(WEARER, "teacher-2")) == [KEEP, KEEP]


def test_an_adult_without_a_consent_breaks_the_event_s(tmp_path: Path) -> None:
    """Though an adult may be shown in place without one, nobody is shown by the others' consents."""
    party = Party(tmp_path, issue({})[0], consent_of(WEARER))
    result = party.redact(scene(), ages=(CHILD, ADULT), everyone=(WEARER, "visitor-1"))
    assert [face.decision.effect for face in result.faces] == [REDACT, KEEP]
    assert [face.decision.subject for face in result.faces] == [None, None]


def test_an_objection_of_one_covers_all_whose_face_it_may_be(tmp_path: Path) -> None:
    stop = Cessation(
        request_id="a8098c1a-f86e-41da-bd1a-00112444be1e", subject_id=OTHER, time_utc=NOW, by=Actor.SUBJECT
    )
    party = Party(tmp_path, issue({})[0], adult_s_consent(WEARER, 1), adult_s_consent(OTHER, 2), stop)
    adults = (years(45, 30), years(50, 33))
    assert party.effects(scene(), ages=adults) == [KEEP, KEEP]
    assert party.effects(scene(), ages=adults, everyone=(WEARER, OTHER)) == [REDACT, REDACT]


def test_a_badge_counts_as_one_of_everybody(tmp_path: Path) -> None:
    badges, worn = issue({WEARER: BadgeKind.QR})
    party = Party(tmp_path, badges, consent_of(WEARER), consent_of(OTHER, number=2))
    photo = scene((worn[WEARER], LEFT.box))
    linked = party.redact(photo, everyone=(WEARER, OTHER)).faces
    assert [face.decision.subject.linked_by for face in linked if face.decision.subject] == [
        LinkMethod.BADGE,
        LinkMethod.EVENT,
    ]
    assert party.effects(photo, everyone=(OTHER, "child-19")) == [KEEP, REDACT]
    left_out = party.effects(photo, everyone=(OTHER,))
    assert left_out == [KEEP, REDACT], "who wears a badge was forgotten among everybody"


def test_everybody_needs_an_event_and_each_name_once(tmp_path: Path) -> None:
    guard = FaceGuard(
        notice=NOTICE,
        purpose=PURPOSE,
        detector=FakeDetector([LEFT]),
        estimator=FakeAgeEstimator([CHILD]),
        clock=lambda: NOW,
    )
    with pytest.raises(ConfigurationError, match="--event"):
        guard.redact(scene(), everyone=(WEARER,))
    with pytest.raises(ConfigurationError, match="twice"):
        guard.redact(scene(), everyone=(WEARER, WEARER), event=EVENT)
    with pytest.raises(TypeError, match="sequence"):
        guard.redact(scene(), everyone=WEARER, event=EVENT)
