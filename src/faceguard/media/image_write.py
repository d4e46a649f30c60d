"""Writes a picture anew from its pixels: nothing of the source file but colours, and what was asked for, goes along."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import AvifImagePlugin, BmpImagePlugin, Image, JpegImagePlugin, WebPImagePlugin  # noqa: F401 - register writers

from faceguard.atomic import atomic_path
from faceguard.errors import EncodeError, FaceguardError, UnsupportedMediaError
from faceguard.media.gif_write import encode_gif
from faceguard.media.heif_write import encode_heif
from faceguard.media.inspection import inspect_output
from faceguard.media.metadata import exif_bytes
from faceguard.media.picture import CaptureMetadata, ImageFormat, KeepMetadata, Picture
from faceguard.media.pixels import composite, to_eight_bits, to_pillow
from faceguard.media.png_write import encode_png
from faceguard.media.tiff_write import encode_tiff
from faceguard.media.webp_write import join_webp
from faceguard.types import Frame

_SUFFIXES = {
    ".jpg": ImageFormat.JPEG,
    ".jpeg": ImageFormat.JPEG,
    ".jpe": ImageFormat.JPEG,
    ".jfif": ImageFormat.JPEG,
    ".mpo": ImageFormat.JPEG,
    ".png": ImageFormat.PNG,
    ".apng": ImageFormat.PNG,
    ".webp": ImageFormat.WEBP,
    ".tif": ImageFormat.TIFF,
    ".tiff": ImageFormat.TIFF,
    ".gif": ImageFormat.GIF,
    ".bmp": ImageFormat.BMP,
    ".dib": ImageFormat.BMP,
    ".avif": ImageFormat.AVIF,
    ".avifs": ImageFormat.AVIF,
    ".heic": ImageFormat.HEIF,
    ".heif": ImageFormat.HEIF,
    ".hif": ImageFormat.HEIF,
}
_DEEP = {ImageFormat.PNG, ImageFormat.TIFF, ImageFormat.HEIF}
_WITHOUT_ALPHA = {ImageFormat.JPEG, ImageFormat.BMP}
_ANIMATED = {ImageFormat.PNG, ImageFormat.WEBP, ImageFormat.GIF, ImageFormat.AVIF}
_PAGED = {ImageFormat.TIFF, ImageFormat.HEIF}

DEFAULT_QUALITY = 95
"""For JPEG, lossy WebP, AVIF and HEIF. Above it files grow fast and nobody sees a difference."""
_FULL_CHROMA = "4:4:4"
"""Colour at full resolution: with 4:2:0 a pixel at a region's edge would share its colour with its neighbours."""
_AVIF_SPEED = 9
"""A third of the time of 8 for files 6 % larger at the same PSNR (measured on a 2-megapixel photo at quality 95)."""
_AVIF_MAX_PIXELS = 32_000_000
"""libaom took 34 bytes of memory for each pixel of a frame; more than this and a run would not stay under 2 GB."""
_WHITE = 255


def output_format(source: ImageFormat, path: Path) -> ImageFormat:
    """The format that `path` asks for by its suffix; without a suffix that of the source.

    Raises UnsupportedMediaError for a suffix that isn't written.
    """
    suffix = Path(path).suffix.lower()
    if not suffix:
        return ImageFormat.JPEG if source is ImageFormat.MPO else source
    try:
        return _SUFFIXES[suffix]
    except KeyError:
        raise UnsupportedMediaError(
            f"pictures can't be written as `{suffix}`; use one of {' '.join(_SUFFIXES)}", path=path
        ) from None


