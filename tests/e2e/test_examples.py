"""Every example runs as it stands."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_demo_keeps_in_place_and_covers_for_publication(tmp_path: Path) -> None:
    demo = [sys.executable, str(ROOT / "examples" / "demo.py"), str(tmp_path)]
    result = subprocess.run(demo, capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stderr
    assert "0 faces redacted, 1 kept" in result.stdout
    assert "1 face redacted, 0 kept" in result.stdout
    assert {path.name for path in tmp_path.glob("*.jpg")} == {"in_store.jpg", "published.jpg"}
