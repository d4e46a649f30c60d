"""Reports are kept whole, and a comparison sees what is beyond noise and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from faceguard.bench.compare import Verdict, compare
from faceguard.bench.environment import describe_environment
from faceguard.bench.measure import measure
from faceguard.bench.report import Better, Measurement, Report, as_table, read_report, write_report
from faceguard.errors import ConfigurationError
from faceguard.inference.manifest import load_manifest


def _report(
    value: float, *, noise: float = 1.0, better: Better = "lower", suite: str = "speed", cpu: str = "A"
) -> Report:
    measurement = Measurement(name="time", value=value, unit="ms", noise=noise, better=better)
    return Report(suite=suite, environment={"cpu": cpu}, parameters={}, measurements=[measurement])


def test_a_report_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    write_report(_report(3.5), path)
    assert read_report(path) == _report(3.5)


@pytest.mark.parametrize("content", [b"", b"[]", b'{"suite": "speed"}', b"\xff"])
def test_what_is_no_report_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "report.json"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match="not a benchmark's report"):
        read_report(path)


@pytest.mark.parametrize(
    ("before", "after", "better", "verdict"),
    [
        (10.0, 11.0, "lower", Verdict.SAME),
        (10.0, 12.0, "lower", Verdict.WORSE),
        (10.0, 8.0, "lower", Verdict.BETTER),
        (10.0, 12.0, "higher", Verdict.BETTER),
        (10.0, 12.0, "neither", Verdict.CHANGED),
    ],
)
def test_only_what_is_beyond_both_noises_has_changed(
    before: float, after: float, better: Better, verdict: Verdict
) -> None:
    comparison = compare(_report(before, better=better), _report(after, better=better, cpu="B"))
    assert [change.verdict for change in comparison.changes] == [verdict]
    assert comparison.environment == ("cpu: A -> B",)


def test_reports_of_different_suites_are_not_compared() -> None:
    with pytest.raises(ValueError, match="can't be compared"):
        compare(_report(1), _report(1, suite="recall"))


def test_a_report_names_the_machine_and_every_model() -> None:
    environment = describe_environment()
    assert environment["cpu"]
    assert environment["onnxruntime"]
    for spec in load_manifest().models.values():
        assert spec.sha256.startswith(environment[f"model {spec.id}"])


def test_measuring_repeats_and_states_its_noise() -> None:
    runs: list[int] = []
    timing = measure(lambda: runs.append(sum(range(1000))), min_repeats=9, min_seconds=0)
    assert len(runs) == 10
    assert timing.cpu_ms >= 0
    assert timing.wall_noise_ms >= 0


def test_the_table_shows_every_figure() -> None:
    table = as_table(_report(3.25))
    assert "time" in table
    assert "3.25" in table
