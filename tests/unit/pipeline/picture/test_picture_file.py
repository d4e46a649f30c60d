"""One file in, one file out: whole or absent, checked, recorded before release."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from fakes import ADULT, CHILD, FakeAgeEstimator, FakeDetector, face_at
from numpy.typing import NDArray
from PIL import Image

from faceguard import Box, FaceGuard, SubjectRegion
from faceguard.audit.log import AuditLog, MemoryAuditLog
from faceguard.audit.record import Action
from faceguard.audit.verify import verify_log
from faceguard.errors import (
    AuditWriteError,
    DecodeError,
    EncodeError,
    FaceguardError,
    RedactionError,
    UnsupportedMediaError,
)
from faceguard.media.image import read_image
from faceguard.types import Detection, Effect

NOTICE = Path(__file__).parents[4] / "examples" / "notice.toml"
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
FACE = face_at(100, 80, 40, 50)
SIZE = (320, 240)


def noise(seed: int = 1) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (SIZE[1], SIZE[0], 3), dtype=np.uint8))


def guard_of(detector: object, **settings: object) -> FaceGuard:
    defaults: dict[str, object] = {
        "notice": NOTICE,
        "purpose": "in_store_safety",
        "detector": detector,
        "estimator": FakeAgeEstimator([CHILD]),
        "clock": lambda: NOW,
    }
    return FaceGuard(**{**defaults, **settings})


@dataclass
class FaceByCall:
    """Finds another list of faces each time it is called."""

    lists: list[list[Detection]]
    calls: int = field(default=0)

    @property
    def model_ids(self) -> tuple[str, ...]:
        return ()

    def detect(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        self.calls += 1
        return tuple(self.lists[self.calls - 1])


def covered_colours(path: Path, box: tuple[int, int, int, int], page: int = 0) -> int:
    frame = read_image(path).frames[page].planes[0]
    x0, y0, x1, y1 = box
    return len(np.unique(frame[y0:y1, x0:x1].reshape(-1, 3), axis=0))


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".webp", ".jpg", ".gif", ".avif"])
def test_the_face_is_covered_in_every_format(tmp_path: Path, suffix: str) -> None:
    """FG-R01: read back, the face's box is one colour, or nearly so where the format is lossy."""
    source, target = tmp_path / f"in{suffix}", tmp_path / f"out{suffix}"
    noise().save(source)
    guard_of(FakeDetector([FACE])).redact_image(source, target)
    frame = read_image(target).frames[0].planes[0][80:130, 100:140].astype(int)
    assert np.abs(frame - np.median(frame, axis=(0, 1))).mean() < 8


def test_every_page_of_a_document_is_looked_at(tmp_path: Path) -> None:
    source, target = tmp_path / "in.tif", tmp_path / "out.tif"
    noise(1).save(source, save_all=True, append_images=[noise(2), noise(3)])
    detector = FaceByCall([[FACE], [], [FACE]])
    report = guard_of(detector).redact_image(source, target)
    assert [face.frame_index for face in report.faces] == [0, 2]
    assert [face.decision.index for face in report.faces] == [1, 2]
    assert covered_colours(target, (100, 80, 140, 130), page=0) == 1
    assert covered_colours(target, (100, 80, 140, 130), page=1) > 100
    assert covered_colours(target, (100, 80, 140, 130), page=2) == 1


def test_a_face_missed_in_one_frame_of_an_animation_is_still_covered(tmp_path: Path) -> None:
    """FG-R06"""
    source, target = tmp_path / "in.png", tmp_path / "out.png"
    noise(1).save(source, save_all=True, append_images=[noise(2), noise(3)], duration=100)
    guard_of(FaceByCall([[FACE], [], [FACE]])).redact_image(source, target)
    assert covered_colours(target, (100, 80, 140, 130), page=1) == 1


def test_a_face_that_is_once_a_child_is_covered_through_the_whole_animation(tmp_path: Path) -> None:
    """FG-A10: one flicker of `child` covers the frames in which it passed as an adult."""
    source, target = tmp_path / "in.png", tmp_path / "out.png"
    frames = [noise(seed) for seed in range(12)]
    frames[0].save(source, save_all=True, append_images=frames[1:], duration=100)
    ages = [ADULT] * 11 + [CHILD]
    calls = iter(ages)

    class OneByOne(FakeAgeEstimator):
        def estimate(self, crops):
            return tuple(next(calls) for _ in crops)

    report = guard_of(FakeDetector([FACE]), estimator=OneByOne()).redact_image(source, target)
    assert len(report.faces) == 12
    assert {face.decision.effect for face in report.faces} == {Effect.REDACT}
    assert covered_colours(target, (100, 80, 140, 130), page=0) == 1


def test_a_subject_is_named_on_one_page_only(tmp_path: Path) -> None:
    """FG-C14"""
    source = tmp_path / "in.tif"
    noise(1).save(source, save_all=True, append_images=[noise(2)])
    region = SubjectRegion("child-1", Box(80, 60, 200, 200), frame_index=1)
    report = guard_of(FakeDetector([FACE])).redact_image(source, None, subjects=[region])
    assert [face.decision.subject.key if face.decision.subject else None for face in report.faces] == [None, "child-1"]


