"""FG-S02: nothing in reach of statistics mode can write a picture."""

from __future__ import annotations

import ast
import inspect
import tomllib
from pathlib import Path

import grimp
import pytest

import faceguard

ROOT = Path(__file__).parents[3]
ENTRIES = ("faceguard.cli.statistics", "faceguard.statistics")
WRITERS = {"imwrite", "imwritemulti", "imencode", "imencodemulti", "VideoWriter", "add_stream"}
"""Names by which OpenCV, Pillow and PyAV write pictures, or begin to."""


@pytest.fixture(scope="module")
def reachable() -> set[str]:
    graph = grimp.build_graph("faceguard")
    starts = [name for name in graph.modules if name.startswith(ENTRIES)]
    return {*starts, *(upstream for start in starts for upstream in graph.find_upstream_modules(start))}


def test_the_contract_in_pyproject_names_every_module_that_writes_or_covers() -> None:
    """A new writer has to be added to the contract before this passes."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    contract = next(c for c in contracts if "FG-S02" in c["name"])
    assert set(contract["source_modules"]) == set(ENTRIES)
    assert contract["allow_indirect_imports"] is False
    package = Path(inspect.getfile(faceguard)).parent
    writers = {f"faceguard.media.{path.stem}" for path in (package / "media").glob("*_write.py")}
    assert len(writers) > 4
    assert writers | {"faceguard.redaction", "faceguard.pipeline.video.render"} <= set(contract["forbidden_modules"])


def test_no_module_in_reach_is_a_writer(reachable: set[str]) -> None:
    """The same as the contract, asked of the import graph itself."""
    assert "faceguard.media.image" in reachable
    bad = [name for name in reachable if name.endswith("_write") or ".redaction" in name or "render" in name]
    assert bad == []


def test_no_function_in_reach_names_a_call_that_writes_pictures(reachable: set[str]) -> None:
    """Nor does any module in reach encode pictures by itself."""
    package = Path(inspect.getfile(faceguard)).parent
    found = []
    for name in sorted(reachable):
        path = package.joinpath(*name.split(".")[1:])
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and (node.attr in WRITERS or node.attr == "save"):
                found.append(f"{name}:{node.lineno} {node.attr}")
    assert found == []
