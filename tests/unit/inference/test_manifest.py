"""The manifest names every shipped model, and nothing in it is taken on trust."""

from __future__ import annotations

from pathlib import Path

import pytest

from faceguard.errors import ModelError, ModelNotFoundError
from faceguard.inference.manifest import load_manifest, model_ref, read_manifest

_TABLE = """
schema_version = 1
[models.tiny]
task = "detection"
arch = "Tiny"
file = "detection_tiny/weights.onnx"
sha256 = "{sha256}"
size_bytes = 10
licence = "MIT"
attribution = "nobody"
training_data = "none"
input = "image"
outputs.scores = "scores"
{extra}
[models.tiny.source]
registry = "pypi"
package = "tiny"
version = "1.0"
files."a.onnx" = "{sha256}"
"""


def _write(folder: Path, *, sha256: str = "a" * 64, extra: str = "", file: str = "") -> Path:
    text = _TABLE.format(sha256=sha256, extra=extra)
    path = folder / "manifest.toml"
    path.write_text(text.replace("detection_tiny/weights.onnx", file) if file else text, encoding="utf-8")
    return path


def test_every_shipped_model_names_its_source_licence_and_digest() -> None:
    models = load_manifest().models
    assert {"yunet-2023mar", "retinaface-mobilenetv2", "centerface"} <= set(models)
    for model_id, spec in models.items():
        assert spec.id == model_id
        assert spec.licence
        assert spec.attribution
        assert spec.source.version
        assert spec.source.files


def test_a_model_is_named_in_records_by_id_and_digest() -> None:
    spec = load_manifest().spec("yunet-2023mar")
    assert model_ref("yunet-2023mar", "detector").sha256 == spec.sha256


def test_an_unknown_model_is_refused_with_the_known_ones_named() -> None:
    with pytest.raises(ModelNotFoundError, match=r"`yunet-2023mar`"):
        load_manifest().spec("nonsense")


def test_a_sound_manifest_is_read(tmp_path: Path) -> None:
    assert read_manifest(_write(tmp_path)).spec("tiny").size_bytes == 10


@pytest.mark.parametrize(
    "change",
    [
        {"sha256": "abc"},
        {"extra": 'unheard_of = "key"'},
        {"file": "../outside.onnx"},
        {"file": "/etc/passwd"},
    ],
)
def test_a_manifest_that_breaks_the_schema_is_refused(tmp_path: Path, change: dict[str, str]) -> None:
    with pytest.raises(ModelError, match="reinstall"):
        read_manifest(_write(tmp_path, **change))


@pytest.mark.parametrize("content", [b"\xff\xfe", b"schema_version = ", b"models = 3", b"schema_version = 2"])
def test_a_manifest_that_is_not_one_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "manifest.toml"
    path.write_bytes(content)
    with pytest.raises(ModelError):
        read_manifest(path)
