"""How much of each labelled face the covered region holds, with real detections (FG-R04).

    python benchmarks/head_coverage.py --labels DIR --out benchmarks/results

`DIR` holds `labels.json` (`labels: [{file, faces: [{x, y, w, h, ignore?}]}]`, pixels) and the pictures. Counted are
faces of `--min-px` and more that the detector found: what it misses is the detector's benchmark, not this one's.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from faceguard.detection.tiers import create_detector
from faceguard.geometry import clip, intersection_area, iou
from faceguard.redaction.coverage import RegionKind, head_region
from faceguard.types import Box, Detector

CASES = {
    "detector's box": (RegionKind.FACE, 0.0),
    "face, margin 0.25": (RegionKind.FACE, 0.25),
    "head, margin 0": (RegionKind.HEAD, 0.0),
    "head, margin 0.25 (presets)": (RegionKind.HEAD, 0.25),
}


def main() -> None:
    options = _options()
    shares: dict[str, list[float]] = {name: [] for name in CASES}
    detector = create_detector(options.tier, threads=1)
    for folder in options.labels:
        labels = json.loads((folder / "labels.json").read_text())["labels"]
        for label in labels[:: options.every]:
            _add(folder, label, detector, options.min_px, shares)
    rows = {name: _row(np.array(found)) for name, found in shares.items()}
    text = json.dumps({"tier": options.tier, "min_px": options.min_px, "regions": rows}, indent=1)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "head_coverage.json").write_text(text + "\n")
    print(text)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--labels", type=Path, action="append", required=True)
    parser.add_argument("--tier", default="live")
    parser.add_argument("--min-px", type=int, default=24)
    parser.add_argument("--every", type=int, default=1, help="take each n-th picture")
    parser.add_argument("--out", type=Path, required=True)
    return parser.parse_args()


def _add(folder: Path, label: dict[str, Any], detector: Detector, min_px: int, shares: dict[str, list[float]]) -> None:
    image = cv2.imread(str(folder / label["file"]))
    faces = [Box(f["x"], f["y"], f["x"] + f["w"], f["y"] + f["h"]) for f in label["faces"] if not f.get("ignore")]
    faces = [face for face in faces if min(face.width, face.height) >= min_px]
    if image is None or not faces:
        return
    found = detector.detect(image)
    for face in faces:
        inside = clip(face, image.shape[1], image.shape[0])
        best = max(found, key=lambda one: iou(one.box, face), default=None)
        if inside is None or best is None or iou(best.box, face) < 0.3:
            continue
        for name, (kind, margin) in CASES.items():
            region = clip(head_region(best, margin, kind), image.shape[1], image.shape[0])
            shares[name].append(intersection_area(region, inside) / inside.area if region is not None else 0.0)


def _row(shares: np.ndarray) -> dict[str, float]:
    return {
        "faces": len(shares),
        "mean_share_of_the_labelled_face": round(float(shares.mean()), 4),
        "faces_covered_to_99_percent": round(float((shares >= 0.99).mean()), 4),
        "faces_covered_whole": round(float((shares >= 1 - 1e-9).mean()), 4),
        "least": round(float(shares.min()), 4),
    }


if __name__ == "__main__":
    main()
