"""The operator's index (FG-T02), told of an output by the name that it will have, not by its name while staged."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path

from faceguard.pipeline.made import MadeOutput, OutputIndex
from faceguard.rights.index import RightsIndex

_TARGET: ContextVar[Path] = ContextVar("target")


@dataclass(frozen=True, slots=True)
class PlacedIndex:
    """Passes on to `inner` what is made within a `placed_at` block."""

    inner: OutputIndex

    def add(self, made: MadeOutput) -> None:
        """As `OutputIndex.add` says. A worker that dies before the output is in place leaves an entry without a file;
        when the item is done again, the same output takes its place."""
        self.inner.add(replace(made, path=_TARGET.get()))


def open_index(path: Path | None) -> PlacedIndex | None:
    """The index at `path`, which several workers may write to. Raises ConfigurationError."""
    return None if path is None else PlacedIndex(RightsIndex(path))


@contextlib.contextmanager
def placed_at(target: str) -> Iterator[None]:
    """What is made within the block, in this thread, will be at the local path `target`."""
    token = _TARGET.set(Path(target))
    try:
        yield
    finally:
        _TARGET.reset(token)
