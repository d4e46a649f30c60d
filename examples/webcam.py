"""A webcam, a network camera or a file, shown safely: `python examples/webcam.py 0`, or `rtsp://...`, or `film.mp4`.

Every picture on the screen has been through notice, detection, tracking, decision, redaction and record. Without a
screen, `--save FOLDER` writes the pictures instead. Press q to stop.
"""

from __future__ import annotations

import argparse
from contextlib import closing
from pathlib import Path

import cv2

from faceguard import FaceGuard
from faceguard.pipeline.live.stream import StreamSettings

NOTICE = Path(__file__).with_name("notice.toml")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", help="a camera's number, an address or a file")
    parser.add_argument("--purpose", default="in_store_safety")
    parser.add_argument("--audit", type=Path, help="the audit log; in memory by default")
    parser.add_argument("--save", type=Path, help="a folder for the pictures, instead of a window")
    parser.add_argument("--count", type=int, help="stop after so many pictures")
    options = parser.parse_args()

    guard = FaceGuard(notice=NOTICE, purpose=options.purpose, audit=options.audit)
    source = int(options.source) if options.source.isdigit() else options.source
    count = covered = 0
    with closing(guard.stream(source, StreamSettings(latency_budget_s=0.1))) as frames:
        for frame in frames:
            count += 1
            covered += bool(frame.regions)
            if options.save is not None:
                options.save.mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(options.save / f"{frame.index:06}.jpg"), frame.image)
            else:
                cv2.imshow("faceguard", frame.image)
                if cv2.waitKey(1) == ord("q"):
                    break
            if count == options.count:
                break
    print(f"{count} pictures, {covered} with something covered")


if __name__ == "__main__":
    main()
