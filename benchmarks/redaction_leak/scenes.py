"""Scenes: a known person's face pasted at a random place of a picture that has nothing to do with the person.

The background is drawn anew for each scene, so that nothing outside of the pasted picture can tell who it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data

from faceguard.types import Detection, Detector

SCENE_PX = 448
FACE_PICTURE_PX = (150, 230)
"""Heights of the pasted picture: people stand at different distances. Faces are 100 to 210 px tall, easy to attack."""

SUFFIXES = {".png", ".jpg", ".jpeg", ".pgm"}


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """`image` is `(448, 448, 3)` BGR uint8; `detection` is where the face was found before any redaction."""

    person: str
    image: NDArray[np.uint8]
    detection: Detection


def read_people(folder: Path) -> dict[str, list[Path]]:
    """Pictures of each person: one folder for each under `folder/images`, in natural order."""
    people = {}
    for person in sorted(path for path in (folder / "images").iterdir() if path.is_dir()):
        files = sorted(
            (f for f in person.iterdir() if f.suffix.lower() in SUFFIXES), key=lambda f: (len(f.name), f.name)
        )
        if files:
            people[f"{folder.name}/{person.name}"] = files
    return people


def make_scenes(pictures: Iterable[tuple[str, Path]], detector: Detector, rng: np.random.Generator) -> list[Scene]:
    """One scene for each `(person, file)` in which the detector finds the face; the others are left out."""
    backgrounds = [np.ascontiguousarray(image[..., ::-1]) for image in (data.coffee(), data.chelsea(), data.rocket())]
    scenes = []
    for person, file in pictures:
        picture = cv2.imread(str(file))
        if picture is None:
            continue
        image = _paste(picture, backgrounds, rng)
        found = detector.detect(image)
        if found and found[0].landmarks is not None:
            scenes.append(Scene(person, image, found[0]))
    return scenes


def _paste(
    picture: NDArray[np.uint8], backgrounds: Sequence[NDArray[np.uint8]], rng: np.random.Generator
) -> NDArray[np.uint8]:
    scale = float(rng.uniform(*FACE_PICTURE_PX)) / picture.shape[0]
    face = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    background = backgrounds[rng.integers(len(backgrounds))]
    side = int(rng.integers(200, min(background.shape[:2])))
    top, left = (int(rng.integers(0, size - side + 1)) for size in background.shape[:2])
    scene = cv2.resize(background[top : top + side, left : left + side], (SCENE_PX, SCENE_PX))
    y = int(rng.integers(100, SCENE_PX - face.shape[0] - 40))
    x = int(rng.integers(80, SCENE_PX - face.shape[1] - 80))
    scene[y : y + face.shape[0], x : x + face.shape[1]] = face
    return scene
