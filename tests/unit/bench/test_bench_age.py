"""The age benchmark, with a detector and an estimator whose answers are known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from faceguard.age.labelled import LabelledSet, read_labelled
from faceguard.bench.age import look_at_all, measurements, one_for_each_threshold, passed_by_age, under_policy
from faceguard.bench.report import Measurement, read_report
from faceguard.cli.app import app
from faceguard.opencv import cv2
from faceguard.policy.load import load_policy
from faceguard.types import AgeAnswer, AgeCalibrationFigures, AgeEstimate, Box, Detection, FaceCrop

SIDE = 200
NO_FIGURES = AgeCalibrationFigures("", ())


class WholePicture:
    """Takes each picture for one face, except an all black one."""

    model_ids = ("whole",)

    def detect(self, image: np.ndarray) -> tuple[Detection, ...]:
        height, width = image.shape[:2]
        return (Detection(Box(0, 0, width, height), 0.99),) if image.any() else ()


class Brightness:
    """Reads the age off the picture: its grey level in years."""

    model_ids = ("grey",)
    figures = NO_FIGURES

    def estimate(self, crops: Sequence[FaceCrop]) -> tuple[AgeAnswer, ...]:
        return tuple(AgeEstimate(years, 1.0, years, "grey") for years in (float(crop.image.mean()) for crop in crops))


def _labelled(folder: Path, ages: Sequence[tuple[int, int]]) -> LabelledSet:
    """Pictures of true age and shown age."""
    rows = []
    for number, (age, shown) in enumerate(ages):
        cv2.imwrite(str(folder / f"{number}.png"), np.full((SIDE, SIDE, 3), shown, np.uint8))
        rows.append({"file": f"{number}.png", "age": age})
    (folder / "labels.json").write_text(json.dumps(rows))
    return read_labelled(folder / "labels.json", folder)


def _figures(folder: Path, ages: Sequence[tuple[int, int]]) -> dict[str, Measurement]:
    looked, seconds = look_at_all(_labelled(folder, ages), WholePicture(), Brightness(), lambda _: None)
    result = under_policy(looked, load_policy("jp-appi-2026"), NO_FIGURES)
    return {m.name.removeprefix("jp-appi-2026 | "): m for m in measurements([result], seconds)}


def test_rates_and_error_are_those_of_the_answers(tmp_path: Path) -> None:
    """FG-A05: of four children one looks 50; of three adults in their twenties one looks 18; of one of 40 none."""
    ages = [(8, 8), (11, 50), (13, 14), (15, 15), (20, 18), (25, 40), (29, 50), (40, 45)]
    figures = _figures(tmp_path, ages)
    assert figures["passed as adults, under 12"].value == 50
    assert figures["passed as adults, 12 to 15"].value == 0
    assert figures["passed as adults, under 16 (the threshold)"].value == 25
    assert figures["passed as adults, 20 to 29"].value == pytest.approx(200 / 3)
    assert figures["passed as adults, 30 and over"].value == 100
    assert figures["MAE of those answered"].value == pytest.approx(np.mean([0, 39, 1, 0, 2, 15, 21, 5]))
    assert figures["estimate of a face"].value >= 0


def test_the_noise_is_half_of_the_exact_interval(tmp_path: Path) -> None:
    """None of one: 0 to 97.5 % (Clopper and Pearson)."""
    assert _figures(tmp_path, [(15, 10), (40, 50)])["passed as adults, 12 to 15"].noise == pytest.approx(97.5 / 2)


def test_a_band_with_nobody_has_no_figure(tmp_path: Path) -> None:
    assert not any("12 to 15" in name for name in _figures(tmp_path, [(8, 8), (40, 50)]))


def test_a_picture_without_a_face_is_not_acquired_and_not_passed(tmp_path: Path) -> None:
    figures = _figures(tmp_path, [(15, 15), (40, 0)])
    assert figures["no face found"].value == 50
    assert figures["passed as adults, 30 and over"].value == 0


def test_the_curve_has_the_ages_that_are_there(tmp_path: Path) -> None:
    looked, _ = look_at_all(
        _labelled(tmp_path, [(8, 50), (15, 5), (40, 50)]), WholePicture(), Brightness(), lambda _: None
    )
    ages, curves = passed_by_age([under_policy(looked, load_policy("jp-appi-2026"), NO_FIGURES)])
    assert ages == ["8", "15"]
    assert list(curves.values()) == [[100.0, 0.0]]


def test_each_threshold_has_one_preset() -> None:
    thresholds = [policy.age.guardian_consent_age_years.value for policy in one_for_each_threshold()]
    assert len(thresholds) == len(set(thresholds)) > 1


def test_the_command_writes_a_report_and_a_picture(tmp_path: Path) -> None:
    _labelled(tmp_path, [(15, 90), (40, 200)])
    target, picture = tmp_path / "age.json", tmp_path / "age.png"
    command = ["bench", "age", str(tmp_path / "labels.json"), "--images", str(tmp_path), "--tier", "live"]
    result = CliRunner().invoke(app, [*command, "--json", str(target), "--curves", str(picture)])
    assert result.exception is None, result.exception
    report = read_report(target)
    assert report.suite == "age"
    assert report.named()["jp-appi-2026 | no face found"].value == 100
    assert picture.read_bytes().startswith(b"\x89PNG")
