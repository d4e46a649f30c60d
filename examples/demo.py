"""The README's first command: redact a real photo, look at the record, check it. Everything runs offline.

NASA's portrait of astronaut Eileen Collins (public domain) goes through the whole sentence twice: for use in place,
where the default policy lets a clear adult be seen, and for publication, where it asks for her consent and, without
it, covers her.
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
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "demo")
    notice = "--notice examples/notice.toml --policy jp-appi-2026"
    log = folder / "audit.jsonl"
    photo = "examples/photos/astronaut.jpg"
    run("models verify")
    run(f"redact {photo} -o {folder}/in_store.jpg {notice} --purpose in_store_safety --audit {log} --overwrite")
    run(f"redact {photo} -o {folder}/published.jpg {notice} --purpose publication --audit {log} --overwrite --explain")
    run(f"audit verify {log}")
    print(f"\nLook at {folder}/in_store.jpg (a clear adult: kept) and {folder}/published.jpg (no consent: covered).")


if __name__ == "__main__":
    main()
