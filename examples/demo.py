"""The README's first command: redact a real photo, look at the record, check it. Everything runs offline.

NASA's portrait of astronaut Eileen Collins (public domain) goes through the whole sentence twice: for use in place, where
the default policy lets a clear adult be seen, and for publication, where it asks for her consent and, without it, covers her.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FACEGUARD = Path(sys.executable).with_name("faceguard")


def run(command: str) -> None:
    print(f"\n$ faceguard {command}", flush=True)
    subprocess.run([FACEGUARD, *shlex.split(command)], cwd=ROOT, check=True)


def main() -> None:
    notice = "--notice examples/notice.toml --policy jp-appi-2026"
    photo = "examples/photos/astronaut.jpg"
    run("models verify")
    run(f"redact {photo} -o demo/in_store.jpg {notice} --purpose in_store_safety --audit demo/audit.jsonl --overwrite")
    run(f"redact {photo} -o demo/published.jpg {notice} --purpose publication --audit demo/audit.jsonl --overwrite --explain")
    run("audit verify demo/audit.jsonl")
    print("\nLook at demo/in_store.jpg (kept: a clear adult, used in place) and demo/published.jpg (covered: no consent).")


if __name__ == "__main__":
    main()
