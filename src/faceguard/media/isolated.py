"""Foreign files decoded in a process of their own, which has limits on memory and time and may write nothing.

A picture comes back as plain numbers: the process that holds keys and log never runs its decoder. A video is decoded
there once, from the first picture to the last, before it is opened here: what crashes, hangs or swells does so there.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from faceguard.errors import DecodeError, UnsupportedMediaError
from faceguard.media.picture import CaptureMetadata, ImageFormat, ImageLimits, Picture
from faceguard.types import Frame

CHILD = "faceguard.media.isolated_child"


@dataclass(frozen=True, slots=True)
class ChildLimits:
    """What a decoding process may take. Of CPU time `cpu_s`, and `cpu_s_per_mb` more for each megabyte of a video.

    Systems without resource limits (Windows) hold the clock alone.
    """

    max_bytes: int = 3_000_000_000
    """Address space, with the libraries: some 400 MB of it are theirs. A picture at our own limits needs 1.5 GB."""
    cpu_s: float = 60.0
    cpu_s_per_mb: float = 8.0
    """Decoding 4K HEVC took 0.5 s for each megabyte; slow machines and codecs have the rest."""

    slack_s: float = 30.0
    """For starting and waiting: by the clock a process may take twice its CPU time, and this."""

    def max_cpu_s(self, path: Path) -> float:
        try:
            return self.cpu_s + self.cpu_s_per_mb * path.stat().st_size / 1e6
        except OSError:  # not there: the child will tell
            return self.cpu_s


def read_image_isolated(path: Path, *, limits: ImageLimits, child: ChildLimits | None = None) -> Picture:
    """As `media.image.read_image`. Raises DecodeError also for a picture over `child`'s limits."""
    child = child or ChildLimits()
    answer = _ask(["picture", str(path.absolute())], path, child.cpu_s, child, stdin=_as_json(limits))
    head, _, body = answer.partition(b"\n")
    try:
        return _picture(json.loads(head), memoryview(body), limits, path)
    except (ValueError, KeyError, TypeError) as error:  # what comes from there is believed no more than the file
        raise DecodeError(f"`{path}` was decoded to something that is no picture", path=path) from error


def try_video(path: Path, *, child: ChildLimits | None = None) -> None:
    """Decodes every picture of every video track elsewhere. Raises DecodeError or UnsupportedMediaError, as opening the
    file here would, and DecodeError for what crashes or goes over a limit. Damage within the pictures is passed over:
    whether that is let through is for the reader to say."""
    child = child or ChildLimits()
    _ask(["video", str(path.absolute())], path, child.max_cpu_s(path), child, stdin=b"")


def _ask(arguments: list[str], path: Path, cpu_s: float, limits: ChildLimits, *, stdin: bytes) -> bytes:
    wall_s = 2 * cpu_s + limits.slack_s  # a busy machine gives it half of a core at least
    command = [sys.executable, "-m", CHILD, str(limits.max_bytes), str(math.ceil(cpu_s)), *arguments]
    try:
        done = subprocess.run(  # noqa: S603 - this very Python, a module of ours, and a path as one argument
            command, input=stdin, capture_output=True, timeout=wall_s, check=False, env=_environment()
        )
    except subprocess.TimeoutExpired as error:
        raise DecodeError(
            f"`{path}` was not decoded within {wall_s:.0f} s, which is the limit for untrusted files; nothing of it "
            "is used",
            path=path,
            expected=wall_s,
        ) from error
    except (OSError, ValueError) as error:
        raise DecodeError(f"no process could be started to decode `{path!s}`: {error}", path=path) from error
    if done.returncode == 0:
        return done.stdout
    raise _refusal(path, done.stdout, done.returncode, cpu_s, limits)


