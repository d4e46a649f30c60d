"""Canonical JSON, digests and Ed25519 signatures: the one way in which faceguard names and signs a text.

    value --RFC 8785--> bytes --SHA-256--> digest
                              --Ed25519--> detached compact JWS (RFC 7515 appendix F, `alg` as RFC 9864 names it)

A signature is over the canonical form, so a document can be stored and shown in any form and is still the same text.
The `typ` of the protected header says what kind of text was signed, so that a signed revocation can't be passed off as
a signed consent. Keys are named by their RFC 7638 thumbprint. Only one algorithm exists here; a token that asks for
another is refused.

No message of an error raised here holds key material, and none has a cause that does.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from joserfc.util import urlsafe_b64decode, urlsafe_b64encode
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from faceguard.atomic import write_atomic
from faceguard.errors import ConsentError, EncodeError, SignatureError, UntrustedKeyError

ALGORITHM = "Ed25519"
PASSPHRASE_VARIABLE = "FACEGUARD_KEY_PASSPHRASE"  # noqa: S105  the variable's name
_MAX_KEY_FILE_BYTES = 1_000_000
_REGISTRY = jws.JWSRegistry(algorithms=[ALGORITHM])
_REGISTRY.max_payload_length = (
    64_000_000  # joserfc's 128 kB is for tokens in HTTP headers; an audit record may be longer
)


# ------------------------------------------------------------------------------------------- canonical form


def canonical_json(value: Any) -> bytes:
    """The RFC 8785 form of a JSON value. Raises ValueError for what JSON can't hold (NaN, an integer beyond 2**53)."""
    return rfc8785.dumps(value)


def parse_canonical(data: bytes) -> Any:
    """The JSON value of `data`, which must be exactly its canonical form.

    So two different texts never mean the same value: no doubled keys, no spare white space, no other spelling of a
    number. Raises ValueError.
    """
    try:
        value = json.loads(data)
        if canonical_json(value) != data:
            raise ValueError("not in canonical form (RFC 8785)")
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return value


def digest(value: Any) -> str:
    """SHA-256 of the canonical form, 64 lower-case hex digits."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


# -------------------------------------------------------------------------------------------------- signing


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An Ed25519 private key. Its `repr` shows the key id alone."""

    _key: OKPKey = field(repr=False)
    key_id: str

    @classmethod
    def generate(cls) -> Self:
        return cls._of(OKPKey.generate_key("Ed25519", private=True))

    @classmethod
    def load(cls, path: Path, *, passphrase: str | None = None) -> Self:
        """Reads a PKCS #8 PEM file that nobody but its owner may read. Raises ConsentError.

        The passphrase of an encrypted one is the one given, else that in the environment (`FACEGUARD_KEY_PASSPHRASE`).
        """
        pem = _read_private(path)
        if passphrase is None:
            passphrase = os.environ.get(PASSPHRASE_VARIABLE)
        if not _is_encrypted(pem):
            passphrase = None
        elif not passphrase:
            raise ConsentError(
                f"the key `{path}` is encrypted; set {PASSPHRASE_VARIABLE} to its passphrase", path=path
            ) from None
        try:
            private = load_pem_private_key(pem, password=passphrase.encode() if passphrase else None)
            if not isinstance(private, Ed25519PrivateKey):
                raise TypeError("not an Ed25519 key")
            key = OKPKey.import_key(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        except Exception:  # noqa: BLE001  the cause may quote the key, so it goes no further
            remedy = "or its passphrase is another" if passphrase else "make one with `faceguard keys new`"
            raise ConsentError(f"`{path}` holds no Ed25519 private key in PEM; {remedy}", path=path) from None
        return cls._of(key)

    @classmethod
    def _of(cls, key: OKPKey) -> Self:
        return cls(key, key.thumbprint())

    def save(self, path: Path, *, passphrase: str | None = None) -> None:
        """Writes the PEM with mode 0600, encrypted if there is a passphrase; an existing file is never touched.

        Raises ConsentError.
        """
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(self._pem(passphrase))
                file.flush()
                os.fsync(file.fileno())
        except FileExistsError as error:
            raise ConsentError(
                f"`{path}` exists, and a private key is never overwritten; choose another name", path=path
            ) from error
        except OSError as error:
            raise ConsentError(f"the key `{path}` can't be written: {error.strerror or error}", path=path) from error

    def _pem(self, passphrase: str | None) -> bytes:
        private = load_pem_private_key(self._key.as_pem(private=True), password=None)
        encryption = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
        return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)

    def sign(self, value: Any, *, kind: str) -> str:
        """Detached compact JWS over the canonical form of `value`; `kind` becomes the header's `typ`."""
        header = {"alg": ALGORITHM, "kid": self.key_id, "typ": kind}
        token = jws.serialize_compact(header, canonical_json(value), self._key, registry=_REGISTRY)
        return jws.detach_content(token)

    def public(
        self, *, valid_from: datetime | None = None, valid_to: datetime | None = None, name: str | None = None
    ) -> TrustedKey:
        """The public half, as it goes into a file of trusted keys."""
        x = str(self._key.as_dict(private=False)["x"])
        return TrustedKey(kid=self.key_id, x=x, valid_from=valid_from, valid_to=valid_to, name=name)


