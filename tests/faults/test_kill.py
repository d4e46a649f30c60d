"""A few kills in the suite; `benchmarks/soak/kill.py` does hundreds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SOAK = Path(__file__).parents[2] / "benchmarks" / "soak" / "kill.py"


@pytest.mark.skipif(sys.platform == "win32", reason="a signal of POSIX")
def test_a_killed_run_leaves_whole_covered_recorded_outputs_or_none() -> None:
    """FG-R07"""
    done = subprocess.run(
        [sys.executable, str(SOAK), "--kills", "4", "--seed", "7"], capture_output=True, text=True, check=False
    )
    told = json.loads(done.stdout)
    assert told["faults"] == []
    assert told["seen"]["kills"] == 4
    assert done.returncode == 0
