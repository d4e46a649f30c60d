"""Can a redacted face be told, or got back? Ours and others' redactions under the same attacks, in one run.

    python benchmarks/redaction_leak --people DIR --people DIR --strangers DIR --out benchmarks/results

`--people DIR` holds `images/<person>/*`; `--strangers DIR` holds one picture of each of many other people.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from attacks import Group, Views, run_attacks
from covers import Cover, all_covers
from embed import DlibResNet, SFace
from measure import score
from report import Results, as_json, as_table, draw
from scenes import SUFFIXES, Scene, make_scenes, read_people

from faceguard.detection.tiers import create_detector
from faceguard.geometry import iou
from faceguard.types import Detector

SEED = 20260801
DETECTOR_SCENES = 60


def main() -> None:
    options = _options()
    rng = np.random.default_rng(SEED)
    finder = create_detector("live", threads=1)
    files = sorted(f for f in options.strangers.iterdir() if f.suffix.lower() in SUFFIXES)
    picked = rng.permutation(len(files))[: options.max_strangers]
    strangers = make_scenes([(f"stranger/{number}", files[number]) for number in picked], finder, rng)
    sets = []
    for folder in options.people:
        found = read_people(folder)
        pictures = [(person, file) for person, own in found.items() for file in own[: options.max_pictures]]
        sets.append((folder.name, make_scenes(pictures, finder, rng)))
        print(f"{folder.name}: {len(sets[-1][1])} of {len(pictures)} faces found", flush=True)
    groups = {name: _groups(name, scenes, sets, strangers) for name, scenes in sets}
    covers = [cover for cover in all_covers() if options.only is None or options.only in cover.label]
    bare = all_covers()[0]
    views, results, facts = Views(SFace(), DlibResNet()), {name: {} for name in groups}, {}
    for cover in covers:
        start = time.process_time()
        facts[cover.label] = _facts(cover, [scene for _, scenes in sets for scene in scenes], finder, rng)
        for name, parts in groups.items():
            trials: dict[str, list] = {}
            for group in parts:
                for attack, trial in run_attacks(group, cover, bare, views):
                    trials.setdefault(attack, []).append(trial)
            results[name][cover.label] = {attack: score(found, rng) for attack, found in trials.items()}
        if cover is not covers[0]:
            views.forget(cover)
        print(f"{cover.label}: {time.process_time() - start:.0f} s of CPU", flush=True)
        _write(options, results, covers[: len(facts)], facts)
    print((options.out / "redaction_leak.md").read_text())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="redaction_leak", description=__doc__)
    parser.add_argument("--people", type=Path, action="append", required=True)
    parser.add_argument("--strangers", type=Path, required=True)
    parser.add_argument("--max-strangers", type=int, default=500)
    parser.add_argument("--max-pictures", type=int, default=10, help="of each person")
    parser.add_argument("--only", help="attack only redactions whose label holds this text")
    parser.add_argument("--out", type=Path, required=True)
    return parser.parse_args()


def _groups(name: str, scenes: list[Scene], sets: list[tuple[str, list[Scene]]], strangers: list[Scene]) -> list[Group]:
    """Sets of 20 people and more are halved: each half is attacked with what was learned of the other."""
    people = sorted({scene.person for scene in scenes})
    halves = [people[::2], people[1::2]] if len(people) >= 20 else [people]
    groups = []
    for half in halves:
        gallery, probes = [], []
        for person in half:
            own = [scene for scene in scenes if scene.person == person]
            known = max(1, len(own) // 2)
            gallery += own[:known]
            probes += own[known:]
        rest = [s for other, found in sets for s in found if s.person not in half and (other == name or len(sets) > 1)]
        groups.append(Group(name, gallery, probes, rest, strangers))
    return groups


def _facts(cover: Cover, scenes: list[Scene], detector: Detector, rng: np.random.Generator) -> dict[str, float | bool]:
    """Whether the output depends on the input in the face box (FG-R02), and how often a face is still detected."""
    picked = [scenes[number] for number in rng.permutation(len(scenes))[:DETECTOR_SCENES]]
    depends = 0
    detected = 0
    for scene in picked:
        box = scene.detection.box
        rows, columns = slice(int(box.y0) + 2, int(box.y1) - 2), slice(int(box.x0) + 2, int(box.x1) - 2)
        swapped = scene.image.copy()
        swapped[rows, columns] = 255 - swapped[rows, columns]
        covered = cover.apply(scene.image, scene.detection)
        depends += covered.tobytes() != cover.apply(swapped, scene.detection).tobytes()
        detected += any(iou(found.box, box) > 0.3 for found in detector.detect(covered))
    return {"depends_on_inside": depends > 0, "still_detected": detected / len(picked)}


def _write(
    options: argparse.Namespace, results: Results, covers: list[Cover], facts: dict[str, dict[str, float | bool]]
) -> None:
    out = options.out
    limits = {"pictures_of_each_person": options.max_pictures, "strangers": options.max_strangers}
    out.mkdir(parents=True, exist_ok=True)
    table = as_table(results, covers, facts)
    (out / "redaction_leak.json").write_text(as_json(results, covers, facts, limits) + "\n")
    (out / "redaction_leak.md").write_text("# Can a redacted face be told, or got back?\n\n" + table)
    draw(results, covers, out / "redaction_leak.png")


if __name__ == "__main__":
    main()
