"""Claims about canonical JSON, keys and signatures."""

from __future__ import annotations

import contextlib
import json
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import OctKey

from faceguard.errors import ConsentError, SignatureError, UntrustedKeyError
from faceguard.signing import SigningKey, TrustedKey, TrustedKeys, canonical_json, digest, parse_canonical

NOW = datetime(2026, 11, 22, tzinfo=UTC)
VALUE = {"b": [1, 2.5, None], "a": "é"}
KIND = "faceguard-test"
KEY = SigningKey.generate()
KEYS = TrustedKeys((KEY.public(),))
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def verify(token: str, value: Any = VALUE, *, keys: TrustedKeys = KEYS, kind: str = KIND, at: datetime = NOW) -> None:
    keys.verify(token, value, kind=kind, signed_at=at, moment=NOW)


# ------------------------------------------------------------------------------------------- canonical form


def test_canonical_form_is_that_of_rfc_8785() -> None:
    """The example of RFC 8785, 3.2.2 and 3.2.3, without its lone surrogates."""
    value = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 1e-27],
        "string": '€$\nA\'B"\\\\"/',
        "literals": [None, True],
    }
    expected = (
        '{"literals":[null,true],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\nA\'B\\"\\\\\\\\\\"/"}'
    )
    assert canonical_json(value) == expected.encode()


def test_digest_is_sha256_of_the_canonical_form() -> None:
    assert digest({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


@given(JSON_VALUES)
def test_a_canonical_text_reads_back_as_itself(value: Any) -> None:
    try:
        data = canonical_json(value)
    except ValueError:  # lone surrogates have no UTF-8
        return
    assert parse_canonical(data) == value


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":1,"a":1}',
        b'{"a": 1}',
        b'{"b":1,"a":2}',
        b"1.0",
        b"NaN",
        b"",
        b"\xff",
        b"[" * 100_000,
        b'{"a":1}\n',
        b"1e400",
    ],
    ids=["doubled", "space", "order", "number", "nan", "empty", "bytes", "deep", "newline", "infinite"],
)
def test_any_other_spelling_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_canonical(text)


# ----------------------------------------------------------------------------------------------------- keys


def test_a_private_key_is_written_for_its_owner_alone_and_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    KEY.save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert SigningKey.load(path).key_id == KEY.key_id
    verify(SigningKey.load(path).sign(VALUE, kind=KIND))


def test_a_private_key_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_text("mine")
    with pytest.raises(ConsentError, match="never overwritten"):
        KEY.save(path)
    assert path.read_text() == "mine"


@pytest.mark.skipif(os.name != "posix", reason="rights are those of POSIX")
def test_a_private_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    KEY.save(path)
    path.chmod(0o640)
    with pytest.raises(ConsentError, match="chmod 600"):
        SigningKey.load(path)


def test_key_files_of_other_kinds_are_refused_by_name_and_never_quoted(tmp_path: Path) -> None:
    ec = generate_private_key(SECP256R1())
    kinds = {
        "ec": ec.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        "encrypted": ec.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")),
        "text": b"-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n",
        "empty": b"",
    }
    for name, content in kinds.items():
        path = tmp_path / name
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(ConsentError) as caught:
            SigningKey.load(path)
        assert name in str(caught.value)
        assert "c2VjcmV0" not in str(caught.value)
        assert caught.value.__cause__ is None
    with pytest.raises(ConsentError, match="can't be read"):
        SigningKey.load(tmp_path / "absent")


