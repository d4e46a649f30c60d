"""From crops to looks: what is left out, and that order is kept."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from faceguard.age import observe as module
from faceguard.age.looks import Looks
from faceguard.age.observe import observe
from faceguard.errors import InferenceError
from faceguard.types import AgeUnknownReason, Box, Detection, FaceCrop, Landmarks

FRONTAL = Landmarks((80.0, 90.0), (120.0, 90.0), (100.0, 113.0), (83.0, 132.0), (117.0, 132.0))


def crop(*, landmarks: Landmarks | None = FRONTAL, side_px: float = 80.0) -> FaceCrop:
    """Skin-coloured noise passes every gate of quality that doesn't depend on box and points."""
    noise = np.random.default_rng(0).normal(0, 40, (200, 200, 1))
    image = np.clip(np.array([120, 140, 170]) + noise, 0, 255).astype(np.uint8)
    return FaceCrop(image, Detection(Box(60.0, 60.0, 60.0 + side_px, 160.0), 0.9, landmarks))


def answer_with(monkeypatch: pytest.MonkeyPatch, *rows: list[float]) -> None:
    def fake(faceres: list[NDArray[np.uint8]], face_api: list[NDArray[np.uint8]], *, threads: int | None) -> Looks:
        assert len(faceres) == len(face_api) == len(rows)
        return Looks(np.array(rows), np.full(len(rows), 2.0))

    monkeypatch.setattr(module, "look", fake)


def test_only_fit_crops_are_looked_at_and_keep_their_places(monkeypatch: pytest.MonkeyPatch) -> None:
    """FG-A06"""
    answer_with(monkeypatch, [20, 21, 22, 23], [40, 41, 42, 43])
    seen = observe([crop(landmarks=None), crop(), crop(side_px=10), crop()])
    assert seen.faults == (AgeUnknownReason.LOW_CONFIDENCE, None, AgeUnknownReason.TOO_SMALL, None)
    assert seen.looked_at == (1, 3)
    assert seen.looks is not None
    assert seen.looks.years[:, 0].tolist() == [20, 40]


def test_looks_that_disagree_are_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """FG-A06: 10 and 40 by the two networks is not 25."""
    answer_with(monkeypatch, [10, 10, 40, 40], [30, 30, 32, 32])
    seen = observe([crop(), crop()])
    assert seen.faults == (AgeUnknownReason.DISAGREEMENT, None)
    assert seen.looked_at == (1,)
    assert seen.looks is not None
    assert seen.looks.years.tolist() == [[30, 30, 32, 32]]


def test_when_all_disagree_there_are_no_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    answer_with(monkeypatch, [5, 5, 60, 60])
    assert observe([crop()]).looks is None


def test_what_is_not_a_number_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error, not an age: the caller redacts."""
    answer_with(monkeypatch, [20, float("nan"), 22, 23])
    with pytest.raises(InferenceError):
        observe([crop()])
