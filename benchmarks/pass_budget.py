"""What each pass of a plan is worth: recall without it, at equally many unmatched finds, and what it costs.

    python benchmarks/pass_budget.py --data DIR [--every N]

A pass that is left out takes its evidence with it; the limit on the probability is then moved until as many finds are
unmatched as with the whole plan, so that the recalls can be compared.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from faceguard.bench.environment import describe_environment
from faceguard.bench.labels import LabelledPicture, read_labels
from faceguard.bench.recall import FOUND_FROM, MARGIN
from faceguard.bench.report import Measurement, Report, as_table, write_report
from faceguard.bench.scoring import covered_share, grown, unmatched
from faceguard.detection.candidates import Candidates
from faceguard.detection.plan import Pass, Plan, PlannedDetector
from faceguard.detection.scaling import Pyramid
from faceguard.detection.tiers import TIERS
from faceguard.opencv import cv2

Finds = list[dict[Pass, Candidates]]
RESULT = Path(__file__).parent / "results" / "pass_budget.json"


def look(pictures: Sequence[LabelledPicture], passes: set[Pass]) -> tuple[Finds, dict[Pass, float]]:
    """What each pass finds in each picture, and its mean CPU time in ms."""
    finds: Finds = []
    spent = dict.fromkeys(passes, 0.0)
    for picture in pictures:
        image = np.asarray(cv2.imread(str(picture.path), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION), np.uint8)
        pyramid = Pyramid(image)
        found = {}
        for step in passes:
            detector = PlannedDetector(replace(TIERS["thorough"], passes=(step,)), threads=1)
            start = time.process_time()
            found[step] = detector._run(step, pyramid, 0)
            spent[step] += (time.process_time() - start) * 1e3
        finds.append(found)
    return finds, {step: total / len(pictures) for step, total in spent.items()}


def recall(
    pictures: Sequence[LabelledPicture], finds: Finds, plan: Plan, allowed: int | None
) -> tuple[float, float, int]:
    """Recall of faces >= 16 and >= 40 px in per cent, and unmatched finds, at most `allowed` of them."""
    joined = [plan.fusion.join([(step.network, found[step]) for step in plan.passes])[0] for found in finds]
    limit = plan.min_probability
    if allowed is not None:
        limit = min((t for t in np.linspace(0.02, 0.9, 89) if _unmatched(pictures, joined, t) <= allowed), default=0.9)
    shares, sizes = [], []
    for picture, faces in zip(pictures, joined, strict=True):
        counted = picture.boxes[~picture.ignored]
        shares.append(covered_share(counted, grown(faces.boxes[faces.scores >= limit].astype(float), MARGIN)))
        sizes.append(np.sqrt((counted[:, 2:] - counted[:, :2]).prod(axis=1)))
    found_, size = np.concatenate(shares) >= FOUND_FROM, np.concatenate(sizes)
    return 100 * found_[size >= 16].mean(), 100 * found_[size >= 40].mean(), _unmatched(pictures, joined, limit)


def _unmatched(pictures: Sequence[LabelledPicture], joined: Sequence[Candidates], limit: float) -> int:
    return sum(
        unmatched(faces.boxes[faces.scores >= limit].astype(float), picture.boxes)
        for picture, faces in zip(pictures, joined, strict=True)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--every", type=int, default=1)
    arguments = parser.parse_args()
    pictures = read_labels(arguments.data)[:: arguments.every]
    plans = {tier: TIERS[tier] for tier in ("balanced", "thorough")}
    finds, cost = look(pictures, {step for plan in plans.values() for step in plan.passes})
    rows = []
    for tier, plan in plans.items():
        whole = recall(pictures, finds, plan, None)
        rows += _rows(f"{tier}, whole plan", whole, sum(cost[step] for step in plan.passes))
        for step in plan.passes:
            without = replace(plan, passes=tuple(other for other in plan.passes if other != step))
            name = f"{tier} without {step.network.model_id} at {step.side_px}"
            rows += _rows(name, recall(pictures, finds, without, whole[2]), sum(cost[s] for s in without.passes))
    report = Report(
        suite="pass_budget",
        environment=describe_environment(),
        parameters={"data": arguments.data.name, "pictures": str(len(pictures)), "threads": "1"},
        measurements=rows,
    )
    print(as_table(report))
    write_report(report, RESULT)


def _rows(name: str, figures: tuple[float, float, int], cpu_ms: float) -> list[Measurement]:
    return [
        Measurement(name=f"{name} | faces >= 16 px", value=figures[0], unit="%", better="higher"),
        Measurement(name=f"{name} | >= 40 px", value=figures[1], unit="%", better="higher"),
        Measurement(name=f"{name} | unmatched", value=figures[2], unit="finds", better="lower"),
        Measurement(name=f"{name} | CPU ms", value=cpu_ms, unit="ms", better="lower"),
    ]


if __name__ == "__main__":
    main()
