"""The checks of `faceguard doctor`. Each looks at one thing and never raises: what it can't find out is a failure."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import platform
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

DISTRIBUTION = "faceguard-sdk"
REINSTALL = f"reinstall it: pip install --force-reinstall {DISTRIBUTION}"
_OWN_EXTRAS = {"dev", "models", "bench"}
"""For developers of faceguard itself."""
_SPACE_BYTES = 500_000_000
_MEMORY_BYTES = 2_000_000_000
"""What one run may take at the default limits."""
_CLOCK_SKEW_S = 5.0
_LATEST_YEARS = 30


class Health(StrEnum):
    """How a thing is. Only FAILURE means that pictures can't be handled."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: what was found, and what to do about it ("" when nothing)."""

    name: str
    health: Health
    found: str
    remedy: str = ""


def examine() -> list[Finding]:
    """Everything, in the order in which it is needed."""
    from faceguard.cli.doctor_selftest import redact_a_drawn_face

    checks = (python, dependencies, extras, models, policies, codecs, folder, clock, machine, redact_a_drawn_face)
    return [finding for check in checks for finding in _guarded(check)]


def _guarded(check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from check()
    except Exception as error:  # noqa: BLE001 - a broken installation may raise anything, also on import
        name = check.__name__.replace("_", " ")
        yield Finding(name, Health.FAILURE, f"{type(error).__name__}: {error}", REINSTALL)


# ------------------------------------------------------------------------------------------------- what is installed


def python() -> Iterator[Finding]:
    """Interpreter and platform."""
    yield Finding("python", Health.OK, f"{platform.python_version()} on {platform.system()} {platform.machine()}")


def dependencies() -> Iterator[Finding]:
    """Every library that is always needed, against its range."""
    for requirement in importlib.metadata.requires(DISTRIBUTION) or []:
        if "extra ==" in requirement:
            continue
        name, ranges = split_requirement(requirement)
        install = f"pip install '{name}{ranges}'"
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            yield Finding(name, Health.FAILURE, f"not installed; needs {ranges}", install)
            continue
        if is_within(version, ranges):
            yield Finding(name, Health.OK, version)
        else:
            yield Finding(name, Health.FAILURE, f"{version}; needs {ranges}", install)


def extras() -> Iterator[Finding]:
    """What can be had besides."""
    wanted: dict[str, list[str]] = {}
    for requirement in importlib.metadata.requires(DISTRIBUTION) or []:
        match = re.search(r"""extra == ['"]([\w-]+)['"]""", requirement)
        if match and match[1] not in _OWN_EXTRAS:
            wanted.setdefault(match[1], []).append(split_requirement(requirement)[0])
    for extra, names in wanted.items():
        missing = [name for name in names if not _is_installed(name)]
        if missing:
            install = f"if you need it: pip install '{DISTRIBUTION}[{extra}]'"
            yield Finding(f"extra {extra}", Health.NOTE, f"without {', '.join(missing)}", install)
        else:
            yield Finding(f"extra {extra}", Health.OK, ", ".join(names))


def split_requirement(requirement: str) -> tuple[str, str]:
    """`numpy<3,>=2.0; extra == "x"` as `("numpy", "<3,>=2.0")`."""
    match = re.match(r"\s*([\w.-]+)\s*(?:\[[^]]*\])?\s*\(?([^;)]*)", requirement)
    return (match[1], match[2].strip().replace(" ", "")) if match else (requirement, "")


def is_within(version: str, ranges: str) -> bool:
    """Whether `version` is in `ranges`, by the numbers of its release (PEP 440 without its finer points)."""
    own = _numbers(version)
    for part in filter(None, ranges.split(",")):
        match = re.match(r"(>=|<=|==|!=|~=|<|>)(.+)", part)
        if match is None:
            return False
        limit = _numbers(match[2])
        size = max(len(own), len(limit))
        left, right = (value + (0,) * (size - len(value)) for value in (own, limit))
        holds = {
            ">=": left >= right,
            "<=": left <= right,
            "==": left == right,
            "!=": left != right,
            "<": left < right,
            ">": left > right,
            "~=": left >= right and own[: len(limit) - 1] == limit[:-1],
        }
        if not holds[match[1]]:
            return False
    return True


def _numbers(version: str) -> tuple[int, ...]:
    match = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(int(part) for part in match[0].split(".")) if match else ()


def _is_installed(name: str) -> bool:
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        importlib.metadata.version(name)
        return True
    return False


def models() -> Iterator[Finding]:
    """Every shipped file with a digest."""
    from faceguard.errors import ModelError
    from faceguard.inference.manifest import load_manifest
    from faceguard.inference.store import read_weights

    manifest = load_manifest()
    for name, spec in [*manifest.models.items(), *manifest.calibrations.items()]:
        try:
            data = read_weights(spec)
            yield Finding(f"model {name}"[:21], Health.OK, f"{len(data) / 1e6:.1f} MB, digest as in the manifest")
        except ModelError as error:
            yield Finding(f"model {name}"[:21], Health.FAILURE, error.message, REINSTALL)


def policies() -> Iterator[Finding]:
    """Every preset."""
    from faceguard.policy.load import PRESETS, load_policy

    for name in PRESETS:
        load_policy(name)
    yield Finding("policies", Health.OK, f"{len(PRESETS)} presets load")


def codecs() -> Iterator[Finding]:
    """What videos and pictures can be read and written."""
    import av
    from PIL import features

    from faceguard.media.video_codecs import ENCODERS

    for codec, encoder in ENCODERS.items():
        reads = _has_codec(av, str(codec), "r") or _has_codec(av, f"lib{'dav1d' if codec == 'av1' else codec}", "r")
        writes = _has_codec(av, encoder.name, "w")
        found = f"{'reads' if reads else 'does not read'}, {'writes' if writes else 'does not write'} ({encoder.name})"
        if reads and writes:
            yield Finding(f"video {codec}", Health.OK, found)
        else:
            health = Health.FAILURE if codec == "h264" else Health.WARNING
            yield Finding(
                f"video {codec}", health, found, "install PyAV from its wheel: pip install --force-reinstall av"
            )
    for name, feature in (("jpeg", "jpg"), ("png", "zlib"), ("webp", "webp"), ("avif", "avif"), ("tiff", "libtiff")):
        if features.check(feature):
            yield Finding(f"picture {name}", Health.OK, "reads and writes")
        else:
            health = Health.FAILURE if name in ("jpeg", "png") else Health.WARNING
            remedy = "install Pillow from its wheel: pip install --force-reinstall Pillow"
            yield Finding(f"picture {name}", health, f"Pillow was built without `{feature}`", remedy)
    if _is_installed("pillow-heif"):
        yield Finding("picture heif", Health.OK, "reads and writes")
    else:
        yield Finding("picture heif", Health.NOTE, "not read", f"if you need it: pip install '{DISTRIBUTION}[heic]'")


def _has_codec(av: object, name: str, mode: str) -> bool:
    try:
        av.codec.Codec(name, mode)  # type: ignore[attr-defined]
    except Exception:  # noqa: BLE001 - PyAV's own error, of a class that differs between its versions
        return False
    return True


# --------------------------------------------------------------------------------------------------- the machine


def folder() -> Iterator[Finding]:
    """Whether files can be written whole or not at all, and how much room there is."""
    from faceguard.atomic import write_atomic

    name = tempfile.gettempdir()
    remedy = "name a folder that can be written to in TMPDIR, with room in it"
    try:
        with tempfile.TemporaryDirectory(prefix="faceguard-") as place:
            write_atomic(Path(place) / "file", b"data", overwrite=False)
        free = shutil.disk_usage(name).free
    except Exception as error:  # noqa: BLE001 - ours or the system's: it can't be written to
        yield Finding("temporary folder", Health.FAILURE, f"`{name}` can't be written to: {error}", remedy)
        return
    health = Health.OK if free > _SPACE_BYTES else Health.WARNING
    yield Finding(
        "temporary folder", health, f"`{name}`, {free / 1e9:.1f} GB free", "" if health is Health.OK else remedy
    )


def clock() -> Iterator[Finding]:
    """A wrong clock makes consents hold that have ended, and records lie."""
    from faceguard.policy.load import PRESETS, load_policy

    now = datetime.now(UTC)
    earliest = max(load_policy(name).last_verified for name in PRESETS)
    remedy = "set the clock (timedatectl set-ntp true): consents and records are told by it"
    if now.date() < earliest - timedelta(days=1) or now.year > earliest.year + _LATEST_YEARS:
        yield Finding("clock", Health.FAILURE, f"{now:%Y-%m-%d %H:%M} UTC; the presets are of {earliest}", remedy)
        return
    with tempfile.NamedTemporaryFile() as file:
        skew_s = abs(Path(file.name).stat().st_mtime - datetime.now(UTC).timestamp())
    health = Health.OK if skew_s < _CLOCK_SKEW_S else Health.WARNING
    yield Finding("clock", health, f"{now:%Y-%m-%d %H:%M} UTC", "" if health is Health.OK else remedy)


def machine() -> Iterator[Finding]:
    """Cores and memory that this process may use."""
    import psutil

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    free = psutil.virtual_memory().available
    found = f"{cores} {'core' if cores == 1 else 'cores'}, {free / 1e9:.1f} GB of memory free"
    if free < _MEMORY_BYTES:
        yield Finding("machine", Health.WARNING, found, "large pictures need 2 GB; end other programs")
    else:
        yield Finding("machine", Health.OK, found)
