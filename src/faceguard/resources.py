"""Where the shipped models and policies lie: inside the installed package, or at the top of a source checkout."""

from __future__ import annotations

from pathlib import Path

from faceguard.errors import ConfigurationError

_PACKAGE = Path(__file__).resolve().parent


def resource_dir(name: str) -> Path:
    """The folder `models` or `policies`: `faceguard/_data/<name>` in an installed wheel, at the root of a checkout.

    Raises ConfigurationError when neither is there.
    """
    for candidate in (_PACKAGE / "_data" / name, _PACKAGE.parents[1] / name):
        if candidate.is_dir():
            return candidate
    raise ConfigurationError(
        f"the shipped `{name}` folder is missing from this installation; reinstall faceguard-sdk", key=name
    )
