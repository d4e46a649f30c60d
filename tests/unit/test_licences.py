"""No licence gets in unseen: of a new dependency, or of a library inside a wheel."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def licences() -> ModuleType:
    spec = importlib.util.spec_from_file_location("licences_tool", ROOT / "tools" / "licences.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_run_time_dependency_has_a_known_licence_without_copyleft(licences: ModuleType) -> None:
    """Fails on a new licence: look at it, then name it among the known ones."""
    installed = {name: dist for name, dist in licences.run_time_distributions().items() if dist is not None}
    assert {"numpy", "onnxruntime", "pillow", "av", "pydantic"} <= set(installed)
    for name, dist in installed.items():
        unknown = licences.licences_of(dist) - licences.PERMISSIVE
        assert unknown <= (licences.WEAK_COPYLEFT if name == "certifi" else frozenset()), name


def test_the_page_names_every_dependency_with_its_licence(licences: ModuleType) -> None:
    for name, dist in licences.run_time_distributions().items():
        if dist is not None:
            row = f"| {name} | {', '.join(sorted(licences.licences_of(dist)))} |"
            assert row in PAGE, "run `make licences`"


def test_the_page_names_every_copyleft_library_inside_a_wheel(licences: ModuleType) -> None:
    for name, dist in licences.run_time_distributions().items():
        for library in licences.bundled_copyleft(dist) if dist is not None else ():
            assert f"| {name} | {library} |" in PAGE, "run `make licences`"
    assert "| av | libx264 | GPL-2.0-or-later |" in PAGE
    assert "| pillow-heif | libx265 | GPL-2.0-or-later |" in PAGE


def test_a_new_copyleft_licence_would_be_seen(licences: ModuleType) -> None:
    """What the first test goes by: unknown spellings aren't taken for known ones."""
    assert not {"GPL-3.0-or-later", "AGPL-3.0-only", "LGPL-2.1-only", "none stated"} & (
        licences.PERMISSIVE | licences.WEAK_COPYLEFT
    )
