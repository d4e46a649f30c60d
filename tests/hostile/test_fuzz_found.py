"""What fuzzing found once, kept: `found/READER-WHAT.suffix` must be refused by that reader, in our words."""

from __future__ import annotations

from pathlib import Path

import pytest
from hostile_files import READERS, ends_in_time

from faceguard.errors import FaceguardError

FOUND = sorted((Path(__file__).parent / "found").iterdir())


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.name)
def test_what_was_found_is_refused_now(path: Path) -> None:
    name = next(name for name in READERS if path.name.startswith(name.replace(" ", "-")))
    with ends_in_time(), pytest.raises(FaceguardError):
        READERS[name].read(path)