def is_encrypted(path: Path) -> bool:
    """Whether the private key file needs a passphrase. Raises ConsentError."""
    return _is_encrypted(_read_private(path))


def _is_encrypted(pem: bytes) -> bool:
    return b"BEGIN ENCRYPTED PRIVATE KEY" in pem


def _read_private(path: Path) -> bytes:
    """The bytes of a file that nobody but its owner may read. Raises ConsentError."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            pem = file.read(_MAX_KEY_FILE_BYTES)
    except OSError as error:
        raise ConsentError(f"the key `{path}` can't be read: {error.strerror or error}", path=path) from error
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConsentError(f"the private key `{path}` is open to others; run `chmod 600 {path}`", path=path)
    return pem


# ------------------------------------------------------------------------------------------------- verifying


class TrustedKey(BaseModel):
    """A public key as JWK (RFC 8037), with the time in which its signatures count. It never holds a private part.

    A signature counts when it says it was made in `[valid_from, valid_to)`. Once `revoked_at` has come none of its
    signatures count, whatever time they claim: whoever holds a stolen key can claim any.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    kty: Literal["OKP"] = "OKP"
    crv: Literal["Ed25519"] = "Ed25519"
    alg: Literal["Ed25519"] = "Ed25519"
    use: Literal["sig"] = "sig"
    kid: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]
    x: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$")]
    """32 bytes in base64url: the last letter has two bits to spare, which must be 0 (RFC 4648, 3.5)."""
    name: str | None = None
    valid_from: AwareDatetime | None = None
    valid_to: AwareDatetime | None = None
    revoked_at: AwareDatetime | None = None

    def jwk(self) -> OKPKey:
        return OKPKey.import_key({"kty": self.kty, "crv": self.crv, "x": self.x})

    def check_in_force(self, *, signed_at: datetime, moment: datetime) -> None:
        """Raises UntrustedKeyError unless a signature of `signed_at` by this key counts at `moment`."""
        if self.revoked_at is not None and moment >= self.revoked_at:
            raise UntrustedKeyError(f"key `{self.kid}` was revoked", key=self.kid)
        if self.valid_from is not None and signed_at < self.valid_from:
            raise UntrustedKeyError(f"key `{self.kid}` was not yet valid when it signed", key=self.kid)
        if self.valid_to is not None and signed_at >= self.valid_to:
            raise UntrustedKeyError(f"key `{self.kid}` was no longer valid when it signed", key=self.kid)


class _KeyFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    keys: tuple[TrustedKey, ...]


