"""Peak memory of redacting a short and a long video of the same kind: it must not grow with the length.

    python benchmarks/video/memory.py --clip FILM.mp4 --notice NOTICE.toml --purpose ID [--height 720] \
        [--minutes 1 30]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import throughput


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clip", type=Path, required=True)
    parser.add_argument("--notice", type=Path, required=True)
    parser.add_argument("--purpose", required=True)
    parser.add_argument("--height", type=int, default=720)
    parser.add_argument("--minutes", type=float, nargs="+", default=[1, 30])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for minutes in options.minutes:
            clip = Path(folder) / "clip.mp4"
            count = throughput._scaled(options.clip, clip, options.height, minutes * 60)
            command = [sys.executable, throughput.__file__, "--worker", "faceguard", "--clip", str(clip)]
            command += ["--target", str(Path(folder) / "out.mp4"), "--notice", str(options.notice)]
            command += ["--purpose", options.purpose]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            (Path(folder) / "out.mp4").unlink()
            peak = json.loads(done.stdout.splitlines()[-1])["peak_mb"]
            print(f"{minutes:g} min, {count} pictures of {options.height} lines: {peak:.0f} MB")


if __name__ == "__main__":
    main()
