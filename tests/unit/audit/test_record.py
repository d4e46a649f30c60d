"""Claims about what a record holds, and about what it never holds."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from records import MOMENT, SALT, faces, make_record

from faceguard.audit.compose import coarse_box, confidence_band, new_salt
from faceguard.audit.record import Action, AuditRecord, salted_digest
from faceguard.signing import canonical_json
from faceguard.types import AgeEstimate, Box, Decision, Disclosure, FaceResult

DOCUMENT = make_record().document()


def leaves(value: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, child in value.items():
            yield from leaves(child, f"{at}.{key}")
    elif isinstance(value, list | tuple):
        for child in value:
            yield from leaves(child, f"{at}[]")
    else:
        yield at, value


def test_a_record_round_trips() -> None:
    assert AuditRecord.model_validate_json(canonical_json(DOCUMENT)) == make_record()


def test_every_face_has_its_question_and_its_answer() -> None:
    """FG-D01"""
    record = make_record()
    assert [face.index for face in record.input.faces] == [0, 1]
    assert [face.effect.value for face in record.result.faces] == ["redact", "keep"]
    wrong = record.result.model_copy(update={"faces": record.result.faces[:1]})
    with pytest.raises(ValidationError, match="needs its answer"):
        AuditRecord.model_validate({**dict(record), "result": wrong})


def test_a_record_holds_what_a_replay_needs() -> None:
    """FG-D03"""
    record = make_record()
    assert record.bundles.policy.sha256 == "a" * 64
    assert record.bundles.notice is not None
    assert [(model.id, model.sha256) for model in record.bundles.models] == [("detector-a", "c" * 64)]
    assert record.labels["faceguard-sdk"] == "0.1.0"
    assert record.seeds == {"solid": 7}
    child, adult = record.input.faces
    assert {(f.age.threshold_years, f.age.challenge_age_years) for f in (child, adult)} == {(16.0, 25.0)}
    answer = record.result.faces[0]
    assert answer.rule_path == ("1:cessation", "2:age_known", "4:guardian_consent")
    assert [reason.value for reason in answer.reason_codes] == ["age_unknown", "no_guardian_consent"]
    assert answer.consent is not None
    assert (answer.consent.state, answer.consent.guardian_level) == ("ConsentRevoked", "G2")


def test_a_record_holds_no_key_of_a_person_and_no_exact_place() -> None:
    """FG-D02"""
    text = json.dumps(DOCUMENT)
    assert "ward-7" not in text
    assert "100.5" not in text
    subject = make_record().input.faces[0].subject
    assert subject is not None
    assert subject.salted_key_sha256 == salted_digest(SALT, [b"ward-7"])


def test_the_only_fractions_are_those_of_the_policy_and_the_medium() -> None:
    """FG-A08, FG-D02: no field can hold an estimated age, a score or an embedding."""
    fractional = {path for path, kind in _fields(AuditRecord) if kind in {"float", "list"}}
    assert fractional == {
        "input.asset.duration_s",
        "input.faces.age.threshold_years",
        "input.faces.age.challenge_age_years",
        "input.challenge.years",
        "input.challenge.declared_years",
        "result.redaction.margin",
        "result.statistics.epsilon",
        "result.statistics.epsilon_spent",
        "result.redaction.parameters",
    }


def _fields(model: type[BaseModel], at: str = "") -> Iterator[tuple[str, str]]:
    for name, field in model.model_fields.items():
        path = f"{at}{name}"
        for part in _parts(field.annotation):
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from _fields(part, f"{path}.")
            elif part is float:
                yield path, "float"


def _parts(annotation: Any) -> Iterator[Any]:
    inner = get_args(annotation)
    if not inner:
        yield annotation
    for part in inner:
        yield from _parts(part)


def test_no_field_is_named_after_what_a_record_must_not_hold() -> None:
    """FG-D02, FG-A11"""
    names = {part for path, _ in leaves(DOCUMENT) for part in re.split(r"\W+", path)}
    forbidden = {"name", "crop", "embedding", "years", "estimate", "sex", "gender", "race", "emotion", "image", "path"}
    assert not names & forbidden
    assert not any("estimated" in name for name in names)


def test_no_text_of_a_record_is_dense_enough_to_be_a_picture() -> None:
    """FG-D02: the longest text is a digest; its letters carry 4 bits each, base64 would carry 6."""
    for path, value in leaves(DOCUMENT):
        if isinstance(value, str):
            counts = Counter(value)
            bits = -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values())
            assert len(value) <= 64, path
            assert bits * len(value) <= 4 * 64, path


def test_unknown_fields_are_refused() -> None:
    """FG-D02"""
    for place in ("", "input", "result", "bundles"):
        document = json.loads(json.dumps(DOCUMENT))
        (document[place] if place else document)["note"] = "a face"
        with pytest.raises(ValidationError, match="note"):
            AuditRecord.model_validate_json(json.dumps(document))


def test_nothing_is_released_without_a_notice_or_a_named_exception() -> None:
    """FG-N01, FG-N08"""
    record = make_record()
    bundles = record.bundles.model_copy(update={"notice": None})
    with pytest.raises(ValidationError, match="FG-N08"):
        AuditRecord.model_validate({**dict(record), "bundles": bundles})
    refused = record.result.model_copy(update={"action": Action.REFUSE})
    assert AuditRecord.model_validate({**dict(record), "bundles": bundles, "result": refused})


def test_a_redacted_face_names_how_it_was_redacted() -> None:
    record = make_record()
    result = record.result.model_copy(update={"redaction": None})
    with pytest.raises(ValidationError, match="way in which"):
        AuditRecord.model_validate({**dict(record), "result": result})


def test_times_are_written_in_utc() -> None:
    local = datetime(2026, 11, 22, 18, 30, tzinfo=timezone(timedelta(hours=9)))
    record = AuditRecord.model_validate({**dict(make_record()), "timestamp": local})
    assert record.document()["timestamp"] == "2026-11-22T09:30:00Z"
    assert record.timestamp == MOMENT
    with pytest.raises(ValidationError, match="timezone"):
        AuditRecord.model_validate({**dict(make_record()), "timestamp": local.replace(tzinfo=None)})


@given(st.floats(0, 1))
def test_a_score_is_told_as_the_tenth_it_lies_in(score: float) -> None:
    low, high = (float(end) for end in confidence_band(score).split("-"))
    assert low <= score + 1e-9
    assert score - 1e-9 <= high
    assert high - low == pytest.approx(0.1)


@given(st.tuples(st.floats(0, 639), st.floats(0, 479)), st.tuples(st.floats(0.1, 640), st.floats(0.1, 480)))
def test_a_coarse_box_holds_the_box_on_a_grid_of_sixteen(
    corner: tuple[float, float], size: tuple[float, float]
) -> None:
    box = Box(corner[0], corner[1], min(640.0, corner[0] + size[0]), min(480.0, corner[1] + size[1]))
    x0, y0, x1, y1 = coarse_box(box, (640, 480))
    assert 0 <= x0 < x1 <= 16
    assert 0 <= y0 < y1 <= 16
    assert x0 * 40 <= box.x0
    assert box.x1 <= x1 * 40
    assert y0 * 30 <= box.y0
    assert box.y1 <= y1 * 30


def test_a_coarse_box_does_not_tell_where_exactly() -> None:
    """FG-D02"""
    near = [coarse_box(Box(100 + d, 41 + d, 180 - d, 140 - d), (640, 480)) for d in range(10)]
    assert len(set(near)) == 1


def test_salts_are_never_the_same() -> None:
    assert len({new_salt() for _ in range(100)}) == 100


def test_the_nouns_that_enter_a_record_carry_no_age() -> None:
    """FG-A08: an estimate can't reach a record by way of its decision."""
    for noun in (Decision, FaceResult):
        kinds = " ".join(str(field.type) for field in noun.__dataclass_fields__.values())
        assert AgeEstimate.__name__ not in kinds
    assert replace(faces()[0].decision, threshold=18.0).threshold == 18.0
    assert Disclosure(DOCUMENT["input"]["disclosure"]) is Disclosure.IN_PLACE
