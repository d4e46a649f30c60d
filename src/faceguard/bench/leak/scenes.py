"""Scenes: a known person's face pasted at a random place of a picture that has nothing to do with the person.

The background is drawn anew for each scene, so that nothing outside of the pasted picture can tell who it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from faceguard.errors import ConfigurationError
from faceguard.opencv import cv2
from faceguard.types import Detection, Detector

Image = NDArray[np.uint8]

SCENE_PX = 448
FACE_PICTURE_PX = (150, 230)
"""Heights of the pasted picture: people stand at different distances. Faces are 100 to 210 px tall, easy to attack."""

MAX_FACE_PICTURE_WIDTH_PX = 280

SUFFIXES = {".png", ".jpg", ".jpeg", ".pgm"}


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """`image` is `(448, 448, 3)` BGR uint8; `detection` is where the face was found before any redaction."""

    person: str
    image: Image
    detection: Detection


def read_people(folder: Path) -> dict[str, list[Path]]:
    """Pictures of each person, in natural order: one folder for each, in `folder` or in `folder/images`."""
    root = folder / "images" if (folder / "images").is_dir() else folder
    people = {}
    try:
        for person in sorted(path for path in root.iterdir() if path.is_dir()):
            files = [file for file in person.iterdir() if file.suffix.lower() in SUFFIXES]
            if files:
                people[f"{folder.name}/{person.name}"] = sorted(files, key=lambda file: (len(file.name), file.name))
    except OSError as error:
        raise ConfigurationError(f"`{folder}` can't be read ({error.strerror})", path=folder) from error
    return people


def made_backgrounds(rng: np.random.Generator) -> list[Image]:
    """Three pictures `(400, 400, 3)` of coloured clouds, from coarse to fine."""
    return [
        cv2.resize(rng.integers(0, 256, (cells, cells, 3), np.uint8), (400, 400), interpolation=cv2.INTER_CUBIC).astype(
            np.uint8
        )
        for cells in (5, 12, 30)
    ]


def make_scenes(
    pictures: Iterable[tuple[str, Path]], backgrounds: Sequence[Image], detector: Detector, rng: np.random.Generator
) -> list[Scene]:
    """One scene for each `(person, file)` in which the detector finds the face; the others are left out."""
    scenes = []
    for person, file in pictures:
        picture = cv2.imread(str(file))
        if picture is None:
            continue
        image = _paste(picture.astype(np.uint8), backgrounds, rng)
        found = detector.detect(image)
        if found and found[0].landmarks is not None:
            scenes.append(Scene(person, image, found[0]))
    return scenes


def _paste(picture: Image, backgrounds: Sequence[Image], rng: np.random.Generator) -> Image:
    scale = min(float(rng.uniform(*FACE_PICTURE_PX)) / picture.shape[0], MAX_FACE_PICTURE_WIDTH_PX / picture.shape[1])
    face: Image = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC).astype(np.uint8)
    background = backgrounds[int(rng.integers(len(backgrounds)))]
    side = int(rng.integers(200, min(background.shape[:2])))
    top, left = (int(rng.integers(0, size - side + 1)) for size in background.shape[:2])
    square = background[top : top + side, left : left + side]
    scene: Image = cv2.resize(square, (SCENE_PX, SCENE_PX)).astype(np.uint8)
    y = int(rng.integers(100, SCENE_PX - face.shape[0] - 40))
    x = int(rng.integers(80, SCENE_PX - face.shape[1] - 80))
    scene[y : y + face.shape[0], x : x + face.shape[1]] = face
    return scene
