"""Redacts whole corpora of odd files, each in both ways: decoded here, and in the child process for untrusted files.

    python benchmarks/fuzz/corpus.py pillow-13.0.0.tar.gz imagecodecs-2026.8.16.tar.gz FOLDER...

Folders and archives of sources (from the package index; nothing of them is built). In every picture a face is said to
be in the middle, so that each that can be read is covered, written, and read back. An outcome is `done`, or the class
of our error; `WRONG` with a reason, `CRASH` and `HANG` fail the run, and so does anything left beside the outputs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import os
import random
import select
import subprocess
import sys
import tarfile
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from faceguard import FaceGuard
from faceguard.audit.verify import verify_log
from faceguard.errors import FaceguardError
from faceguard.media.file_names import is_video
from faceguard.media.image import read_image
from faceguard.media.video_read import probe_video
from faceguard.pipeline.video.file import VideoJob
from faceguard.types import Box, Detection, Frame

NOTICE = Path(__file__).parents[2] / "examples" / "notice.toml"
NO_MEDIA = {".c", ".cc", ".cpp", ".h", ".hpp", ".py", ".pyx", ".pxd", ".md", ".rst", ".txt", ".cmake", ".in", ".java"}
MAX_FILE_BYTES = 50_000_000
MODES = ("here", "child")
MAX_STD = 0.03
"""Of one colour after lossy coding, as a share of the full scale."""


class MiddleFace:
    """Says that a face is in the middle of every picture."""

    model_ids: tuple[str, ...] = ()

    def detect(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        height, width = image.shape[:2]
        box = Box(width * 0.4, height * 0.4, width * 0.6, height * 0.6)
        return (Detection(box, 0.99, None, "middle"),) if min(width, height) >= 8 else ()


# ------------------------------------------------------------------------------------------------- one file


def redact(guard: FaceGuard, source: Path, target: Path) -> str:
    """What became of `source`. Anything but an error of ours, or an output that holds what it must, is wrong."""
    try:
        if is_video(source):
            report = guard.redact_video(VideoJob(source, target.with_suffix(".mkv")))
            return look_at_video(
                target.with_suffix(".mkv"), sum(report.rendered.frame_counts) if report.rendered else 0
            )
        covered = guard.redact_image(source, target).covered
        return look_at_picture(target, covered.before.frames)
    except FaceguardError as error:
        left = [path.name for path in target.parent.iterdir()]
        return f"WRONG: left {left}" if left else error.code
    except Exception:  # noqa: BLE001 - that is what is looked for
        return "WRONG: " + traceback.format_exc()


def look_at_picture(path: Path, before: Sequence[Frame]) -> str:
    """Whether the output has the pages and sizes of the input, and one colour in the middle of each."""
    after = read_image(path).frames
    if len(after) != len(before):
        return f"WRONG: {len(after)} frames of {len(before)}"
    for number, (old, new) in enumerate(zip(before, after, strict=True)):
        height, width = old.planes[0].shape[:2]
        if new.planes[0].shape[:2] != (height, width):
            return f"WRONG: frame {number} is {new.planes[0].shape} and was {old.planes[0].shape}"
        if min(height, width) < 8:
            continue
        rows, columns = (slice(side * 9 // 20, side * 11 // 20) for side in (height, width))
        middle = np.asarray(new.planes[0], float)[rows, columns]
        if middle.size and middle.std(axis=(0, 1)).max() > MAX_STD * np.iinfo(new.planes[0].dtype).max:
            return f"WRONG: the middle of frame {number} is bare"
    return "done"


def look_at_video(path: Path, count: int) -> str:
    return "done" if count and probe_video(path).videos else "WRONG: no pictures in the output"


def serve(mode: str, folder: Path) -> None:
    """Redacts what it is told, a path a line; answers with a line of JSON. Ends with standard input."""
    warnings.simplefilter("ignore")
    logging.disable()
    log = folder / "log.jsonl"
    guard = FaceGuard(
        notice=NOTICE, purpose="in_store_safety", policy="us-il-bipa", detector=MiddleFace(), audit=log,
        untrusted=mode == "child", threads=1,
    )  # fmt: skip
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        out = folder / "out"
        out.mkdir(exist_ok=True)
        print(json.dumps(redact(guard, Path(json.loads(line)), out / "safe")), file=answer, flush=True)
        for path in out.iterdir():
            path.unlink()
    if log.exists():
        verify_log(log, keys=None, moment=datetime.now(UTC))
    print(json.dumps("log holds"), file=answer, flush=True)


# ------------------------------------------------------------------------------------------------- the corpus


@dataclass
class Server:
    """A process that redacts one file after the other; a new one takes over when a file ends it."""

    mode: str
    max_s: float
    _process: subprocess.Popen[bytes] | None = None
    _folders: ExitStack = field(default_factory=ExitStack)

    def ask(self, path: Path) -> str:
        if self._process is None:
            folder = self._folders.enter_context(tempfile.TemporaryDirectory())
            command = [sys.executable, __file__, "--serve", self.mode, folder]
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        self._send((json.dumps(str(path)) + "\n").encode())
        return self._answer()

    def finish(self) -> str:
        """Lets the process verify its log, and ends it."""
        if self._process is None:
            return "log holds"
        if self._process.stdin is not None:
            self._process.stdin.close()
        told = self._answer()
        self._folders.close()
        return told

    def _send(self, line: bytes) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.write(line)
            self._process.stdin.flush()

    def _answer(self) -> str:
        process = self._process
        if process is None or process.stdout is None:
            return "CRASH: it isn't there"
        is_ready, _, _ = select.select([process.stdout], [], [], self.max_s)
        line = process.stdout.readline() if is_ready else b""
        if line:
            return str(json.loads(line))
        if not is_ready:
            process.kill()
        code = process.wait()
        self._process = None
        return f"CRASH: ended with {code}" if is_ready else f"HANG: more than {self.max_s:.0f} s"


def files_of(places: Iterable[Path], stack: ExitStack) -> Iterator[Path]:
    """Every different file that isn't source text, of folders and archives, sorted."""
    seen: set[bytes] = set()
    for place in places:
        if place.is_file():
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            with tarfile.open(place) as archive:
                archive.extractall(folder, filter="data")
            place = folder
        for path in sorted(place.rglob("*")):
            if path.is_symlink() or not path.is_file() or path.suffix.lower() in NO_MEDIA:
                continue
            if path.stat().st_size > MAX_FILE_BYTES:
                continue
            digest = hashlib.sha256(path.read_bytes()).digest()
            if digest not in seen:
                seen.add(digest)
                yield path


