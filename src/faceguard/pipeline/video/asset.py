"""What the record says of a video file that came in, and the proof that it is the same file from sweep to sweep."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from faceguard.audit.compose import new_salt
from faceguard.audit.record import AssetEntry
from faceguard.errors import DecodeError
from faceguard.media.video_info import MediaInfo

_BLOCK_BYTES = 1 << 20

_MEDIA_TYPES = {
    "mov": "video/mp4",
    "matroska": "video/matroska",
    "avi": "video/vnd.avi",
    "mpegts": "video/mp2t",
    "mpeg": "video/mpeg",
}
"""IANA media types by the first of FFmpeg's names of the format."""


@dataclass(slots=True)
class VideoAsset:
    """Filled in as the file is read: first the digests, then what is in it."""

    source: Path
    salt: str = field(default_factory=new_salt)
    sha256: str | None = None
    _salted: str | None = None
    _state: tuple[int, int] | None = None
    entry: AssetEntry = field(init=False)

    def __post_init__(self) -> None:
        self.entry = AssetEntry(media_type="application/octet-stream", width_px=0, height_px=0, salt=self.salt)

    def hash(self) -> str:
        """SHA-256 of the file, hex; and, at once, the salted one for the record. Raises DecodeError."""
        plain, salted = hashlib.sha256(), hashlib.sha256(bytes.fromhex(self.salt))
        try:
            with self.source.open("rb") as file:
                while block := file.read(_BLOCK_BYTES):
                    plain.update(block)
                    salted.update(block)
            self._state = self._now()
        except OSError as error:
            raise DecodeError(f"`{self.source}` can't be read: {error.strerror or error}", path=self.source) from error
        self.sha256, self._salted = plain.hexdigest(), salted.hexdigest()
        return self.sha256

    def describe(self, info: MediaInfo, frame_count: int) -> None:
        """Completes the entry: size of the first video track, upright; pictures of all."""
        width, height = info.videos[0].upright_size
        name = info.container.split(",")[0]
        self.entry = AssetEntry(
            media_type=_MEDIA_TYPES.get(name, "application/octet-stream"),
            width_px=width,
            height_px=height,
            salt=self.salt,
            salted_sha256=self._salted,
            frames=frame_count,
            duration_s=info.duration_s,
        )

    def require_unchanged(self) -> None:
        """Raises DecodeError if the file was written to since it was hashed."""
        try:
            same = self._now() == self._state
        except OSError:
            same = False
        if not same:
            raise DecodeError(f"`{self.source}` was changed while it was being handled; try again", path=self.source)

    def _now(self) -> tuple[int, int]:
        found = self.source.stat()
        return found.st_size, found.st_mtime_ns
