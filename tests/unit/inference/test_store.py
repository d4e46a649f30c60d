"""Weights whose digest differs are never opened."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from faceguard.errors import ModelIntegrityError, ModelNotFoundError
from faceguard.inference import session, store
from faceguard.inference.manifest import ModelSpec, load_manifest


@pytest.fixture
def spec() -> ModelSpec:
    return load_manifest().spec("yunet-2023mar")


@pytest.fixture
def folder(tmp_path: Path, spec: ModelSpec) -> Path:
    target = tmp_path / spec.file
    target.parent.mkdir(parents=True)
    shutil.copyfile(store.weights_path(spec), target)
    return tmp_path


def test_sound_weights_are_returned_whole(folder: Path, spec: ModelSpec) -> None:
    assert len(store.read_weights(spec, folder)) == spec.size_bytes


@pytest.mark.parametrize("position", [0, 1000, -1])
def test_one_changed_bit_is_found(folder: Path, spec: ModelSpec, position: int) -> None:
    path = folder / spec.file
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(ModelIntegrityError) as caught:
        store.read_weights(spec, folder)
    assert caught.value.fields["expected"] == spec.sha256
    assert caught.value.fields["actual"] != spec.sha256


def test_missing_weights_are_named(tmp_path: Path, spec: ModelSpec) -> None:
    with pytest.raises(ModelNotFoundError, match="yunet-2023mar"):
        store.read_weights(spec, tmp_path)


def test_the_runtime_never_sees_weights_that_fail_the_check(
    folder: Path, spec: ModelSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / spec.file).write_bytes(b"not a model")
    monkeypatch.setattr(store, "resource_dir", lambda _name: folder)
    opened: list[object] = []
    monkeypatch.setattr(session.onnxruntime, "InferenceSession", lambda *given, **_: opened.append(given))
    with pytest.raises(ModelIntegrityError):
        session._Sessions().get(spec.id, 1)
    assert opened == []


def test_the_bytes_that_were_checked_are_the_bytes_that_run(folder: Path, spec: ModelSpec) -> None:
    """The session is made from what was hashed, so a file that changes afterwards changes nothing."""
    data = store.read_weights(spec, folder)
    (folder / spec.file).write_bytes(b"swapped")
    assert session.Session(spec, data, threads=1).spec is spec