def write_image(
    picture: Picture,
    path: Path,
    *,
    quality: int = DEFAULT_QUALITY,
    keep_metadata: KeepMetadata = KeepMetadata.NONE,
    overwrite: bool = False,
    check: Callable[[Path], None] | None = None,
) -> None:
    """Writes `picture` to `path`, whole or not at all, in the format that its suffix says.

    The finished file is inspected, and given to `check`, before it gets its name; if either raises, nothing is left.
    Colours under alpha 0 are not written: nobody sees them, so nobody would notice a face there. Raises EncodeError for
    what can't be written, UnsupportedMediaError for what the format can't hold, RedactionError from the inspection.
    """
    path = Path(path)
    format_ = output_format(picture.format, path)
    _require_room_for_frames(picture, format_, path)
    if not 1 <= quality <= 100:
        raise ValueError(f"quality is 1..100, got {quality}")
    metadata = picture.metadata if keep_metadata is KeepMetadata.SAFE else CaptureMetadata()
    try:
        data = _encode(picture, format_, metadata, quality)
    except FaceguardError:
        raise
    except Exception as error:  # whatever an encoder raises, this output can't be had
        raise EncodeError(f"`{path}` can't be encoded as {format_.upper()} ({error})", path=path) from error
    with atomic_path(path, overwrite=overwrite, nameless=True) as partial:
        partial.write_bytes(data)
        inspect_output(partial, picture, keep_metadata=keep_metadata)
        if check is not None:
            check(partial)


def _require_room_for_frames(picture: Picture, format_: ImageFormat, path: Path) -> None:
    if format_ is ImageFormat.AVIF and max(frame.width * frame.height for frame in picture.frames) > _AVIF_MAX_PIXELS:
        raise UnsupportedMediaError(
            f"`{path}`: AVIF of more than {_AVIF_MAX_PIXELS} pixels takes too much memory to write; use .jpg or .png",
            path=path,
        )
    if len(picture.frames) == 1:
        return
    fits = format_ in _PAGED or (picture.is_animated and format_ in _ANIMATED)
    if not fits:
        kind = "frames" if picture.is_animated else "pages"
        better = ".png, .webp, .gif, .avif or .tiff" if picture.is_animated else ".tiff"
        raise UnsupportedMediaError(
            f"`{path}`: {format_.upper()} can't hold the {len(picture.frames)} {kind} of this picture; use {better}",
            path=path,
        )


def _encode(picture: Picture, format_: ImageFormat, metadata: CaptureMetadata, quality: int) -> bytes:
    as_grey = picture.is_grey and all(_has_no_colour(frame) for frame in picture.frames)
    icc = picture.icc_profile if as_grey == picture.is_grey else None
    durations, loop = picture.durations_ms, picture.loop
    if format_ is ImageFormat.PNG:
        stacks = _stacks(picture, format_, as_grey=as_grey)
        return encode_png(stacks, icc_profile=icc, exif=exif_bytes(metadata), durations_ms=durations, loop=loop)
    if format_ is ImageFormat.TIFF:
        if as_grey and any(_is_deep_with_alpha(frame) for frame in picture.frames):
            as_grey, icc = False, None  # deep grey with alpha is a TIFF that few readers know
        return encode_tiff(_stacks(picture, format_, as_grey=as_grey), icc_profile=icc, metadata=metadata)
    if format_ is ImageFormat.GIF:
        return encode_gif(_stacks(picture, format_, as_grey=False), durations_ms=durations, loop=loop)
    planes = [_prepare(frame, format_) for frame in picture.frames]
    if format_ is ImageFormat.HEIF:
        return encode_heif(planes, as_grey=as_grey, icc_profile=icc, exif=exif_bytes(metadata), quality=quality)
    images = [to_pillow(bgr, alpha, as_grey=as_grey) for bgr, alpha in planes]
    return _encode_pillow(picture, images, format_, icc, exif_bytes(metadata), quality)


