"""`faceguard age` on real pictures."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from matplotlib.cbook import get_sample_data
from skimage.data import astronaut
from typer.testing import CliRunner

from faceguard.cli.app import app
from faceguard.errors import ConfigurationError, SafetyError
from faceguard.opencv import cv2

RUNNER = CliRunner()


@pytest.fixture(name="folder")
def labelled_folder(tmp_path: Path) -> Path:
    """Two people of known age: the astronaut Eileen Collins at 43, Grace Hopper at 77; and one said to be 15."""
    cv2.imwrite(str(tmp_path / "collins.png"), np.ascontiguousarray(astronaut()[..., ::-1]))
    shutil.copy(get_sample_data("grace_hopper.jpg", asfileobj=False), tmp_path / "hopper.jpg")
    rows = [{"file": "collins.png", "age": 43, "sex": "F"}, {"file": "hopper.jpg", "age": 77, "sex": "F"}]
    (tmp_path / "adults.json").write_text(json.dumps(rows), encoding="utf-8")
    wrong = [*rows, {"file": "collins.png", "age": 15, "sex": "F"}]
    (tmp_path / "with_child.json").write_text(json.dumps(wrong), encoding="utf-8")
    return tmp_path


def test_an_adult_labelled_as_a_child_breaks_the_limit(folder: Path) -> None:
    """FG-A05: exit code 5 above the policy's limit, after the report, with every file written."""
    out = folder / "out"
    command = ["age", "evaluate", str(folder / "with_child.json"), "--images", str(folder), "--detector", "live"]
    result = RUNNER.invoke(app, [*command, "-o", str(out)])
    assert isinstance(result.exception, SafetyError)
    assert result.exception.exit_code == 5
    assert "100.0%" in result.stdout
    document = json.loads((out / "evaluation.json").read_text("utf-8"))
    assert document["false_adult"]["value"] == document["year_below"]["value"] == 1.0
    assert document["false_adult"]["low"] == pytest.approx(0.025)
    assert document["fallback"]["events"] == 0
    assert (out / "evaluation.txt").read_text("utf-8") == result.stdout
    assert (out / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_without_children_the_limit_is_not_shown(folder: Path) -> None:
    """FG-A05: nobody of 15 is no evidence."""
    command = ["age", "evaluate", str(folder / "adults.json"), "--images", str(folder), "--detector", "live", "--json"]
    result = RUNNER.invoke(app, command)
    assert isinstance(result.exception, SafetyError)
    assert json.loads(result.stdout)["fallback"]["events"] == 0


def test_a_calibration_of_a_few_pictures_says_how_little_it_is(folder: Path) -> None:
    """Two adults give no bound, no challenge age and no curve, and the file says so; such a model is uncalibrated."""
    target = folder / "mine.json"
    command = ["age", "calibrate", str(folder / "adults.json"), "--images", str(folder), "--detector", "live"]
    result = RUNNER.invoke(app, [*command, "-o", str(target), "--id", "mine", "--limit", "two women"])
    assert result.exception is None, result.exception
    document = json.loads(target.read_text("utf-8"))
    assert (document["calibration_id"], document["belt"], document["challenges"]) == ("mine", [], [])
    assert document["data"]["answered"] == 2
    assert "two women" in document["data"]["limits"]
    assert any("too thin" in words for words in document["data"]["limits"])
    with_child = ["age", "evaluate", str(folder / "with_child.json"), "--images", str(folder), "--detector", "live"]
    again = RUNNER.invoke(app, [*with_child, "--calibration", str(target)])
    assert "challenge age in force 25" in again.stdout


@pytest.mark.parametrize("prior", ["16", "17=0.1", "16=0", "16=x"])
def test_a_prior_that_is_none_is_refused(folder: Path, prior: str) -> None:
    command = ["age", "calibrate", str(folder / "adults.json"), "--images", str(folder), "-o", str(folder / "x.json")]
    result = RUNNER.invoke(app, [*command, "--prior", prior])
    assert isinstance(result.exception, ConfigurationError)
    assert not (folder / "x.json").exists()
