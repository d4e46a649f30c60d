"""Looks at a written picture as a stranger would: is there anything in it but the pixels that were meant?"""

from __future__ import annotations

import struct
from pathlib import Path

from PIL import ExifTags, Image

from faceguard.errors import RedactionError
from faceguard.media.metadata import ALLOWED_EXIF_TAGS
from faceguard.media.picture import ImageFormat, KeepMetadata, Picture
from faceguard.media.sniff import sniff_image
from faceguard.media.structure import Structure, UnexpectedPart, walk_bmp, walk_gif, walk_jpeg, walk_png, walk_webp
from faceguard.media.structure_boxes import walk_boxes
from faceguard.media.structure_tiff import has_exif, walk_tiff

_WALKERS = {
    ImageFormat.JPEG: walk_jpeg,
    ImageFormat.PNG: walk_png,
    ImageFormat.WEBP: walk_webp,
    ImageFormat.GIF: walk_gif,
    ImageFormat.BMP: walk_bmp,
    ImageFormat.TIFF: walk_tiff,
    ImageFormat.AVIF: walk_boxes,
    ImageFormat.HEIF: walk_boxes,
}
_EXIF_IFD = 0x8769


def inspect_output(path: Path, expected: Picture, *, keep_metadata: KeepMetadata = KeepMetadata.NONE) -> None:
    """Raises RedactionError unless the file at `path` holds `expected`'s frames and nothing more (FG-R05).

    Checked: as many frames of the same sizes; no thumbnail, second picture, comment, XMP, maker note or place; no bytes
    that belong to nothing; Exif only with `KeepMetadata.SAFE`, and then only the allowed tags.
    """
    data = path.read_bytes()
    format_ = sniff_image(data[:256])
    try:
        if format_ is None:
            raise UnexpectedPart("no picture format that is known")
        structure = _WALKERS[format_](data)
        _require_frames(structure, expected)
        if structure.exif:
            _require_allowed_exif(structure.exif)
        carries_exif = bool(structure.exif) or (format_ is ImageFormat.TIFF and has_exif(data))
        if carries_exif and keep_metadata is KeepMetadata.NONE:
            raise UnexpectedPart("Exif, though none was to be kept")
    except UnexpectedPart as error:
        raise RedactionError(f"the written picture holds {error}; it was withheld", path=path) from error
    except (struct.error, ValueError, KeyError, IndexError) as error:
        raise RedactionError(f"the written picture can't be read back ({error}); it was withheld", path=path) from error


def _require_frames(structure: Structure, expected: Picture) -> None:
    sizes = tuple((frame.width, frame.height) for frame in expected.frames)
    if structure.sizes != sizes:
        raise UnexpectedPart(
            f"frames of {structure.sizes[:3]} pixels in place of {sizes[:3]}, or another number of them"
        )


def _require_allowed_exif(block: bytes) -> None:
    exif = Image.Exif()
    exif.load(block)
    if set(exif) - {_EXIF_IFD} or exif.get_ifd(ExifTags.IFD.IFD1):
        raise UnexpectedPart("Exif with more than the capture tags")
    extra = set(exif.get_ifd(_EXIF_IFD)) - ALLOWED_EXIF_TAGS
    if extra:
        raise UnexpectedPart(f"the Exif tags {sorted(extra)}")
