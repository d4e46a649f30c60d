"""What each gate is worth: error and false adults on pictures made worse step by step, with the gates and without.

    python benchmarks/age/gates.py LABELS --images DIR [--every 8] [--out FILE.json]

Each picture is spoiled the same way (smaller, blurred, darker, masked, ...), so that age and person stay the same. The
detector looks at the unspoiled picture: what is measured is the age estimate, not the detector.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from faceguard.age.calibration import shipped_calibration
from faceguard.age.labelled import Label, crop_face, read_labelled
from faceguard.age.observe import MAX_SPREAD_YEARS, observe
from faceguard.age.quality import LIMITS, QualityLimits, fault_of
from faceguard.detection.tiers import create_detector
from faceguard.geometry import move_detection
from faceguard.opencv import cv2
from faceguard.types import Detection

Image = NDArray[np.uint8]
Spoil = Callable[[Image, Detection], tuple[Image, Detection]]
NO_LIMITS = QualityLimits(*(-np.inf if field.name.startswith("min") else np.inf for field in fields(QualityLimits)))


def smaller(face_px: float) -> Spoil:
    def spoil(image: Image, face: Detection) -> tuple[Image, Detection]:
        factor = face_px / min(face.box.width, face.box.height)
        small = np.asarray(cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)
        return small, move_detection(face, 0, 0, small.shape[1] / image.shape[1], small.shape[0] / image.shape[0])

    return spoil


def blurred(share: float) -> Spoil:
    return lambda image, face: (np.asarray(cv2.GaussianBlur(image, (0, 0), share * face.box.width), np.uint8), face)


def smeared(share: float) -> Spoil:
    def spoil(image: Image, face: Detection) -> tuple[Image, Detection]:
        length = max(3, round(share * face.box.width))
        kernel = np.full((1, length), 1 / length, np.float32)
        return np.asarray(cv2.filter2D(image, -1, kernel, borderType=cv2.BORDER_REPLICATE), np.uint8), face

    return spoil


def toned(gain: float, offset: float) -> Spoil:
    return lambda image, face: (np.clip(image * gain + offset, 0, 255).astype(np.uint8), face)


def masked(colour: tuple[int, int, int]) -> Spoil:
    def spoil(image: Image, face: Detection) -> tuple[Image, Detection]:
        left, right, nose, mouth_left, mouth_right = (np.array(p) for p in landmark_points(face))
        eyes, mouth = (left + right) / 2, (mouth_left + mouth_right) / 2
        span = float(np.hypot(*(mouth - eyes)))
        across = (right - left) / max(float(np.hypot(*(right - left))), 1.0)
        down = np.array([-across[1], across[0]])
        top = (eyes + nose) / 2 + 0.12 * span * down
        outline = [top - span * across, top, top + span * across, mouth + 0.75 * span * across + 0.55 * span * down]
        outline += [mouth + 0.8 * span * down, mouth - 0.75 * span * across + 0.55 * span * down]
        covered = image.copy()
        cv2.fillPoly(covered, [np.array(outline).round().astype(np.int32)], colour)
        return covered, face

    return spoil


def dark_glasses(image: Image, face: Detection) -> tuple[Image, Detection]:
    points = landmark_points(face)
    distance = float(np.hypot(points[1][0] - points[0][0], points[1][1] - points[0][1]))
    covered = image.copy()
    for x, y in points[:2]:
        axes = (round(0.42 * distance), round(0.3 * distance))
        cv2.ellipse(covered, (round(x), round(y)), axes, 0, 0, 360, (20, 20, 20), -1)
    return covered, face


def cut_below(share: float) -> Spoil:
    return lambda image, face: (image[: max(20, round(face.box.y0 + face.box.height * (1 - share)))], face)


def landmark_points(face: Detection) -> tuple[tuple[float, float], ...]:
    assert face.landmarks is not None
    return face.landmarks.points


SPOILS: dict[str, Spoil] = {
    "as it is": lambda image, face: (image, face),
    **{f"face of {px} px": smaller(px) for px in (48, 32, 24, 16)},
    **{f"blur, sigma {share:.0%} of width": blurred(share) for share in (0.02, 0.04, 0.06)},
    "motion, 12 % of width": smeared(0.12),
    **{f"light x {gain}": toned(gain, 0) for gain in (0.25, 0.1, 2.2)},
    **{f"contrast x {gain}": toned(gain, 128 * (1 - gain)) for gain in (0.3, 0.12)},
    "white mask": masked((235, 240, 240)),
    "blue mask": masked((190, 150, 90)),
    "black mask": masked((25, 25, 25)),
    "dark glasses": dark_glasses,
    **{f"cut off below, {share:.0%}": cut_below(share) for share in (0.2, 0.35)},
}


def measure(faces: list[tuple[Label, Image, Detection]], spoil: Spoil, challenge_age: float) -> dict[str, float]:
    """One row of the table."""
    calibration = shipped_calibration()
    ages, scores, answered = [], [], []
    for label, image, face in faces:
        crop = crop_face(*spoil(image, face))
        if crop is None:
            continue
        every = observe([crop], limits=NO_LIMITS, max_spread_years=np.inf, threads=1)
        assert every.looks is not None
        ages.append(label.age)
        scores.append(float(calibration.scores(every.looks.years)[0]))
        assert every.qualities[0] is not None
        agreed = every.looks.years.std() <= MAX_SPREAD_YEARS
        answered.append(agreed and fault_of(every.qualities[0], LIMITS) is None)
    age, score, gate = np.array(ages), np.array(scores), np.array(answered)
    teens, adults = (age >= 10) & (age <= 17), age >= 20
    passed = score >= challenge_age
    return {
        "people": len(age),
        "answered": float(gate.mean()),
        "mae_without": float(np.abs(score - age).mean()),
        "mae_with": float(np.abs(score - age)[gate].mean()) if gate.any() else float("nan"),
        "bias_10_17_without": float((score - age)[teens].mean()),
        "passed_10_17_without": float(passed[teens].mean()),
        "passed_10_17_with": float((passed & gate)[teens].mean()),
        "passed_20_up_without": float(passed[adults].mean()),
        "passed_20_up_with": float((passed & gate)[adults].mean()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels", type=Path)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--every", type=int, default=8, help="take every n-th adult and every third of 10 to 17")
    parser.add_argument("--challenge-age", type=float, default=23.0)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    detector = create_detector("live", threads=1)
    faces = []
    labels = read_labelled(arguments.labels, arguments.images).labels
    teens = [label for label in labels if 10 <= label.age <= 17][::3]
    for label in teens + [label for label in labels if label.age >= 20][:: arguments.every]:
        image = np.asarray(cv2.imread(str(arguments.images / label.file)), np.uint8)
        found = detector.detect(image)
        if found and found[0].landmarks is not None:
            faces.append((label, image, found[0]))
    rows = {}
    head = f"{'':<26}{'answered':>9}{'MAE':>13}{'bias 10-17':>12}{'10-17 passed':>16}{'20+ passed':>14}"
    print(
        head, f"{'':<26}{'':>9}{'without  with':>13}{'without':>12}{'without  with':>16}{'without with':>14}", sep="\n"
    )
    for name, spoil in SPOILS.items():
        row = rows[name] = measure(faces, spoil, arguments.challenge_age)
        print(
            f"{name:<26}{row['answered']:>9.0%}{row['mae_without']:>8.2f}{row['mae_with']:>6.2f}"
            f"{row['bias_10_17_without']:>+11.2f}{row['passed_10_17_without']:>9.1%}{row['passed_10_17_with']:>7.1%}"
            f"{row['passed_20_up_without']:>9.0%}{row['passed_20_up_with']:>6.0%}",
            flush=True,
        )
    if arguments.out:
        arguments.out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
