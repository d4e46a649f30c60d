"""Writes docs/licences.md: the licence of every distribution that faceguard needs at run time, and what wheels bundle.

    python tools/licences.py > docs/licences.md

Reads what is installed; run it where all extras are. A test holds the page against the environment.
"""

from __future__ import annotations

import importlib.metadata
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
NOT_RUN = frozenset({"dev", "bench", "models"})
"""Extras for developers; users don't install them."""

STAND_INS = {"opencv-python": "opencv-python-headless"}
"""The same library under another name, where only that is installed."""

PERMISSIVE = frozenset(
    [
        "0BSD",
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "CC0-1.0",
        "ISC",
        "MIT",
        "MIT-0",
        "MIT-CMU",
        "OFL-1.1",
        "PSF-2.0",
        "Zlib",
    ]
)
WEAK_COPYLEFT = frozenset({"MPL-2.0"})
"""Binds changes to its own files; used unchanged."""

SPELLINGS = {
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "3-Clause BSD License": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}

COPYLEFT_LIBRARIES: Mapping[str, tuple[str, str]] = {
    "libx264": ("GPL-2.0-or-later", "H.264 encoder"),
    "libx265": ("GPL-2.0-or-later", "HEVC encoder"),
    "libavcodec": ("LGPL-2.1-or-later; GPL when built with x264 or x265", "FFmpeg"),
    "libavdevice": ("as libavcodec", "FFmpeg"),
    "libavfilter": ("as libavcodec", "FFmpeg"),
    "libavformat": ("as libavcodec", "FFmpeg"),
    "libavutil": ("as libavcodec", "FFmpeg"),
    "libswresample": ("as libavcodec", "FFmpeg"),
    "libswscale": ("as libavcodec", "FFmpeg"),
    "libheif": ("LGPL-3.0-or-later", "HEIF container"),
    "libde265": ("LGPL-3.0-or-later", "HEVC decoder"),
    "libmp3lame": ("LGPL-2.0-or-later", "MP3 encoder"),
    "libasound": ("LGPL-2.1-or-later", "ALSA"),
    "libgmp": ("LGPL-3.0-or-later or GPL-2.0-or-later", "arithmetic"),
    "libgnutls": ("LGPL-2.1-or-later", "TLS"),
    "libhogweed": ("LGPL-3.0-or-later or GPL-2.0-or-later", "cryptography"),
    "libnettle": ("LGPL-3.0-or-later or GPL-2.0-or-later", "cryptography"),
    "libunistring": ("LGPL-3.0-or-later or GPL-2.0-or-later", "Unicode"),
    "libQt5": ("LGPL-3.0", "windows of OpenCV; not in opencv-python-headless"),
    "libgfortran": ("GPL-3.0 with the GCC runtime exception", "Fortran runtime"),
    "libquadmath": ("LGPL-2.1-or-later", "Fortran runtime"),
}
"""Shared libraries under copyleft that are known to lie inside wheels, by the beginning of their file names."""


def run_time_distributions() -> dict[str, importlib.metadata.Distribution | None]:
    """Every distribution that a user may install with faceguard, by normal name; None for those not installed here."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].items()
    texts = [*project["dependencies"], *(text for extra, texts in extras if extra not in NOT_RUN for text in texts)]
    waiting, found = [Requirement(text) for text in texts], {}
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop().name).lower()
        if name in found:
            continue
        found[name] = _distribution(name)
        needed = [Requirement(text) for text in (found[name].requires or ())] if found[name] else []
        waiting += [need for need in needed if need.marker is None or need.marker.evaluate({"extra": ""})]
    return dict(sorted(found.items()))


def _distribution(name: str) -> importlib.metadata.Distribution | None:
    for candidate in (name, STAND_INS.get(name)):
        if candidate is not None:
            try:
                return importlib.metadata.distribution(candidate)
            except importlib.metadata.PackageNotFoundError:
                continue
    return None


def licences_of(distribution: importlib.metadata.Distribution) -> frozenset[str]:
    """Its licences as SPDX names; of alternatives (`OR`) all are given. Unknown spellings stay as they are."""
    meta = distribution.metadata
    said = meta.get("License-Expression")
    if said is not None:
        return frozenset(re.split(r" AND | OR ", said.replace("(", "").replace(")", "")))
    classified = [c.rpartition(" :: ")[2] for c in meta.get_all("Classifier", []) if c.startswith("License ::")]
    named = classified or [(meta.get("License") or "none stated").partition("\n")[0]]
    return frozenset(SPELLINGS.get(part, part) for name in named for part in name.split(" OR "))


def bundled_copyleft(distribution: importlib.metadata.Distribution) -> frozenset[str]:
    """Which of `COPYLEFT_LIBRARIES` lie inside a wheel."""
    names = [Path(str(file)).name for file in distribution.files or ()]
    return frozenset(mark for mark in COPYLEFT_LIBRARIES if any(name.startswith(mark) for name in names))


def page() -> str:
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    known = {name: dist for name, dist in run_time_distributions().items() if dist is not None}
    yield "# Licences\n"
    yield "faceguard is under Apache-2.0. Made by `make licences` from what is installed with all extras for users.\n"
    yield "## Distributions needed at run time\n\n| distribution | licence |\n|---|---|"
    for name, dist in known.items():
        yield f"| {name} | {', '.join(sorted(licences_of(dist)))} |"
    yield "\n`certifi` (MPL-2.0) is a list of certificates, used unchanged; only the extra `s3` or `ray` brings it.\n"
    yield "## Copyleft libraries inside wheels\n"
    yield "These wheels are under a permissive licence, but carry shared libraries that aren't. faceguard ships none of"
    yield "them: `pip` fetches the wheels from their makers. **Whoever passes on a container, an appliance or an"
    yield "installer with them inside has to meet these licences**, which for x264 and x265 is the GPL: give the source"
    yield "and pass the GPL on for that file. HEVC and H.264 may need patent licences too.\n"
    yield "| wheel | library | licence | what it is |\n|---|---|---|---|"
    for name, dist in known.items():
        for library in sorted(bundled_copyleft(dist)):
            licence, what = COPYLEFT_LIBRARIES[library]
            yield f"| {name} | {library} | {licence} | {what} |"
    yield "\nWithout GPL parts: build PyAV against an FFmpeg of your own without x264 and x265, and leave out the"
    yield "extra `heic`. `opencv-python-headless` has no Qt. The weights in `models/` have licences of their own.\n"
    yield "Found by name on Linux x86-64 wheels; those for other systems may bundle others."


if __name__ == "__main__":
    print(page(), end="")
