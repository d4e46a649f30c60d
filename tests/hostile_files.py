"""Every reader of foreign files with small seeds, and ways to break these. For the fuzz tests and benchmarks/fuzz.

A reader may return, or raise one of our errors. Anything else, and whatever doesn't end, is a bug.
"""

from __future__ import annotations

import contextlib
import io
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import pillow_heif
from consents import KEY, KEYS, NOW, adult_consent, guardian_consent, register_bytes
from made_pictures import exif_with_orientation, moving_square, noise, raw_png, save, srgb_profile, talkative_jpeg
from made_videos import Clip, ground
from PIL import Image
from records import append_some

from faceguard.audit.head import head_path
from faceguard.audit.verify import read_log, verify_log
from faceguard.errors import FaceguardError
from faceguard.media.image import read_image
from faceguard.media.picture import ImageLimits
from faceguard.media.video_read import Damage, VideoReader, probe_video
from faceguard.policy.load import load_policy
from faceguard.policy.notice import load_notice
from faceguard.policy.register import ConsentRegister
from faceguard.resources import resource_dir
from faceguard.signing import SigningKey, TrustedKeys

SMALL = ImageLimits(max_frame_pixels=1_000_000, max_decoded_bytes=12_000_000, max_frames=20)
LATER = NOW + timedelta(days=1)
MAX_READ_S = 20
"""No reader needs a tenth of it for a small file on a slow machine."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A reader of files named like `suffix`; `seeds` makes whole ones, as bytes."""

    suffix: str
    seeds: Callable[[Path], list[bytes]]
    read: Callable[[Path], object]


def _read_picture(path: Path) -> object:
    return read_image(path, limits=SMALL)


def _read_video(path: Path) -> int:
    info = probe_video(path)
    with VideoReader(path, info, Damage.TOLERATE) as reader:
        return sum(1 for track in info.videos for _ in reader.pictures(track))


def _saved(folder: Path, suffix: str, pictures: Sequence[Image.Image], format_: str, **options: Any) -> bytes:
    path = folder / f"seed{suffix}"
    if len(pictures) > 1:
        options |= {"save_all": True, "append_images": list(pictures[1:])}
    return save(pictures[0], path, format_, **options).read_bytes()


def _still() -> Image.Image:
    return Image.fromarray(noise((24, 32, 3)))


def _pictures(suffix: str, format_: str, **options: Any) -> Callable[[Path], list[bytes]]:
    def seeds(folder: Path) -> list[bytes]:
        still = _saved(folder, suffix, [_still()], format_, **options)
        frames = moving_square()
        several = [] if format_ in ("BMP", "JPEG") else [_saved(folder, suffix, frames, format_)]
        return [still, *several]

    return seeds


def _jpegs(folder: Path) -> list[bytes]:
    progressive = _saved(folder, ".jpg", [_still()], "JPEG", progressive=True, exif=exif_with_orientation(6))
    return [talkative_jpeg(), progressive, _saved(folder, ".jpg", [_still()], "JPEG", icc_profile=srgb_profile())]


def _pngs(folder: Path) -> list[bytes]:
    deep = raw_png(noise((12, 16, 4), "uint16"), interlaced=True)
    return [deep, *_pictures(".png", "PNG")(folder)]


def _heifs(folder: Path) -> list[bytes]:
    out = io.BytesIO()
    pillow_heif.from_pillow(_still()).save(out)
    return [out.getvalue()]


def _videos(suffix: str, codec: str) -> Callable[[Path], list[bytes]]:
    def seeds(folder: Path) -> list[bytes]:
        path = folder / f"seed{suffix}"
        return [Clip([ground(64, 48, seed) for seed in range(3)], codec=codec).write(path).read_bytes()]

    return seeds


def _logs(folder: Path) -> list[bytes]:
    path = folder / "seed.jsonl"
    append_some(path, 0)
    return [path.read_bytes()]


def _checkpoints(folder: Path) -> list[bytes]:
    log = folder / "sealed.jsonl"
    append_some(log, 0)
    return [head_path(log).read_bytes()]


def _verify_with_checkpoint(path: Path) -> object:
    """The broken one in the place of the whole log's own."""
    log = path.with_name("sealed.jsonl")
    shutil.copyfile(path, head_path(log))
    return verify_log(log, keys=None, moment=LATER)


