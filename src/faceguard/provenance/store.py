"""What lies in a manifest store: pictures, which must not be there, and assertions that may be taken out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

_PICTURE_MARKS: Final[Mapping[str, bytes]] = {
    "PNG": b"\x89PNG\r\n\x1a\n",
    "GIF": b"GIF8",
    "WebP": b"WEBPVP8",
    "AVIF or HEIF": b"ftypavif",
    "HEIF": b"ftyphei",
    "HEIF sequence": b"ftypmif1",
    "TIFF (little)": b"II*\x00",
    "TIFF (big)": b"MM\x00*",
    "JPEG XL": b"\x00\x00\x00\x0cJXL \r\n",
    "SVG": b"<svg",
}
"""The bytes that picture formats begin with. Looked for anywhere, so that no nesting of boxes hides one."""

_JPEG_MARK: Final = b"\xff\xd8\xff"

_KEPT_PREFIXES: Final = ("c2pa.actions", "c2pa.hash.", "c2pa.ingredient")
"""Assertions that the specification lets nobody take out (actions, hashes), or that chain manifests together."""


def pictures_in(store: bytes) -> tuple[str, ...]:
    """The formats of pictures that are embedded in a manifest store."""
    found = tuple(name for name, mark in _PICTURE_MARKS.items() if mark in store)
    return ("JPEG", *found) if _holds_jpeg(store) else found


def _holds_jpeg(store: bytes) -> bool:
    """A JPEG's mark is but three bytes, which a signature may hold by chance; so a whole segment has to follow it."""
    at = store.find(_JPEG_MARK)
    while at >= 0:
        next_marker = at + 4 + int.from_bytes(store[at + 4 : at + 6], "big")
        if store[next_marker : next_marker + 1] == b"\xff":
            return True
        at = store.find(_JPEG_MARK, at + 1)
    return False


def redactable_assertions(detailed_json: str) -> tuple[str, ...]:
    """JUMBF URIs of all that can be taken out of a store: thumbnails, metadata, whatever a camera or editor added.

    `detailed_json` is the reader's account of the store. What one can't take out is left to the check of the result.
    """
    return tuple(_uris(json.loads(detailed_json).get("manifests", {})))


def _uris(manifests: Mapping[str, Any]) -> Iterator[str]:
    for label, manifest in manifests.items():
        for assertion in manifest.get("assertion_store", {}):
            if not assertion.startswith(_KEPT_PREFIXES):
                yield f"self#jumbf=/c2pa/{label}/c2pa.assertions/{assertion}"
