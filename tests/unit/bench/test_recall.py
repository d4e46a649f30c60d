"""The recall benchmark, on pictures made here, with a detector that is known to be right or wrong."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from faceguard.bench.conditions import CONDITIONS
from faceguard.bench.labels import LabelledPicture, read_labels
from faceguard.bench.recall import measurements, recall_by_size, run_recall
from faceguard.errors import ConfigurationError
from faceguard.opencv import cv2
from faceguard.types import Box, Detection

FACES = [(20, 30, 60, 50), (150, 40, 40, 40)]


class WhiteSquares:
    """Finds every white rectangle; `shift` puts its boxes beside them."""

    model_ids = ("white",)

    def __init__(self, shift: float = 0) -> None:
        self.shift = shift

    def detect(self, image: np.ndarray) -> tuple[Detection, ...]:
        contours, _ = cv2.findContours(
            (image.max(axis=2) > 200).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
        )
        boxes = (cv2.boundingRect(contour) for contour in contours)
        return tuple(Detection(Box(x + self.shift, y, x + w + self.shift, y + h), 0.9) for x, y, w, h in boxes)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    image = np.zeros((200, 300, 3), np.uint8)
    for x, y, w, h in FACES:
        image[y : y + h, x : x + w] = 255
    cv2.imwrite(str(tmp_path / "a.png"), image)
    faces = [{"x": x, "y": y, "w": w, "h": h, "mask": "worn"} for x, y, w, h in FACES]
    (tmp_path / "labels.json").write_text(json.dumps({"labels": [{"file": "a.png", "faces": faces}]}))
    return tmp_path


def _figures(pictures: list[LabelledPicture], detector: WhiteSquares, condition: str) -> dict[str, float]:
    tallies = run_recall(pictures, {"white": detector}, [condition], lambda _: None)
    return {m.name.split(" | ")[2]: m.value for m in measurements(tallies)}


@pytest.mark.parametrize("condition", ["upright", "turned 90", "turned 180", "turned 270", "half size"])
def test_labels_move_with_the_picture(folder: Path, condition: str) -> None:
    figures = _figures(read_labels(folder), WhiteSquares(), condition)
    assert figures["recall, faces >= 16 px"] == 100
    assert figures["unmatched finds"] == 0
    assert figures["AP at IoU 0.5"] == pytest.approx(100)
    assert figures["recall, mask worn"] == 100


def test_boxes_beside_the_faces_find_nothing(folder: Path) -> None:
    figures = _figures(read_labels(folder), WhiteSquares(shift=70), "upright")
    assert figures["recall, faces >= 16 px"] == 0
    assert figures["unmatched finds"] == 2
    assert figures["AP at IoU 0.5"] == 0


def test_ignored_labels_count_neither_way(folder: Path) -> None:
    labels = json.loads((folder / "labels.json").read_text())
    labels["labels"][0]["faces"][1]["ignore"] = True
    (folder / "labels.json").write_text(json.dumps(labels))
    figures = _figures(read_labels(folder), WhiteSquares(), "upright")
    assert figures["recall, faces >= 16 px"] == 100
    assert figures["unmatched finds"] == 0


def test_the_curve_has_one_point_for_each_size(folder: Path) -> None:
    tallies = run_recall(read_labels(folder), {"white": WhiteSquares()}, ["upright"], lambda _: None)
    sizes, recall = recall_by_size(tallies["white", "upright"])
    assert dict(zip(sizes, recall, strict=True))["40-64"] == 1.0


def test_wider_face_labels_are_read(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    text = (
        "0--Parade/a.jpg\n2\n10 20 30 40 0 0 0 0 0 0 \n1 1 5 5 0 0 0 1 0 0 \n0--Parade/b.jpg\n0\n0 0 0 0 0 0 0 0 0 0 \n"
    )
    (tmp_path / "wider_face_val_bbx_gt.txt").write_text(text)
    first, second = read_labels(tmp_path)
    assert first.path == tmp_path / "images" / "0--Parade/a.jpg"
    assert first.boxes.tolist() == [[10, 20, 40, 60], [1, 1, 6, 6]]
    assert first.ignored.tolist() == [False, True]
    assert second.boxes.shape == (0, 4)


@pytest.mark.parametrize("content", [None, "{", '{"labels": [{"faces": []}]}'])
def test_a_folder_without_sound_labels_is_refused(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "labels.json").write_text(content)
    with pytest.raises(ConfigurationError):
        read_labels(tmp_path)


@pytest.mark.parametrize("name", CONDITIONS)
def test_no_condition_touches_the_picture_it_is_given(name: str) -> None:
    image = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)
    before = image.copy()
    changed, boxes = CONDITIONS[name](image, np.array([[1.0, 2, 11, 22]]))
    assert np.array_equal(image, before)
    assert changed.dtype == np.uint8
    assert boxes.shape == (1, 4)
