"""Claims about what is believed of a register's file: all of it, one record less, or nothing."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path

import pytest
from consents import (
    CHILD,
    KEY,
    KEYS,
    NOW,
    OTHER_RECORD_ID,
    RECORD_ID,
    adult_consent,
    changed,
    guardian_consent,
    load,
    register_bytes,
    use,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faceguard.errors import ConsentError
from faceguard.policy.consent import Cessation, DataSubject, Revocation
from faceguard.policy.consent_terms import Actor, RevocationReason
from faceguard.policy.load import load_policy
from faceguard.policy.register import UNTRUSTED, ConsentRegister
from faceguard.policy.statement import Statement, StatementKind, sign_statement
from faceguard.signing import SigningKey, TrustedKeys
from faceguard.types import ConsentFinding, Reason

POLICY = load_policy("jp-appi-2026")
REVOCATION = Revocation(
    record_id=RECORD_ID, time_utc=NOW - timedelta(days=1), by=Actor.GUARDIAN, reason=RevocationReason.WITHDRAWN
)
SOUND = register_bytes(guardian_consent())
REVOKED = register_bytes(guardian_consent(), REVOCATION)


def findings(register: ConsentRegister, key: str | None = CHILD) -> tuple[ConsentFinding, ...]:
    return register.findings(key, use=use(), policy=POLICY)


def is_untrusted(data: bytes) -> bool:
    register = load(data)
    said = findings(register), findings(register, "nobody"), findings(register, None)
    return register.untrusted_because is not None and said == ((UNTRUSTED,),) * 3


# -------------------------------------------------------------------------------------------------- all of it


def test_a_register_in_order_is_believed() -> None:
    register = load(SOUND)
    assert register.untrusted_because is None
    assert [finding.valid for finding in findings(register)] == [True]


def test_an_empty_register_says_nothing_of_anybody() -> None:
    assert findings(ConsentRegister.empty()) == ()
    assert findings(load(register_bytes())) == ()


def test_a_file_that_can_not_be_read_is_the_operators_mistake(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.jsonl", tmp_path):
        with pytest.raises(ConsentError, match="can't be read"):
            ConsentRegister.load(path, KEYS, moment=NOW)


# ------------------------------------------------------------------------------------------- one record less


def one_reason(data: bytes, keys: TrustedKeys = KEYS) -> Reason:
    (finding,) = findings(load(data, keys=keys))
    (reason,) = finding.reasons
    assert not finding.valid
    assert not finding.cessation
    return reason


def test_a_record_signed_by_another_key_fails_alone() -> None:
    """FG-C03"""
    stranger = sign_statement(guardian_consent(), SigningKey.generate())
    other = changed(adult_consent(), record_id=OTHER_RECORD_ID, data_subject=DataSubject(id="adult-1", is_child=False),
                    events=(adult_consent().events[0].model_copy(update={"indicated_by": "adult-1"}),))  # fmt: skip
    data = register_bytes(stranger, other)
    assert one_reason(data) is Reason.CONSENT_KEY_UNKNOWN
    assert [finding.valid for finding in findings(load(data), "adult-1")] == [True]


def test_a_record_that_was_changed_after_it_was_signed_fails() -> None:
    """FG-C03: also when the register was sealed over it by a trusted key."""
    honest = sign_statement(guardian_consent(), KEY)
    altered = Statement(honest.kind, {**honest.body, "best_interests_ref": "bia-2026-5"}, honest.signature)
    assert one_reason(register_bytes(altered)) is Reason.CONSENT_SIGNATURE_INVALID


def test_an_unsigned_record_fails() -> None:
    """FG-C03"""
    unsigned = Statement(StatementKind.CONSENT, sign_statement(guardian_consent(), KEY).body, "")
    assert one_reason(register_bytes(unsigned)) is Reason.CONSENT_UNSIGNED


def test_a_malformed_record_fails() -> None:
    """FG-C02"""
    body = sign_statement(guardian_consent(), KEY).body
    del body["scope"]
    signed = Statement(StatementKind.CONSENT, body, KEY.sign(body, kind="faceguard-consent"))
    assert one_reason(register_bytes(signed)) is Reason.CONSENT_MALFORMED


def test_a_record_counts_only_while_its_key_does() -> None:
    """FG-C03"""
    seal_key = SigningKey.generate()
    data = register_bytes(guardian_consent(), key=seal_key)
    revoked = KEY.public().model_copy(update={"revoked_at": NOW})
    assert one_reason(data, TrustedKeys((seal_key.public(), revoked))) is Reason.CONSENT_KEY_UNKNOWN
    sound = TrustedKeys((seal_key.public(), KEY.public()))
    assert [finding.valid for finding in findings(load(data, keys=sound))] == [True]


def test_an_old_list_of_revocations_is_not_believed_to_be_whole() -> None:
    """FG-C08: the preset's limit is 24 hours."""
    limit = timedelta(hours=24)
    fresh = load(register_bytes(guardian_consent(), issued_at=NOW - limit))
    assert [finding.valid for finding in findings(fresh)] == [True]
    stale = load(register_bytes(guardian_consent(), issued_at=NOW - limit - timedelta(microseconds=1)))
    assert [finding.reasons for finding in findings(stale)] == [(Reason.CONSENT_REVOCATION_LIST_STALE,)]


