"""Throughput of `faceguard batch` against workers, peak memory, and what plan and record cost.

    python benchmarks/batch/throughput.py --files 40 --workers 1 2 --out benchmarks/results/batch-throughput.json

Each number of workers redacts the same tree into a new folder, one core for each inference. The wall time counts from
the first item begun to the last ended, so that the start of processes and the loading of models is told apart. Two
workers can only give twice one if two cores are free: `cores_had` is the CPU time that was had in that wall time.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from faceguard.batch.local import LocalEngine
from faceguard.batch.manifest import Row
from faceguard.batch.run import open_batch
from faceguard.batch.settings import read_settings
from faceguard.batch.task import State
from faceguard.bench.environment import describe_environment

ROOT = Path(__file__).parents[2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photo", type=Path, default=ROOT / "examples" / "photos" / "astronaut.jpg")
    parser.add_argument("--notice", type=Path, default=ROOT / "examples" / "notice.toml")
    parser.add_argument("--files", type=int, default=40)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "in"
        source.mkdir()
        for number in range(given.files):
            shutil.copyfile(given.photo, source / f"{number:05}.jpg")
        runs = [measure(source, Path(folder) / f"out-{count}", given.notice, count) for count in given.workers]
    first = runs[0]["items_per_s"]
    result = {
        "measured_at": datetime.now(UTC).isoformat(),
        "environment": describe_environment(),
        "files": given.files,
        "runs": [{**run, "against_first": round(run["items_per_s"] / first, 2)} for run in runs],
    }
    text = json.dumps(result, indent=2)
    print(text)
    if given.out is not None:
        given.out.write_text(text + "\n", encoding="utf-8")


def measure(source: Path, target: Path, notice: Path, workers: int) -> dict[str, Any]:
    """One run, and a second one that has nothing to do."""
    told = {"source": str(source), "output": str(target), "notice": str(notice), "purpose": "in_store_safety"}
    settings = read_settings(None, told)
    with open_batch(settings, threads=1) as batch:
        began = time.perf_counter()
        count = sum(1 for _ in batch.make_plan())
        plan_s = time.perf_counter() - began
        engine = LocalEngine(workers)
        ended: list[tuple[float, Row]] = []
        for event in batch.carry_out(engine, batch.tasks()):
            if isinstance(event, Row):
                ended.append((time.perf_counter(), event))
        engine.close()
        began = time.perf_counter()
        again = sum(1 for _ in batch.make_plan())
        replan_s = time.perf_counter() - began
        began = time.perf_counter()
        for _, row in ended:
            with batch.manifest.transaction():
                batch.manifest.put(row)
        noting_s = time.perf_counter() - began
    if again or any(row.state is not State.DONE for _, row in ended):
        raise SystemExit("not every item was done")
    warm = ended[2 * workers :]  # each worker's first items load its models
    wall_s = warm[-1][0] - ended[2 * workers - 1][0]
    cpu_s = sum(row.cpu_s for _, row in warm)
    return {
        "workers": workers,
        "items_per_s": round(len(warm) / wall_s, 3),
        "cpu_s_per_item": round(cpu_s / len(warm), 3),
        "cores_had": round(cpu_s / wall_s, 2),
        "peak_worker_mb": round(max(row.peak_bytes for _, row in ended) / 1e6),
        "plan_ms_per_item": round(1000 * plan_s / count, 2),
        "replan_ms_per_item": round(1000 * replan_s / count, 2),
        "noting_ms_per_item": round(1000 * noting_s / count, 2),
    }


if __name__ == "__main__":
    main()