def run(mode: str, files: list[Path], max_s: float) -> int:
    """Redacts all in one mode, prints what became of them, and returns how many went wrong."""
    server, outcomes, wrong, began = Server(mode, max_s), Counter[str](), 0, time.monotonic()
    for path in files:
        told = server.ask(path)
        is_wrong = told.startswith(("WRONG", "CRASH", "HANG"))
        outcomes[told.partition(":")[0]] += 1
        if is_wrong:
            wrong += 1
            print(f"{mode}: {path}: {told}", flush=True)
    if (told := server.finish()) != "log holds":
        wrong += 1
        print(f"{mode}: the log: {told}")
    counts = ", ".join(f"{count} {name}" for name, count in outcomes.most_common())
    print(f"{mode}: {len(files)} files in {time.monotonic() - began:.0f} s: {counts}", flush=True)
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("places", nargs="*", type=Path, metavar="PLACE", help="folders and .tar.gz archives")
    parser.add_argument("--mode", choices=MODES, action="append", help="both by default")
    parser.add_argument("--sample", type=int, help="only so many files, drawn with a fixed seed")
    parser.add_argument("--max-s", type=float, default=150.0, help="a file that takes longer hangs")
    parser.add_argument("--serve", nargs=2, metavar=("MODE", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve[0], Path(options.serve[1]))
        return
    with ExitStack() as stack:
        files = list(files_of(options.places, stack))
        if not files:
            parser.error("no files; name folders or archives of sources")
        if options.sample is not None and options.sample < len(files):
            files = sorted(random.Random(1).sample(files, options.sample))
        wrong = sum(run(mode, files, options.max_s) for mode in options.mode or MODES)
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
