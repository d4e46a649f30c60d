"""Claims about the replay: what was decided is decided again from the texts alone, and what differs is named."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from audited_shop import LATER, NOTICE, NOW, WARD, Shop
from consents import KEY, KEYS, RECORD_ID
from green_faces import GreenSquares, walk
from made_videos import Clip

from faceguard.audit.chain import Entry, Tip, seal_entry
from faceguard.audit.record import AuditRecord
from faceguard.audit.verify import read_log
from faceguard.errors import ConfigurationError, NoticeRequired
from faceguard.evidence.replay import replay_log
from faceguard.pipeline.video.job import VideoJob
from faceguard.policy.consent import Cessation, Revocation
from faceguard.policy.consent_terms import Actor, RevocationReason
from faceguard.policy.register_file import add_statements
from faceguard.policy.statement import sign_statement


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def effects(record: AuditRecord) -> list[str]:
    return [face.effect.value for face in record.result.faces]


def test_every_decision_is_reproduced_as_the_register_stood_then(shop: Shop) -> None:
    """FG-D03: with consent, after its revocation, and after a request to stop, by the register of today alone."""
    shop.take_picture()
    shop.now = NOW + timedelta(minutes=10)
    revocation = Revocation(
        record_id=RECORD_ID, time_utc=NOW - timedelta(minutes=30), by=Actor.GUARDIAN, reason=RevocationReason.WITHDRAWN
    )
    shop.say(revocation, at=NOW + timedelta(minutes=5))  # entered later than the time it names
    shop.take_picture()
    shop.now = NOW + timedelta(minutes=20)
    stop = Cessation(
        request_id="a8098c1a-f86e-41da-bd1a-00112444be1e", subject_id=WARD, time_utc=shop.now, by=Actor.SUBJECT
    )
    shop.say(stop, at=NOW + timedelta(minutes=15))
    shop.take_picture()
    records = shop.records()
    assert [effects(record) for record in records] == [["keep", "keep"], ["redact", "keep"], ["redact", "keep"]]
    assert [record.result.faces[0].reason_codes[0].value for record in records[1:]] == [
        "minor_declared",
        "cessation_requested",
    ]
    replay = shop.replay()
    assert replay.difference is None
    assert (replay.records, replay.faces) == (3, 6)


def test_what_the_gate_refused_is_refused_again(shop: Shop) -> None:
    """FG-N06, FG-D03: a picture from before the notice was shown."""
    with pytest.raises(NoticeRequired):
        shop.take_picture(captured_at=datetime(2020, 1, 1, tzinfo=UTC))
    (record,) = shop.records()
    assert (record.result.action.value, record.result.error, record.input.faces) == ("refuse", "NoticeRequired", ())
    replay = shop.replay()
    assert (replay.difference, replay.refusals) == (None, 1)


def test_without_any_notice_the_refusal_is_recorded_and_replayed(shop: Shop) -> None:
    """FG-N01, FG-D03"""
    with pytest.raises(NoticeRequired):
        shop.guard(notice=None)
    (record,) = shop.records()
    assert (record.result.action.value, record.bundles.notice, record.input.disclosure) == ("refuse", None, None)
    assert shop.replay().difference is None


def as_lines(*documents: dict[str, Any]) -> list[Entry]:
    """A log of whatever records, as somebody with the key could have written it."""
    entries, tip = [], Tip()
    for document in documents:
        _, entry = seal_entry(AuditRecord.model_validate_json(json.dumps(document)), tip, None)
        entries.append(entry)
        tip = tip.follow(entry)
    return entries


def set_in(document: Any, path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for name in parents:
        document = document[int(name) if name.isdigit() else name]
    document[last] = value


CHILD_Q, CHILD_A = "input.faces.0", "result.faces.0"
ADULT_Q, ADULT_A = "input.faces.1", "result.faces.1"
FORGERIES: dict[str, dict[str, Any]] = {
    "effect is": {f"{CHILD_A}.effect": "redact"},
    "reason_codes is": {f"{CHILD_A}.reason_codes": ["consent_valid"]},
    "rule_path is": {f"{ADULT_A}.rule_path": ["5.consent=yes"]},
    "consent is": {f"{CHILD_A}.consent.record_id": "a8098c1a-f86e-41da-bd1a-00112444be1e"},
    "best_interests_ref is": {f"{CHILD_A}.best_interests_ref": "another"},
    "says that this is a minor": {f"{CHILD_Q}.age": "of the adult"},
    "does not go with the age group": {f"{ADULT_Q}.age.under_guardian_age": True},
    "limits of age are": {f"{ADULT_Q}.age.challenge_age_years": 18.0},
    "register says of consent": {f"{CHILD_Q}.findings.0.covers_release": False},
    "register says 0 things": {f"{CHILD_Q}.subject.salted_key_sha256": "0" * 64},
    "consent_out_of_scope": {"input.scope.event": "another-event"},
    "challenge age does not hold": {"input.challenge.years": 17.0},
    "the policy declares": {"input.challenge.declared_years": 17.0},
    "the gate refuses with PurposeMismatch": {"input.purpose": "advertising"},
    "the gate refuses with NoticeRequired": {"input.captured_at": "2020-01-01T00:00:00Z"},
    "the gate refuses with NoticeIncomplete": {"input.functions": ["statistics"]},
    "the notice's purpose is": {"input.disclosure": "third_party"},
    "does not say what ran": {"input.functions": None},
    "name other rules as weakened": {"bundles.policy.weakened_from_preset": ["x"]},
}


@pytest.mark.parametrize("told", FORGERIES)
def test_any_input_or_answer_that_was_written_otherwise_is_named(shop: Shop, told: str) -> None:
    """FG-D03: even by somebody who has the key and seals the log anew."""
    shop.take_picture()
    (record,) = shop.records()
    forged = record.document()
    for path, value in FORGERIES[told].items():
        set_in(forged, path, forged["input"]["faces"][1]["age"] if value == "of the adult" else value)
    replay = replay_log(as_lines(record.document(), forged), shop.texts())
    assert replay.difference is not None
    assert told in str(replay.difference)
    assert (replay.difference.line, replay.difference.record_id) == (2, record.decision_id)


def test_the_face_that_differs_is_named(shop: Shop) -> None:
    """FG-D03"""
    shop.take_picture()
    (record,) = shop.records()
    forged = record.document()
    set_in(forged, f"{ADULT_A}.effect", "redact")
    replay = replay_log(as_lines(forged), shop.texts())
    assert replay.difference is not None
    assert replay.difference.face == record.input.faces[1].index


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"notices": []}, "the notice .* is missing; .*--notice"),
        ({"consents": []}, "rests on a consent register of 1 statements, and none was given"),
    ],
)
def test_a_text_that_is_missing_is_named(shop: Shop, given: dict[str, Any], told: str) -> None:
    """FG-D03"""
    shop.take_picture()
    with pytest.raises(ConfigurationError, match=told):
        replay_log(read_log(shop.log, keys=KEYS, moment=LATER), shop.texts(**given))


def test_a_register_that_forgot_something_is_not_the_one_of_then(shop: Shop, tmp_path: Path) -> None:
    """FG-D03: a register without a statement that it had, or with another, begins otherwise."""
    shop.take_picture()
    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / "register.db"
    stop = Cessation(request_id="a8098c1a-f86e-41da-bd1a-00112444be1e", subject_id=WARD, time_utc=NOW, by=Actor.SUBJECT)
    add_statements(other, [sign_statement(stop, KEY)], key=KEY, keys=KEYS, moment=NOW)
    texts = shop.texts(consents=[other])
    with pytest.raises(ConfigurationError, match="none of those given begins with them"):
        replay_log(read_log(shop.log, keys=KEYS, moment=LATER), texts)


def test_a_register_that_was_not_believed_is_reproduced_as_such(shop: Shop) -> None:
    """FG-C08, FG-D03: everybody is redacted."""
    shop.take_picture()
    shop.register.write_bytes(b"SQLite format 3\x00 damaged")
    shop.take_picture()
    assert effects(shop.records()[1]) == ["redact", "redact"]
    entries = list(read_log(shop.log, keys=KEYS, moment=LATER))[1:]
    replay = replay_log(entries, shop.texts(consents=[]))
    assert (replay.difference, replay.not_believed) == (None, [2])


def test_an_old_record_is_told_apart_and_not_taken_for_reproduced(shop: Shop) -> None:
    """FG-D03"""
    shop.take_picture()
    (record,) = shop.records()
    old = {**record.document(), "schema_version": "1"}
    replay = replay_log(as_lines(old), shop.texts())
    assert (replay.records, replay.without_inputs, replay.difference) == (0, [1], None)


def test_a_folder_with_all_versions_is_enough(shop: Shop, tmp_path: Path) -> None:
    """FG-D03: what isn't such a text is passed over."""
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "any.toml").write_bytes(NOTICE.read_bytes())
    (tmp_path / "texts" / "other.toml").write_text("no = 'notice'")
    shop.take_picture()
    texts = shop.texts(notices=[tmp_path / "texts"], policies=[tmp_path / "texts"])
    assert replay_log(read_log(shop.log, keys=KEYS, moment=LATER), texts).difference is None


