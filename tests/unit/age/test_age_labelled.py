"""Labels files, and whose face of a picture is measured."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from faceguard.age.labelled import main_face, read_labelled
from faceguard.errors import ConfigurationError
from faceguard.types import Box, Detection


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    for picture in ("a.jpg", "b.jpg"):
        (folder / picture).touch()
    return path


ROWS = [{"file": "a.jpg", "age": 12, "race": "X"}, {"file": "b.jpg", "age": 30, "race": None}]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("labels.json", json.dumps(ROWS)),
        ("labels.json", json.dumps({"origin": "somewhere", "labels": ROWS})),
        ("labels.csv", "file,age,race\na.jpg,12,X\nb.jpg,30,\n"),
    ],
)
def test_three_forms_say_the_same(tmp_path: Path, name: str, text: str) -> None:
    labelled = read_labelled(write(tmp_path, name, text), tmp_path)
    assert [(label.file, label.age, label.groups) for label in labelled.labels] == [
        ("a.jpg", 12, {"race": "X"}),
        ("b.jpg", 30, {}),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[", "can't be read"),
        ("[]", "no labels"),
        ('{"labels": 3}', "list of labels"),
        ('[{"file": "a.jpg"}]', "label 0"),
        ('[{"file": "a.jpg", "age": -1}]', "label 0"),
        ('[{"file": "a.jpg", "age": "10-19"}]', "label 0"),
        ('[{"file": "c.jpg", "age": 10}]', "`c.jpg`"),
    ],
)
def test_what_is_wrong_with_labels_is_said(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        read_labelled(write(tmp_path, "labels.json", text), tmp_path)


class OnlyInside:
    """Finds a face only in pictures of at least 100 px, as a detector does that needs some border."""

    model_ids = ("only-inside",)

    def detect(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        if min(image.shape[:2]) < 100:
            return ()
        return (Detection(Box(10.0, 10.0, 20.0, 20.0), 0.9), Detection(Box(30.0, 30.0, 90.0, 90.0), 0.8))


def test_the_largest_sure_face_is_the_one() -> None:
    crop = main_face(np.zeros((120, 120, 3), np.uint8), OnlyInside())
    assert crop is not None
    assert crop.detection.box.width == 60.0


def test_a_crop_too_tight_is_tried_inside_a_border() -> None:
    crop = main_face(np.zeros((60, 60, 3), np.uint8), OnlyInside())
    assert crop is not None
    assert crop.detection.box.width == 60.0


class Blind:
    model_ids = ("blind",)

    def detect(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        return ()


def test_no_face_is_no_crop() -> None:
    assert main_face(np.zeros((60, 60, 3), np.uint8), Blind()) is None
