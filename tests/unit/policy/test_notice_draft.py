"""A notice from nothing: every gap is asked for once, and the file says exactly what was answered."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceguard.errors import EncodeError, NoticeError, NoticeRequired
from faceguard.policy.cases import shipped_notice
from faceguard.policy.draft import LIST_OF_WORDS, Draft, Question, next_question, put, value_at
from faceguard.policy.gate import absent_recommended, bind_notice, check_notice
from faceguard.policy.load import PRESETS, load_policy
from faceguard.policy.notice import HandlingNotice, load_notice
from faceguard.policy.notice_text import notice_toml
from faceguard.policy.notice_versions import bump, changed_without_version, keep_version, kept_versions
from faceguard.policy.policy_terms import Locale
from faceguard.resources import resource_dir
from faceguard.types import Function
from policies import NOW, notice

HEAD = {"schema_version": 1, "version": "1.0", "effective_from": "2026-01-01T00:00:00Z"}
LATER = datetime(2026, 12, 1, tzinfo=UTC)


def answered(preset: str, *, release: bool) -> tuple[HandlingNotice, list[Question]]:
    """The notice that comes of answering every question, and the questions."""
    policy, draft = load_policy(preset), Draft()
    asked: list[Question] = []
    while question := next_question(draft, policy, policy.notice.locales.value):
        answer = "third_party" if release and question.key.endswith("disclosure") else question.suggestion
        if not answer:
            answer = "https://shop.example/cameras" if question.key.endswith("url") else f"text {len(asked)}"
        put(draft, question.key, answer)
        asked.append(question)
    return HandlingNotice.model_validate_json(json.dumps({**HEAD, **draft})), asked


@pytest.mark.parametrize("release", [False, True])
@pytest.mark.parametrize("preset", PRESETS)
def test_answers_to_all_questions_make_a_notice_that_can_be_bound(preset: str, release: bool) -> None:
    """FG-N02: per preset, nothing that the policy requires or recommends stays unasked, and nothing is asked twice."""
    made, asked = answered(preset, release=release)
    policy = load_policy(preset)
    assert check_notice(made, policy) == ()
    assert absent_recommended(made, policy) == ()
    assert len({question.key for question in asked}) == len(asked) > 15
    bound = bind_notice(
        made, policy=policy, purpose=made.purposes[0].id, functions=[Function.FACE_DETECTION], moment=NOW
    )
    assert bound.notice == made


def test_only_gaps_are_asked_for() -> None:
    policy = load_policy("uk")
    draft = json.loads(json.dumps(shipped_notice().content))
    assert next_question(draft, policy, tuple(Locale)) is None
    draft["items"]["complaint"]["en"] = " ... "
    question = next_question(draft, policy, tuple(Locale))
    assert question is not None
    assert question.key == "items.complaint.en"
    assert next_question(draft, policy, tuple(Locale), skipped=[question.key]) is None


def test_suggestions_hold_the_figures_of_the_policy() -> None:
    made, _ = answered("us-coppa", release=False)
    policy = load_policy("us-coppa")
    text = " ".join(said.en for said in made.items.values())
    assert f"under {policy.age.guardian_consent_age_years.value}" in text
    assert f"{policy.retention.redacted_days.value} days" in text
    assert "{" not in text


def test_keys_name_list_entries_by_number_kind_or_id() -> None:
    draft = Draft()
    put(draft, "placements.web.url", "https://a.example")
    put(draft, "placements.entrance.place.en", "Door")
    put(draft, "purposes.0.id", "safety")
    put(draft, "purposes.safety.text.en", "Safety")
    put(draft, "functions", "face_detection, redaction")
    assert draft["placements"] == [
        {"kind": "web", "url": "https://a.example"},
        {"kind": "entrance", "place": {"en": "Door"}},
    ]
    assert draft["purposes"] == [{"id": "safety", "text": {"en": "Safety"}}]
    assert draft["functions"] == ["face_detection", "redaction"]
    assert value_at(draft, "purposes.1.id") is None


@pytest.mark.parametrize("key", ["purposes.3.id", "purposes.nobody.id", "placements.moon.url", "notice_id.en"])
def test_a_key_that_no_notice_has_is_refused(key: str) -> None:
    draft = Draft(notice_id="x")
    with pytest.raises(NoticeError, match="no key of a notice"):
        put(draft, key, "x")


# ---------------------------------------------------------------------------------------------------- TOML


def test_a_notice_written_and_read_is_the_same_notice(tmp_path: Path) -> None:
    file = tmp_path / "notice.toml"
    file.write_text(notice_toml(shipped_notice(), comment="two\nlines"), encoding="utf-8")
    assert load_notice(file).sha256 == shipped_notice().sha256


@settings(max_examples=60, deadline=None)
@given(said=st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_any_text_survives_the_file(said: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    items = {"contact": {"ja": said, "en": "x"}}
    file = tmp_path_factory.mktemp("notice") / "notice.toml"
    file.write_text(notice_toml(notice(items=items)), encoding="utf-8", newline="\n")
    assert load_notice(file).sha256 == notice(items=items).sha256


# ------------------------------------------------------------------------------------------------ versions


@pytest.fixture
def shown(tmp_path: Path) -> Path:
    """The shipped notice, rendered once as version 1.0."""
    file = tmp_path / "shop.toml"
    file.write_text(
        (resource_dir("policies") / "notices" / "example.toml").read_text(encoding="utf-8"), encoding="utf-8"
    )
    keep_version(file, load_notice(file))
    return file


def change(file: Path) -> HandlingNotice:
    file.write_text(file.read_text(encoding="utf-8").replace("Few named viewers", "Some viewers"), encoding="utf-8")
    return load_notice(file)


def test_a_changed_text_under_the_old_version_is_found(shown: Path) -> None:
    """FG-N06."""
    assert not changed_without_version(shown, load_notice(shown))
    assert changed_without_version(shown, change(shown))
    keep_version(shown, load_notice(shown))
    assert changed_without_version(shown, load_notice(shown))


def test_a_bumped_notice_replaces_the_one_that_was_shown(shown: Path) -> None:
    """FG-N06: from then on the old one is refused, and can still be read."""
    changed = change(shown)
    bumped = bump(shown, effective_from=LATER)
    old = load_notice(kept_versions(shown) / "1.0.toml")
    assert old == shipped_notice()
    assert bumped.version == "1.1"
    assert bumped.effective_from == LATER
    assert bumped.replaces is not None
    assert bumped.replaces.sha256 == old.sha256
    assert bumped.items == changed.items
    assert bumped.purposes == changed.purposes
    assert "# A handling notice for trying things out" in shown.read_text(encoding="utf-8")
    assert not changed_without_version(shown, bumped)
    with pytest.raises(NoticeRequired, match="was replaced"):
        bind_notice(
            old,
            policy=load_policy("uk"),
            purpose="in_store_safety",
            functions=[Function.FACE_DETECTION],
            moment=LATER,
            successors=[bumped],
        )


def test_a_second_bump_replaces_the_first(shown: Path) -> None:
    """FG-N06."""
    change(shown)
    first = bump(shown, effective_from=LATER)
    keep_version(shown, first)
    shown.write_text(shown.read_text(encoding="utf-8").replace("Some viewers", "No viewers"), encoding="utf-8")
    second = bump(shown, effective_from=LATER, version="2.0")
    assert second.version == "2.0"
    assert second.replaces is not None
    assert (second.replaces.version, second.replaces.sha256) == ("1.1", first.sha256)
    assert shown.read_text(encoding="utf-8").count("[replaces]") == 1


def test_no_new_version_without_new_text(shown: Path, tmp_path: Path) -> None:
    with pytest.raises(NoticeError, match="says the same"):
        bump(shown, effective_from=LATER)
    change(shown)
    with pytest.raises(NoticeError, match="exists"):
        bump(shown, effective_from=LATER, version="1.0")
    other = tmp_path / "other.toml"
    other.write_bytes(shown.read_bytes())
    with pytest.raises(NoticeError, match="not rendered yet"):
        bump(other, effective_from=LATER)


def test_a_folder_that_can_not_keep_versions_is_named(tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    file.write_text(notice_toml(shipped_notice()), encoding="utf-8")
    kept_versions(file).write_text("in the way")
    with pytest.raises(EncodeError, match=r"shop\.versions"):
        keep_version(file, load_notice(file))


def test_lists_of_words_are_keys_of_a_notice() -> None:
    assert set(HandlingNotice.model_fields) >= LIST_OF_WORDS
