"""The leak suite: every method of ours over the region of the presets, under every attack that needs no weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from faceguard.bench.leak.attacks import (
    Group,
    Views,
    learned_inversion,
    linear_inversion,
    linear_inversion_embedded,
    make_groups,
    off_the_shelf,
    parrot,
)
from faceguard.bench.leak.covers import BARE, Cover, CoverFacts, examine, our_cover
from faceguard.bench.leak.recogniser import OnnxRecogniser
from faceguard.bench.leak.scenes import Scene, made_backgrounds, make_scenes, read_people
from faceguard.bench.leak.scoring import Score, Trial, score
from faceguard.bench.report import Better, Measurement
from faceguard.errors import ConfigurationError
from faceguard.redaction.coverage import RegionKind
from faceguard.redaction.registry import METHODS
from faceguard.types import Detector

SEED = 20260801
EXAMINED_SCENES = 60
MIN_PEOPLE = 4
"""Two halves of two: with fewer there is nobody to be mistaken for."""

Attack = Callable[[Group, Cover, Views], Trial]


@dataclass(frozen=True, slots=True)
class Attacked:
    """What was found of one redaction; `scores` by attack."""

    facts: CoverFacts
    scores: Mapping[str, Score]


def read_scenes(folder: Path, detector: Detector, max_pictures: int) -> list[Scene]:
    """Scenes of the people of `folder` of whom two and more faces are found. Raises ConfigurationError for too few."""
    rng = np.random.default_rng(SEED)
    pictures = [(person, file) for person, own in read_people(folder).items() for file in own[:max_pictures]]
    scenes = make_scenes(pictures, made_backgrounds(rng), detector, rng)
    people = [scene.person for scene in scenes]
    scenes = [scene for scene in scenes if people.count(scene.person) >= 2]
    found = len({scene.person for scene in scenes})
    if found < MIN_PEOPLE:
        raise ConfigurationError(
            f"`{folder}` shows {found} people with two findable faces; the attacks need {MIN_PEOPLE} and more, with a "
            "folder of pictures for each",
            path=folder,
        )
    return scenes


def default_covers(margin: float) -> list[Cover]:
    """The bare picture as a control, and each method over the head."""
    return [BARE, *[our_cover(name, RegionKind.HEAD, margin, f"head + {margin:g}") for name in METHODS]]


def run_leak(
    scenes: Sequence[Scene],
    covers: Sequence[Cover],
    detector: Detector,
    recogniser: OnnxRecogniser | None,
    progress: Callable[[str], None],
) -> dict[str, Attacked]:
    """Attacks every cover, by its label."""
    rng = np.random.default_rng(SEED)
    groups = make_groups("people", scenes, scenes, halve_from=MIN_PEOPLE)
    picked = [scenes[number] for number in rng.permutation(len(scenes))[:EXAMINED_SCENES]]
    views = Views({} if recogniser is None else {"recogniser": recogniser.images})
    found = {}
    for cover in covers:
        scores = {}
        for name, attack in _attacks(recogniser).items():
            progress(f"{cover.label}: {name}")
            scores[name] = score([attack(group, cover, views) for group in groups], rng)
        found[cover.label] = Attacked(examine(cover, picked, detector), scores)
        if cover is not BARE:
            views.forget(cover)
    return found


def _attacks(recogniser: OnnxRecogniser | None) -> dict[str, Attack]:
    attacks: dict[str, Attack] = {
        "parrot on pixels": lambda group, cover, views: parrot(group, cover, views, "pixels"),
        "linear inversion": linear_inversion,
    }
    if recogniser is None:
        return attacks
    embed = recogniser.crops
    return attacks | {
        "recogniser": lambda group, cover, views: off_the_shelf(group, cover, views, "recogniser"),
        "parrot on recogniser": lambda group, cover, views: parrot(group, cover, views, "recogniser"),
        "linear inversion, recogniser": lambda group, cover, views: linear_inversion_embedded(
            group, cover, views, "recogniser", embed
        ),
        "learned inversion": lambda group, cover, views: learned_inversion(group, cover, views, "recogniser"),
    }


def measurements(found: Mapping[str, Attacked]) -> list[Measurement]:
    """Figures of each cover; the noise of a score is half its 99 % interval over people."""
    figures = []
    for label, attacked in found.items():
        better: Better = "neither" if label == BARE.label else "lower"
        for attack, result in attacked.scores.items():
            name = f"{label} | {attack}"
            rank1_noise, auc_noise = (result.rank1_high - result.rank1_low) / 2, (result.auc_high - result.auc_low) / 2
            figures += [
                _figure(f"{name} | rank-1", 100 * result.rank1, "%", 100 * rank1_noise, better),
                _figure(f"{name} | AUC", result.auc, "", auc_noise, better),
            ]
        above = sum(not result.at_chance for result in attacked.scores.values())
        seen = attacked.facts.still_detected
        # Two standard deviations of a share of so many scenes.
        seen_noise = 2 * (seen * (1 - seen) / attacked.facts.scenes) ** 0.5
        figures += [
            _figure(f"{label} | attacks above chance", above, "", 0, better),
            _figure(f"{label} | depends on the face", attacked.facts.depends_on_inside, "", 0, better),
            _figure(f"{label} | still detected", 100 * seen, "%", 100 * seen_noise, better),
        ]
    chance = next(iter(next(iter(found.values())).scores.values())).rank1_chance
    return [*figures, _figure("rank-1 by guessing", 100 * chance, "%", 0, "neither")]


def _figure(name: str, value: float, unit: str, noise: float, better: Better) -> Measurement:
    return Measurement(name=name, value=float(value), unit=unit, noise=noise, better=better)