def test_a_request_that_was_carried_out_asks_no_gate_and_decides_on_no_face(shop: Shop) -> None:
    """FG-T02: an output is deleted also when its notice has long ended; but no released picture passes for that."""
    shop.take_picture()
    (record,) = shop.records()
    erased = record.document()
    del erased["input"]["functions"]
    erased["input"]["faces"] = erased["result"]["faces"] = []
    erased["timestamp"] = "2019-01-01T00:00:00Z"
    released = json.loads(json.dumps(erased))
    erased["result"]["action"] = "erase"
    assert replay_log(as_lines(erased), shop.texts()).difference is None
    told = replay_log(as_lines(released), shop.texts()).difference
    assert told is not None
    assert "does not say what ran" in str(told)


def test_a_video_and_a_stream_are_decided_again(shop: Shop, tmp_path: Path) -> None:
    """FG-D03: for each track the most protective conclusion of its life is what was asked."""
    clip = Clip(walk(20, lambda i: 30.0 + 4 * i)).write(tmp_path / "in.mp4")
    guard = shop.guard(detector=GreenSquares())
    guard.redact_video(VideoJob(clip, tmp_path / "out.mp4"))
    frames = [(i / 25, image) for i, image in enumerate(walk(20, lambda i: 30.0 + 4 * i))]
    assert len(list(guard.stream(frames))) == 20
    assert any(record.input.faces and record.input.asset.frames == 20 for record in shop.records())
    replay = shop.replay()
    assert replay.difference is None
    assert replay.faces >= 2
