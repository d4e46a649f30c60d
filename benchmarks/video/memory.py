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

import av
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
            count = repeated(options.clip, clip, options.height, minutes * 60)
            command = [sys.executable, throughput.__file__, "--worker", "faceguard", "--clip", str(clip)]
            command += ["--target", str(Path(folder) / "out.mp4"), "--notice", str(options.notice)]
            command += ["--purpose", options.purpose]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            (Path(folder) / "out.mp4").unlink()
            peak = json.loads(done.stdout.splitlines()[-1])["peak_mb"]
            print(f"{minutes:g} min, {count} pictures of {options.height} lines: {peak:.0f} MB")


def repeated(source: Path, target: Path, height: int, seconds: float) -> int:
    """`source` scaled and encoded once; its packets then repeated to `seconds` or a little more. How many pictures."""
    once = target.with_name("once.mp4")
    with av.open(str(source)) as container:
        length_s = float(container.duration or 0) / av.time_base
    count = throughput.scale_clip(source, once, height, min(length_s, seconds))
    with av.open(str(once)) as container, av.open(str(target), "w") as out:
        stream = container.streams.video[0]
        copy = out.add_stream_from_template(stream)
        rounds = -int(-seconds * stream.average_rate // count)
        ticks = round(count / (stream.average_rate * stream.time_base))
        for turn in range(rounds):
            container.seek(0)
            for packet in container.demux(stream):
                if packet.dts is not None:
                    packet.pts, packet.dts = packet.pts + turn * ticks, packet.dts + turn * ticks
                    packet.stream = copy
                    out.mux(packet)
    return count * rounds


if __name__ == "__main__":
    main()