# --------------------------------------------------------------------------------------------------- nothing


def test_no_changed_byte_of_a_register_yields_anything() -> None:
    """FG-C03: one bit of every byte is flipped in turn; the register is not believed in any part."""
    for place in range(len(SOUND)):
        flipped = bytearray(SOUND)
        flipped[place] ^= 1 << place % 8
        assert is_untrusted(bytes(flipped)), place
    assert len(SOUND) > 1500


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_edit_of_a_register_yields_anything(data: st.DataObject) -> None:
    """FG-C03: bytes replaced, left out, put in or doubled."""
    start = data.draw(st.integers(0, len(REVOKED) - 1))
    stop = data.draw(st.integers(start, min(len(REVOKED), start + 400)))
    put = data.draw(st.binary(max_size=6) | st.sampled_from([b" ", b"\n", b"\t", b"0", REVOKED[start:stop] * 2]))
    edited = REVOKED[:start] + put + REVOKED[stop:]
    if edited != REVOKED:
        assert is_untrusted(edited)


def test_a_register_cut_anywhere_is_not_believed() -> None:
    """FG-C08: or a revocation could be cut off."""
    for length in random.Random(7).sample(range(len(REVOKED)), 200):
        assert is_untrusted(REVOKED[:length])


def test_lines_left_out_doubled_or_moved_are_noticed() -> None:
    """FG-C08"""
    consent, revocation, seal = REVOKED.splitlines(keepends=True)
    for lines in ((consent, seal), (revocation, consent, seal), (consent, revocation, revocation, seal), (seal,),
                  (consent, revocation), (consent, revocation, seal, seal)):  # fmt: skip
        assert is_untrusted(b"".join(lines))
    assert not is_untrusted(consent + revocation + seal)


def test_the_seal_of_one_register_does_not_fit_another() -> None:
    consent = SOUND.splitlines(keepends=True)[0]
    seal = REVOKED.splitlines(keepends=True)[-1]
    assert is_untrusted(consent + seal)


def test_a_register_sealed_by_a_stranger_is_not_believed() -> None:
    """FG-C03: though every record in it is rightly signed."""
    assert is_untrusted(register_bytes(guardian_consent(), key=SigningKey.generate()))


def test_a_seal_dated_in_the_future_is_not_believed() -> None:
    """FG-C08: it would never be stale."""
    assert is_untrusted(register_bytes(guardian_consent(), issued_at=NOW + timedelta(minutes=6)))
    assert not is_untrusted(register_bytes(guardian_consent(), issued_at=NOW + timedelta(minutes=4)))


def test_a_register_with_one_id_twice_is_not_believed() -> None:
    assert is_untrusted(register_bytes(guardian_consent(), guardian_consent()))


def test_a_malformed_revocation_or_request_spoils_all() -> None:
    """FG-C08: nobody can tell whom it was about."""
    request = Cessation(request_id=OTHER_RECORD_ID, subject_id=CHILD, time_utc=NOW, by=Actor.SUBJECT)
    for content in (REVOCATION, request):
        body = {**sign_statement(content, KEY).body, "by": "somebody"}
        kind = StatementKind.REVOCATION if content is REVOCATION else StatementKind.CESSATION
        assert is_untrusted(register_bytes(guardian_consent(), Statement(kind, body, "")))


def test_a_revocation_counts_whoever_signed_it() -> None:
    """FG-C08: what protects needs no key."""
    unsigned = Statement(StatementKind.REVOCATION, sign_statement(REVOCATION, KEY).body, "")
    assert one_reason(register_bytes(guardian_consent(), unsigned)) is Reason.CONSENT_REVOKED


@pytest.mark.parametrize(
    "data", [b"", b"\n", b"{}\n", b"\x00" * 100, b"[" * 50_000 + b"\n", b'{"kind":"seal"}\n', b"null\n"]
)
def test_anything_else_is_no_register(data: bytes) -> None:
    assert is_untrusted(data)


def test_a_kind_does_not_pass_for_another() -> None:
    """FG-C03: a seal's signature is none of a consent."""
    body = sign_statement(guardian_consent(), KEY).body
    crossed = Statement(StatementKind.CONSENT, body, KEY.sign(body, kind="faceguard-seal"))
    assert one_reason(register_bytes(crossed)) is Reason.CONSENT_SIGNATURE_INVALID