def _texts(name: str, *files: str) -> Callable[[Path], list[bytes]]:
    return lambda folder: [(resource_dir(name) / file).read_bytes() for file in files]


def _keys(folder: Path) -> list[bytes]:
    KEYS.save(folder / "keys.json")
    return [(folder / "keys.json").read_bytes()]


def _private_keys(folder: Path) -> list[bytes]:
    paths = folder / "plain.pem", folder / "locked.pem"
    KEY.save(paths[0])
    KEY.save(paths[1], passphrase="a passphrase of some length")
    return [path.read_bytes() for path in paths]


def _registers(folder: Path) -> list[bytes]:
    return [register_bytes(guardian_consent(), adult_consent())]


def _load_register(path: Path) -> ConsentRegister:
    return ConsentRegister.load(path, KEYS, moment=NOW)


def _load_key(path: Path) -> SigningKey:
    path.chmod(0o600)
    return SigningKey.load(path, passphrase="a passphrase of some length")


READERS = {
    "jpeg": Reader(".jpg", _jpegs, _read_picture),
    "png": Reader(".png", _pngs, _read_picture),
    "webp": Reader(".webp", _pictures(".webp", "WEBP", lossless=True), _read_picture),
    "gif": Reader(".gif", _pictures(".gif", "GIF"), _read_picture),
    "tiff": Reader(".tif", _pictures(".tif", "TIFF", compression="tiff_lzw"), _read_picture),
    "bmp": Reader(".bmp", _pictures(".bmp", "BMP"), _read_picture),
    "avif": Reader(".avif", _pictures(".avif", "AVIF", speed=10), _read_picture),
    "heif": Reader(".heic", _heifs, _read_picture),
    "mp4": Reader(".mp4", _videos(".mp4", "libx264"), _read_video),
    "matroska": Reader(".mkv", _videos(".mkv", "libx264"), _read_video),
    "policy": Reader(".toml", _texts("policies", "uk.toml", "strictest.toml"), load_policy),
    "notice": Reader(".toml", _texts("policies", "notices/example.toml"), load_notice),
    "register": Reader(".jsonl", _registers, _load_register),
    "trusted keys": Reader(".json", _keys, TrustedKeys.load),
    "signing key": Reader(".pem", _private_keys, _load_key),
    "log": Reader(".jsonl", _logs, lambda path: list(read_log(path, keys=None, moment=LATER))),
    "checkpoint": Reader(".head", _checkpoints, _verify_with_checkpoint),
}


# ------------------------------------------------------------------------------------------------------ breaking


def broken(seed: bytes, steps: Sequence[tuple[int, int, int]], other: bytes) -> bytes:
    """`seed` after `steps` `(what, where, value)`: bytes set, cut, doubled, taken from `other`, made extreme."""
    data = bytearray(seed)
    extremes = (
        b"\x00" * 4,
        b"\xff" * 4,
        b"\x7f\xff\xff\xff",
        b"\xff\xff\xff\x7f",
        b"\x80\x00\x00\x00",
        b"\x00\x00\x00\x01",
    )
    for what, where, value in steps:
        if not data:
            return b""
        at = where % len(data)
        match what % 7:
            case 0:
                data[at] = value & 0xFF
            case 1:
                data[at] ^= 1 << (value % 8)
            case 2:
                del data[at:]
            case 3:
                del data[at : at + value % 64]
            case 4:
                data[at:at] = data[at : at + value % 256]
            case 5:
                start = value % max(1, len(other))
                data[at : at + 32] = other[start : start + 32]
            case _:
                data[at : at + 4] = extremes[value % len(extremes)]
    return bytes(data)


@contextlib.contextmanager
def ends_in_time() -> Iterator[None]:
    """A reader that takes longer than `MAX_READ_S` raises, where the system has alarms."""

    def late(_number: int, _frame: FrameType | None) -> None:
        raise AssertionError(f"not read within {MAX_READ_S} s")

    if not hasattr(signal, "SIGALRM"):
        yield
        return
    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(MAX_READ_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def require_sound(reader: Reader, path: Path, data: bytes) -> None:
    """Reads `data`; another outcome than a value or one of our errors is raised."""
    path.write_bytes(data)
    with ends_in_time(), contextlib.suppress(FaceguardError):
        reader.read(path)
