"""`faceguard batch` killed at random moments on a mixed tree, held against a run that nobody disturbs.

    python benchmarks/batch/kill.py --kills 24 --seed 1 --out benchmarks/results/batch_kill.json

Whoever is killed, and how, is drawn too: the command with SIGKILL, SIGTERM or SIGINT, or one of its workers with
SIGKILL. After each kill every file among the outputs must be one of the undisturbed run's, whole; after the last run of
a round the tree, the manifest and the decisions on record must be those of the undisturbed run. At the end: no source
has changed, a detector finds no face in any output, and all logs verify. Exit code 1 says that something doesn't hold.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from mixed_tree import make_mixed_tree

from faceguard.batch.manifest import Row, open_manifest
from faceguard.bench.environment import describe_environment

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "faceguard.cli.app"]
LOG = "faceguard-audit.jsonl"
STATE = ".faceguard"
NOT_ALL_DONE = 6
BARE_SCORE = 0.5
"""A find of the thorough tier in an output counts as a bare face from this score on: the policy lets none be shown."""


@dataclass
class Undisturbed:
    """What a run that nobody disturbs comes to."""

    wall_s: float
    outputs: dict[str, str]
    rows: dict[str, dict[str, Any]]
    decisions: dict[str, list[Any]]


@dataclass
class Tally:
    """What was done, and what doesn't hold."""

    kills: Counter[str] = field(default_factory=Counter)
    rounds: int = 0
    adopted: int = 0
    torn_lines: int = 0
    problems: list[str] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photo", type=Path, default=ROOT / "examples" / "photos" / "astronaut.jpg")
    parser.add_argument("--notice", type=Path, default=ROOT / "examples" / "notice.toml")
    parser.add_argument("--kills", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--videos", type=int, default=3)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = measure(given, Path(folder))
    text = json.dumps(result, indent=2, ensure_ascii=False)
    print(text)
    if given.out is not None:
        given.out.write_text(text + "\n", encoding="utf-8")
    if result["problems"]:
        raise SystemExit(1)


def measure(given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Everything, in the new `folder`."""
    source, chance, tally = folder / "in", random.Random(given.seed), Tally()
    make_mixed_tree(source, given.photo, videos=given.videos)
    before = tree_digests(source)
    batch = [*COMMAND, "batch", str(source), "--notice", str(given.notice), "--purpose", "in_store_safety", "--json"]
    batch += ["--policy", "strictest", "--workers", str(given.workers)]
    undisturbed = run_undisturbed(batch, folder / "calm")
    while sum(tally.kills.values()) < given.kills:
        tally.rounds += 1
        target = folder / f"killed-{tally.rounds}"
        one_round(batch, target, undisturbed, chance, tally, most=given.kills - sum(tally.kills.values()))
        tally.torn_lines += len(list(target.glob(f"{LOG}.torn-*")))
        tally.problems += [f"round {tally.rounds}: {each}" for each in differences(target, undisturbed)]
        print(f"round {tally.rounds}: {dict(tally.kills)}, {len(tally.problems)} problems", file=sys.stderr)
    if tree_digests(source) != before:
        tally.problems.append("a source was changed")
    bare, looked_at = bare_faces(folder / "calm", undisturbed.outputs)
    return {
        "measured_at": datetime.now(UTC).isoformat(),
        "environment": describe_environment(),
        "seed": given.seed,
        "workers": given.workers,
        "items": len(undisturbed.rows),
        "outputs": len(undisturbed.outputs),
        "undisturbed_s": round(undisturbed.wall_s, 1),
        "kills": dict(tally.kills),
        "rounds": tally.rounds,
        "items_adopted": tally.adopted,
        "torn_lines_moved_aside": tally.torn_lines,
        "pictures_looked_at": looked_at,
        "faces_in_the_photo_itself": len(faces_in(np.asarray(_picture(given.photo)))),
        "bare_faces": bare,
        "problems": tally.problems + [f"bare face: {each}" for each in bare],
    }


def run_undisturbed(batch: list[str], target: Path) -> Undisturbed:
    began = time.perf_counter()
    done = subprocess.run([*batch, "-o", str(target)], stdout=subprocess.DEVNULL, check=False)
    if done.returncode != NOT_ALL_DONE:
        raise SystemExit(f"the undisturbed run ended with {done.returncode}")
    wall_s = time.perf_counter() - began
    return Undisturbed(wall_s, output_digests(target), rows_of(target), decisions_of(target))


def one_round(
    batch: list[str], target: Path, undisturbed: Undisturbed, chance: random.Random, tally: Tally, *, most: int
) -> None:
    """Runs the batch into `target` again and again, killed `most` times at most, until it comes to its end."""
    while True:
        process = subprocess.Popen(
            [*batch, "-o", str(target)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace"
        )
        how = None
        if most > 0:
            time.sleep(chance.uniform(0.2, undisturbed.wall_s))
            how = kill(process, chance)
        out, errors = process.communicate()
        for line in out.splitlines():
            if '"event": "report"' in line and line.endswith("}"):
                tally.adopted += json.loads(line)["run"]["adopted_after_interruption"]
        if "Traceback" in errors:
            tally.problems.append(f"a traceback: {errors.strip().splitlines()[-1]}")
        tally.problems += partly_written(target, undisturbed)
        if how is None:
            if process.returncode != NOT_ALL_DONE:
                tally.problems.append(f"the last run ended with {process.returncode}: {errors.strip()[:500]}")
            return
        tally.kills[how] += 1
        most -= 1


def kill(process: subprocess.Popen[str], chance: random.Random) -> str | None:
    """Kills the command, or one of its workers and lets it go on. None if it has ended already."""
    if process.poll() is not None:
        return None
    with_workers = [
        child for child in psutil.Process(process.pid).children() if "spawn_main" in " ".join(_words(child))
    ]
    if with_workers and chance.random() < 0.25:
        with_workers[chance.randrange(len(with_workers))].kill()
        return "worker SIGKILL"
    number = chance.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT))
    process.send_signal(number)
    return number.name


def _words(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


# ------------------------------------------------------------------------------------------------- what must hold


def partly_written(target: Path, undisturbed: Undisturbed) -> list[str]:
    """Files among the outputs that an undisturbed run wouldn't have left there, byte for byte."""
    return [
        f"`{name}` among the outputs after a kill"
        for name, digest in output_digests(target).items()
        if undisturbed.outputs.get(name) != digest
    ]


def differences(target: Path, undisturbed: Undisturbed) -> list[str]:
    """Where the end of a disturbed run isn't that of the undisturbed one."""
    found = []
    if output_digests(target) != undisturbed.outputs:
        found.append("the outputs differ")
    rows = rows_of(target)
    for item in sorted(rows.keys() | undisturbed.rows.keys()):
        if rows.get(item) != undisturbed.rows.get(item):
            found.append(f"the manifest differs in `{item}`: {rows.get(item)} for {undisturbed.rows.get(item)}")
    decisions = decisions_of(target)
    for digest, faces in undisturbed.decisions.items():
        if decisions.get(digest) != faces:
            found.append(f"the decisions on {digest[:12]} differ")
    if decisions.keys() != undisturbed.decisions.keys():
        found.append("the log has other outputs")
    if any((target / STATE).glob("staging/*")):
        found.append("something is left in the staging folder")
    verified = subprocess.run([*COMMAND, "audit", "verify", str(target / LOG)], capture_output=True, check=False)
    if verified.returncode:
        found.append(f"the log doesn't verify: {verified.stderr.decode().strip()}")
    return found


def tree_digests(root: Path) -> dict[str, str]:
    """Of every file below `root`: content, mode and time of change; links by where they point."""
    found = {}
    for path in _walk(root):
        status = path.lstat()
        content = os.readlink(path) if path.is_symlink() else _digest(path) if path.is_file() else "special"  # noqa: PTH115
        found[str(path.relative_to(root))] = f"{content} {status.st_mode:o} {status.st_mtime_ns}"
    return found


def output_digests(target: Path) -> dict[str, str]:
    """Of every file below `target` but for the batch's own state and log."""
    found = {}
    for path in _walk(target):
        name = str(path.relative_to(target))
        if path.is_file() and not name.startswith((STATE, LOG)):
            found[name] = _digest(path)
    return found


def rows_of(target: Path) -> dict[str, dict[str, Any]]:
    """What the manifest says of each item, without what may differ from run to run: times, ids, numbers of tries."""
    manifest = open_manifest(target / STATE / "manifest.sqlite")
    try:
        return {row.item: _lasting(row) for row in manifest.rows()}
    finally:
        manifest.close()


def _lasting(row: Row) -> dict[str, Any]:
    return {
        "state": row.state.value,
        "target": row.target,
        "source_sha256": row.source_sha256,
        "output_sha256": row.output_sha256,
        "output_bytes": row.output_bytes,
        "fault": None if row.fault is None else row.fault.code,
        "effects": dict(row.tally.effects),
        "reasons": dict(row.tally.reasons),
        "ages": dict(row.tally.age_statuses),
        "pictures": row.tally.pictures,
        "checked": row.tally.pictures_checked,
        "fingerprint": row.fingerprint,
    }


def decisions_of(target: Path) -> dict[str, list[Any]]:
    """What was decided on the faces of each output on record, by the output's digest."""
    found: dict[str, list[Any]] = {}
    for line in (target / LOG).read_text(encoding="utf-8").splitlines():
        result = json.loads(line)["record"]["result"]
        if result["action"] == "release":
            found[result["output"]["sha256"]] = result["faces"]
    return found


def bare_faces(target: Path, outputs: dict[str, str]) -> tuple[list[str], int]:
    """Outputs in which a detector finds a face, and how many pictures it looked at. Of films every fourth picture."""
    found, count = [], 0
    for name in outputs:
        for number, pixels in enumerate(_pictures(target / name)):
            count += 1
            if faces_in(pixels):
                found.append(f"{name!r}, picture {number}")
    return found, count


def faces_in(rgb: np.ndarray[Any, Any]) -> list[float]:
    """Scores of the faces in an `(H, W, 3)` RGB picture."""
    from faceguard.detection.tiers import create_detector

    global _detector
    _detector = _detector or create_detector("thorough", threads=1)
    finds = _detector.detect(np.ascontiguousarray(rgb[..., ::-1]))
    return [find.score for find in finds if find.score >= BARE_SCORE]


_detector: Any = None


def _pictures(path: Path) -> Iterator[np.ndarray[Any, Any]]:
    import av
    from PIL import ImageSequence

    if path.suffix == ".mp4":
        with av.open(str(path)) as container:
            for number, frame in enumerate(container.decode(video=0)):
                if number % 4 == 0:
                    yield frame.to_ndarray(format="rgb24")
        return
    for frame in ImageSequence.Iterator(_picture(path)):
        yield np.asarray(frame.convert("RGB"))


def _picture(path: Path) -> Any:
    from PIL import Image

    return Image.open(path)


def _walk(root: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(root):
        for name in names:
            yield Path(folder) / name


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
