"""Nothing runs before a notice is bound that says what has to be said."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faceguard.errors import NoticeError, NoticeIncomplete, NoticeRequired, PurposeMismatch
from faceguard.policy.cases import shipped_notice
from faceguard.policy.challenge import effective_challenge_age
from faceguard.policy.engine import DecisionContext, decide
from faceguard.policy.gate import BoundNotice, absent_recommended, bind_notice, check_notice
from faceguard.policy.load import PRESETS, load_policy
from faceguard.policy.notice import STRUCTURED_ITEMS, HandlingNotice, load_notice
from faceguard.policy.policy_terms import NoticeItem, PlacementKind
from faceguard.resources import resource_dir
from faceguard.types import AgeUnknown, AgeUnknownReason, Disclosure, Effect, Function
from policies import FUNCTIONS, IN_PLACE, NOW, RELEASE, bound, context, figures, notice, notice_without, subject

WITHHELD = {"code": "public_authority_task", "reason": "order 12 of the court", "approved_by": "legal-3"}
REQUIRED = [(name, item) for name in PRESETS for item in load_policy(name).notice.required_items]


def bind(with_notice: HandlingNotice | None, policy: str = "jp-appi-2026", **changes: Any) -> BoundNotice:
    fields = {"purpose": IN_PLACE, "functions": FUNCTIONS, "moment": NOW} | changes
    return bind_notice(with_notice, policy=load_policy(policy), **fields)


# ----------------------------------------------------------------------------------------------- no notice


def test_without_a_notice_nothing_is_bound() -> None:
    """FG-N01."""
    with pytest.raises(NoticeRequired) as caught:
        bind(None)
    assert caught.value.exit_code == 2
    assert "--notice" in caught.value.message


def test_there_is_no_other_way_to_a_bound_notice_or_a_decision() -> None:
    """FG-N01: neither by hand nor by leaving it out."""
    policy = load_policy("jp-appi-2026")
    with pytest.raises(NoticeRequired):
        BoundNotice(notice(), policy, IN_PLACE, Disclosure.IN_PLACE, FUNCTIONS)
    with pytest.raises(NoticeRequired):
        DecisionContext.of(None, figures=figures(policy), moment=NOW)  # type: ignore[arg-type]
    with pytest.raises(NoticeRequired):
        DecisionContext(notice(), effective_challenge_age(policy, figures(policy)), NOW)  # type: ignore[arg-type]


FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "functions": st.lists(st.sampled_from(Function), unique=True).map(list),
    "placements": st.lists(st.sampled_from(shipped_notice().content["placements"]), max_size=3),
    "items": st.sets(st.sampled_from(sorted(shipped_notice().content["items"])), max_size=4).map(
        lambda dropped: {k: v for k, v in shipped_notice().content["items"].items() if k not in dropped}
    ),
    "effective_from": st.sampled_from(["2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z"]),
    "exception": st.none() | st.sampled_from([WITHHELD, {**WITHHELD, "code": "convenience"}]),
    "private_place": st.booleans(),
}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    changes=st.fixed_dictionaries({}, optional=FIELDS),
    name=st.sampled_from(PRESETS),
    purpose=st.sampled_from([IN_PLACE, RELEASE, "marketing", ""]),
    used=st.frozensets(st.sampled_from(Function), min_size=1),
    moment=st.sampled_from([NOW, NOW - timedelta(days=4000), NOW + timedelta(days=4000)]),
    present=st.booleans(),
)
def test_no_path_runs_without_a_notice_that_covers_it(
    changes: dict[str, Any], name: str, purpose: str, used: frozenset[Function], moment: datetime, present: bool
) -> None:
    """FG-N01, FG-N08: over the space of notices and runs, what is bound is covered or withheld by a known exception."""
    policy, offered = load_policy(name), notice(**changes) if present else None
    try:
        bound_notice = bind_notice(offered, policy=policy, purpose=purpose, functions=used, moment=moment)
    except NoticeError:
        return
    assert offered is not None
    assert offered.effective_from <= moment
    assert offered.effective_to is None or moment < offered.effective_to
    assert used <= set(offered.functions)
    assert purpose in {use.id for use in offered.purposes}
    assert not offered.private_place
    if offered.exception is None:
        assert check_notice(offered, policy, purpose=purpose, functions=used) == ()
    else:
        assert offered.exception.code in policy.notice.exceptions_allowed.value
        assert bound_notice.exception == offered.exception
    challenge = DecisionContext.of(bound_notice, figures=figures(policy), moment=moment)
    unknown = subject(AgeUnknown(AgeUnknownReason.NO_ESTIMATOR))
    assert decide(unknown, challenge).effect is Effect.REDACT


# -------------------------------------------------------------------------------------------------- items


@pytest.mark.parametrize(("policy", "item"), REQUIRED)
def test_each_required_item_is_missed_by_name(policy: str, item: NoticeItem) -> None:
    """FG-N02: per preset, one item deleted at a time."""
    without = notice(**{item.value: []}) if item in STRUCTURED_ITEMS else notice_without(item)
    purpose, functions = (IN_PLACE, FUNCTIONS) if item is not NoticeItem.FUNCTIONS else (IN_PLACE, frozenset())
    if item is NoticeItem.PURPOSES:
        assert item in check_notice(without, load_policy(policy))
        with pytest.raises(PurposeMismatch):
            bind(without, policy)
        return
    with pytest.raises(NoticeIncomplete) as caught:
        bind(without, policy, purpose=purpose, functions=functions)
    missing = [key for key in caught.value.missing if not key.startswith("placements.")]
    assert missing == [item]
    assert f"`{item}`" in caught.value.message


@pytest.mark.parametrize("blank", ["", "   ", "\u3000", "\u200b", "\u00ad", "...", "—"])
def test_a_blank_item_is_a_missing_one(blank: str) -> None:
    """FG-N02: present and non-blank."""
    items = {**shipped_notice().content["items"], "retention": {"ja": blank, "en": blank}}
    assert check_notice(notice(items=items), load_policy("jp-appi-2026")) == ("retention",)


def test_an_item_in_one_language_only_is_missed_in_the_other() -> None:
    """FG-N05."""
    items = {**shipped_notice().content["items"], "retention": {"ja": "一年", "en": ""}}
    assert check_notice(notice(items=items), load_policy("jp-appi-2026")) == ("retention.en",)
    assert check_notice(notice(items=items), load_policy("us-coppa")) == ("retention",)


def test_children_are_told_in_words_of_their_own_where_the_policy_asks() -> None:
    """FG-N05: the UK's Children's Code."""
    silent = notice(child_text={"ja": "", "en": ""})
    assert check_notice(silent, load_policy("uk")) == ("child_text",)
    assert check_notice(silent, load_policy("us-coppa")) == ()


@pytest.mark.parametrize("name", PRESETS)
def test_the_shipped_notice_is_complete_for_every_preset(name: str) -> None:
    """FG-N02, and nothing recommended is absent either."""
    policy = load_policy(name)
    assert check_notice(shipped_notice(), policy, functions=FUNCTIONS) == ()
    assert absent_recommended(shipped_notice(), policy) == ()
    assert bind(shipped_notice(), name, purpose=IN_PLACE).disclosure is Disclosure.IN_PLACE
    assert bind(shipped_notice(), name, purpose=RELEASE).disclosure is Disclosure.THIRD_PARTY


def test_the_example_is_the_shipped_notice() -> None:
    example = Path(__file__).parents[3] / "examples" / "notice.toml"
    shipped = resource_dir("policies") / "notices" / "example.toml"
    assert example.read_bytes() == shipped.read_bytes()
    assert load_notice(example) == shipped_notice()


# ------------------------------------------------------------------------------------------ use and place


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_a_function_that_the_notice_does_not_name_may_not_run(function: Function) -> None:
    """FG-N03."""
    silent = notice(functions=[f for f in shipped_notice().content["functions"] if f != function])
    with pytest.raises(NoticeIncomplete) as caught:
        bind(silent)
    assert caught.value.missing == (f"functions.{function}",)
    without_it = bind(silent, functions=FUNCTIONS - {function})
    with pytest.raises(NoticeIncomplete):
        without_it.require(function)


def test_a_function_that_was_named_at_the_gate_may_run() -> None:
    bound(load_policy("uk")).require(Function.AGE_ESTIMATION)


@pytest.mark.parametrize("kind", [PlacementKind.NEAR_SENSOR, PlacementKind.WEB])
def test_japan_2026_asks_for_a_sign_at_the_camera_and_a_page(kind: PlacementKind) -> None:
    """FG-N07: web only, or sign only, is refused."""
    others = [place for place in shipped_notice().content["placements"] if place["kind"] != kind]
    with pytest.raises(NoticeIncomplete) as caught:
        bind(notice(placements=others))
    assert caught.value.missing == (f"placements.{kind}",)


def test_a_placement_that_cannot_be_found_does_not_count() -> None:
    """FG-N07: a page without an address, a sign without a place."""
    nowhere = [
        {"kind": "near_sensor", "place": {"ja": "", "en": " "}, "url": ""},
        {"kind": "web", "place": {"ja": "どこか", "en": "somewhere"}, "url": ""},
    ]
    assert check_notice(notice(placements=nowhere), load_policy("jp-appi-2026")) == (
        "placements.near_sensor",
        "placements.web",
    )


def test_a_purpose_that_the_notice_does_not_name_is_refused() -> None:
    """FG-N09."""
    with pytest.raises(PurposeMismatch, match="it has `in_store_safety`, `publication`"):
        bind(notice(), purpose="marketing")


def test_a_purpose_has_its_basis_and_its_recipients() -> None:
    """Section 10, eu-gdpr: no legal basis; COPPA: third parties by identity or category."""
    purposes = shipped_notice().content["purposes"]
    bare = [{**use, "legal_basis": None, "recipients": {"ja": "", "en": ""}} for use in purposes]
    offered = notice(purposes=bare)
    assert check_notice(offered, load_policy("eu-gdpr"), purpose=IN_PLACE) == ("purposes.in_store_safety.legal_basis",)
    assert check_notice(offered, load_policy("us-coppa"), purpose=RELEASE) == ("purposes.publication.recipients",)
    assert check_notice(offered, load_policy("us-coppa"), purpose=IN_PLACE) == ()


@pytest.mark.parametrize("name", PRESETS)
def test_release_by_opt_out_is_refused(name: str) -> None:
    """FG-T03."""
    purposes = [{**use, "release_basis": "opt_out"} for use in shipped_notice().content["purposes"]]
    with pytest.raises(NoticeError, match="silence is no footing"):
        bind(notice(purposes=purposes), name, purpose=RELEASE)


def test_a_notice_that_releases_by_opt_out_serves_no_other_purpose_either() -> None:
    """FG-T03: what can't be done can't be published."""
    purposes = [
        {**use, "release_basis": "opt_out"} if use["id"] == RELEASE else use
        for use in shipped_notice().content["purposes"]
    ]
    offered = notice(purposes=purposes)
    with pytest.raises(NoticeError, match="silence is no footing"):
        bind(offered, purpose=IN_PLACE)
    assert check_notice(offered, load_policy("jp-appi-2026")) == ("purposes.publication.release_basis",)


@pytest.mark.parametrize("name", PRESETS)
def test_a_private_place_is_refused(name: str) -> None:
    """Section 10, kr-pipa: private places always refuse."""
    with pytest.raises(NoticeError, match="private place"):
        bind(notice(private_place=True), name)


# -------------------------------------------------------------------------------------------- in force, hash

FROM = datetime(2026, 1, 1, tzinfo=UTC) - timedelta(hours=9)
TO = datetime(2036, 1, 1, tzinfo=UTC) - timedelta(hours=9)
TICK = timedelta(microseconds=1)


@pytest.mark.parametrize(("at", "holds"), [(FROM - TICK, False), (FROM, True), (TO - TICK, True), (TO, False)])
def test_a_notice_holds_from_its_first_moment_until_before_its_last(at: datetime, holds: bool) -> None:
    """FG-N06: frozen clock before, at and after the bounds, both for now and for the time of capture."""
    for times in ({"moment": at}, {"moment": NOW, "capture_time": at}):
        if holds:
            assert bind(notice(), **times).ref == shipped_notice().ref
        else:
            with pytest.raises(NoticeRequired):
                bind(notice(), **times)


def test_a_moment_without_a_time_zone_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="time zone"):
        bind(notice(), moment=datetime(2026, 11, 22))  # noqa: DTZ001


def test_a_notice_that_was_replaced_holds_no_longer() -> None:
    """FG-N06: superseded is refused, from the moment the newer one is in force."""
    old = notice()
    replaces = {"notice_id": old.notice_id, "version": old.version, "sha256": old.sha256}
    newer = notice(version="2.0", effective_from="2026-11-01T00:00:00Z", replaces=replaces)
    with pytest.raises(NoticeRequired, match=r"replaced by `aozora-market-cameras` 2\.0"):
        bind(old, successors=[newer])
    before = datetime(2026, 10, 31, tzinfo=UTC)
    assert bind(old, successors=[newer], capture_time=before).ref == old.ref
    assert bind(newer, successors=[newer]).ref == newer.ref
    unrelated = notice(version="2.0", replaces={**replaces, "sha256": "0" * 64})
    assert bind(old, successors=[unrelated]).ref == old.ref


def test_any_change_of_what_is_said_is_another_notice() -> None:
    """FG-N06: every text, one character changed, gives another hash; the old reference stays what it was."""
    original = shipped_notice()
    seen = {original.sha256}
    content = original.content
    for item, text in content["items"].items():
        for locale in text:
            items = {**content["items"], item: {**text, locale: text[locale] + "."}}
            seen.add(notice(items=items).sha256)
    assert len(seen) == 1 + 2 * len(content["items"])
    assert shipped_notice().sha256 == original.sha256


def test_how_a_notice_is_spelled_does_not_change_its_hash(tmp_path: Path) -> None:
    """FG-N06: the hash is over the canonical content."""
    text = (resource_dir("policies") / "notices" / "example.toml").read_text(encoding="utf-8")
    path = tmp_path / "n.toml"
    path.write_text("# comment\n" + text.replace(" = ", "  =  "), encoding="utf-8")
    assert load_notice(path).sha256 == shipped_notice().sha256
    assert HandlingNotice.model_validate_json(json.dumps(shipped_notice().content)) == shipped_notice()


# ----------------------------------------------------------------------------------------------- exception


def test_a_notice_can_be_withheld_on_a_ground_that_the_policy_knows() -> None:
    """FG-N08: code, reason and approver, and they go into what is recorded."""
    secret = notice(exception=WITHHELD, items={}, placements=[])
    bound_notice = bind(secret)
    assert bound_notice.exception is not None
    assert bound_notice.exception.code == "public_authority_task"
    assert bound_notice.exception.approved_by == "legal-3"
    assert bound_notice.ref.sha256 != shipped_notice().sha256


@pytest.mark.parametrize("name", ["eu-gdpr", "uk", "us-coppa", "us-il-bipa", "kr-pipa", "in-dpdp", "strictest"])
def test_where_the_policy_knows_no_exception_none_is_taken(name: str) -> None:
    """FG-N08."""
    with pytest.raises(NoticeError, match="knows no exception"):
        bind(notice(exception=WITHHELD), name)


@pytest.mark.parametrize(("key", "value"), [("code", "convenience"), ("reason", " "), ("approved_by", "")])
def test_an_exception_is_complete_or_none(tmp_path: Path, key: str, value: str) -> None:
    """FG-N08."""
    text = (resource_dir("policies") / "notices" / "example.toml").read_text(encoding="utf-8")
    claim = "\n".join(f"{k} = {json.dumps(v)}" for k, v in {**WITHHELD, key: value}.items())
    path = tmp_path / "n.toml"
    path.write_text(f"{text}\n[exception]\n{claim}\n", encoding="utf-8")
    with pytest.raises(NoticeError):
        bind(load_notice(path))


def test_an_exception_lifts_neither_purpose_nor_functions_nor_period() -> None:
    """FG-N08."""
    secret = notice(exception=WITHHELD, items={}, placements=[])
    with pytest.raises(PurposeMismatch):
        bind(secret, purpose="marketing")
    with pytest.raises(NoticeIncomplete):
        bind(secret, functions=frozenset({Function.STATISTICS}))
    with pytest.raises(NoticeRequired):
        bind(secret, moment=TO)


# ---------------------------------------------------------------------------------------------------- file


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("schema_version = 1", "schema_version = 2"), "`schema_version`"),
        (("effective_from = 2026-01-01T00:00:00+09:00", "effective_from = 2026-01-01T00:00:00"), "`effective_from`"),
        (("effective_to = 2036", "effective_to = 2016"), "effective_to must be later"),
        (('id = "publication"', 'id = "in_store_safety"'), "share an id"),
        (("private_place = false", "colour = 1"), "is not a key here"),
        (("[items.contact]", "[items.contacts]"), "contacts"),
        (("[items.contact]", "[items.purposes]"), "by their own tables"),
        (('url = "https', 'url = "javascript'), "url"),
    ],
)
def test_a_notice_file_is_read_strictly(tmp_path: Path, change: tuple[str, str], says: str) -> None:
    text = (resource_dir("policies") / "notices" / "example.toml").read_text(encoding="utf-8")
    assert change[0] in text
    path = tmp_path / "n.toml"
    path.write_text(text.replace(*change), encoding="utf-8")
    with pytest.raises(NoticeError) as caught:
        load_notice(path)
    assert says in caught.value.message
    assert str(path) in caught.value.message


def test_a_decision_carries_the_notice_it_was_made_under() -> None:
    """FG-N06: id, version and hash."""
    reference = context().bound.ref
    assert (reference.id, reference.version, len(reference.sha256)) == ("aozora-market-cameras", "1.0", 64)
