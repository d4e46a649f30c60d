"""Reads a picture file into frames: by content, upright, composed, at its own depth, within limits, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from faceguard.errors import DecodeError, FaceguardError, UnsupportedMediaError
from faceguard.media.heif import read_heif
from faceguard.media.icc import clean_profile
from faceguard.media.metadata import read_capture, read_orientation
from faceguard.media.picture import CaptureMetadata, ImageFormat, ImageLimits, Picture
from faceguard.media.pixels import decode_pillow, is_deep, to_frame
from faceguard.media.riff import has_lossless_webp, webp_canvas
from faceguard.media.sniff import HEAD_BYTES, open_regular, require_image_format
from faceguard.types import Frame

_PLUGINS: dict[ImageFormat, type[ImageFile.ImageFile]] = {
    ImageFormat.JPEG: JpegImagePlugin.JpegImageFile,
    ImageFormat.PNG: PngImagePlugin.PngImageFile,
    ImageFormat.WEBP: WebPImagePlugin.WebPImageFile,
    ImageFormat.TIFF: TiffImagePlugin.TiffImageFile,
    ImageFormat.GIF: GifImagePlugin.GifImageFile,
    ImageFormat.BMP: BmpImagePlugin.BmpImageFile,
    ImageFormat.AVIF: AvifImagePlugin.AvifImageFile,
}
"""Opened directly, not through `Image.open`: the format is known, and the limits are ours and per call."""

_COUNTED = {ImageFormat.PNG, ImageFormat.WEBP, ImageFormat.AVIF}
"""Formats that say up front how many frames there are. In the others one frame points to the next."""
_ANIMATED = {ImageFormat.PNG, ImageFormat.WEBP, ImageFormat.AVIF, ImageFormat.GIF}
_LOSSY = {ImageFormat.JPEG, ImageFormat.MPO, ImageFormat.AVIF}

_TIFF_SUBFILE, _TIFF_SUB_IFDS, _TIFF_DNG_VERSION = 254, 330, 50706
_TIFF_PLANES, _SEPARATE = 284, 2
_CUT_DEPTH = "more than 8 bits a sample were read as 8 bits"
_REDUCED, _MASK = 1, 4
"""Bits of NewSubfileType (TIFF 6.0, p. 36): a smaller copy of another page, a transparency mask."""


def read_image(path: Path, *, limits: ImageLimits | None = None) -> Picture:
    """The picture in `path`, whatever its name says.

    Every frame or page is read, or the file is refused. Raises UnsupportedMediaError for what isn't handled,
    DecodeError for what is missing, broken, cut or over `limits`; never returns a half-decoded picture.
    """
    limits = limits or ImageLimits()
    path = Path(path)
    with open_regular(path, max_bytes=limits.max_file_bytes) as file:
        head = file.read(HEAD_BYTES)
        format_ = require_image_format(head, path)
        file.seek(0)
        try:
            if format_ is ImageFormat.HEIF:
                return read_heif(file, path, limits)
            if format_ is ImageFormat.WEBP:  # its decoder takes memory for the whole canvas as soon as it is made
                limits.check_frame(*webp_canvas(head), 0, path)
            return _Reading(file, path, format_, limits).read()
        except FaceguardError:
            raise
        except Exception as error:  # whatever a decoder of foreign bytes raises, the file is at fault
            detail = str(error).strip().rstrip(".") or type(error).__name__
            if detail.lower().startswith(("unknown", "unsupported", "cannot handle")):
                raise UnsupportedMediaError(
                    f"`{path}` is a kind of {format_.upper()} that isn't handled ({detail}); convert it to PNG",
                    path=path,
                ) from error
            raise DecodeError(f"`{path}` is {format_.upper()}, but broken or cut ({detail})", path=path) from error


@dataclass(slots=True)
class _Reading:
    """One file on its way through Pillow."""

    file: BinaryIO
    path: Path
    format: ImageFormat
    limits: ImageLimits
    notes: list[str] = field(default_factory=list)

    def read(self) -> Picture:
        image = self._open()
        self._refuse_camera_raw(image)
        frames: list[Frame] = []
        durations_ms: list[float] = []
        is_grey, decoded_bytes = True, 0
        for position in self._positions(image):
            self._refuse_odd_planes(image)
            decoded_bytes += _decoded_bytes(image)
            self.limits.check_frame(*image.size, decoded_bytes, self.path)
            pixels = decode_pillow(image, None if self._is_animated(image) else partial(self._open, position))
            # Pillow turns TIFF upright by itself.
            orientation = 1 if self.format is ImageFormat.TIFF else read_orientation(_exif(image))
            pts_s = sum(durations_ms) / 1000
            frames.append(to_frame(pixels, orientation=orientation, index=len(frames), pts_s=pts_s))
            durations_ms.append(float(image.info.get("duration") or 0))
            is_grey = is_grey and pixels.is_grey
        return Picture(
            frames=_pad_to_canvas(frames) if self.format is ImageFormat.GIF else tuple(frames),
            format=self._settle_format(image),
            is_grey=is_grey,
            is_lossless=self._is_lossless(),
            icc_profile=self._profile(image, is_grey=is_grey),
            durations_ms=tuple(durations_ms) if self.format in _ANIMATED and len(frames) > 1 else (),
            loop=self._loop(image),
            metadata=_capture(image),
            notes=tuple(self.notes),
        )

    def _open(self, position: int = 0) -> ImageFile.ImageFile:
        self.file.seek(0)
        image = _PLUGINS[self.format](self.file)
        if position:
            image.seek(position)
        return image

    def _is_animated(self, image: ImageFile.ImageFile) -> bool:
        return self.format in _ANIMATED and bool(getattr(image, "is_animated", False))

    def _positions(self, image: ImageFile.ImageFile) -> Iterator[int]:
        """Seeks `image` to one frame after the other and gives their positions."""
        if self.format in _COUNTED:
            yield from self._counted_positions(image)
            return
        position = 0
        while True:
            try:
                image.seek(position)
            except EOFError:
                return
            self.limits.check_count(position + 1, self.path)
            if position == 0 or not self._is_spare_page(image):
                yield position
            position += 1

    def _counted_positions(self, image: ImageFile.ImageFile) -> Iterator[int]:
        count = int(getattr(image, "n_frames", 1))
        self.limits.check_count(count, self.path)
        first = 0
        if count > 1 and getattr(image, "default_image", False):
            first = 1
            self.notes.append("the still picture for viewers that don't animate was left out")
        if count > 1 and is_deep(image):
            self.notes.append(_CUT_DEPTH)
        for position in range(first, count):
            image.seek(position)
            yield position

    def _is_spare_page(self, image: ImageFile.ImageFile) -> bool:
        """Whether this page is a smaller copy or a mask of another one. It is left out: a face in it may be too small
        to be found."""
        if not isinstance(image, TiffImagePlugin.TiffImageFile):
            return False
        kind = image.tag_v2.get(_TIFF_SUBFILE, 0)
        if isinstance(kind, int) and kind & (_REDUCED | _MASK):
            self.notes.append("a page that is a smaller copy or a mask of another was left out")
            return True
        return False

    def _refuse_camera_raw(self, image: ImageFile.ImageFile) -> None:
        """A camera's raw file is a TIFF whose first page is a preview; the picture itself would be lost in silence."""
        if not isinstance(image, TiffImagePlugin.TiffImageFile):
            return
        tags = image.tag_v2
        kind = tags.get(_TIFF_SUBFILE, 0)
        if _TIFF_DNG_VERSION in tags or (_TIFF_SUB_IFDS in tags and isinstance(kind, int) and kind & _REDUCED):
            raise UnsupportedMediaError(
                f"`{self.path}` is a camera raw file (DNG, NEF or the like); develop it to TIFF or JPEG first",
                path=self.path,
            )

    def _refuse_odd_planes(self, image: ImageFile.ImageFile) -> None:
        """Pillow reads separate planes right only for 8-bit RGB and RGBA; others come out wrong without an error."""
        if not isinstance(image, TiffImagePlugin.TiffImageFile) or image.tag_v2.get(_TIFF_PLANES) != _SEPARATE:
            return
        bits = image.tag_v2.get(TiffImagePlugin.BITSPERSAMPLE, (1,))
        if len(bits) > 1 and (set(bits) != {8} or image.mode not in ("RGB", "RGBA", "CMYK")):
            raise UnsupportedMediaError(
                f"`{self.path}` is a TIFF of separate planes that isn't 8-bit RGB; save it with interleaved samples",
                path=self.path,
            )

    def _settle_format(self, image: ImageFile.ImageFile) -> ImageFormat:
        if self.format is ImageFormat.JPEG and "mp" in image.info:
            self.notes.append("further pictures in the MPO were left out")
            return ImageFormat.MPO
        if self.format is ImageFormat.AVIF and _is_deep_av1(self.file):
            self.notes.append(_CUT_DEPTH)
        if image.mode == "CMYK" and is_deep(image):
            self.notes.append(_CUT_DEPTH)
        if self.format is ImageFormat.GIF and not self._ends_with(b";"):
            self.notes.append("the GIF has no end mark; frames behind the last one may have been lost before")
        return self.format

    def _ends_with(self, mark: bytes) -> bool:
        """Whether the file ends with `mark`, zeros behind it aside."""
        self.file.seek(0)
        return self.file.read().rstrip(b"\x00").endswith(mark)

    def _is_lossless(self) -> bool:
        if self.format is ImageFormat.WEBP:
            self.file.seek(0)
            return has_lossless_webp(self.file.read())
        return self.format not in _LOSSY

    def _profile(self, image: ImageFile.ImageFile, *, is_grey: bool) -> bytes | None:
        """The colour profile, if it fits; CMYK and Lab have been converted to sRGB by it, so it no longer does."""
        return None if image.mode in ("CMYK", "LAB") else clean_profile(image.info.get("icc_profile"), is_grey=is_grey)

    def _loop(self, image: ImageFile.ImageFile) -> int:
        """How often the animation plays. A GIF counts the repeats, and plays once if it says nothing."""
        value = image.info.get("loop")
        if self.format is ImageFormat.GIF:
            return 1 if value is None else 0 if value == 0 else int(value) + 1
        return int(value or 0)


