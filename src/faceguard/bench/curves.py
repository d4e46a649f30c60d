"""Curves as PNG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from faceguard.atomic import atomic_path
from faceguard.errors import ConfigurationError


def draw_curves(
    path: Path, title: str, x_label: str, y_label: str, x: Sequence[str], curves: Mapping[str, Sequence[float]]
) -> None:
    """One line for each of `curves`, over the classes `x`. Raises ConfigurationError without matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ConfigurationError("drawing curves needs matplotlib: `pip install 'faceguard-sdk[bench]'`") from error
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    for name, values in curves.items():
        axes.plot(range(len(x)), values, marker="o", label=name)
    axes.set_xticks(range(len(x)), x)
    axes.set(title=title, xlabel=x_label, ylabel=y_label)
    axes.grid(alpha=0.3)
    axes.legend()
    with atomic_path(path, overwrite=True) as partial:
        figure.savefig(partial, dpi=120, format="png")
