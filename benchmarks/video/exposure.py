"""Face-frames left bare, counted in the pixels of what each tool wrote.

    python benchmarks/video/exposure.py --labels DIR --notice NOTICE.toml --purpose ID [--deface /path/to/deface]
    python benchmarks/video/exposure.py --unlabelled FILM.mp4 --seen-by deface --notice NOTICE.toml --purpose ID ...

`DIR` holds the clips and `labels.json` (`labels: [{file, width, height, frames: [[{id, x, y, w, h}]]}]`, pixels, one
list for each frame). A labelled face of `--min-px` and more (shorter side) is bare when less than `--share` of its box
was covered. A pixel counts as covered when it is the fill or differs from the input by more than a codec does. The
purpose must be one for which the policy shows nobody. deface runs with its own defaults and a solid fill.

Without labels, faces are what `--seen-by` (a tier, or deface's own detector) sees picture by picture, linked to chains;
the gaps in a chain are where a tool without memory leaves the face bare (`gaps.py`).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from gaps import MIN_SIGHTINGS, chains_of, labels_of

from faceguard import FaceGuard
from faceguard.bench.deface import deface_detector
from faceguard.bench.exposure import GREY, covered_pixels, pictures
from faceguard.detection.tiers import TIERS, create_detector
from faceguard.pipeline.video.job import VideoJob

FILLS = {"faceguard": GREY, "deface": (0, 0, 0)}


def main() -> None:
    options = _options()
    labels = _labels(options)
    tools = ["faceguard", *(["deface"] if options.deface else [])]
    totals = {tool: Counter[str]() for tool in tools}
    guard = FaceGuard(notice=options.notice, purpose=options.purpose)
    with tempfile.TemporaryDirectory() as folder:
        for label in labels:
            for tool in tools:
                out = Path(folder) / f"{tool}_{label['path'].name}"
                if tool == "faceguard":
                    guard.redact_video(VideoJob(label["path"], out))
                else:
                    _deface(options.deface, label["path"], out)
                found = _count(options, label, out, FILLS[tool])
                totals[tool] += found
                print(label["path"].name, tool, dict(found))
    for tool, total in totals.items():
        share = total["bare"] / max(total["faces"], 1)
        covered = total["covered_permille"] / max(total["frames"], 1) / 1000
        print(f"{tool}: {total['bare']} of {total['faces']} face-frames bare ({share:.2%}); {covered:.0%} covered")
        if options.unlabelled:
            print(f"{tool}: {total['bare in gaps']} of {total['in gaps']} face-frames in gaps bare")


def _labels(options: argparse.Namespace) -> list[dict[str, Any]]:
    """`path` and the faces of each picture, for every clip."""
    if options.labels:
        labels = json.loads((options.labels / "labels.json").read_text())["labels"]
        return [{"path": options.labels / label["file"], "frames": label["frames"]} for label in labels]
    detector = deface_detector(1) if options.seen_by == "deface" else create_detector(options.seen_by, threads=1)
    labels = []
    for path in options.unlabelled:
        chains = chains_of(pictures(path), detector)
        gaps = sum(len(chain.gaps()) for chain in chains)
        print(f"{path.name}: {len(chains)} faces of {MIN_SIGHTINGS} pictures and more, {gaps} gaps")
        labels.append({"path": path, "frames": labels_of(chains, sum(1 for _ in pictures(path)))})
    return labels


def _deface(command: Path, source: Path, target: Path) -> None:
    subprocess.run([str(command), str(source), "--replacewith", "solid", "-o", str(target)], check=True)


def _count(options: argparse.Namespace, label: dict[str, Any], out: Path, fill: tuple[int, ...]) -> Counter[str]:
    found: Counter[str] = Counter()
    pairs = zip(pictures(label["path"]), pictures(out), label["frames"], strict=True)
    for before, after, faces in pairs:
        if after.shape != before.shape:
            after = np.asarray(cv2.resize(after, (before.shape[1], before.shape[0])), np.uint8)
        covered = covered_pixels(before, after, fill)
        found["frames"] += 1
        found["covered_permille"] += round(float(covered.mean()) * 1000)
        for face in faces:
            if min(face["w"], face["h"]) < options.min_px:
                continue
            x0, y0 = max(0, int(face["x"])), max(0, int(face["y"]))
            box = covered[y0 : int(face["y"] + face["h"]) + 1, x0 : int(face["x"] + face["w"]) + 1]
            if box.size:
                bare = bool(box.mean() < options.share)
                found["faces"] += 1
                found["bare"] += bare
                if face.get("in_gap"):
                    found["in gaps"] += 1
                    found["bare in gaps"] += bare
                if bare:
                    found[f"bare id {face['id']}"] += 1
    return found


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    clips = parser.add_mutually_exclusive_group(required=True)
    clips.add_argument("--labels", type=Path)
    clips.add_argument("--unlabelled", type=Path, nargs="+")
    parser.add_argument("--seen-by", choices=[*TIERS, "deface"], default="balanced")
    parser.add_argument("--notice", type=Path, required=True)
    parser.add_argument("--purpose", required=True)
    parser.add_argument("--deface", type=Path)
    parser.add_argument("--min-px", type=float, default=16)
    parser.add_argument("--share", type=float, default=0.5)
    return parser.parse_args()


if __name__ == "__main__":
    main()
