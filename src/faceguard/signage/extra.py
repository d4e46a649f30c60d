"""The optional packages that rendering needs, and what to do when they are not installed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from faceguard.errors import ConfigurationError

FONT_PACKAGES: Final = ("noto_cjk_sans_jp_regular", "noto_cjk_sans_jp_bold")
"""Noto Sans CJK JP, SIL Open Font License 1.1: Japanese and Latin letters; typst embeds what a sign uses."""


@contextlib.contextmanager
def notice_extra() -> Iterator[None]:
    """Turns the absence of an optional package into an error that names the extra. Raises ConfigurationError."""
    try:
        yield
    except ImportError as error:
        raise ConfigurationError(
            'rendering a notice needs packages that are not installed; run `pip install "faceguard-sdk[notice]"`',
            key=error.name,
        ) from error


def font_folders() -> list[Path]:
    """The folders that hold the fonts. Raises ConfigurationError when they are not installed."""
    with notice_extra():
        return [_folder(name) for name in FONT_PACKAGES]


def _folder(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    return Path(spec.origin).parent
