"""A full disk behind standard output is told in words, with the code of an output that can't be written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("command", [["policy", "list"], ["models", "list", "--json"], ["--help"]])
def test_standard_output_on_a_full_disk(command: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "faceguard.cli.app", *command], stdout=full, stderr=-1, check=False
        )
    assert done.returncode == 4
    assert done.stderr.decode().splitlines() == [
        "error: standard output can't be written: No space left on device; what was asked for may be done all the same"
    ]