def _refusal(
    path: Path, answer: bytes, code: int, cpu_s: float, limits: ChildLimits
) -> DecodeError | UnsupportedMediaError:
    """The child's own error, or in words how it died."""
    try:
        told = json.loads(answer)
        kind = UnsupportedMediaError if told["code"] == "UnsupportedMediaError" else DecodeError
        return kind(str(told["message"]), path=path)
    except (ValueError, KeyError, TypeError):
        pass
    return DecodeError(
        f"decoding `{path}` ended with {'signal' if code < 0 else 'code'} {abs(code)}: it crashes its decoder, or is "
        f"over the limits for untrusted files, {limits.max_bytes / 1e9:g} GB of memory and {cpu_s:.0f} s of CPU time",
        path=path,
        actual=code,
    )


def _environment() -> dict[str, str]:
    """What Python needs to start and to find this package; no keys or tokens that may stand in the environment."""
    kept = {key: os.environ[key] for key in ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "HOME") if key in os.environ}
    places = os.pathsep.join(place for place in sys.path if place)
    return {**kept, "PYTHONPATH": places, "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"}


# ------------------------------------------------------------------------------------- a picture as plain numbers


def _as_json(limits: ImageLimits) -> bytes:
    names = ("max_frame_pixels", "max_decoded_bytes", "max_frames", "max_file_bytes")
    return json.dumps({name: getattr(limits, name) for name in names}).encode()


def dump_picture(picture: Picture) -> tuple[dict[str, Any], list[Any]]:
    """A head that JSON can hold, and the arrays whose bytes follow it."""
    arrays: list[Any] = []
    frames = []
    for frame in picture.frames:
        arrays += [*frame.planes, *(() if frame.alpha is None else (frame.alpha,))]
        plane = frame.planes[0]
        frames.append([*plane.shape[:2], str(plane.dtype), frame.alpha is not None, frame.index, frame.pts_s])
    metadata = {name: getattr(picture.metadata, name) for name in CaptureMetadata.__slots__}
    head = {
        "frames": frames,
        "format": str(picture.format),
        "is_grey": picture.is_grey,
        "is_lossless": picture.is_lossless,
        "icc_profile": None if picture.icc_profile is None else picture.icc_profile.hex(),
        "durations_ms": list(picture.durations_ms),
        "loop": picture.loop,
        "metadata": {key: str(value) if isinstance(value, Fraction) else value for key, value in metadata.items()},
        "notes": list(picture.notes),
    }
    return head, arrays


def _picture(head: dict[str, Any], body: memoryview, limits: ImageLimits, path: Path) -> Picture:
    frames, at = [], 0
    for height, width, kind, has_alpha, index, pts_s in head["frames"]:
        dtype: np.dtype[Any] = np.dtype({"uint8": "u1", "uint16": "u2"}[kind])
        limits.check_frame(width, height, at, path)
        planes = []
        for shape in ((height, width, 3), *(((height, width),) if has_alpha else ())):
            size = math.prod(shape) * dtype.itemsize
            planes.append(np.frombuffer(body[at : at + size], dtype).reshape(shape))
            at += size
        frames.append(Frame((planes[0],), index=int(index), pts_s=float(pts_s), alpha=planes[1] if has_alpha else None))
    if at != len(body):
        raise ValueError("bytes that belong to no frame")
    metadata = dict(head["metadata"])
    for name in ("exposure_time_s", "f_number", "focal_length_mm"):
        metadata[name] = None if metadata[name] is None else Fraction(metadata[name])
    return Picture(
        frames=tuple(frames),
        format=ImageFormat(head["format"]),
        is_grey=bool(head["is_grey"]),
        is_lossless=bool(head["is_lossless"]),
        icc_profile=None if head["icc_profile"] is None else bytes.fromhex(head["icc_profile"]),
        durations_ms=tuple(float(ms) for ms in head["durations_ms"]),
        loop=int(head["loop"]),
        metadata=CaptureMetadata(**metadata),
        notes=tuple(str(note) for note in head["notes"]),
    )
