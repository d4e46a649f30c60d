"""Throughput of `faceguard batch` against workers, peak memory, and what plan and record cost.

    python benchmarks/batch/throughput.py --files 64 --workers 1 2 --out benchmarks/results/batch_throughput.json

Each number of workers redacts the same tree of 1080p photos into a new folder, one core for each inference. Every
worker first does one photo of its own, with which it starts and loads its models (`start_s`); the clock runs from then
to the end of the last item. Two workers can only give twice one if two cores are free: `cores had` is the CPU time that
the workers had in that wall time, and `load` what others waited for when the run began.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PIL import Image

from faceguard.batch.local import LocalEngine
from faceguard.batch.manifest import Row
from faceguard.batch.run import Batch, open_batch
from faceguard.batch.settings import read_settings
from faceguard.batch.task import State, Task
from faceguard.bench.environment import describe_environment

ROOT = Path(__file__).parents[2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photo", type=Path, default=ROOT / "examples" / "photos" / "astronaut.jpg")
    parser.add_argument("--notice", type=Path, default=ROOT / "examples" / "notice.toml")
    parser.add_argument("--files", type=int, default=64)
    parser.add_argument("--size", type=int, nargs=2, default=[1920, 1080], metavar=("WIDTH", "HEIGHT"))
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "in"
        make_photos(source, given.photo, given.files, (given.size[0], given.size[1]))
        runs = [measure(source, Path(folder) / f"out-{count}", given.notice, count) for count in given.workers]
    first = runs[0]["items_per_s"]
    result = {
        "measured_at": datetime.now(UTC).isoformat(),
        "environment": describe_environment(),
        "files": given.files,
        "size": given.size,
        "runs": [{**run, "against_first": round(run["items_per_s"] / first, 2)} for run in runs],
    }
    text = json.dumps(result, indent=2)
    print(table_of(result))
    if given.out is not None:
        given.out.write_text(text + "\n", encoding="utf-8")


def make_photos(folder: Path, photo: Path, count: int, size: tuple[int, int]) -> None:
    """`count` different photos: the one given, four times beside itself, a little moved in each."""
    folder.mkdir()
    face = Image.open(photo).convert("RGB").resize((size[0] // 4, size[0] // 4))
    for number in range(count):
        sheet = Image.new("RGB", size, (90, 100, 110))
        for place in range(4):
            sheet.paste(face, (place * size[0] // 4, (37 * number + 91 * place) % max(1, size[1] - face.height)))
        sheet.save(folder / f"{number:05}.jpg", quality=92)


def measure(source: Path, target: Path, notice: Path, workers: int) -> dict[str, Any]:
    """One run, and a second one that has nothing to do."""
    told = {"source": str(source), "output": str(target), "notice": str(notice), "purpose": "in_store_safety"}
    settings = read_settings(None, told)
    load = os.getloadavg()[0]
    with open_batch(settings, threads=1) as batch:
        began = time.perf_counter()
        count = sum(1 for _ in batch.make_plan())
        plan_s = time.perf_counter() - began
        engine = LocalEngine(workers)
        tasks = list(batch.tasks())
        start_s, _ = carry_out(batch, engine, tasks[:workers])  # a worker that is idle gets the next: one for each
        wall_s, ended = carry_out(batch, engine, tasks[workers:])
        engine.close()
        began = time.perf_counter()
        again = sum(1 for _ in batch.make_plan())
        replan_s = time.perf_counter() - began
        began = time.perf_counter()
        for row in ended:
            with batch.manifest.transaction():
                batch.manifest.put(row)
        noting_s = time.perf_counter() - began
    if again or any(row.state is not State.DONE for row in ended):
        raise SystemExit("not every item was done")
    cpu_s = sum(row.cpu_s for row in ended)
    return {
        "workers": workers,
        "items": len(ended),
        "start_s": round(start_s, 2),
        "wall_s": round(wall_s, 2),
        "items_per_s": round(len(ended) / wall_s, 3),
        "cpu_s_per_item": round(cpu_s / len(ended), 3),
        "cores_had": round(cpu_s / wall_s, 2),
        "load": round(load, 1),
        "peak_worker_mb": round(max(row.peak_bytes for row in ended) / 1e6),
        "plan_ms_per_item": round(1000 * plan_s / count, 2),
        "replan_ms_per_item": round(1000 * replan_s / count, 2),
        "noting_ms_per_item": round(1000 * noting_s / len(ended), 2),
    }


def carry_out(batch: Batch, engine: LocalEngine, tasks: list[Task]) -> tuple[float, list[Row]]:
    """Seconds that `tasks` take, and their rows."""
    began = time.perf_counter()
    rows = [event for event in batch.carry_out(engine, tasks) if isinstance(event, Row)]
    return time.perf_counter() - began, rows


def table_of(result: dict[str, Any]) -> str:
    """For people, and for benchmarks/README.md."""
    names = ("workers", "items/s", "against first", "CPU s an item", "cores had", "start s", "MB a worker", "load")
    keys = (
        "workers",
        "items_per_s",
        "against_first",
        "cpu_s_per_item",
        "cores_had",
        "start_s",
        "peak_worker_mb",
        "load",
    )
    rows = [[str(run[key]) for key in keys] for run in result["runs"]]
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    main()
