"""Pictures a second and CPU time for each picture: faceguard, a plain transcode with the same encoder, and deface.

    python benchmarks/video/throughput.py --clip FILM.mp4 --notice NOTICE.toml --purpose ID \
        [--deface /path/to/deface] [--heights 360 720 1080 2160] [--seconds 10] [--rounds 3] [--out results.json]

The clip is scaled to each height and repeated to the wanted length. Tools take turns within each round, so that other
load on the machine falls on all alike; the figure is the median over rounds. faceguard and the transcode are measured
after their imports, in a process of their own, as by `faceguard bench video --clip`, which needs no checkout; deface as
its command, imports and all (its own work is much longer).
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from faceguard.bench.throughput import Errand, scale_clip, work

HERE = Path(__file__).resolve()


def main() -> None:
    options = _options()
    if options.worker:
        print(json.dumps(_work(options)))
        return
    with tempfile.TemporaryDirectory() as folder:
        rows = [row for height in options.heights for row in _measure(options, height, Path(folder))]
    report = {"machine": _machine(), "seconds": options.seconds, "rounds": options.rounds, "rows": rows}
    print(_table(rows))
    if options.out is not None:
        options.out.write_text(json.dumps(report, indent=1) + "\n")


def _measure(options: argparse.Namespace, height: int, folder: Path) -> list[dict[str, Any]]:
    clip = folder / f"clip_{height}.mp4"
    count = scale_clip(options.clip, clip, height, options.seconds)
    tools = ["transcode", "faceguard", *(["deface"] if options.deface else [])]
    taken: dict[str, list[dict[str, float]]] = {tool: [] for tool in tools}
    for _ in range(options.rounds):
        for tool in tools:
            if tool == "deface" and taken[tool] and height > options.deface_once_above:
                continue
            taken[tool].append(_run(options, tool, clip, folder))
    base = statistics.median(run["cpu_s"] for run in taken["transcode"])
    rows = []
    for tool, runs in taken.items():
        cpu, wall = (statistics.median(run[key] for run in runs) for key in ("cpu_s", "wall_s"))
        rows.append(
            {
                "height": height,
                "tool": tool,
                "pictures": count,
                "pictures_per_s": round(count / wall, 1),
                "cpu_ms_per_picture": round(cpu / count * 1000, 1),
                "cpu_against_transcode": round(base / cpu, 2),
                "peak_mb": round(max(run["peak_mb"] for run in runs)),
            }
        )
    return rows


def _run(options: argparse.Namespace, tool: str, clip: Path, folder: Path) -> dict[str, float]:
    out = folder / f"out_{tool}.mp4"
    out.unlink(missing_ok=True)
    if tool == "deface":
        return _timed([str(options.deface), str(clip), "-o", str(out)])
    command = [sys.executable, str(HERE), "--worker", tool, "--clip", str(clip), "--target", str(out)]
    command += ["--notice", str(options.notice), "--purpose", options.purpose]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _timed(command: list[str]) -> dict[str, float]:
    """CPU time, wall time and peak memory of a command and its children."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(process.pid, 0)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"cpu_s": cpu, "wall_s": time.monotonic() - start, "peak_mb": usage.ru_maxrss / 1024}


def _work(options: argparse.Namespace) -> dict[str, float]:
    """One run in this process, timed without its imports."""
    errand = Errand(options.worker, options.clip, options.target, options.notice, options.purpose)
    return dataclasses.asdict(work(errand))


def _machine() -> dict[str, Any]:
    return {"cores": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}


def _table(rows: list[dict[str, Any]]) -> str:
    names = list(rows[0])
    lines = [" | ".join(names), " | ".join("---" for _ in names)]
    return "\n".join(lines + [" | ".join(str(row[name]) for name in names) for row in rows])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clip", type=Path, required=True)
    parser.add_argument("--notice", type=Path, required=True)
    parser.add_argument("--purpose", required=True)
    parser.add_argument("--deface", type=Path, help="the deface command of an environment of its own")
    parser.add_argument("--deface-once-above", type=int, default=360, help="heights above which deface runs once")
    parser.add_argument("--heights", type=int, nargs="+", default=[360, 720, 1080, 2160])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--worker", choices=["faceguard", "transcode"], help=argparse.SUPPRESS)
    parser.add_argument("--target", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
