"""Pictures that lie inside another file: thumbnails, covers, previews, and what was appended to it.

They are looked for by their first bytes, wherever these stand, as a recovery program would: no structure of the file is
believed, so a picture in a part that nobody thought of is found too.
"""

from __future__ import annotations

import io
import mmap
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from faceguard.errors import DecodeError

_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF", b"GIF89a", b"GIF87a")
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")

MIN_SIDE_PX = 16
"""In anything smaller no detector finds a face, and no person does."""
MAX_BYTES = 16_000_000
"""How much of the file belongs to one embedded picture at most; previews of cameras stay below 10 MB."""
MAX_PIXELS = 64_000_000
MAX_PICTURES = 64
"""Compressed data holds three given bytes once in 16 million by chance, and hardly ever a header behind them."""


def embedded_pictures(path: Path) -> Iterator[NDArray[np.uint8]]:
    """Every picture that begins behind the first byte of the file at `path`, `(H, W, 3)` BGR uint8.

    What looks like the beginning of a picture and can't be decoded is none. Raises DecodeError for an unreadable file.
    """
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            starts = sorted({at for mark in _SIGNATURES for at in _places(data, mark)})
            found = 0
            for at in starts:
                picture = _decode(data[at : at + MAX_BYTES])
                if picture is None:
                    continue
                found += 1
                if found > MAX_PICTURES:
                    raise DecodeError(f"`{path.name}` holds more than {MAX_PICTURES} pictures inside", path=path)
                yield picture
    except OSError as error:
        raise DecodeError(f"`{path}` can't be read: {error.strerror or error}", path=path) from error


def _places(data: mmap.mmap, mark: bytes) -> Iterator[int]:
    at = data.find(mark, 1)
    while at >= 0:
        yield at
        at = data.find(mark, at + 1)


def _decode(data: bytes) -> NDArray[np.uint8] | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(data), formats=_FORMATS)
            if min(image.size) < MIN_SIDE_PX or image.width * image.height > MAX_PIXELS:
                return None
            return np.ascontiguousarray(np.asarray(image.convert("RGB"))[:, :, ::-1])
    except Exception:  # noqa: BLE001 - bytes that only looked like a picture may make a decoder raise anything
        return None
