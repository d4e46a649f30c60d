"""Finds the files of an output: where the index says it is, and by its digest in folders that are searched."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from faceguard.errors import ConfigurationError
from faceguard.rights.index import IndexedOutput


class Whereabouts(StrEnum):
    """What became of an output's file."""

    FOUND = "found"
    MISSING = "missing"
    ALTERED = "altered"
    """A file stands at its place, but it is another: edited, or written over."""


@dataclass(frozen=True, slots=True)
class Found:
    """The files that are an output, byte for byte, wherever they are."""

    output: IndexedOutput
    whereabouts: Whereabouts
    paths: tuple[Path, ...] = ()


@dataclass(slots=True)
class Finder:
    """Looks for outputs. `folders` are searched with all that is in them, once; links are not followed."""

    folders: Sequence[Path] = ()
    _by_digest: dict[str, list[Path]] | None = field(init=False, default=None)

    def find(self, output: IndexedOutput) -> Found:
        """Every file that is this output. Raises ConfigurationError for a folder that isn't there."""
        known = {output.sha256, output.pending_sha256}
        stands = output.path.is_file()
        in_place = [output.path] if stands and sha256_of(output.path) in known else []
        elsewhere = [path for digest in known if digest for path in self._copies().get(digest, ())]
        paths = tuple(dict.fromkeys(path.absolute() for path in (*in_place, *elsewhere)))
        if stands and not in_place:
            return Found(output, Whereabouts.ALTERED, paths)
        return Found(output, Whereabouts.FOUND if paths else Whereabouts.MISSING, paths)

    def _copies(self) -> Mapping[str, Sequence[Path]]:
        if self._by_digest is None:
            self._by_digest = {}
            for path in _files(self.folders):
                self._by_digest.setdefault(sha256_of(path), []).append(path)
        return self._by_digest


def _files(folders: Iterable[Path]) -> Iterable[Path]:
    for folder in folders:
        if not folder.is_dir():
            raise ConfigurationError(f"there is no folder `{folder}` to search", path=folder)
        yield from sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def sha256_of(path: Path) -> str:
    """Of the file's bytes, hex. Raises ConfigurationError."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ConfigurationError(f"`{path}` can't be read: {error.strerror or error}", path=path) from error
