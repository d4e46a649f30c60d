"""A certificate chain and key for signed manifests, made anew for each run; and inputs that carry manifests."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from faceguard.provenance.credential import load_credential

PEM = serialization.Encoding.PEM


def make_credential(folder: Path, *, days: int = 365) -> tuple[Path, Path]:
    """`(chain, key)`: a P-256 signer under an authority of its own, as C2PA asks of certificates, valid for `days`."""
    authority, signer = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = _certificate("Test Authority", authority, "Test Authority", authority, is_authority=True, days=3650)
    leaf = _certificate("Test Signer", signer, "Test Authority", authority, is_authority=False, days=days)
    chain, key = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(leaf.public_bytes(PEM) + root.public_bytes(PEM))
    key.write_bytes(signer.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return chain, key


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    is_authority: bool,
    days: int,
) -> x509.Certificate:
    start = datetime.now(UTC) - timedelta(days=730)
    usage = x509.KeyUsage(
        digital_signature=not is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(datetime.now(UTC) + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if not is_authority:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _name(common: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Tests"), x509.NameAttribute(NameOID.COMMON_NAME, common)]
    )


CAMERA = {
    "claim_generator_info": [{"name": "camera", "version": "1"}],
    "assertions": [
        {
            "label": "c2pa.actions.v2",
            "data": {
                "actions": [
                    {
                        "action": "c2pa.created",
                        "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture",
                    }
                ]
            },
        },
        {
            "label": "cawg.metadata",
            "kind": "Json",
            "data": {
                "@context": {"dc": "http://purl.org/dc/elements/1.1/", "exif": "http://ns.adobe.com/exif/1.0/"},
                "dc:creator": ["Jane Photographer"],
                "exif:GPSLatitude": "39,21.102N",
            },
        },
    ],
}


def signed_by_camera(photo: Path, target: Path, chain: Path, key: Path) -> Path:
    """`photo` as a camera would sign it: with a thumbnail of the whole picture, its place and who took it."""
    credential = load_credential(chain, key)
    info = c2pa.C2paSignerInfo(credential.algorithm, credential.chain_pem, credential.key_pem, None)
    builder = c2pa.Builder(CAMERA, c2pa.Context.from_dict({"verify": {"remote_manifest_fetch": False}}))
    with photo.open("rb") as source, target.open("w+b") as signed:
        builder.sign(c2pa.Signer.from_info(info), "image/jpeg", source, signed)
    return target


def account_of(path: Path, media_type: str) -> dict[str, Any]:
    """The library's own reader on a file: all that it says, with `state` and the active manifest as `active`."""
    with path.open("rb") as stream:
        reader = c2pa.Reader(media_type, stream)
        account: dict[str, Any] = json.loads(reader.json())
        return {**account, "state": reader.get_validation_state(), "active": reader.get_active_manifest()}


def store_of(path: Path, media_type: str) -> bytes:
    """The raw manifest store of a file: what is left of it when the file is written again without pixels."""
    with path.open("rb") as stream:
        reader = c2pa.Reader(media_type, stream)
        resources = [io.BytesIO()]
        for manifest in json.loads(reader.json())["manifests"].values():
            for thumbnail in [
                manifest.get("thumbnail"),
                *(i.get("thumbnail") for i in manifest.get("ingredients", [])),
            ]:
                if thumbnail is not None:
                    reader.resource_to_stream(thumbnail["identifier"], resources[0])
    return resources[0].getvalue()
