"""What a file's name says: picture or video, and how its output is called. What is in it is seen when it is opened."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import TypeVar

AnyPath = TypeVar("AnyPath", bound=PurePath)

PICTURE_SUFFIXES = frozenset(
    {
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".webp", ".tif", ".tiff", ".gif"),
        *(".bmp", ".dib", ".avif", ".avifs", ".heic", ".heif", ".hif"),
    }
)
"""Those that pictures are written with; a tree's other files are no pictures until somebody names them."""

VIDEO_SUFFIXES = frozenset(
    {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".ts", ".m2ts", ".mts", ".mpg", ".mpeg", ".wmv", ".flv", ".3gp"}
)
"""Inputs that are opened as videos."""

_READ_ONLY_SUFFIXES = frozenset({".mts", ".mpg", ".mpeg", ".wmv", ".flv", ".3gp"})
"""Containers that are read but not written; in a folder of outputs their videos become MP4."""


def is_video(source: PurePath) -> bool:
    """Whether `source` is opened as a video: by its suffix."""
    return source.suffix.lower() in VIDEO_SUFFIXES


def written_name(source: PurePath) -> str:
    """The name of the output of `source` in a folder of outputs."""
    return source.with_suffix(".mp4").name if source.suffix.lower() in _READ_ONLY_SUFFIXES else source.name


def folded(name: str) -> str:
    """What is the same for two names that a disk takes for one: disks know no case, or one form of each accent."""
    return unicodedata.normalize("NFC", name).casefold()


def free_name(path: AnyPath, taken: Iterable[str]) -> AnyPath:
    """`path`, or with a number at its name the first that, folded, isn't among the folded names `taken`."""
    free, number = path, 1
    names = taken if isinstance(taken, set | frozenset | dict) else set(taken)
    while folded(str(free)) in names:
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free


def names_without_repeats(names: Iterable[str]) -> list[str]:
    """`names`, with a number at each that another has already."""
    taken: set[str] = set()
    found = []
    for name in names:
        free = str(free_name(Path(name), taken))
        taken.add(folded(free))
        found.append(free)
    return found
