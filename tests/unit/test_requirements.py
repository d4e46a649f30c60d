"""A reader finds the test of each requirement by its ID."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
SHOWN = (
    *("FG-N01", "FG-N02", "FG-N03", "FG-N04", "FG-N05", "FG-N06", "FG-N07", "FG-N08", "FG-N09"),
    *("FG-A01", "FG-A02", "FG-A03", "FG-A04", "FG-A05", "FG-A06", "FG-A07", "FG-A08", "FG-A09", "FG-A10", "FG-A11"),
    *("FG-C01", "FG-C02", "FG-C03", "FG-C04", "FG-C05", "FG-C06", "FG-C07", "FG-C08", "FG-C09", "FG-C10"),
    *("FG-C11", "FG-C12", "FG-C13", "FG-C14"),
    *("FG-R01", "FG-R02", "FG-R03", "FG-R04", "FG-R05", "FG-R06", "FG-R07", "FG-R08"),
    *("FG-D01", "FG-D02", "FG-D03", "FG-P01", "FG-P02", "FG-P03"),
    *("FG-S01", "FG-S02", "FG-S03", "FG-T01", "FG-T02", "FG-T03", "FG-T04"),
    *("FG-X01", "FG-X02", "FG-X03", "FG-X04"),
)


@pytest.fixture(scope="module")
def named() -> set[str]:
    """Every requirement that a test names."""
    files = [path for path in TESTS.rglob("test_*.py") if path != Path(__file__)]
    assert len(files) > 10
    return {match for path in files for match in re.findall(r"FG-[A-Z]\d\d", path.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("requirement", SHOWN)
def test_a_test_names_the_requirement(requirement: str, named: set[str]) -> None:
    assert requirement in named
