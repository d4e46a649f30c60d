"""Folders of pictures with labelled faces.

Two forms are read: `labels.json`, `{"labels": [{"file": "a.jpg", "faces": [{"x", "y", "w", "h", "ignore", "mask",
"subsets"}]}]}` with pixels of the file as it is stored (orientation tags are not applied), all but the box optional;
and the WIDER FACE text, `wider_face_*_bbx_gt.txt`, with the pictures in `images/` or beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from faceguard.errors import ConfigurationError


class _Face(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    x: float
    y: float
    w: float = Field(ge=0)
    h: float = Field(ge=0)
    ignore: bool = False
    mask: str = ""
    subsets: tuple[str, ...] = ()


class _Picture(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    file: str
    faces: tuple[_Face, ...] = ()


class _Labels(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    labels: tuple[_Picture, ...]


@dataclass(frozen=True, slots=True, eq=False)
class LabelledPicture:
    """`boxes` (n, 4) float64 x0, y0, x1, y1; `ignored` (n,): a find there counts neither way; `tags` for each face."""

    path: Path
    boxes: NDArray[np.float64]
    ignored: NDArray[np.bool_]
    tags: tuple[frozenset[str], ...]


def read_labels(folder: Path) -> list[LabelledPicture]:
    """Raises ConfigurationError when the folder has no labels of either form, or broken ones."""
    wider = sorted(folder.glob("**/wider_face_*_bbx_gt.txt"))
    try:
        if (folder / "labels.json").is_file():
            return list(_from_json(folder))
        if wider:
            return list(_from_wider(wider[0]))
    except (OSError, ValueError, ValidationError) as error:
        raise ConfigurationError(f"the labels in `{folder}` can't be read ({error})", path=folder) from error
    raise ConfigurationError(
        f"`{folder}` has neither labels.json nor wider_face_*_bbx_gt.txt; see benchmarks/README.md", path=folder
    )


def _from_json(folder: Path) -> Iterator[LabelledPicture]:
    for picture in _Labels.model_validate_json((folder / "labels.json").read_bytes()).labels:
        boxes = [(f.x, f.y, f.x + f.w, f.y + f.h) for f in picture.faces]
        tags = [frozenset({*f.subsets, *({f"mask {f.mask}"} if f.mask else ())}) for f in picture.faces]
        ignored = [f.ignore or f.w == 0 or f.h == 0 for f in picture.faces]
        yield _labelled(folder / picture.file, boxes, ignored, tags)


def _from_wider(path: Path) -> Iterator[LabelledPicture]:
    """Name, count, then `x y w h blur expression illumination invalid occlusion pose`; after a count of 0 a dummy."""
    folder = next((f for f in (path.parent / "images", path.parent) if f.is_dir()), path.parent)
    lines = iter(path.read_text(encoding="utf-8").split("\n"))
    for name in lines:
        if not name.strip():
            continue
        rows = [[int(v) for v in next(lines).split()] for _ in range(max(1, int(next(lines))))]
        rows = [row for row in rows if row[2] > 0 and row[3] > 0]
        boxes = [(float(x), float(y), float(x + w), float(y + h)) for x, y, w, h, *_ in rows]
        yield _labelled(folder / name.strip(), boxes, [row[7] == 1 for row in rows], [frozenset()] * len(rows))


def _labelled(
    path: Path, boxes: list[tuple[float, float, float, float]], ignored: list[bool], tags: list[frozenset[str]]
) -> LabelledPicture:
    return LabelledPicture(path, np.array(boxes, np.float64).reshape(-1, 4), np.array(ignored, np.bool_), tuple(tags))
