"""Pillow images to arrays and back: every mode, 8 and 16 bits, without a second full copy where it can be helped."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from faceguard.media.icc import to_srgb
from faceguard.opencv import cv2
from faceguard.types import Frame, PixelFormat

_STRIP_PIXELS = 4_000_000
"""Pixels converted at once, so that the conversion needs little memory beside its result."""


@dataclass(frozen=True, slots=True, eq=False)
class Pixels:
    """One decoded image: `bgr` `(H, W, 3)`, `alpha` `(H, W)` or None; both uint8 or both uint16, not premultiplied."""

    bgr: NDArray[Any]
    alpha: NDArray[Any] | None
    is_grey: bool


def is_deep(image: ImageFile.ImageFile) -> bool:
    """Whether the file has 16 bits a sample, whatever Pillow makes of it."""
    return _is_deep_layout(_sample_layout(image)) or image.mode.startswith("I;16")


def decode_pillow(image: ImageFile.ImageFile, reopen: Callable[[], ImageFile.ImageFile] | None) -> Pixels:
    """The pixels of the current frame of `image`, at the depth of the file.

    Pillow has no mode for 16-bit colour and cuts it to 8 bits. `reopen` gives the same frame once more, to be decoded
    a second time for the low bytes; without it 16-bit colour stays cut.
    """
    layout = _sample_layout(image)
    if reopen is not None and _is_deep_layout(layout) and image.mode in ("RGB", "RGBA"):
        return _decode_deep_colour(image, reopen, layout)
    is_white_zero = image.mode == "I;16" and _tiff_tag(image, 262) == 0
    image.load()
    if image.mode.startswith("I;16"):
        grey = np.asarray(image).astype(np.uint16, copy=False)
        return _deep_grey(~grey if is_white_zero else grey, image.info.get("transparency"))
    return _convert(image)


def orient(array: NDArray[Any], orientation: int) -> NDArray[Any]:
    """`array` `(H, W)` or `(H, W, 3)` turned upright from Exif `orientation` 1..8 (CIPA DC-008); contiguous."""
    if orientation >= 5:
        array = array.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    return np.ascontiguousarray(array)


def to_frame(pixels: Pixels, *, orientation: int = 1, index: int = 0, pts_s: float = 0.0) -> Frame:
    """An upright frame. Its arrays are marked read-only."""
    bgr = orient(pixels.bgr, orientation)
    alpha = None if pixels.alpha is None else orient(pixels.alpha, orientation)
    for array in (bgr, alpha):
        if array is not None:
            array.flags.writeable = False
    return Frame((bgr,), PixelFormat.BGR, index=index, pts_s=pts_s, alpha=alpha)


def to_eight_bits(array: NDArray[Any]) -> NDArray[np.uint8]:
    """uint8 as it is; uint16 0..65535 rounded to 0..255."""
    if array.dtype == np.uint8:
        return cast("NDArray[np.uint8]", array)
    return cv2.convertScaleAbs(array, alpha=255 / 65535).reshape(array.shape).astype(np.uint8, copy=False)


def composite(bgr: NDArray[np.uint8], alpha: NDArray[np.uint8], ground: int) -> NDArray[np.uint8]:
    """What is seen of `bgr` `(H, W, 3)` through `alpha` `(H, W)` on a flat grey `ground` 0..255; a new array."""
    seen = np.empty_like(bgr)
    for rows in _row_slices(*alpha.shape):
        weight = alpha[rows].astype(np.uint16)[:, :, None]
        seen[rows] = (bgr[rows] * weight + ground * (255 - weight) + 127) // 255
    return seen


def to_pillow(bgr: NDArray[np.uint8], alpha: NDArray[np.uint8] | None, *, as_grey: bool) -> Image.Image:
    """A Pillow image of mode L, LA, RGB or RGBA from 8-bit BGR."""
    height, width = bgr.shape[:2]
    if as_grey:
        base = Image.fromarray(np.ascontiguousarray(bgr[:, :, 0]))
    else:
        base = Image.frombuffer("RGB", (width, height), np.ascontiguousarray(bgr), "raw", "BGR", 0, 1)
    if alpha is None:
        return base
    base = base.convert("LA" if as_grey else "RGBA")
    base.putalpha(Image.fromarray(np.ascontiguousarray(alpha)))
    return base


def _row_slices(height: int, width: int) -> Iterator[slice]:
    """Consecutive rows of a picture, some `_STRIP_PIXELS` at a time."""
    step = max(1, _STRIP_PIXELS // width)
    for top in range(0, height, step):
        yield slice(top, min(top + step, height))


# ------------------------------------------------------------------------------------------------ 8 bits a sample


def _target_mode(image: Image.Image) -> str:
    """The one of L, LA, RGB, RGBA that holds `image`. Raises ValueError for sample types outside these."""
    see_through = image.has_transparency_data
    if image.mode in ("1", "L", "LA", "La"):
        return "LA" if see_through else "L"
    if image.mode in ("P", "PA", "RGB", "RGBX", "RGBA", "RGBa", "YCbCr", "HSV", "CMYK", "LAB"):
        return "RGBA" if see_through else "RGB"
    kind = {"I": "32-bit or signed integer", "F": "floating point"}.get(image.mode, f"`{image.mode}`")
    raise ValueError(f"unsupported {kind} samples")


def _convert(image: Image.Image) -> Pixels:
    """8-bit pixels of a loaded image, strip by strip."""
    mode = _target_mode(image)
    profile = image.info.get("icc_profile")
    width, height = image.size
    bgr = np.empty((height, width, 3), np.uint8)
    alpha = np.empty((height, width), np.uint8) if mode.endswith("A") else None
    for rows in _row_slices(height, width):
        strip = image.crop((0, rows.start, width, rows.stop))
        if strip.mode in ("CMYK", "LAB"):
            strip = to_srgb(strip, profile)
        elif strip.mode != mode:
            strip = strip.convert(mode)
        samples = np.frombuffer(
            strip.tobytes("raw", mode[::-1] if mode == "RGB" else mode.replace("RGB", "BGR")), np.uint8
        )
        samples = samples.reshape(rows.stop - rows.start, width, -1)
        bgr[rows] = samples[:, :, :3] if mode.startswith("RGB") else samples[:, :, :1]
        if alpha is not None:
            alpha[rows] = samples[:, :, -1]
    return Pixels(bgr, alpha, is_grey=mode.startswith("L"))


# ----------------------------------------------------------------------------------------------- 16 bits a sample


def _sample_layout(image: ImageFile.ImageFile) -> str:
    """Pillow's name for how samples lie in the file, such as `RGB;16B`; "" when there is none."""
    if not image.tile:
        return ""
    args = image.tile[0].args
    layout = args if isinstance(args, str) else args[0] if args else ""
    return layout if isinstance(layout, str) else ""