def _decoded_bytes(image: ImageFile.ImageFile) -> int:
    samples = 4 if image.has_transparency_data else 3
    return image.width * image.height * samples * (2 if is_deep(image) else 1)


def _exif(image: ImageFile.ImageFile) -> Image.Exif:
    """The Exif block of a loaded frame; an empty one when it is broken. Pictures with broken Exif are common."""
    try:
        return image.getexif()
    except Exception:  # noqa: BLE001 - Pillow raises nearly anything here, and the picture stands without its Exif
        return Image.Exif()


def _capture(image: ImageFile.ImageFile) -> CaptureMetadata:
    try:
        return read_capture(_exif(image))
    except Exception:  # noqa: BLE001 - as above; nothing is kept of a broken block
        return CaptureMetadata()


def _is_deep_av1(file: BinaryIO) -> bool:
    """Whether the first `av1C` box says high_bitdepth (AV1-ISOBMFF 2.3.3: bit 6 of its third byte)."""
    file.seek(0)
    data = file.read(65536)
    at = data.find(b"av1C")
    return at >= 0 and len(data) > at + 6 and bool(data[at + 6] & 0x40)


def _pad_to_canvas(frames: list[Frame]) -> tuple[Frame, ...]:
    """Frames of one size: those from before a GIF outgrew its screen get see-through pixels at the right and bottom."""
    width, height = max(f.width for f in frames), max(f.height for f in frames)
    return tuple(f if (f.width, f.height) == (width, height) else _padded(f, width, height) for f in frames)


def _padded(frame: Frame, width: int, height: int) -> Frame:
    bgr = np.zeros((height, width, 3), frame.planes[0].dtype)
    alpha = np.zeros((height, width), bgr.dtype)
    bgr[: frame.height, : frame.width] = frame.planes[0]
    alpha[: frame.height, : frame.width] = np.iinfo(bgr.dtype).max if frame.alpha is None else frame.alpha
    bgr.flags.writeable = alpha.flags.writeable = False
    return Frame((bgr,), frame.format, frame.index, frame.pts_s, alpha)
