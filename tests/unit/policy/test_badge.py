"""FG-C14: what a badge is worth: signed, short-lived, for one event, revocable; anything else is worth nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from badge_scenes import EVENT, KEY, KEYS, NOW, issue, rules

from faceguard.errors import ConsentError, SignatureError
from faceguard.policy.badge import (
    MARKER_COUNT,
    MAX_VALIDITY,
    BadgeKind,
    BadgeStanding,
    new_badge,
    open_badges,
    read_badges,
    token_of,
    write_badges,
)
from faceguard.policy.badge_token import PREFIX, decode_base45, encode_base45, make_token, read_token
from faceguard.signing import SigningKey, TrustedKeys

WEARER = "child-17"
LIST, BADGES = issue({WEARER: BadgeKind.QR, "child-18": BadgeKind.ARUCO}, age=7)
QR, ARUCO = BADGES[WEARER], BADGES["child-18"]
TOKEN = token_of(QR, EVENT, KEY)


def standing(text: str, **how: datetime) -> BadgeStanding:
    return rules(LIST, **how).judge_text(text).standing


def test_a_badge_in_order_names_its_wearer() -> None:
    verdict = rules(LIST).judge_text(TOKEN)
    assert (verdict.standing, verdict.badge) == (BadgeStanding.VALID, QR)
    assert ARUCO.marker is not None
    verdict = rules(LIST).judge_marker(ARUCO.marker)
    assert (verdict.standing, verdict.badge) == (BadgeStanding.VALID, ARUCO)


def test_a_token_says_nothing_of_its_wearer_and_fits_a_small_code() -> None:
    """FG-D02: who reads a badge learns a random number."""
    data = decode_base45(TOKEN.removeprefix(PREFIX))
    assert data is not None
    assert WEARER.encode() not in data
    assert len(TOKEN) <= 154, "QR version 6 at level M holds 154 alphanumeric characters (ISO/IEC 18004, table 7)"


def test_every_altered_byte_of_a_token_makes_it_worthless() -> None:
    data = decode_base45(TOKEN.removeprefix(PREFIX))
    assert data is not None
    assert len(data) == 87
    for place in range(len(data)):
        altered = bytearray(data)
        altered[place] ^= 1
        assert standing(PREFIX + encode_base45(bytes(altered))) is not BadgeStanding.VALID, place


@pytest.mark.parametrize(
    "text", ["", "FG1:", TOKEN[:-1], TOKEN + "0", TOKEN.lower(), "FG1:" + "Z" * 131, "https://x.test"]
)
def test_what_is_no_token_is_no_badge(text: str) -> None:
    assert standing(text) is BadgeStanding.NOT_A_BADGE


def test_a_badge_signed_by_somebody_else_is_forged() -> None:
    thief = SigningKey.generate()
    assert standing(token_of(QR, EVENT, thief)) is BadgeStanding.FORGED
    both = TrustedKeys((*KEYS.keys, thief.public()))
    assert rules(LIST, keys=both).judge_text(token_of(QR, EVENT, thief)).standing is BadgeStanding.VALID


def test_another_key_s_signature_under_this_key_s_hint_is_forged() -> None:
    own, other = read_token(TOKEN), read_token(token_of(QR, EVENT, SigningKey.generate()))
    assert own is not None
    assert other is not None
    data = bytearray(decode_base45(TOKEN.removeprefix(PREFIX)) or b"")
    data[-64:] = other.signature
    assert standing(PREFIX + encode_base45(bytes(data))) is BadgeStanding.FORGED


def test_a_badge_of_another_event_is_worth_nothing_even_if_its_number_is_on_the_list() -> None:
    other, worn = issue({WEARER: BadgeKind.QR}, event="autumn-fair")
    assert standing(token_of(worn[WEARER], other.event, KEY)) is BadgeStanding.OTHER_EVENT
    assert standing(token_of(QR, "autumn-fair", KEY)) is BadgeStanding.FORGED


def test_a_badge_that_is_on_no_list_is_unknown() -> None:
    _, worn = issue({WEARER: BadgeKind.QR})
    assert standing(token_of(worn[WEARER], EVENT, KEY)) is BadgeStanding.UNKNOWN
    free = next(number for number in range(MARKER_COUNT) if number != ARUCO.marker)
    assert rules(LIST).judge_marker(free).standing is BadgeStanding.UNKNOWN


def test_a_badge_counts_when_the_picture_was_taken_in_its_hours() -> None:
    assert standing(TOKEN, captured_at=QR.valid_from) is BadgeStanding.VALID
    assert standing(TOKEN, captured_at=QR.valid_from - timedelta(seconds=1)) is BadgeStanding.NOT_YET_VALID
    assert standing(TOKEN, captured_at=QR.valid_to - timedelta(seconds=1)) is BadgeStanding.VALID
    assert standing(TOKEN, captured_at=QR.valid_to) is BadgeStanding.EXPIRED


def test_a_token_with_other_hours_than_the_list_s_is_forged() -> None:
    longer = make_token(QR.badge_id, EVENT, QR.valid_from, QR.valid_to + timedelta(hours=9), KEY)
    assert standing(longer) is BadgeStanding.FORGED


@pytest.mark.parametrize("badge", [QR, ARUCO], ids=["qr", "aruco"])
def test_a_revoked_badge_links_nobody_in_pictures_from_before_either(badge: object) -> None:
    """Since when it was lost, nobody knows."""
    gone = [each.model_copy(update={"revoked_at": NOW + timedelta(hours=2)}) for each in (QR, ARUCO)]
    revoked = rules(LIST.changed(gone, moment=NOW + timedelta(hours=2)))
    assert revoked.judge_text(TOKEN).standing is BadgeStanding.REVOKED
    assert revoked.judge_marker(ARUCO.marker or 0).standing is BadgeStanding.REVOKED


def test_a_list_that_nobody_confirmed_lately_links_nobody() -> None:
    """FG-C08: its revocations may be missing."""
    in_time, late = NOW + timedelta(hours=24), NOW + timedelta(hours=24, seconds=1)
    assert rules(LIST, moment=in_time).judge_text(TOKEN).standing is BadgeStanding.VALID
    assert rules(LIST, moment=late).judge_text(TOKEN).standing is BadgeStanding.LIST_STALE
    assert rules(LIST, moment=late).judge_marker(ARUCO.marker or 0).standing is BadgeStanding.LIST_STALE


def test_a_badge_of_a_revoked_key_is_worth_nothing() -> None:
    lost = TrustedKeys(tuple(key.model_copy(update={"revoked_at": NOW}) for key in KEYS.keys))
    assert rules(LIST, keys=lost).judge_text(TOKEN).standing is BadgeStanding.FORGED


def test_a_marker_s_number_is_no_qr_badge_s_and_the_other_way_round() -> None:
    assert standing(token_of(ARUCO, EVENT, KEY)) is BadgeStanding.UNKNOWN


# ------------------------------------------------------------------------------------------------------ the list


def test_a_list_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_badges(tmp_path / "badges.json", LIST, KEY)
    assert read_badges(tmp_path / "badges.json", KEYS, moment=NOW) == LIST


def test_every_altered_byte_of_a_list_is_found(tmp_path: Path) -> None:
    write_badges(tmp_path / "badges.json", LIST, KEY)
    data = (tmp_path / "badges.json").read_bytes()
    assert len(data) > 500
    for place in range(len(data) - 1):
        altered = bytearray(data)
        altered[place] ^= 1
        with pytest.raises(ConsentError):
            open_badges(bytes(altered), KEYS, moment=NOW)
    for cut in (0, 1, len(data) // 2, len(data) - 3):
        with pytest.raises(ConsentError):
            open_badges(data[:cut], KEYS, moment=NOW)


def test_a_list_by_an_unknown_key_or_from_the_future_is_not_believed(tmp_path: Path) -> None:
    write_badges(tmp_path / "badges.json", LIST, SigningKey.generate())
    with pytest.raises(SignatureError, match="not to be believed"):
        read_badges(tmp_path / "badges.json", KEYS, moment=NOW)
    write_badges(tmp_path / "badges.json", LIST, KEY)
    with pytest.raises(ConsentError, match="future"):
        read_badges(tmp_path / "badges.json", KEYS, moment=NOW - timedelta(seconds=1))


def test_a_consent_statement_s_signature_is_none_for_a_list(tmp_path: Path) -> None:
    write_badges(tmp_path / "badges.json", LIST, KEY)
    body = LIST.model_dump(mode="json", exclude_none=True)
    genuine = KEY.sign(body, kind="faceguard-badge-list")
    data = (tmp_path / "badges.json").read_bytes()
    swapped = data.replace(genuine.encode(), KEY.sign(body, kind="faceguard-consent").encode())
    assert swapped != data
    with pytest.raises(SignatureError):
        open_badges(swapped, KEYS, moment=NOW)


def test_no_badge_holds_for_longer_than_a_weekend() -> None:
    with pytest.raises(ConsentError, match="72 hours"):
        new_badge(
            LIST,
            WEARER,
            BadgeKind.QR,
            valid_from=NOW,
            valid_to=NOW + MAX_VALIDITY + timedelta(minutes=1),
            moment=NOW,
        )


def test_a_marker_is_never_given_out_twice_in_a_list() -> None:
    badges, worn = issue({f"child-{number}": BadgeKind.ARUCO for number in range(40)})
    assert len({badge.marker for badge in worn.values()}) == 40
    doubled = worn["child-2"].model_copy(update={"marker": worn["child-1"].marker})
    with pytest.raises(ValueError, match="twice"):
        badges.changed([doubled], moment=NOW)


def test_verdicts_don_t_depend_on_the_order_of_trusted_keys() -> None:
    others = tuple(SigningKey.generate().public() for _ in range(3))
    for keys in ((*others, *KEYS.keys), (*KEYS.keys, *others)):
        assert replace(rules(LIST), keys=TrustedKeys(keys)).judge_text(TOKEN).standing is BadgeStanding.VALID