def _is_deep_layout(layout: str) -> bool:
    """Not so BMP's `BGR;16`: that is 16 bits a pixel."""
    return layout.startswith(("RGB", "CMYK", "LA")) and ";16" in layout


def _decode_deep_colour(image: ImageFile.ImageFile, reopen: Callable[[], ImageFile.ImageFile], layout: str) -> Pixels:
    """16-bit colour from two decodings: one that keeps the low byte of each sample and one that keeps the high byte.

    Pillow unpacks `;16L` by the second byte of each sample and `;16B` by the first, whatever order they are in.
    """
    if layout == "LA;16B":
        return _decode_deep_grey_alpha(image)
    see_through = "A" in layout.split(";")[0].upper()
    premultiplied = layout.startswith("RGBa")
    combined = _low_bytes(reopen())
    image.tile = [_with_byte(tile, wants_low=False) for tile in image.tile]
    image.load()
    for rows, samples in _strips(image):
        combined[rows] |= samples.astype(np.uint16) << 8
    transparent_colour = image.info.get("transparency")
    bgr, alpha = combined, None
    if see_through and combined.shape[2] == 4:
        bgr, alpha = np.ascontiguousarray(combined[:, :, :3]), np.ascontiguousarray(combined[:, :, 3])
        if premultiplied:
            bgr = _unpremultiply(bgr, alpha)
    elif isinstance(transparent_colour, tuple):
        alpha = np.where((bgr == np.array(transparent_colour[::-1], np.uint16)).all(axis=2), 0, 65535).astype(np.uint16)
    return Pixels(bgr, alpha, is_grey=False)


def _low_bytes(image: ImageFile.ImageFile) -> NDArray[np.uint16]:
    """`(H, W, 3 or 4)`; the image and its memory go when this returns, before the high bytes need theirs."""
    image.tile = [_with_byte(tile, wants_low=True) for tile in image.tile]
    image.load()
    samples16 = np.empty((image.height, image.width, len(image.getbands())), np.uint16)
    for rows, samples in _strips(image):
        samples16[rows] = samples
    return samples16


def _with_byte(tile: Any, *, wants_low: bool) -> Any:
    """`tile` with its layout changed to unpack the high or the low byte of each sample."""
    native = "L" if sys.byteorder == "little" else "B"
    args = tile.args
    layout = args if isinstance(args, str) else args[0]
    name, order = layout.replace("RGBa", "RGBA").split(";16")
    order = native if order in ("N", "") else order
    if wants_low:
        order = "B" if order == "L" else "L"
    changed = f"{name};16{order}"
    return tile._replace(args=changed if isinstance(args, str) else (changed, *args[1:]))


def _strips(image: Image.Image) -> Iterator[tuple[slice, NDArray[np.uint8]]]:
    """Rows and their samples `(rows, W, 3 or 4)` in B, G, R(, A) order, of a loaded RGB or RGBA image."""
    for rows in _row_slices(image.height, image.width):
        strip = image.crop((0, rows.start, image.width, rows.stop))
        data = strip.tobytes("raw", "BGRA" if image.mode == "RGBA" else "BGR")
        yield rows, np.frombuffer(data, np.uint8).reshape(rows.stop - rows.start, image.width, -1)


def _decode_deep_grey_alpha(image: ImageFile.ImageFile) -> Pixels:
    """16-bit grey and alpha: read as four bytes a pixel, which are the two big-endian samples."""
    image.tile = [tile._replace(args="RGBA") for tile in image.tile]
    image.load()
    samples = np.frombuffer(image.tobytes(), ">u2").reshape(image.height, image.width, 2).astype(np.uint16)
    return Pixels(np.repeat(samples[:, :, :1], 3, axis=2), np.ascontiguousarray(samples[:, :, 1]), is_grey=True)


def _deep_grey(grey: NDArray[np.uint16], transparent: object) -> Pixels:
    alpha = np.where(grey == transparent, 0, 65535).astype(np.uint16) if isinstance(transparent, int) else None
    return Pixels(np.repeat(grey[:, :, None], 3, axis=2), alpha, is_grey=True)


def _unpremultiply(bgr: NDArray[np.uint16], alpha: NDArray[np.uint16]) -> NDArray[np.uint16]:
    colour = bgr.astype(np.float32) * (65535 / np.maximum(alpha, 1).astype(np.float32))[:, :, None]
    return np.minimum(np.rint(colour), 65535).astype(np.uint16)


def _tiff_tag(image: ImageFile.ImageFile, tag: int) -> object:
    return image.tag_v2.get(tag) if hasattr(image, "tag_v2") else None
