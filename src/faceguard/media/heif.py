"""Reads HEIC and HEIF through pillow-heif, which is an extra: its wheels hold LGPL and GPL codecs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from faceguard.errors import UnsupportedMediaError
from faceguard.media.icc import clean_profile
from faceguard.media.metadata import read_capture
from faceguard.media.picture import CaptureMetadata, ImageFormat, ImageLimits, Picture
from faceguard.media.pixels import Pixels, to_frame
from faceguard.types import Frame

_REMEDY = 'install the extra: pip install "faceguard-sdk[heic]"'


def read_heif(file: BinaryIO, path: Path, limits: ImageLimits) -> Picture:
    """All top-level images of a HEIF file, the primary one first; thumbnails, depth maps and other aids are left out.

    The decoder has already applied the file's turns and mirrors (`irot`, `imir`), and Exif orientation does not count
    in HEIF. 10 and 12 bits come as 16. Foreign errors are wrapped by the caller.
    """
    pillow_heif = import_pillow_heif(path)
    container = pillow_heif.open_heif(file, convert_hdr_to_8bit=False, bgr_mode=True)
    if not len(container):
        raise UnsupportedMediaError(f"`{path}` is HEIF without a picture that can be read", path=path)
    images = sorted(container, key=lambda image: not image.info["primary"])
    limits.check_count(len(images), path)
    frames: list[Frame] = []
    is_grey, decoded_bytes = True, 0
    for image in images:
        width, height = image.size
        decoded_bytes += width * height * (4 if image.has_alpha else 3) * (2 if "16" in image.mode else 1)
        limits.check_frame(width, height, decoded_bytes, path)
        if image.premultiplied_alpha:
            raise UnsupportedMediaError(f"`{path}` is HEIF with premultiplied alpha; convert it to PNG", path=path)
        pixels = _pixels(image)
        is_grey = is_grey and pixels.is_grey
        frames.append(to_frame(pixels, index=len(frames)))
    first = images[0].info
    return Picture(
        frames=tuple(frames),
        format=ImageFormat.HEIF,
        is_grey=is_grey,
        is_lossless=False,
        icc_profile=clean_profile(first.get("icc_profile"), is_grey=is_grey),
        metadata=_capture(first.get("exif")),
        notes=_notes(images),
    )


def import_pillow_heif(path: Path) -> Any:
    """The library. Raises UnsupportedMediaError for `path` when it isn't installed."""
    try:
        import pillow_heif
    except ImportError as error:
        raise UnsupportedMediaError(f"`{path}` is HEIC; {_REMEDY}", path=path) from error
    return pillow_heif


def _pixels(image: Any) -> Pixels:
    """One decoded HEIF image: modes L, LA, BGR, BGRA, each also with `;16`."""
    deep = "16" in image.mode
    samples = np.asarray(image)
    if deep and samples.dtype != np.uint16:
        samples = samples.astype(np.uint16)
    if samples.ndim == 2:
        samples = samples[:, :, None]
    channels = samples.shape[2]
    is_grey = channels < 3
    bgr = np.repeat(samples[:, :, :1], 3, axis=2) if is_grey else samples[:, :, :3].copy()
    alpha = samples[:, :, -1].copy() if channels in (2, 4) else None
    return Pixels(bgr, alpha, is_grey)


def _capture(block: bytes | None) -> CaptureMetadata:
    exif = Image.Exif()
    try:
        exif.load(block or b"")
        return read_capture(exif)
    except Exception:  # noqa: BLE001 - a broken Exif block costs only itself
        return CaptureMetadata()


def _notes(images: Sequence[Any]) -> tuple[str, ...]:
    aids = sum(len(i.info.get(key) or ()) for i in images for key in ("thumbnails", "depth_images", "aux"))
    return (f"{aids} thumbnails, depth maps or other auxiliary images were left out",) if aids else ()