def test_a_dry_run_decides_and_records_and_writes_nothing(tmp_path: Path) -> None:
    source = tmp_path / "in.png"
    noise().save(source)
    log = MemoryAuditLog()
    report = guard_of(FakeDetector([FACE]), audit=log).redact_image(source, None)
    assert report.redacted_count == 1
    assert report.target is None
    assert list(tmp_path.iterdir()) == [source]
    assert [entry.record.result.action for entry in log.entries] == [Action.DRY_RUN]


def test_the_record_names_the_output_and_not_the_input_s_plain_digest(tmp_path: Path) -> None:
    """FG-D01, FG-D02, FG-D03"""
    source, target, log = tmp_path / "in.png", tmp_path / "out.png", tmp_path / "log.jsonl"
    noise().save(source)
    guard_of(FakeDetector([FACE]), audit=log).redact_image(source, target)
    text = log.read_text()
    assert hashlib.sha256(target.read_bytes()).hexdigest() in text
    assert hashlib.sha256(source.read_bytes()).hexdigest() not in text
    assert str(source.name) not in text
    verify_log(log, keys=None, moment=NOW)


def test_the_input_is_never_written_over(tmp_path: Path) -> None:
    source = tmp_path / "in.png"
    noise().save(source)
    before = source.read_bytes()
    with pytest.raises(EncodeError):
        guard_of(FakeDetector([FACE])).redact_image(source, source, overwrite=True)
    assert source.read_bytes() == before


def test_an_existing_output_is_kept_unless_told(tmp_path: Path) -> None:
    source, target = tmp_path / "in.png", tmp_path / "out.png"
    noise().save(source)
    target.write_bytes(b"precious")
    guard = guard_of(FakeDetector([FACE]))
    with pytest.raises(EncodeError):
        guard.redact_image(source, target)
    assert target.read_bytes() == b"precious"
    guard.redact_image(source, target, overwrite=True)
    assert covered_colours(target, (100, 80, 140, 130)) == 1


@dataclass
class BrokenLog:
    def append(self, record: object) -> object:
        raise AuditWriteError("planted")


def test_no_picture_is_released_when_the_record_can_not_be_written(tmp_path: Path) -> None:
    """FG-D01: not under its name, not under another."""
    source, target = tmp_path / "in.png", tmp_path / "out.png"
    noise().save(source)
    with pytest.raises(AuditWriteError):
        guard_of(FakeDetector([FACE]), audit=BrokenLog()).redact_image(source, target)
    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.parametrize(
    ("name", "data", "error"),
    [
        ("empty.jpg", b"", DecodeError),
        ("text.jpg", b"hello, not a picture", UnsupportedMediaError),
        ("cut.png", b"\x89PNG\r\n\x1a\n\x00\x00", DecodeError),
    ],
)
def test_a_file_that_can_not_be_read_gives_our_error_and_a_record(
    tmp_path: Path, name: str, data: bytes, error: type[FaceguardError]
) -> None:
    """FG-R07"""
    source, target = tmp_path / name, tmp_path / "out.png"
    source.write_bytes(data)
    log = MemoryAuditLog()
    with pytest.raises((error, DecodeError)):
        guard_of(FakeDetector([FACE]), audit=log).redact_image(source, target)
    assert not target.exists()
    assert [entry.record.result.action for entry in log.entries] == [Action.WITHHOLD]


def test_a_written_file_that_shows_the_face_is_withheld(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FG-R07: what was written is read back; a planted writer that writes the original is caught."""
    from faceguard.pipeline.picture import file as picture_file

    source, target = tmp_path / "in.png", tmp_path / "out.png"
    noise().save(source)
    original = read_image(source)
    honest = picture_file.write_image
    monkeypatch.setattr(picture_file, "write_image", lambda picture, path, **options: honest(original, path, **options))
    with pytest.raises(RedactionError):
        guard_of(FakeDetector([FACE])).redact_image(source, target)
    assert not target.exists()


def test_an_unknown_output_suffix_is_refused_before_the_work(tmp_path: Path) -> None:
    source = tmp_path / "in.png"
    noise().save(source)
    detector = FakeDetector([FACE])
    with pytest.raises(UnsupportedMediaError):
        guard_of(detector).redact_image(source, tmp_path / "out.xyz")
    assert detector.calls == 0


def test_records_of_files_stand_in_one_log(tmp_path: Path) -> None:
    """FG-D01"""
    log = tmp_path / "log.jsonl"
    guard = guard_of(FakeDetector([FACE]), audit=AuditLog(log))
    for number in range(3):
        source = tmp_path / f"in{number}.png"
        noise(number).save(source)
        guard.redact_image(source, tmp_path / f"out{number}.png")
    assert len(log.read_text().splitlines()) == 3
    verify_log(log, keys=None, moment=NOW)
