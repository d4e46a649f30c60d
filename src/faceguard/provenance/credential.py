"""The certificate and key that manifests are signed with."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from faceguard.errors import ConfigurationError

_MAX_FILE_BYTES = 1_000_000
_CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
_MIN_RSA_BITS = 2048
"""C2PA 2.2, 13.2.1: RSA keys of 2048 bits or more."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A certificate chain, the signer's own first, and its key, as PEM. `algorithm` is C2PA's name of the signature."""

    chain_pem: bytes
    key_pem: bytes = field(repr=False)
    algorithm: str


def load_credential(certificate: Path, key: Path) -> Credential:
    """Reads both. Raises ConfigurationError when one is unreadable, of no use to C2PA, or not the other's."""
    chain_pem, key_pem = _read(certificate, "c2pa-cert"), _read(key, "c2pa-key")
    try:
        chain = x509.load_pem_x509_certificates(chain_pem)
    except ValueError as error:
        raise ConfigurationError(
            f"`{certificate}` holds no PEM certificates; give the signer's own, then those of its issuers",
            key="c2pa-cert",
        ) from error
    try:
        private = serialization.load_pem_private_key(key_pem, password=None)
    except (ValueError, TypeError) as error:  # TypeError: it is encrypted
        raise ConfigurationError(
            f"`{key}` is no PEM private key without a password; take off the password in a safe place", key="c2pa-key"
        ) from error
    if _public(private.public_key()) != _public(chain[0].public_key()):
        raise ConfigurationError(f"`{key}` is not the key of the first certificate in `{certificate}`", key="c2pa-key")
    pkcs8 = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Credential(chain_pem, pkcs8, _algorithm(private, key))


def _read(path: Path, option: str) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_FILE_BYTES)
    except OSError as error:
        raise ConfigurationError(
            f"`{path}` can't be read: {error.strerror or error}; check `--{option}`", key=option
        ) from error


def _public(key: object) -> bytes:
    der, info = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(der, info)  # type: ignore[attr-defined,no-any-return]


def _algorithm(key: PrivateKeyTypes, path: Path) -> str:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= _MIN_RSA_BITS:
        return "ps256"
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _CURVES:
        return _CURVES[key.curve.name]
    raise ConfigurationError(
        f"C2PA can't sign with the kind of key in `{path}`; use P-256, P-384, P-521, Ed25519 or RSA of 2048 bits",
        key="c2pa-key",
    )
