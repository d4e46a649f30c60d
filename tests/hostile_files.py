"""Every reader of foreign files with small seeds, and ways to break these. For the fuzz tests and benchmarks/fuzz.

A reader may return, or raise one of our errors. Anything else, and whatever doesn't end, is a bug.
"""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

import pillow_heif
from consents import KEY, KEYS, NOW, adult_consent, guardian_consent, register_bytes
from fakes import CHILD, FakeAgeEstimator, FakeDetector, face_at
from made_pictures import exif_with_orientation, moving_square, noise, raw_png, save, srgb_profile, talkative_jpeg
from made_videos import Clip, ground
from PIL import Image
from records import append_some

from faceguard import FaceGuard
from faceguard.audit.head import head_path
from faceguard.audit.log import MemoryAuditLog
from faceguard.audit.verify import read_log, verify_log
from faceguard.batch.manifest import Row, copy_manifest, open_manifest
from faceguard.batch.settings import read_settings
from faceguard.batch.task import Fault, Kind, State, Tally
from faceguard.errors import FaceguardError
from faceguard.media.image import read_image
from faceguard.media.picture import ImageLimits
from faceguard.media.video_read import Damage, VideoReader, probe_video
from faceguard.pipeline.rules import AssetScope, BoundRules
from faceguard.pipeline.video.covering import Covering
from faceguard.pipeline.video.file import TRACKING, VideoJob
from faceguard.pipeline.video.plan_document import Analysis
from faceguard.pipeline.video.plan_file import _digest, read_plan
from faceguard.policy.load import load_policy
from faceguard.policy.notice import load_notice
from faceguard.policy.register import ConsentRegister
from faceguard.resources import resource_dir
from faceguard.signing import SigningKey, TrustedKeys
from faceguard.types import Detection

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


def _plans(folder: Path) -> list[bytes]:
    clip = Clip([ground(320, 240, seed) for seed in range(3)]).write(folder / "plan.mp4")
    faces = face_at(100, 80, 40, 50), face_at(200, 20, 30, 40)
    _plan_guard(faces).analyse_video(VideoJob(clip, None, overwrite=True), folder / "plan.json")
    return [(folder / "plan.json").read_bytes()]


def _plan_guard(faces: Sequence[Detection] = ()) -> FaceGuard:
    return FaceGuard(
        notice=load_notice(resource_dir("policies") / "notices" / "example.toml"),
        purpose="in_store_safety",
        detector=FakeDetector(faces),
        estimator=FakeAgeEstimator([CHILD]),
        audit=MemoryAuditLog(),
    )


@cache
def _plan_rules() -> BoundRules:
    return _plan_guard()._run.bind(also=TRACKING)


def _read_plan(path: Path) -> list[Covering]:
    plan = read_plan(path, _plan_rules(), AssetScope())
    return [track.covering(0.25, plan.zones, plan.also_cover) for track in plan.tracks]


def _read_sealed_plan(path: Path) -> object:
    """The seal is no secret: whoever writes the analysis anew can write that anew too."""
    with contextlib.suppress(ValueError, KeyError, TypeError):
        document = json.loads(path.read_bytes())
        document["analysis_sha256"] = _digest(Analysis.model_validate_json(json.dumps(document["analysis"])))
        path.write_text(json.dumps(document), encoding="utf-8")
    return _read_plan(path)


def _manifests(folder: Path) -> list[bytes]:
    path = folder / "seed.sqlite"
    path.unlink(missing_ok=True)
    with contextlib.closing(open_manifest(path)) as manifest:
        for name in ("a.jpg", "sub/b.mp4"):
            row = Row(name, Kind.PICTURE, name, name, State.REFUSED, "1:2:3", 10, seen=1)
            manifest.put(replace(row, fault=Fault("DecodeError", "cut", 4), started_at=NOW, tally=Tally(pictures=1)))
    return [path.read_bytes()]


def _read_manifest(path: Path) -> object:
    for beside in ("-wal", "-shm", "-journal"):  # of the last file that was broken
        Path(f"{path}{beside}").unlink(missing_ok=True)
    with contextlib.closing(copy_manifest(path)) as copy:
        list(copy.rows())
    with contextlib.closing(open_manifest(path)) as manifest:
        return [*manifest.rows(), *manifest.in_state(State.REFUSED), manifest.last_plan(), manifest.owner_of("a.jpg")]


def _settings(folder: Path) -> list[bytes]:
    text = (
        b'source = "in"\noutput = "s3://bucket/out"\nnotice = "notice.toml"\npurpose = "in_store_safety"\n'
        b'policy = "uk+mine.toml"\nworkers = 2\ninclude = ["*.jpg"]\ncaptured_at = 2026-11-22T09:00:00Z\n'
        b'cover = ["0,0,10,10@1-2"]\nwhen_lost = "widen"\ncrf = 20\nwatch_settle = 2.5\n'
    )
    return [text]


def _read_settings(path: Path) -> object:
    settings = read_settings(path, {})
    return settings.patterns, settings.handling, settings.documents(path, 1)


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
    "plan": Reader(".json", _plans, _read_plan),
    "sealed plan": Reader(".json", _plans, _read_sealed_plan),
    "manifest": Reader(".sqlite", _manifests, _read_manifest),
    "batch settings": Reader(".toml", _settings, _read_settings),
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
