"""Settings of a batch: one file, the command line over it, and workers that fit the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from faceguard.batch.settings import read_settings
from faceguard.batch.sizing import WORKER_BYTES, free_bytes, plan_sizing
from faceguard.errors import ConfigurationError

GB = 1_000_000_000


def test_paths_in_a_file_are_as_seen_from_it_and_the_command_line_goes_over_them(tmp_path: Path) -> None:
    config = tmp_path / "batch.toml"
    config.write_text('source = "in"\noutput = "s3://bucket/out"\nnotice = "n.toml"\nquality = 80\n', encoding="utf-8")
    settings = read_settings(config, {"quality": 90})
    assert settings.source == str(tmp_path / "in")
    assert settings.output == "s3://bucket/out"
    assert settings.notice == tmp_path / "n.toml"
    assert settings.quality == 90


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("sources = 'x'", "sources"),
        ("quality = 101", "quality"),
        ("engine = 'spark'", "engine"),
        ("output = ''", "output"),
    ],
)
def test_what_a_file_may_not_say_is_told_by_its_key(tmp_path: Path, text: str, word: str) -> None:
    config = tmp_path / "batch.toml"
    config.write_text(f"source = 'in'\n{text}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=word):
        read_settings(config, {} if word == "output" else {"output": "out"})


def test_workers_are_as_many_as_cores_or_as_memory_holds() -> None:
    assert plan_sizing(workers=None, memory_bytes=None, cores=4, free_bytes=64 * GB).workers == 4
    sizing = plan_sizing(workers=None, memory_bytes=2 * WORKER_BYTES + GB // 5, cores=8, free_bytes=64 * GB)
    assert (sizing.workers, sizing.threads) == (2, 4)
    assert plan_sizing(workers=None, memory_bytes=None, cores=8, free_bytes=GB // 10).workers == 1


@pytest.mark.parametrize(("workers", "memory"), [(None, 300_000_000), (4, 2 * GB)])
def test_memory_that_is_not_enough_is_told_before_anything_runs(workers: int | None, memory: int) -> None:
    with pytest.raises(ConfigurationError, match="MB"):
        plan_sizing(workers=workers, memory_bytes=memory, cores=4, free_bytes=64 * GB)


def test_files_that_a_container_has_cached_are_no_memory_in_use(tmp_path: Path) -> None:
    """Otherwise a container that has just read its footage seems full, and one worker is all it gets."""
    (tmp_path / "memory.max").write_text("3000000\n")
    (tmp_path / "memory.current").write_text("2900000\n")
    (tmp_path / "memory.stat").write_text("anon 500000\nfile 2400000\ninactive_file 2300000\n")
    assert free_bytes(tmp_path) == 2_400_000
    (tmp_path / "memory.max").write_text("max\n")
    assert free_bytes(tmp_path) == pytest.approx(free_bytes(tmp_path / "none"), rel=0.2)
