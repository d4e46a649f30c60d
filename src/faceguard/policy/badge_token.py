"""The text of a QR badge: a signed, short-lived token that says nothing about its wearer to whoever reads it.

    FG1:<base45 of 87 bytes>          135 characters of the QR alphanumeric set: a code of 41 x 41 modules at level M

    version 1 | key hint 4 | badge id 8 | event hint 4 | valid from 4 | minutes 2 | Ed25519 signature 64

Numbers are big-endian; times are whole minutes since 1970 in UTC. The signature is that of the detached JWS over the
claims and the event's whole name, so that no header has to be carried and the hints prove nothing. The badge id is
random: who it stands for is said in the signed list alone (`badge.py`). Base45 is RFC 9285.
"""

from __future__ import annotations

import hashlib
import json
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from joserfc.util import urlsafe_b64decode, urlsafe_b64encode

from faceguard.errors import SignatureError, UntrustedKeyError
from faceguard.signing import ALGORITHM, SigningKey, TrustedKeys

PREFIX = "FG1:"
JWS_KIND = "faceguard-badge"

_VERSION = 1
_FORM = struct.Struct(">B4s8s4sIH64s")
_BASE45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_HINT_BYTES = 4


@dataclass(frozen=True, slots=True)
class BadgeToken:
    """What a QR badge says. `badge_id` is 16 hex digits; the event is named by a hint, and proven by the signature."""

    badge_id: str
    key_hint: bytes
    event_hint: bytes
    valid_from: datetime
    valid_to: datetime
    signature: bytes

    def is_for(self, event: str) -> bool:
        """Whether it seems to be for `event`; only `verify_token` proves it."""
        return self.event_hint == _event_hint(event)


def make_token(badge_id: str, event: str, valid_from: datetime, valid_to: datetime, key: SigningKey) -> str:
    """The text for a QR code; the times are whole minutes. Raises ValueError for a span of more than 45 days."""
    start, minutes = _minute(valid_from), _minute(valid_to) - _minute(valid_from)
    if not 0 < minutes < 1 << 16:
        raise ValueError(f"a badge holds for 1 to 65535 minutes, got {minutes}")
    jws = key.sign(_claims(badge_id, event, start, minutes), kind=JWS_KIND)
    signature = urlsafe_b64decode(jws.rpartition(".")[2].encode())
    data = _FORM.pack(
        _VERSION, _key_hint(key.key_id), bytes.fromhex(badge_id), _event_hint(event), start, minutes, signature
    )
    return PREFIX + encode_base45(data)


def read_token(text: str) -> BadgeToken | None:
    """The token in `text`, not verified; None if there is none or it isn't spelled in the one way there is."""
    if not text.startswith(PREFIX):
        return None
    data = decode_base45(text.removeprefix(PREFIX))
    if data is None or len(data) != _FORM.size or encode_base45(data) != text.removeprefix(PREFIX):
        return None
    version, key_hint, badge_id, event_hint, start, minutes, signature = _FORM.unpack(data)
    if version != _VERSION or minutes == 0:
        return None
    valid_from = datetime.fromtimestamp(start * 60, UTC)
    return BadgeToken(
        badge_id.hex(), key_hint, event_hint, valid_from, valid_from + timedelta(minutes=minutes), signature
    )


def verify_token(token: BadgeToken, event: str, keys: TrustedKeys, *, issued_at: datetime, moment: datetime) -> None:
    """Raises UntrustedKeyError or SignatureError unless a trusted key signed `token` for `event`.

    `issued_at` is when the list says that it was signed; the key has to be in force then, and not revoked at `moment`.
    """
    hinted = [key for key in keys.keys if _key_hint(key.kid) == token.key_hint]
    if not hinted:
        raise UntrustedKeyError("no trusted key has the hint of this badge")
    start, minutes = _minute(token.valid_from), _minute(token.valid_to) - _minute(token.valid_from)
    claims = _claims(token.badge_id, event, start, minutes)
    for place, key in enumerate(hinted):
        header = json.dumps({"alg": ALGORITHM, "kid": key.kid, "typ": JWS_KIND}, separators=(",", ":"))
        signature = f"{_base64(header.encode())}..{_base64(token.signature)}"
        try:
            keys.verify(signature, claims, kind=JWS_KIND, signed_at=issued_at, moment=moment)
        except SignatureError:
            if place == len(hinted) - 1:
                raise
        else:
            return


def _claims(badge_id: str, event: str, start_minute: int, minutes: int) -> dict[str, str | int]:
    return {"badge": badge_id, "event": event, "from_minute": start_minute, "minutes": minutes}


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).decode()


def _minute(moment: datetime) -> int:
    return int(moment.timestamp()) // 60


def _key_hint(key_id: str) -> bytes:
    """The first bytes of the key's thumbprint."""
    return urlsafe_b64decode(key_id.encode())[:_HINT_BYTES]


def _event_hint(event: str) -> bytes:
    return hashlib.sha256(event.encode()).digest()[:_HINT_BYTES]


# --------------------------------------------------------------------------------------------- base45, RFC 9285


def encode_base45(data: bytes) -> str:
    """`data` in the letters that a QR code holds most densely."""
    letters = []
    for at in range(0, len(data), 2):
        pair = data[at : at + 2]
        value = int.from_bytes(pair, "big")
        for _ in range(3 if len(pair) == 2 else 2):
            value, letter = divmod(value, 45)
            letters.append(_BASE45[letter])
    return "".join(letters)


def decode_base45(text: str) -> bytes | None:
    """The bytes that `text` stands for; None if it is no base45."""
    if len(text) % 3 == 1 or any(letter not in _BASE45 for letter in text):
        return None
    data = bytearray()
    for at in range(0, len(text), 3):
        group = text[at : at + 3]
        value = sum(_BASE45.index(letter) * 45**place for place, letter in enumerate(group))
        size = 2 if len(group) == 3 else 1
        if value >= 256**size:
            return None
        data += value.to_bytes(size, "big")
    return bytes(data)
