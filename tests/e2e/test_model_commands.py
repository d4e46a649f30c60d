"""`faceguard models` and `faceguard bench`, as a user runs them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import skimage.data

from faceguard.inference.manifest import load_manifest
from faceguard.opencv import cv2

FACE = {"x": 179, "y": 62, "w": 91, "h": 115}


def faceguard(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "faceguard.cli.app", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    cv2.imwrite(str(tmp_path / "a.png"), np.ascontiguousarray(skimage.data.astronaut()[:, :, ::-1]))
    (tmp_path / "labels.json").write_text(json.dumps({"labels": [{"file": "a.png", "faces": [FACE]}]}))
    return tmp_path


def test_every_model_is_listed_with_licence_and_digest() -> None:
    answer = faceguard("models", "list", "--json")
    assert answer.returncode == 0
    listed = json.loads(answer.stdout)
    assert [entry["id"] for entry in listed] == list(load_manifest().models)
    assert all(entry["licence"] and len(entry["sha256"]) == 64 for entry in listed)
    assert faceguard("models", "list").stdout.count("\n") == len(listed)


def test_the_shipped_models_are_intact() -> None:
    answer = faceguard("models", "verify", "--json")
    assert answer.returncode == 0
    assert all(entry["ok"] for entry in json.loads(answer.stdout))


def test_recall_is_measured_on_a_folder_and_kept(folder: Path) -> None:
    report = folder / "report.json"
    answer = faceguard("bench", "recall", "--data", folder, "--tier", "live", "--json", report)
    assert answer.returncode == 0, answer.stderr
    figures = {m["name"]: m["value"] for m in json.loads(report.read_text())["measurements"]}
    assert figures["live | upright | recall, faces >= 40 px"] == 100
    assert figures["live | upright | 99 % covered by the region, faces >= 40 px"] == 100
    assert figures["live | upright | unmatched finds"] == 0


def test_two_runs_are_compared_and_a_loss_shows_in_the_exit_code(folder: Path) -> None:
    before, after = folder / "before.json", folder / "after.json"
    assert faceguard("bench", "recall", "--data", folder, "--tier", "live", "--json", before).returncode == 0
    report = json.loads(before.read_text())
    same = faceguard("bench", "compare", before, before)
    assert same.returncode == 0
    assert "same within their noise" in same.stdout
    for measurement in report["measurements"]:
        if "unmatched" in measurement["name"]:
            measurement["value"] += 50
    after.write_text(json.dumps(report))
    worse = faceguard("bench", "compare", before, after)
    assert worse.returncode == 1
    assert "worse" in worse.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("recall", "--data", "{folder}", "--tier", "best"),
        ("recall", "--data", "{folder}", "--condition", "upside down"),
        ("compare", "{folder}/labels.json", "{folder}/labels.json"),
    ],
)
def test_a_wrong_request_is_one_line_and_exit_code_2(folder: Path, arguments: tuple[str, ...]) -> None:
    answer = faceguard("bench", *(text.format(folder=folder) for text in arguments))
    assert answer.returncode == 2
    assert answer.stderr.startswith("error: ")
    assert "Traceback" not in answer.stderr
