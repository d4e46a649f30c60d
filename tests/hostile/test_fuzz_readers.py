"""Whole files, broken in many ways: every reader answers with a value or with one of our errors, and soon."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from hostile_files import READERS, Reader, broken, require_sound
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

STEP = st.tuples(st.integers(0, 6), st.integers(0, 1 << 20), st.integers(0, 1 << 16))
EXAMPLES = 60
"""For each reader; `benchmarks/fuzz` goes on for as long as one likes."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


@cache
def seeds_of(reader: Reader, folder: Path) -> tuple[bytes, ...]:
    return tuple(reader.seeds(folder))


@pytest.mark.parametrize("name", READERS)
def test_the_seeds_themselves_are_whole(name: str, folder: Path) -> None:
    """Otherwise the tests below would break what is broken already."""
    reader = READERS[name]
    for seed in seeds_of(reader, folder):
        path = folder / f"whole{reader.suffix}"
        path.write_bytes(seed)
        reader.read(path)


@pytest.mark.parametrize("name", READERS)
@settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
)
@given(which=st.integers(0, 9), steps=st.lists(STEP, min_size=1, max_size=6))
def test_a_broken_file_is_read_or_refused(
    name: str, folder: Path, which: int, steps: list[tuple[int, int, int]]
) -> None:
    """FG-R07"""
    reader = READERS[name]
    seeds = seeds_of(reader, folder)
    data = broken(seeds[which % len(seeds)], steps, seeds[0])
    require_sound(reader, folder / f"broken{reader.suffix}", data)


@pytest.mark.parametrize("name", READERS)
def test_a_file_cut_anywhere_is_read_or_refused(name: str, folder: Path) -> None:
    reader = READERS[name]
    for seed in seeds_of(reader, folder):
        for cut in range(0, len(seed), max(1, len(seed) // 24)):
            require_sound(reader, folder / f"cut{reader.suffix}", seed[:cut])
