"""Rank-1 and verification AUC, with intervals over people."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
TIE = 1e-9


@dataclass(frozen=True, slots=True)
class Score:
    """Means and 99 % intervals over resampled people. `rank1_chance` is one in the size of the gallery."""

    probes: int
    people: int
    rank1: float
    rank1_low: float
    rank1_high: float
    rank1_chance: float
    auc: float
    auc_low: float
    auc_high: float

    @property
    def at_chance(self) -> bool:
        """Whether guessing explains it: neither interval lies above chance."""
        return self.rank1_low <= self.rank1_chance + TIE and self.auc_low <= 0.5 + TIE

    def as_dict(self) -> dict[str, float | bool]:
        return {**asdict(self), "at_chance": bool(self.at_chance)}


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One attack on one group of people: `scores` `(probes, gallery)`, and which gallery entry each probe truly is."""

    scores: NDArray[np.float64]
    truth: NDArray[np.intp]


def score(trials: list[Trial], rng: np.random.Generator) -> Score:
    """Pools trials with disjoint people. Ties count as guesses between the tied."""
    hits = np.concatenate([_hits(trial) for trial in trials])
    wins = np.concatenate([_wins(trial) for trial in trials])
    offsets = np.cumsum([0, *[trial.scores.shape[1] for trial in trials]])[:-1]
    person = np.concatenate([trial.truth + offset for trial, offset in zip(trials, offsets, strict=True)])
    people = np.unique(person)
    by_person = np.array([[hits[person == one].mean(), wins[person == one].mean()] for one in people])
    picks = rng.integers(0, len(people), (RESAMPLES, len(people)))
    spread = np.quantile(by_person[picks].mean(axis=1), [0.005, 0.995], axis=0)
    mean = by_person.mean(axis=0)
    chance = float(np.mean([1 / trial.scores.shape[1] for trial in trials]))
    rank1, auc = ((float(mean[n]), float(spread[0][n]), float(spread[1][n])) for n in (0, 1))
    return Score(len(hits), len(people), *rank1, chance, *auc)


def _hits(trial: Trial) -> NDArray[np.float64]:
    """Chance that each probe's best gallery entry is the true one."""
    own = trial.scores[np.arange(len(trial.truth)), trial.truth]
    best = trial.scores >= trial.scores.max(axis=1, keepdims=True) - TIE
    return np.where(best[np.arange(len(own)), trial.truth], 1 / best.sum(axis=1), 0.0)


def _wins(trial: Trial) -> NDArray[np.float64]:
    """Share of all wrong pairs of the trial that each probe's true pair beats; their mean is the AUC."""
    mask = np.zeros(trial.scores.shape, dtype=bool)
    mask[np.arange(len(trial.truth)), trial.truth] = True
    own, wrong = np.round(trial.scores[mask], 9), np.round(trial.scores[~mask], 9)
    wrong.sort()
    beaten, not_above = np.searchsorted(wrong, own, "left"), np.searchsorted(wrong, own, "right")
    return np.asarray((beaten + not_above) / (2 * len(wrong)))
