"""Faults by count: the n-th call of the file system below a folder, or the n-th of a function, fails.

A test runs the same work again and again, failing call 1, 2, 3 ... until a run meets no fault: calls that are added to
the code later are covered without being listed anywhere.
"""

from __future__ import annotations

import builtins
import contextlib
import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

_READS = ("read", "readinto", "readline", "readlines")
_WRITES = ("write", "writelines", "flush", "truncate")


@dataclass
class Countdown:
    """Raises `error` at call number `fail_at`, counted from 1. `calls` names all that was asked for so far."""

    fail_at: int
    error: Callable[[], BaseException]
    calls: list[str] = field(default_factory=list)

    def tick(self, name: str) -> None:
        self.calls.append(name)
        if len(self.calls) == self.fail_at:
            raise self.error()

    @property
    def was_reached(self) -> bool:
        return len(self.calls) >= self.fail_at


def os_error(number: int) -> Callable[[], OSError]:
    return lambda: OSError(number, os.strerror(number))


class _CountedFile:
    """A file whose reads and writes count."""

    def __init__(self, file: Any, countdown: Countdown) -> None:
        self._file, self._countdown = file, countdown

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._file, name)
        if name not in _READS + _WRITES:
            return value

        def counted(*args: Any) -> Any:
            self._countdown.tick(f"file.{name}")
            return value(*args)

        return counted

    def __enter__(self) -> _CountedFile:
        self._file.__enter__()
        return self

    def __exit__(self, *error: object) -> Any:
        return self._file.__exit__(*error)

    def __iter__(self) -> Iterator[Any]:
        self._countdown.tick("file.iterate")
        return iter(self._file)


@contextlib.contextmanager
def failing_files(folder: Path, countdown: Countdown) -> Iterator[None]:
    """Every call of Python on a file below `folder` counts: open, read, write, flush, fsync, link, rename, make folder.

    What decoders in C do with a path isn't seen; a full disk and a read-only folder are tried on whole processes.
    """
    descriptors: set[int] = set()
    root = str(folder)

    def is_ours(place: Any) -> bool:
        if isinstance(place, int):
            return place in descriptors
        with contextlib.suppress(TypeError):
            return os.fsdecode(os.fspath(place)).startswith(root)
        return False

    def on_path(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(place: Any, *args: Any, **named: Any) -> Any:
            if is_ours(place):
                countdown.tick(name)
            return function(place, *args, **named)

        return counted

    plain_open, plain_os_open, plain_close = io.open, os.open, os.close

    def counted_open(place: Any, *args: Any, **named: Any) -> Any:
        if not is_ours(place):
            return plain_open(place, *args, **named)
        countdown.tick("open")
        return _CountedFile(plain_open(place, *args, **named), countdown)

    def counted_os_open(place: Any, *args: Any, **named: Any) -> int:
        if not is_ours(place):
            return plain_os_open(place, *args, **named)
        countdown.tick("os.open")
        descriptor = plain_os_open(place, *args, **named)
        descriptors.add(descriptor)
        return descriptor

    def close(descriptor: int) -> None:
        descriptors.discard(descriptor)
        plain_close(descriptor)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(io, "open", counted_open)
        patch.setattr(builtins, "open", counted_open)
        patch.setattr(os, "open", counted_os_open)
        patch.setattr(os, "close", close)
        for name in ("fsync", "fdatasync", "link", "replace", "rename", "write", "read", "pread", "ftruncate", "mkdir"):
            patch.setattr(os, name, on_path(f"os.{name}", getattr(os, name)))
        yield


@contextlib.contextmanager
def failing_function(owner: Any, name: str, countdown: Countdown) -> Iterator[None]:
    """Every call of the function or method `name` of `owner` counts."""
    plain = getattr(owner, name)

    def counted(*args: Any, **named: Any) -> Any:
        countdown.tick(name)
        return plain(*args, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, counted)
        yield