@dataclass(frozen=True, slots=True)
class TrustedKeys:
    """The public keys whose signatures count: a JWK set (RFC 7517). Whoever can write its file decides what is true."""

    keys: tuple[TrustedKey, ...]

    def __post_init__(self) -> None:
        if len({key.kid for key in self.keys}) != len(self.keys):
            raise ConsentError("a key stands twice among the trusted keys; remove one")
        for key in self.keys:
            if key.jwk().thumbprint() != key.kid:
                raise ConsentError(f"`{key.kid}` is not the thumbprint (RFC 7638) of its key", key=key.kid)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads a JWK set file. Raises ConsentError."""
        try:
            with path.open("rb") as file:
                data = file.read(_MAX_KEY_FILE_BYTES)
        except OSError as error:
            raise ConsentError(f"trusted keys `{path}` can't be read: {error.strerror or error}", path=path) from error
        try:
            return cls(_KeyFile.model_validate_json(data).keys)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            if any(problem["loc"][-1:] == ("d",) for problem in error.errors()) or b"PRIVATE KEY" in data:
                raise ConsentError(
                    f"`{path}` holds a private key; give the public ones only, made by `faceguard keys public`",
                    path=path,
                ) from None
            raise ConsentError(
                f"`{path}` is no set of trusted keys (at `{where}`: {first['msg'].lower()}); "
                "make it with `faceguard keys public`",
                path=path,
            ) from None

    def save(self, path: Path) -> None:
        """Writes the JWK set, in place of the file if there is one. Raises ConsentError."""
        document = _KeyFile(keys=self.keys).model_dump(mode="json", exclude_none=True)
        try:
            write_atomic(path, json.dumps(document, indent=2).encode() + b"\n", overwrite=True)
        except EncodeError as error:
            raise ConsentError(error.message, path=path) from error

    def adding(self, keys: Iterable[TrustedKey]) -> TrustedKeys:
        """These keys and `keys`; one that is known already is replaced."""
        merged = {key.kid: key for key in (*self.keys, *keys)}
        return TrustedKeys(tuple(merged.values()))

    def get(self, key_id: str) -> TrustedKey | None:
        return next((key for key in self.keys if key.kid == key_id), None)

    def verify(self, signature: str, value: Any, *, kind: str, signed_at: datetime, moment: datetime) -> TrustedKey:
        """The key that signed `value`, if all holds at `moment`; `signed_at` is the time the signed text claims.

        1. The token is a detached compact JWS, spelled in the one way there is.  else SignatureError
        2. Its header names this algorithm, this `kind` and a key, and nothing else.  else SignatureError
        3. The key is trusted and in force.  else UntrustedKeyError
        4. The signature is that key's over the canonical form of `value`.  else SignatureError
        """
        header = _header_of(signature)  # 1
        if set(header) != {"alg", "kid", "typ"} or header["alg"] != ALGORITHM or header["typ"] != kind:  # 2
            raise SignatureError(f"the signature is not an {ALGORITHM} one of a {kind}", expected=kind)
        key = self.get(str(header["kid"]))  # 3
        if key is None:
            raise UntrustedKeyError(f"no trusted key is named `{header['kid']}`", key=header["kid"])
        key.check_in_force(signed_at=signed_at, moment=moment)
        try:  # 4
            jws.deserialize_compact(signature, key.jwk(), registry=_REGISTRY, payload=canonical_json(value))
        except (JoseError, ValueError) as error:
            raise SignatureError(f"the signature by `{key.kid}` does not match the text", key=key.kid) from error
        return key


def signer_of(signature: str) -> str:
    """The id of the key that `signature` says it was made with; whether it was, only `verify` tells.

    Raises SignatureError for what is no detached compact JWS.
    """
    return str(_header_of(signature).get("kid"))


def _header_of(signature: str) -> dict[str, Any]:
    """The protected header of a detached compact JWS. Raises SignatureError.

    Base64 leaves bits over in the last letter, so that several spellings mean the same signature; only the one that
    encoding gives is let through, whatever the decoder accepts.
    """
    try:
        header_text, payload_text, signature_text = signature.split(".")
        header = json.loads(urlsafe_b64decode(header_text.encode("ascii")))
        one_spelling = urlsafe_b64encode(urlsafe_b64decode(signature_text.encode("ascii"))).decode()
    except (ValueError, RecursionError):
        raise SignatureError("the signature is no detached compact JWS") from None
    if payload_text or one_spelling != signature_text or not isinstance(header, dict):
        raise SignatureError("the signature is no detached compact JWS")
    return header
