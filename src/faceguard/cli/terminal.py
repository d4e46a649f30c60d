"""Words for a terminal: names of files are shown as they are, whatever characters they hold."""

from __future__ import annotations

import sys
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

WIDTH_OF_FILES = 200
"""Columns of a table that goes to a file or a pipe, where nothing has to be cut."""


def make_console(*, stderr: bool = False) -> Console:
    """A console that takes nothing for markup or emoji: `[red].jpg` and `:x:.jpg` are names."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else WIDTH_OF_FILES
    return Console(stderr=stderr, markup=False, emoji=False, highlight=False, soft_wrap=True, width=width)


def printable(text: object) -> str:
    """`text` on one line: newlines, escape sequences and bytes that are no text are written as backslash escapes."""
    return "".join(letter if _shows(letter) else letter.encode("unicode_escape").decode() for letter in str(text))


def _shows(letter: str) -> bool:
    return letter.isprintable() or unicodedata.category(letter) == "Zs"  # wide spaces are common in Japanese names


def write_any_letter() -> None:
    """Lets output streams write what their encoding lacks as an escape, where they would raise in the midst of it."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