def _encode_pillow(
    picture: Picture, images: list[Image.Image], format_: ImageFormat, icc: bytes | None, exif: bytes, quality: int
) -> bytes:
    if format_ is ImageFormat.WEBP:
        return _encode_webp(picture, images, icc, exif, quality)
    out, first = io.BytesIO(), images[0]
    if format_ is ImageFormat.JPEG:
        first.save(out, "JPEG", quality=quality, subsampling=_FULL_CHROMA, icc_profile=icc, exif=_prefixed(exif))
    elif format_ is ImageFormat.BMP:
        first.save(out, "BMP")
    else:
        options: dict[str, Any] = {"quality": quality, "speed": _AVIF_SPEED, "icc_profile": icc, "exif": exif}
        options["subsampling"] = "4:0:0" if first.mode in ("L", "LA") else _FULL_CHROMA
        if len(images) > 1:
            options |= {"save_all": True, "append_images": images[1:]}
            options["duration"] = [max(1, round(ms)) for ms in picture.durations_ms]
        first.save(out, "AVIF", **options)
    return out.getvalue()


def _encode_webp(picture: Picture, images: list[Image.Image], icc: bytes | None, exif: bytes, quality: int) -> bytes:
    """Without loss when the source was without. `quality` is then how hard to try, and 80 is libwebp's usual."""
    options: dict[str, Any] = {"lossless": picture.is_lossless, "quality": 80 if picture.is_lossless else quality}
    if len(images) == 1:
        options |= {"icc_profile": icc, "exif": exif}
    stills = []
    for image in images:
        out = io.BytesIO()
        image.save(out, "WEBP", **options)
        stills.append(out.getvalue())
    if len(stills) == 1:
        return stills[0]
    return join_webp(stills, picture.durations_ms, loop=picture.loop, icc_profile=icc, exif=exif)


def _prefixed(exif: bytes) -> bytes:
    """A JPEG's Exif segment is led by a name (CIPA DC-008, 4.5.2)."""
    return b"Exif\x00\x00" + exif if exif else b""


# ------------------------------------------------------------------------------------------------------- pixels


def _prepare(frame: Frame, format_: ImageFormat) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """`(bgr, alpha)` as `format_` can hold them. An alpha that hides nothing is dropped."""
    bgr, alpha = frame.planes[0], frame.alpha
    if format_ not in _DEEP:
        bgr, alpha = to_eight_bits(bgr), None if alpha is None else to_eight_bits(alpha)
    if alpha is None or int(alpha.min()) == np.iinfo(alpha.dtype).max:
        return bgr, None
    if format_ in _WITHOUT_ALPHA:
        return composite(bgr, alpha, _WHITE), None
    return np.where(alpha[:, :, None] == 0, bgr.dtype.type(0), bgr), alpha


def _stacks(picture: Picture, format_: ImageFormat, *, as_grey: bool) -> list[NDArray[Any]]:
    """Frames as `(H, W, 1..4)` in L, LA, RGB or RGBA order; frames of an animation all with the same samples."""
    planes = [_prepare(frame, format_) for frame in picture.frames]
    one_kind = picture.is_animated and any(alpha is not None for _, alpha in planes)
    return [_stack(bgr, alpha, as_grey=as_grey, with_alpha=one_kind or alpha is not None) for bgr, alpha in planes]


def _stack(bgr: NDArray[Any], alpha: NDArray[Any] | None, *, as_grey: bool, with_alpha: bool) -> NDArray[Any]:
    colour = bgr[:, :, :1] if as_grey else bgr[:, :, ::-1]
    if not with_alpha:
        return np.ascontiguousarray(colour)
    samples = np.full((*bgr.shape[:2], colour.shape[2] + 1), np.iinfo(bgr.dtype).max, bgr.dtype)
    samples[:, :, :-1] = colour
    if alpha is not None:
        samples[:, :, -1] = alpha
    return samples


def _is_deep_with_alpha(frame: Frame) -> bool:
    return frame.alpha is not None and frame.alpha.dtype == np.uint16


def _has_no_colour(frame: Frame) -> bool:
    """Whether blue, green and red are equal everywhere; a coloured fill makes a grey picture a colour one."""
    bgr = frame.planes[0]
    return bool(np.array_equal(bgr[:, :, 0], bgr[:, :, 1]) and np.array_equal(bgr[:, :, 1], bgr[:, :, 2]))
