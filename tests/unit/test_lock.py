"""What is installed by hash is what is pinned."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


def pins(text: str) -> dict[str, str]:
    found = re.findall(r"^([A-Za-z0-9._-]+)==([^\s\\;]+)", text, flags=re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found}


def test_the_lock_pins_what_the_constraints_pin() -> None:
    locked, constrained = pins(LOCK), pins((ROOT / "constraints.txt").read_text(encoding="utf-8"))
    assert {"numpy", "onnxruntime", "pillow", "av", "pydantic", "c2pa-python"} <= set(locked)
    assert {name: constrained.get(name) for name in locked} == locked, "run `make lock`"


def test_every_locked_version_has_hashes_and_no_address_is_named() -> None:
    blocks = re.split(r"^(?=[a-z0-9])", LOCK, flags=re.MULTILINE)[1:]
    assert len(blocks) == len(pins(LOCK)) > 20
    assert [block.split("==")[0] for block in blocks if not re.search(r"--hash=sha256:[0-9a-f]{64}", block)] == []
    assert "://" not in LOCK
