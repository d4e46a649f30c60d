"""One long video: in one piece, and in segments by one worker, by two, and by two on Ray; in turn, in one run.

    python benchmarks/batch/segments.py --clip FILM.mp4 --notice NOTICE.toml --purpose ID [--minutes 3] [--height 720] \
        [--workers 1 2] [--ray] [--json OUT.json]

The clip is scaled once and its packets repeated. Workers have one thread for inference and one for encoding; the
undivided run has all cores for both. Ratios of wall times are worth something on a quiet machine only, so the load is
told as well.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import av
import psutil

sys.path.insert(0, str(Path(__file__).parents[1] / "video"))
import memory

from faceguard import FaceGuard
from faceguard.batch.local import LocalEngine
from faceguard.batch.segment_crew import EngineCrew
from faceguard.pipeline.video.job import VideoJob
from faceguard.pipeline.video.segment_task import Division


@dataclass(frozen=True)
class Measured:
    """`load` is what others took of the machine's cores meanwhile, in cores."""

    name: str
    wall_s: float
    load: float
    segments: int
    faces: int
    redacted: int
    sha256: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clip", type=Path, required=True)
    parser.add_argument("--notice", type=Path, required=True)
    parser.add_argument("--purpose", required=True)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--height", type=int, default=720)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--ray", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        count = memory.repeated(options.clip, clip, options.height, options.minutes * 60)
        kinds = ["whole", *(f"{n} local" for n in options.workers), *(["2 ray"] if options.ray else [])]
        found = [measure(kind, clip, Path(folder), options.notice, options.purpose) for kind in kinds]
    with_one = next(each for each in found if each.name == f"{options.workers[0]} local")
    for each in found:
        print(
            f"{each.name:8} {each.wall_s:7.1f} s  {count / each.wall_s:6.1f} pictures/s  "
            f"{with_one.wall_s / each.wall_s:4.2f} of {with_one.name}  {each.segments} segments  "
            f"{each.redacted} of {each.faces} faces redacted  others' load {each.load:.1f} cores  {each.sha256[:12]}"
        )
    if options.json:
        rows = [asdict(each) for each in found]
        facts = {"clip": options.clip.name, "pictures": count, "height": options.height, "cores": os.cpu_count()}
        options.json.write_text(json.dumps({**facts, "runs": rows}, indent=2) + "\n")


def measure(kind: str, clip: Path, folder: Path, notice: Path, purpose: str) -> Measured:
    """Redacts `clip` in the way `kind` names."""
    target = folder / "out.mp4"
    with division_of(kind) as division:
        guard = FaceGuard(notice=notice, purpose=purpose, audit=folder / "log.jsonl")
        busy_before, began = _busy_s(), time.perf_counter()
        report = guard.redact_video(VideoJob(clip, target, division=division, overwrite=True))
        wall_s = time.perf_counter() - began
        busy_s = _busy_s() - busy_before
    with av.open(str(target)) as container:
        content = b"".join(bytes(packet) for packet in container.demux(video=0) if packet.size)
    target.unlink()
    cores = min(os.cpu_count() or 1, int(kind.split()[0]) if kind[0].isdigit() else os.cpu_count() or 1)
    faces = report.plan.faces
    return Measured(
        kind,
        wall_s,
        max(0.0, busy_s / wall_s - cores),
        report.segments,
        len(faces),
        report.redacted_count,
        hashlib.sha256(content).hexdigest(),
    )


@contextlib.contextmanager
def division_of(kind: str) -> Iterator[Division | None]:
    """None for the undivided run. Local processes start with the first task, which is measured with it."""
    if kind == "whole":
        yield None
        return
    number, where = kind.split()
    if where == "ray":
        from faceguard.batch.ray_engine import RayEngine

        engine: LocalEngine | RayEngine = RayEngine(workers=int(number))
    else:
        engine = LocalEngine(int(number))
    try:
        yield Division(EngineCrew(engine))
    finally:
        engine.close()


def _busy_s() -> float:
    """CPU seconds of the whole machine."""
    times = psutil.cpu_times()
    return float(times.user + times.system + times.nice)


if __name__ == "__main__":
    main()
