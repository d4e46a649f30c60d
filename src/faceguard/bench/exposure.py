"""Faces left bare in a redacted video, counted in the pixels of what was written, not in what was said."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from faceguard.age.intervals import interval
from faceguard.bench.report import Better, Measurement
from faceguard.errors import ConfigurationError, DecodeError
from faceguard.pipeline.video.job import VideoJob
from faceguard.redaction.solid import GREY_LEVEL

if TYPE_CHECKING:
    from faceguard.pipeline.guard import FaceGuard

CODEC_NOISE_LEVELS = 24
"""Levels of 255 by which a codec alone may change a pixel."""
FILL_NOISE_LEVELS = 10
"""Levels of 255 by which a codec may change the fill."""
GREY = (GREY_LEVEL, GREY_LEVEL, GREY_LEVEL)

_EXTRA = ConfigDict(extra="ignore", frozen=True)


class LabelledFace(BaseModel):
    """A face in one picture; pixels."""

    model_config = _EXTRA

    x: float
    y: float
    w: float = Field(ge=0)
    h: float = Field(ge=0)
    ignore: bool = False


class LabelledClip(BaseModel):
    """A clip's file, and the faces of each of its pictures."""

    model_config = _EXTRA

    file: str
    frames: tuple[tuple[LabelledFace, ...], ...]


class _Labels(BaseModel):
    model_config = _EXTRA

    labels: tuple[LabelledClip, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class FaceLimits:
    """Faces of `min_px` (shorter side) and more count; one is bare when less than `min_share` of its box is covered."""

    min_px: float = 16
    min_share: float = 0.5


@dataclass(frozen=True, slots=True)
class Exposure:
    """Face-frames and how many are bare; `covered_share` of all pixels, the mean over `frames` pictures."""

    faces: int
    bare: int
    frames: int
    covered_share: float


def read_clips(folder: Path) -> tuple[LabelledClip, ...]:
    """`labels.json`: `{"labels": [{"file", "frames": [[{"x", "y", "w", "h", "ignore"}]]}]}`, a list for each picture.

    Raises ConfigurationError for labels that can't be read, or a clip that isn't there.
    """
    path = folder / "labels.json"
    try:
        clips = _Labels.model_validate_json(path.read_bytes()).labels
    except (OSError, ValidationError) as error:
        raise ConfigurationError(f"`{path}` has no labels of clips that can be read ({error})", path=path) from error
    for clip in clips:
        if not (folder / clip.file).is_file():
            raise ConfigurationError(f"`{path}` names `{clip.file}`, which is not in `{folder}`", path=path)
    return clips


def run_exposure(
    folder: Path, guard: FaceGuard, limits: FaceLimits, progress: Callable[[str], None]
) -> dict[str, Exposure]:
    """Redacts each labelled clip of `folder` and counts; by the clip's file. Raises what `redact_video` raises."""
    found = {}
    for clip in read_clips(folder):
        progress(clip.file)
        with tempfile.TemporaryDirectory() as scratch:
            target = Path(scratch) / f"redacted{Path(clip.file).suffix}"
            report = guard.redact_video(VideoJob(folder / clip.file, target))
            found[clip.file] = count_bare(folder / clip.file, report.target or target, clip, limits)
    return found


def count_bare(source: Path, target: Path, clip: LabelledClip, limits: FaceLimits) -> Exposure:
    """Compares two videos picture by picture. Raises ConfigurationError when the labels don't fit the pictures."""
    faces = bare = frames = 0
    covered_sum = 0.0
    try:
        for before, after, labels in zip(pictures(source), pictures(target), clip.frames, strict=True):
            covered = covered_pixels(before, after, GREY)
            frames += 1
            covered_sum += float(covered.mean())
            shares = [_share(covered, face) for face in labels if _counts(face, limits)]
            seen = [share for share in shares if share is not None]
            faces += len(seen)
            bare += sum(share < limits.min_share for share in seen)
    except ValueError as error:
        raise ConfigurationError(f"`{clip.file}` has not as many pictures as labels ({error})", path=source) from error
    return Exposure(faces, bare, frames, covered_sum / max(frames, 1))


def covered_pixels(before: NDArray[np.uint8], after: NDArray[np.uint8], fill: Sequence[int]) -> NDArray[np.bool_]:
    """`(H, W)`: where `after` is the BGR `fill`, or differs from `before` by more than a codec does."""
    if after.shape != before.shape:
        raise ValueError(f"pictures of {before.shape} and {after.shape} can't be compared")
    changed = np.abs(before.astype(np.int16) - after).max(axis=2) > CODEC_NOISE_LEVELS
    filled = np.abs(after.astype(np.int16) - np.array(fill, np.int16)).max(axis=2) <= FILL_NOISE_LEVELS
    return np.asarray(changed | filled, np.bool_)


def pictures(path: Path) -> Iterator[NDArray[np.uint8]]:
    """The first video track, `(H, W, 3)` BGR uint8, as stored. Raises DecodeError."""
    try:
        with av.open(str(path)) as container:
            for picture in container.decode(video=0):
                yield np.asarray(picture.to_ndarray(format="bgr24"), np.uint8)
    except av.FFmpegError as error:
        raise DecodeError(f"`{path}` can't be decoded ({error})") from error


def measurements(found: dict[str, Exposure]) -> list[Measurement]:
    """In %, over all clips and for each. The noise is half of the exact 95 % interval, as if face-frames didn't depend
    on each other; those of one face do."""
    figures: list[Measurement] = []
    for name, one in [("all clips", _whole(list(found.values()))), *found.items()]:
        if one.faces:
            low, high = interval(one.bare, one.faces)
            share, noise = 100 * one.bare / one.faces, 50 * (high - low)
            figures.append(_figure(f"{name} | bare face-frames", share, "%", noise, "lower"))
        figures.append(_figure(f"{name} | face-frames", one.faces, "", 0, "neither"))
        figures.append(_figure(f"{name} | covered, of all pixels", 100 * one.covered_share, "%", 0.1, "lower"))
    return figures


def _whole(parts: Sequence[Exposure]) -> Exposure:
    frames = sum(one.frames for one in parts)
    covered = sum(one.covered_share * one.frames for one in parts) / max(frames, 1)
    return Exposure(sum(one.faces for one in parts), sum(one.bare for one in parts), frames, covered)


def _figure(name: str, value: float, unit: str, noise: float, better: Better) -> Measurement:
    return Measurement(name=name, value=value, unit=unit, noise=noise, better=better)


def _counts(face: LabelledFace, limits: FaceLimits) -> bool:
    return not face.ignore and min(face.w, face.h) >= limits.min_px


def _share(covered: NDArray[np.bool_], face: LabelledFace) -> float | None:
    """Of the face's box that is covered; None when the box is outside of the picture."""
    x0, y0 = max(0, int(face.x)), max(0, int(face.y))
    box = covered[y0 : max(0, int(face.y + face.h) + 1), x0 : max(0, int(face.x + face.w) + 1)]
    return float(box.mean()) if box.size else None
