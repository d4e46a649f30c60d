"""The process that decodes an untrusted file: `python -m faceguard.media.isolated_child BYTES SECONDS KIND PATH`.

It takes its limits before it loads any decoder. Standard output gets the picture, or the error as JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path


def main() -> int:
    max_bytes, cpu_s, kind, name = sys.argv[1:]
    _limit(int(max_bytes), int(cpu_s))
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no part of the answer
    from faceguard.errors import FaceguardError

    try:
        if kind == "picture":
            _send_picture(Path(name), out)
        else:
            _decode_video(Path(name))
        out.flush()
    except FaceguardError as error:
        out.write(json.dumps({"code": error.code, "message": error.message}).encode())
        out.flush()
        return 1
    except MemoryError:
        return 2  # told in the parent's words
    return 0


def _limit(max_bytes: int, cpu_s: int) -> None:
    """Memory, CPU time, and no file may grow: a decoder has nothing to write."""
    try:
        import resource
    except ImportError:  # Windows
        return
    wanted = {
        resource.RLIMIT_AS: max_bytes,
        resource.RLIMIT_CPU: cpu_s,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    for kind, value in wanted.items():
        hard = resource.getrlimit(kind)[1]
        limit = value if hard == resource.RLIM_INFINITY else min(value, hard)
        with contextlib.suppress(ValueError, OSError):  # macOS knows no limit of address space
            resource.setrlimit(kind, (limit, limit))


def _send_picture(path: Path, out: object) -> None:
    from faceguard.media.image import read_image
    from faceguard.media.isolated import dump_picture
    from faceguard.media.picture import ImageLimits

    head, arrays = dump_picture(read_image(path, limits=ImageLimits(**json.loads(sys.stdin.buffer.read()))))
    write = out.write  # type: ignore[attr-defined]
    write(json.dumps(head).encode() + b"\n")
    for array in arrays:
        write(memoryview(array if array.flags.c_contiguous else array.copy()).cast("B"))


def _decode_video(path: Path) -> None:
    from faceguard.media.video_read import Damage, DecodeEffort, VideoReader, probe_video

    info = probe_video(path)
    with VideoReader(path, info, Damage.TOLERATE) as reader:
        for track in info.videos:
            for _ in reader.pictures(track, DecodeEffort.EXACT):
                pass


if __name__ == "__main__":
    sys.exit(main())
