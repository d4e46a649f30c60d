"""`faceguard consent` and `keys`, run in this process by a desk with a key of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from faceguard.cli.app import main


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str


Run = Callable[..., Answer]


def open_desk(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path) -> Run:
    """Runs `faceguard` with these words in `folder`, with a key `k.pem`, trusted by `t.json`."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "200")

    def command(*words: str) -> Answer:
        monkeypatch.setattr("sys.argv", ["faceguard", *words])
        with pytest.raises(SystemExit) as caught:
            main()
        said = capsys.readouterr()
        return Answer(int(caught.value.code or 0), said.out, said.err)

    assert command("keys", "new", "-o", "k.pem").code == 0
    assert command("keys", "public", "k.pem", "-o", "t.json").code == 0
    return command
