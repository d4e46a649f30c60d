"""A face in the picture, a consent in the register: every way in which it stops holding covers the face again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
NOTICE = ROOT / "examples" / "notice.toml"
REGION = "child-17=40,12,30,34"
"""Where the face is in the picture made below. It is too small for its age to be known: a possible minor (FG-A06)."""


def faceguard(*words: str | Path, cwd: Path) -> str:
    command = [str(Path(sys.executable).with_name("faceguard")), *map(str, words)]
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder with a photo of a small face, a signing key, and the keys that are trusted."""
    with Image.open(ROOT / "examples" / "photos" / "astronaut.jpg") as photo:
        photo.resize((128, 128)).save(tmp_path / "photo.png")
    faceguard("keys", "new", "-o", "desk.pem", cwd=tmp_path)
    faceguard("keys", "public", "desk.pem", "-o", "trusted.json", cwd=tmp_path)
    return tmp_path


def grant(shop: Path, *words: str, key: str = "desk.pem") -> str:
    """A guardian's consent for the face, good for use in place; returns its number."""
    output = faceguard(
        *("consent", "grant", "--subject", "child-17", "--born", "2016-05", "--purpose", "in_store_safety"),
        *("--notice", NOTICE, "--method", "signed_paper", "--event", "open-day", "--best-interests", "bia-3"),
        *(
            "--guardian",
            "parent-4",
            "--verified-by",
            "government_id",
            "--guardian-age",
            "18",
            "--child-informed",
            "talk",
        ),
        *("--key", key, "--register", "consents.db", *words, "--json"),
        cwd=shop,
    )
    return str(json.loads(output)["record_id"])


def decision(shop: Path, *, purpose: str = "in_store_safety", event: str = "open-day", subject: str = REGION) -> dict:
    output = faceguard(
        *("redact", "photo.png", "-o", "out.png", "--overwrite", "--notice", NOTICE, "--purpose", purpose),
        *("--event", event, "--subject", subject, "--consents", "consents.db", "--trusted-keys", "trusted.json"),
        "--json",
        cwd=shop,
    )
    (face,) = json.loads(output)["inputs"][0]["faces"]
    return face


def test_the_child_is_kept_by_a_guardian_s_consent_and_covered_without(shop: Path) -> None:
    """FG-C01"""
    grant(shop)
    assert decision(shop)["effect"] == "keep"
    other = decision(shop, subject="child-18=40,12,30,34")
    assert other["effect"] == "redact"
    assert "no_guardian_consent" in other["reasons"]


def test_a_revoked_consent_covers_at_once(shop: Path) -> None:
    """FG-C08"""
    record_id = grant(shop)
    faceguard(
        *("consent", "revoke", record_id, "--key", "desk.pem", "--register", "consents.db"),
        *("--trusted-keys", "trusted.json"),
        cwd=shop,
    )
    assert decision(shop)["effect"] == "redact"


def test_another_purpose_or_event_is_out_of_scope(shop: Path) -> None:
    """FG-C07"""
    grant(shop)
    assert decision(shop, purpose="publication")["effect"] == "redact"
    assert decision(shop, event="another-day")["effect"] == "redact"


def test_an_expired_consent_covers(shop: Path) -> None:
    """FG-C09"""
    grant(shop, "--given-at", "2026-02-01T00:00:00Z", "--days", "30")
    face = decision(shop)
    assert face["effect"] == "redact"
    assert "consent_expired" in face["reasons"]


def test_a_consent_signed_by_another_key_covers(shop: Path) -> None:
    """FG-C03"""
    faceguard("keys", "new", "-o", "stranger.pem", cwd=shop)
    grant(shop, key="stranger.pem")
    assert decision(shop)["effect"] == "redact"


@pytest.mark.parametrize("place", [0.2, 0.5, 0.8])
def test_a_tampered_register_covers(shop: Path, place: float) -> None:
    """FG-C03: one bit anywhere."""
    grant(shop)
    register = shop / "consents.db"
    data = bytearray(register.read_bytes())
    data[int(len(data) * place)] ^= 0x01
    register.write_bytes(bytes(data))
    assert decision(shop)["effect"] == "redact"