def test_nothing_that_is_shown_of_a_key_is_secret(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    KEY.save(path)
    body = "".join(path.read_text().splitlines()[1:-1])
    TrustedKeys((KEY.public(name="office"),)).save(tmp_path / "trusted.json")
    shown = repr(KEY) + str(KEY) + repr(KEY.public()) + (tmp_path / "trusted.json").read_text()
    assert body not in shown
    assert '"d"' not in shown


def test_key_ids_are_rfc_7638_thumbprints() -> None:
    """The example key and thumbprint of RFC 8037, appendix A.3."""
    key = TrustedKey(kid="kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", x="11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
    assert TrustedKeys((key,)).get(key.kid) == key


def test_trusted_keys_round_trip(tmp_path: Path) -> None:
    keys = TrustedKeys((KEY.public(valid_from=NOW, name="office"), SigningKey.generate().public()))
    keys.save(tmp_path / "trusted.json")
    assert TrustedKeys.load(tmp_path / "trusted.json") == keys
    assert keys.adding([KEY.public()]).get(KEY.key_id) == KEY.public()
    assert len(keys.adding([KEY.public()]).keys) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kid": "A" * 43}, "thumbprint"),
        ({"d": "A" * 43}, "private key"),
        ({"alg": "HS256"}, "alg"),
        ({"kty": "oct"}, "kty"),
        ({"surplus": 1}, "surplus"),
        ({"valid_from": "2026-11-22T00:00:00"}, "valid_from"),
    ],
)
def test_files_of_trusted_keys_are_strict(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = tmp_path / "trusted.json"
    path.write_text(json.dumps({"keys": [{**KEY.public().model_dump(mode="json", exclude_none=True), **change}]}))
    with pytest.raises(ConsentError, match=message):
        TrustedKeys.load(path)


def test_a_key_that_stands_twice_is_refused() -> None:
    with pytest.raises(ConsentError, match="twice"):
        TrustedKeys((KEY.public(), KEY.public(name="again")))


# ----------------------------------------------------------------------------------------------- signatures


def test_a_signature_holds_for_the_same_value_however_it_was_spelled() -> None:
    verify(KEY.sign(VALUE, kind=KIND), json.loads('{"a": "\\u00e9",\n "b": [1.0, 2.50, null]}'))


@given(JSON_VALUES.filter(lambda value: value != VALUE))
def test_a_signature_holds_for_no_other_value(value: Any) -> None:
    """FG-C03"""
    try:
        canonical_json(value)
    except ValueError:
        return
    with pytest.raises(SignatureError):
        verify(KEY.sign(VALUE, kind=KIND), value)


def test_no_single_changed_letter_of_a_signature_is_accepted() -> None:
    """FG-C03: also not the spellings that base64 leaves open in the last letter."""
    token = KEY.sign(VALUE, kind=KIND)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=.+/ \n\x00é"
    tried = 0
    for place in range(len(token)):
        for letter in alphabet if place >= len(token) - 3 else alphabet[place % 7 :: 7]:
            if letter != token[place]:
                with pytest.raises(SignatureError):
                    verify(token[:place] + letter + token[place + 1 :])
                tried += 1
    assert tried > 1500


def test_a_signature_of_another_kind_of_text_is_refused() -> None:
    with pytest.raises(SignatureError, match=KIND):
        verify(KEY.sign(VALUE, kind="faceguard-other"))


def test_a_key_that_is_not_trusted_is_named() -> None:
    """FG-C03"""
    other = SigningKey.generate()
    with pytest.raises(UntrustedKeyError, match=other.key_id):
        verify(other.sign(VALUE, kind=KIND))


def test_a_stranger_who_names_a_trusted_key_is_refused() -> None:
    """FG-C03"""
    stranger = SigningKey.generate()
    header = KEY.sign(VALUE, kind=KIND).split("..")[0]
    signature = stranger.sign(VALUE, kind=KIND).split("..")[1]
    with pytest.raises(SignatureError, match="does not match"):
        verify(f"{header}..{signature}")


@pytest.mark.parametrize("alg", ["none", "HS256", "EdDSA"])
def test_no_other_algorithm_is_accepted(alg: str) -> None:
    header = {"alg": alg, "kid": KEY.key_id, "typ": KIND}
    key = OctKey.import_key(KEY.public().x) if alg == "HS256" else KEY._key
    with pytest.warns() if alg != "HS256" else contextlib.nullcontext():
        token = jws.serialize_compact(header, canonical_json(VALUE), key, algorithms=[alg])
    with pytest.raises(SignatureError, match="Ed25519"):
        verify(jws.detach_content(token))


def test_an_attached_payload_is_refused() -> None:
    header = {"alg": "Ed25519", "kid": KEY.key_id, "typ": KIND}
    token = jws.serialize_compact(header, canonical_json(VALUE), KEY._key, algorithms=["Ed25519"])
    with pytest.raises(SignatureError, match="detached"):
        verify(token)


def test_a_key_counts_only_for_what_it_signed_in_its_time() -> None:
    hour = timedelta(hours=1)
    keys = TrustedKeys((KEY.public(valid_from=NOW - hour, valid_to=NOW),))
    token = KEY.sign(VALUE, kind=KIND)
    verify(token, keys=keys, at=NOW - hour)
    for outside in (NOW - hour - timedelta(microseconds=1), NOW):
        with pytest.raises(UntrustedKeyError, match="valid"):
            verify(token, keys=keys, at=outside)


def test_a_revoked_key_counts_for_nothing_whatever_time_it_claims() -> None:
    token = KEY.sign(VALUE, kind=KIND)
    revoked = KEY.public().model_copy(update={"revoked_at": NOW})
    with pytest.raises(UntrustedKeyError, match="revoked"):
        verify(token, keys=TrustedKeys((revoked,)), at=NOW - timedelta(days=400))
    later = KEY.public().model_copy(update={"revoked_at": NOW + timedelta(seconds=1)})
    verify(token, keys=TrustedKeys((later,)))
