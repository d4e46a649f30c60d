"""What lies in a source: every picture and video below it, in the order of their names, and what is passed over."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Any

from faceguard.batch.places import Place, files_of, stamp_of_info, stamp_of_status
from faceguard.batch.task import Kind
from faceguard.errors import ConfigurationError
from faceguard.media.file_names import PICTURE_SUFFIXES, folded, is_video


class Skip(StrEnum):
    """Why something in the source is no item. None of it gets an output."""

    OTHER_FILE = "no picture or video by its suffix"
    NOT_ASKED_FOR = "left out by --include or --exclude"
    HIDDEN = "hidden"
    LINK_OUT = "a link that leaves the source"
    FOLDER_LINK = "a link to a folder"
    BROKEN_LINK = "a link to nothing"
    SPECIAL = "neither a file nor a folder"
    UNREADABLE = "a folder that can't be read"


@dataclass(frozen=True, slots=True)
class Found:
    """A picture or video. `stamp` changes when the file does."""

    item: str
    kind: Kind
    size_bytes: int
    stamp: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """What is passed over, and why."""

    item: str
    why: Skip


@dataclass(frozen=True, slots=True)
class Patterns:
    """Which names are asked for: those that any of `include` fits (all, if there is none) and none of `exclude`.

    `*` and `?` stay within a folder, `**` spans folders. A pattern without `/` is for the name alone, one that ends in
    `/` for all below a folder. Upper and lower case are one.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def asks_for(self, item: str) -> bool:
        if any(_fits(pattern, item) for pattern in self.exclude):
            return False
        return not self.include or any(_fits(pattern, item) for pattern in self.include)


def discover(source: Place, patterns: Patterns, leave_out: Sequence[Place]) -> Iterator[Found | Skipped]:
    """Everything below `source`, but for the places `leave_out` (our own outputs). Raises ConfigurationError."""
    for pattern in (*patterns.include, *patterns.exclude):
        _expression(pattern)
    if source.is_local:
        if not source.path.is_dir():
            raise ConfigurationError(f"`{source.address}` is no folder; name the one with the files", key="source")
        root = source.path.resolve()
        yield from _walk(
            source.path, "", root, [place.path.resolve() for place in leave_out if place.is_local], patterns
        )
    else:
        yield from _list(source, [place.address for place in leave_out if not place.is_local], patterns)


# ------------------------------------------------------------------------------------------------------- folders


def _walk(
    folder: Path, prefix: str, root: Path, leave_out: Sequence[Path], patterns: Patterns
) -> Iterator[Found | Skipped]:
    try:
        with os.scandir(folder) as entries:
            inside = sorted(entries, key=lambda entry: os.fsencode(entry.name))
    except OSError:
        yield Skipped(prefix.rstrip("/") or ".", Skip.UNREADABLE)
        return
    for entry in inside:
        item = prefix + entry.name
        if entry.name.startswith("."):
            if Path(entry.path).resolve() not in leave_out:
                yield Skipped(item, Skip.HIDDEN)
        elif entry.is_dir(follow_symlinks=False):
            if Path(entry.path).resolve() not in leave_out:
                yield from _walk(Path(entry.path), item + "/", root, leave_out, patterns)
        else:
            yield _file(entry, item, root, patterns)


def _file(entry: os.DirEntry[str], item: str, root: Path, patterns: Patterns) -> Found | Skipped:
    try:
        status = entry.stat()
    except OSError:  # also a link that runs in circles
        return Skipped(item, Skip.BROKEN_LINK)
    if entry.is_symlink():
        if not Path(entry.path).resolve().is_relative_to(root):
            return Skipped(item, Skip.LINK_OUT)
        if stat.S_ISDIR(status.st_mode):
            return Skipped(item, Skip.FOLDER_LINK)
    if not stat.S_ISREG(status.st_mode):
        return Skipped(item, Skip.SPECIAL)
    return _judged(item, status.st_size, stamp_of_status(status), patterns)


def _judged(item: str, size_bytes: int, stamp: str, patterns: Patterns) -> Found | Skipped:
    path = PurePosixPath(item)
    if not is_video(path) and path.suffix.lower() not in PICTURE_SUFFIXES:
        return Skipped(item, Skip.OTHER_FILE)
    if not patterns.asks_for(item):
        return Skipped(item, Skip.NOT_ASKED_FOR)
    return Found(item, Kind.VIDEO if is_video(path) else Kind.PICTURE, size_bytes, stamp)


# -------------------------------------------------------------------------------------------------------- stores


def _list(source: Place, leave_out: Sequence[str], patterns: Patterns) -> Iterator[Found | Skipped]:
    files, root = files_of(source.address)
    hidden = [files_of(address)[1].rstrip("/") + "/" for address in leave_out]
    try:
        listed: dict[str, dict[str, Any]] = files.find(root, detail=True)
        there = bool(listed) or files.exists(root)
    except Exception as error:  # every store has errors of its own
        raise ConfigurationError(
            f"`{source.address}` can't be listed: {error}; check the address and the rights", key="source"
        ) from error
    if not there:
        raise ConfigurationError(f"there is nothing at `{source.address}`; check the address", key="source")
    start = len(root.rstrip("/")) + 1
    for path in sorted(listed):
        item, info = path[start:], listed[path]
        if any(path.startswith(folder) for folder in hidden) or not item or info.get("type") != "file":
            continue
        if any(part.startswith(".") for part in item.split("/")):
            yield Skipped(item, Skip.HIDDEN)
        elif ".." in item.split("/") or "" in item.split("/"):  # keys may hold anything; outputs stay below theirs
            yield Skipped(item, Skip.SPECIAL)
        else:
            yield _judged(item, int(info.get("size") or 0), stamp_of_info(info), patterns)


# ------------------------------------------------------------------------------------------------------ patterns


def _fits(pattern: str, item: str) -> bool:
    subject = item if "/" in pattern else PurePosixPath(item).name
    return _expression(pattern).fullmatch(folded(subject)) is not None


_made: dict[str, re.Pattern[str]] = {}


def _expression(pattern: str) -> re.Pattern[str]:
    """Raises ConfigurationError for a pattern that can't be one."""
    if pattern not in _made:
        if not pattern or pattern.startswith("/"):
            raise ConfigurationError(
                f"`{pattern}` is no pattern; write one like `*.jpg`, `cam-1/**` or `**/private/`, below the source"
            )
        whole = folded(pattern + "**" if pattern.endswith("/") else pattern)
        parts = re.split(r"(\*\*/|\*\*|\*|\?)", whole)
        _made[pattern] = re.compile("".join(_GLOB.get(part) or re.escape(part) for part in parts), re.DOTALL)
    return _made[pattern]


_GLOB = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
