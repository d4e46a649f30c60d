"""Kills runs with SIGKILL at random moments and looks at what they left: pictures, videos, and the audit log.

    python benchmarks/soak/kill.py --kills 200 --seed 1

After each kill: every output is whole and shows no face, no other file is there, every output has its record with its
digest, and the log verifies or names the torn line, which `audit repair` takes off. All runs write to one log.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from itertools import count
from pathlib import Path

import av
import numpy as np
import skimage.data
from PIL import Image

from faceguard import FaceGuard
from faceguard.audit.repair import repair_log
from faceguard.audit.verify import verify_log
from faceguard.detection.tiers import create_detector
from faceguard.errors import AuditIntegrityError
from faceguard.media.image import read_image
from faceguard.pipeline.video.job import VideoJob

NOTICE = Path(__file__).parents[2] / "examples" / "notice.toml"
LOG = "log.jsonl"
BESIDE_LOG = {LOG, f"{LOG}.head", f"{LOG}.lock"}


# ------------------------------------------------------------------------------------------------- the run


def make_sources(folder: Path) -> None:
    """The astronaut (NASA, public domain) as a picture and as a clip of 12 pictures."""
    picture = skimage.data.astronaut()
    Image.fromarray(picture).save(folder / "in.jpg", quality=92)
    with av.open(str(folder / "in.mp4"), "w") as out:
        stream = out.add_stream("libx264", rate=Fraction(24), options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 320, 320, "yuv420p"
        for shift in range(12):
            image = np.ascontiguousarray(picture[:320, 60 + shift : 380 + shift])
            out.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        out.mux(stream.encode(None))


def work(sources: Path, target: Path) -> None:
    """Redacts until it is killed. The quickest tier, so that much of the time goes into writing."""
    detector = create_detector("live", threads=1)
    guard = FaceGuard(
        notice=NOTICE, purpose="in_store_safety", policy="us-il-bipa", detector=detector, audit=target / LOG, threads=1
    )
    run = random.randrange(10**12)
    print("begins", flush=True)
    for number in count():
        guard.redact_image(sources / "in.jpg", target / f"{run}-{number}.{'png' if number % 3 else 'jpg'}")
        if number % 4 == 0:
            guard.redact_video(VideoJob(sources / "in.mp4", target / f"{run}-{number}.mp4"))


# ------------------------------------------------------------------------------------------------ the looks


@dataclass
class Looks:
    """What the kills left so far; `faults` has every breach in words."""

    seen: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    _known: dict[str, str] = field(default_factory=dict)

    def look(self, target: Path) -> None:
        """All that is new in `target` since the last look."""
        self._look_at_log(target / LOG)
        released = digests_in(target / LOG)
        for path in sorted(target.iterdir()):
            if path.name in BESIDE_LOG or path.name.startswith(f"{LOG}.torn-") or path.name in self._known:
                continue
            self._known[path.name] = ""
            if path.name.startswith("."):
                self.faults.append(f"a partial file is left: {path.name}")
                continue
            self.seen[path.suffix] += 1
            self._look_at_output(path, released)

    def _look_at_log(self, log: Path) -> None:
        if not log.exists():
            return
        now = datetime.now(UTC)
        try:
            verify_log(log, keys=None, moment=now)
            self.seen["log whole"] += 1
        except AuditIntegrityError:
            try:
                torn = repair_log(log, moment=now)
                verify_log(log, keys=None, moment=now)
                self.seen["log torn, named and repaired" if torn else "log behind its line"] += 1
            except AuditIntegrityError as error:
                self.faults.append(f"the log doesn't hold: {error}")

    def _look_at_output(self, path: Path, released: set[str]) -> None:
        if hashlib.sha256(path.read_bytes()).hexdigest() not in released:
            self.faults.append(f"{path.name} was released without a record")
        try:
            frames = decode(path)
        except Exception as error:  # noqa: BLE001 - anything that can't be read is a partial file
            self.faults.append(f"{path.name} is not whole: {error}")
            return
        detector = create_detector("live", threads=1)
        bare = sum(any(found.score > 0.6 for found in detector.detect(frame)) for frame in frames[::6])
        if bare:
            self.faults.append(f"{path.name} shows a face")


def decode(path: Path) -> list[np.ndarray]:
    if path.suffix != ".mp4":
        return [read_image(path).frames[0].planes[0]]
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    if len(frames) != 12:
        raise ValueError(f"{len(frames)} pictures of 12")
    return frames


def digests_in(log: Path) -> set[str]:
    """The digests of the outputs that the log calls released."""
    if not log.exists():
        return set()
    results = (json.loads(line)["record"]["result"] for line in log.read_bytes().splitlines())
    return {result["output"]["sha256"] for result in results if result.get("output")}


# ------------------------------------------------------------------------------------------------ the kills


def soak(kills: int, seed: int, max_run_s: float) -> Looks:
    """Starts, kills and looks, `kills` times."""
    choice, looks = random.Random(seed), Looks()
    with tempfile.TemporaryDirectory() as name:
        sources, target = Path(name) / "in", Path(name) / "out"
        sources.mkdir()
        target.mkdir()
        make_sources(sources)
        for number in range(kills):
            command = [sys.executable, __file__, "--work", str(sources), str(target)]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            began = _wait_for_begin(process)
            if choice.random() < 0.9:  # some are killed while they start
                began()
                time.sleep(choice.uniform(0, max_run_s))
            if process.poll() is not None:
                looks.faults.append(f"run {number} ended by itself with {process.returncode}")
            process.send_signal(signal.SIGKILL)
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
            looks.look(target)
            looks.seen["kills"] += 1
    return looks


def _wait_for_begin(process: subprocess.Popen[str]):
    def wait() -> None:
        if process.stdout is None or process.stdout.readline() != "begins\n":
            raise SystemExit("a run didn't begin")

    return wait


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--max-run-s", type=float, default=1.5, help="a run is killed after 0 to so many seconds")
    parser.add_argument("--work", nargs=2, type=Path, metavar=("IN", "OUT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(*options.work)
        return
    looks = soak(options.kills, options.seed, options.max_run_s)
    print(json.dumps({"seen": dict(looks.seen), "faults": looks.faults}, indent=2))
    raise SystemExit(bool(looks.faults))


if __name__ == "__main__":
    main()
