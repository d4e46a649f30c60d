"""Can a redacted face be told, or got back? Ours and others' redactions under the same attacks, in one run.

    python benchmarks/redaction_leak --people DIR --people DIR --strangers DIR --out benchmarks/results

`--people DIR` holds `images/<person>/*`; `--strangers DIR` holds one picture of each of many other people.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from attacks import make_views, run_attacks
from covers import all_covers
from embed import DlibResNet, SFace
from report import Results, as_json, as_table, draw
from skimage import data

from faceguard.bench.leak.attacks import make_groups
from faceguard.bench.leak.covers import BARE, Cover, CoverFacts, examine
from faceguard.bench.leak.scenes import SUFFIXES, make_scenes, read_people
from faceguard.bench.leak.scoring import Trial, score
from faceguard.detection.tiers import create_detector

SEED = 20260801
EXAMINED_SCENES = 60
HALVE_FROM = 20
"""Sets of so many people and more are halved."""


def main() -> None:
    options = _options()
    rng = np.random.default_rng(SEED)
    finder = create_detector("live", threads=1)
    files = sorted(f for f in options.strangers.iterdir() if f.suffix.lower() in SUFFIXES)
    backgrounds = [np.ascontiguousarray(image[..., ::-1]) for image in (data.coffee(), data.chelsea(), data.rocket())]
    picked = rng.permutation(len(files))[: options.max_strangers]
    strangers = make_scenes([(f"stranger/{number}", files[number]) for number in picked], backgrounds, finder, rng)
    sets = []
    for folder in options.people:
        found = read_people(folder)
        pictures = [(person, file) for person, own in found.items() for file in own[: options.max_pictures]]
        sets.append((folder.name, make_scenes(pictures, backgrounds, finder, rng)))
        print(f"{folder.name}: {len(sets[-1][1])} of {len(pictures)} faces found", flush=True)
    everyone = [scene for _, scenes in sets for scene in scenes]
    groups = {name: make_groups(name, scenes, everyone, strangers, halve_from=HALVE_FROM) for name, scenes in sets}
    covers = [cover for cover in all_covers() if options.only is None or options.only in cover.label]
    sface = SFace()
    views = make_views(sface, DlibResNet())
    results: Results = {name: {} for name in groups}
    facts: dict[str, CoverFacts] = {}
    for cover in covers:
        start = time.process_time()
        some = [everyone[number] for number in rng.permutation(len(everyone))[:EXAMINED_SCENES]]
        facts[cover.label] = examine(cover, some, finder)
        for name, parts in groups.items():
            trials: dict[str, list[Trial]] = {}
            for group in parts:
                for attack, trial in run_attacks(group, cover, views, sface):
                    trials.setdefault(attack, []).append(trial)
            results[name][cover.label] = {attack: score(found, rng) for attack, found in trials.items()}
        if cover is not BARE:
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


def _write(options: argparse.Namespace, results: Results, covers: list[Cover], facts: dict[str, CoverFacts]) -> None:
    out = options.out
    limits = {"pictures_of_each_person": options.max_pictures, "strangers": options.max_strangers}
    out.mkdir(parents=True, exist_ok=True)
    table = as_table(results, covers, facts)
    (out / "redaction_leak.json").write_text(as_json(results, covers, facts, limits) + "\n")
    (out / "redaction_leak.md").write_text("# Can a redacted face be told, or got back?\n\n" + table)
    draw(results, covers, out / "redaction_leak.png")


if __name__ == "__main__":
    main()
