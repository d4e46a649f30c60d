"""Fuzzes every reader of foreign files. What a reader does other than return or refuse is kept as a file.

    python benchmarks/fuzz/run.py --seconds 60                    # random, all readers, needs nothing more
    pip install atheris && python benchmarks/fuzz/run.py --engine atheris --reader png --seconds 600

Random works on the seeds of `tests/hostile_files.py`; atheris (libFuzzer) follows the branches of faceguard's own code.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import sys
import tempfile
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
if "atheris" in sys.argv:  # branches are seen in what is imported from here on
    import atheris

    with atheris.instrument_imports(include=["faceguard"]):
        from hostile_files import READERS, Reader, broken, require_sound
else:
    from hostile_files import READERS, Reader, broken, require_sound


def fuzz_randomly(name: str, reader: Reader, seconds: float, seed: int, found: Path) -> tuple[int, int]:
    """How many files were tried, and how many went wrong; those are kept in `found`."""
    choice = random.Random(f"{seed} {name}")
    tried = wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"file{reader.suffix}"
        seeds = reader.seeds(Path(folder))
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            count = choice.choice((1, 1, 2, 3, 5, 12))
            steps = [(choice.randrange(7), choice.randrange(1 << 20), choice.randrange(1 << 16)) for _ in range(count)]
            data = broken(choice.choice(seeds), steps, choice.choice(seeds))
            tried += 1
            try:
                require_sound(reader, path, data)
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt):
                    raise
                wrong += 1
                keep(found, name, reader, data, error)
    return tried, wrong


def keep(found: Path, name: str, reader: Reader, data: bytes, error: BaseException) -> None:
    found.mkdir(parents=True, exist_ok=True)
    path = found / f"{name.replace(' ', '-')}-{hashlib.sha256(data).hexdigest()[:12]}{reader.suffix}"
    path.write_bytes(data)
    path.with_suffix(path.suffix + ".txt").write_text("".join(traceback.format_exception(error)))
    print(f"{name}: {type(error).__name__}: {str(error)[:160]} -> {path}", flush=True)


def fuzz_with_atheris(name: str, reader: Reader, seconds: float, seed: int, found: Path) -> None:
    """Ends at the first fault, as libFuzzer does, and leaves its input in `found`. Doesn't return."""
    found.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp())
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, data in enumerate(reader.seeds(folder)):
        (corpus / str(number)).write_bytes(data)
    path = folder / f"file{reader.suffix}"
    options = [
        f"-max_total_time={int(seconds)}",
        f"-seed={seed}",
        f"-artifact_prefix={found}/{name}-",
        "-rss_limit_mb=4000",
        str(corpus),
    ]
    atheris.Setup([sys.argv[0], *options], lambda data: require_sound(reader, path, bytes(data)))
    atheris.Fuzz()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reader", action="append", choices=list(READERS), help="all by default; repeatable")
    parser.add_argument("--engine", choices=("random", "atheris"), default="random")
    parser.add_argument("--seconds", type=float, default=60.0, help="for each reader")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--found", type=Path, default=Path("fuzz-found"), help="where inputs that go wrong are kept")
    options = parser.parse_args()
    names = options.reader or list(READERS)
    if options.engine == "atheris":
        if len(names) != 1:
            parser.error("atheris fuzzes one reader; name it with --reader")
        fuzz_with_atheris(names[0], READERS[names[0]], options.seconds, options.seed, options.found)
        return
    total_wrong = 0
    for name in names:
        tried, wrong = fuzz_randomly(name, READERS[name], options.seconds, options.seed, options.found)
        total_wrong += wrong
        print(f"{name:<14}{tried:>8} files{wrong:>6} went wrong", flush=True)
    raise SystemExit(bool(total_wrong))


if __name__ == "__main__":
    main()
