"""The second look: what is written is read anew by another detector, and no face leaves that nobody allowed."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import ADULT, CHILD, FakeAgeEstimator, FakeDetector, face_at
from made_videos import Clip, ground, paste, pictures
from numpy.typing import NDArray
from PIL import Image

from faceguard import FaceGuard
from faceguard.audit.log import MemoryAuditLog
from faceguard.audit.record import Action
from faceguard.detection.stranger import StrangerDetector
from faceguard.errors import BareFaceError, PolicyError
from faceguard.media.embedded import embedded_pictures
from faceguard.media.image import read_image
from faceguard.pipeline.verify import bare_faces, covered_share
from faceguard.pipeline.video.job import VideoJob
from faceguard.pipeline.video.zones import Zone, Zones
from faceguard.types import Box, Detection, Effect

NOTICE = Path(__file__).parents[3] / "examples" / "notice.toml"
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
GREEN = (0, 255, 0)


@dataclass
class GreenFinder:
    """Finds the green square, as a detector would find a face."""

    calls: int = 0

    @property
    def model_ids(self) -> tuple[str, ...]:
        return ()

    def detect(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        self.calls += 1
        blue, green, red = (image[..., i].astype(int) for i in range(3))
        rows, columns = np.nonzero((green > 150) & (green - blue > 80) & (green - red > 80))
        if len(rows) < 20:
            return ()
        box = Box(float(columns.min()), float(rows.min()), float(columns.max()) + 1, float(rows.max()) + 1)
        return (Detection(box, 0.4, None, "second"),)


def guard_of(detector: Any = None, **settings: Any) -> FaceGuard:
    defaults: dict[str, Any] = {
        "notice": NOTICE,
        "purpose": "in_store_safety",
        "detector": detector or FakeDetector(),
        "estimator": FakeAgeEstimator([CHILD]),
        "clock": lambda: NOW,
        "audit": MemoryAuditLog(),
    }
    return FaceGuard(**{**defaults, **settings})


def green_square(x: int = 100) -> NDArray[np.uint8]:
    return paste(ground(320, 240), np.full((40, 40, 3), GREEN, np.uint8), x, 80)


def save(path: Path, *images: NDArray[np.uint8], **options: Any) -> Path:
    first, *others = [Image.fromarray(image[..., ::-1]) for image in images]
    first.save(path, save_all=bool(others), append_images=others, **options)
    return path


def left_of_green(path: Path) -> list[int]:
    return [len(GreenFinder().detect(frame.planes[0])) for frame in read_image(path).frames]


def records_of(guard: FaceGuard) -> list[Any]:
    assert isinstance(guard.audit, MemoryAuditLog)
    return [entry.record for entry in guard.audit.entries]


# --------------------------------------------------------------------------------------------------- what is bare


@pytest.mark.parametrize(
    ("box", "is_bare"), [((0, 0, 40, 40), False), ((20, 0, 60, 40), False), ((30, 0, 70, 40), True)]
)
def test_a_find_that_lies_mostly_outside_of_what_is_covered_is_bare(
    box: tuple[float, float, float, float], is_bare: bool
) -> None:
    covered = [Box(0, 0, 41, 40)]
    assert bool(bare_faces([Detection(Box(*box), 0.3)], covered, [])) is is_bare


def test_regions_that_overlap_cover_no_more_than_they_are() -> None:
    assert covered_share(Box(0, 0, 100, 100), [Box(0, 0, 30, 100)] * 3) == pytest.approx(0.3, abs=0.02)


def test_a_face_that_may_be_shown_is_not_bare_and_its_neighbour_is() -> None:
    allowed = [Box(0, 0, 40, 40)]
    assert bare_faces([Detection(Box(3, 3, 44, 44), 0.9)], [], allowed) == ()
    assert len(bare_faces([Detection(Box(38, 0, 78, 40), 0.9)], [], allowed)) == 1


# ------------------------------------------------------------------------------------------------------ pictures


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
def test_a_face_that_the_plan_missed_is_found_in_the_output_and_covered(tmp_path: Path, suffix: str) -> None:
    """FG-R07: repaired, then looked at again, and the record says so."""
    source, target = save(tmp_path / f"in{suffix}", green_square()), tmp_path / f"out{suffix}"
    second = GreenFinder()
    guard = guard_of(verify=second)
    report = guard.redact_image(source, target)
    assert left_of_green(target) == [0]
    assert second.calls >= 2
    assert [face.decision.effect for face in report.faces] == [Effect.REDACT]
    (record,) = records_of(guard)
    assert record.result.redaction.parameters["second_look"] is True
    assert record.result.redaction.parameters["second_look_added"] == 1
    assert len(record.result.faces) == 1


@pytest.mark.parametrize(
    ("suffix", "options"), [(".tif", {}), (".png", {"duration": 100}), (".gif", {"duration": 100})]
)
def test_every_page_and_frame_is_looked_at(tmp_path: Path, suffix: str, options: dict[str, Any]) -> None:
    source = save(tmp_path / f"in{suffix}", ground(320, 240), ground(320, 240, 2), green_square(), **options)
    guard_of(verify=GreenFinder()).redact_image(source, tmp_path / f"out{suffix}")
    assert left_of_green(tmp_path / f"out{suffix}") == [0, 0, 0]


def test_what_still_shows_a_face_is_withheld(tmp_path: Path) -> None:
    """FG-R07: nothing is written, exit code 5, and the record tells why."""

    @dataclass
    class AlwaysElsewhere(GreenFinder):
        def detect(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
            self.calls += 1
            return (face_at(10 if self.calls == 1 else 250, 10, 40, 40),)

    source = save(tmp_path / "in.png", ground(320, 240))
    guard = guard_of(verify=AlwaysElsewhere())
    with pytest.raises(BareFaceError, match="nothing was released") as caught:
        guard.redact_image(source, tmp_path / "out.png")
    assert caught.value.exit_code == 5
    assert [path.name for path in tmp_path.iterdir()] == ["in.png"]
    (record,) = records_of(guard)
    assert (record.result.action, record.result.error) == (Action.WITHHOLD, "BareFaceError")


def test_a_find_in_the_covering_or_on_a_face_that_may_be_shown_changes_nothing(tmp_path: Path) -> None:
    source = save(tmp_path / "in.png", ground(320, 240))
    face = face_at(100, 80, 40, 50)
    for age in (ADULT, CHILD):
        guard = guard_of(FakeDetector([face]), estimator=FakeAgeEstimator([age]), verify=FakeDetector([face]))
        report = guard.redact_image(source, tmp_path / "out.png", overwrite=True)
        assert len(report.faces) == 1
        assert records_of(guard)[0].result.redaction.parameters["second_look_added"] == 0


def test_an_array_and_a_dry_run_are_looked_at_too(tmp_path: Path) -> None:
    guard = guard_of(verify=GreenFinder())
    assert GreenFinder().detect(guard.redact(green_square()).image) == ()
    report = guard.redact_image(save(tmp_path / "in.png", green_square()), None)
    assert len(report.faces) == 1
    assert [record.result.action for record in records_of(guard)] == [Action.RELEASE, Action.DRY_RUN]


def test_a_picture_inside_the_file_is_found_wherever_it_lies(tmp_path: Path) -> None:
    """FG-R05: a thumbnail that a writer of pictures or of manifests slipped in is seen as a stranger would."""
    inner = io.BytesIO()
    Image.fromarray(green_square()[..., ::-1]).save(inner, "JPEG")
    path = tmp_path / "any.bin"
    path.write_bytes(b"whatever it is" + inner.getvalue() + b"\xff\xd8\xff but no picture")
    (found,) = embedded_pictures(path)
    assert len(GreenFinder().detect(found)) == 1
    plain = save(tmp_path / "plain.png", green_square())
    assert list(embedded_pictures(plain)) == []


def test_a_picture_inside_the_output_withholds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from faceguard.pipeline import verify

    monkeypatch.setattr(verify, "embedded_pictures", lambda path: iter([green_square()]))
    with pytest.raises(BareFaceError, match="inside the written file"):
        guard_of(verify=GreenFinder()).redact_image(save(tmp_path / "in.png", ground(64, 64)), tmp_path / "out.png")
    assert not (tmp_path / "out.png").exists()


# ---------------------------------------------------------------------------------------------------- the policy


def test_strictest_looks_again_by_itself_and_nobody_can_waive_it() -> None:
    assert isinstance(_verifier(guard_of(policy="strictest")), StrangerDetector)
    assert _verifier(guard_of()) is None
    assert isinstance(_verifier(guard_of(verify=True)), StrangerDetector)
    assert isinstance(_verifier(guard_of(policy="uk+strictest")), StrangerDetector)
    with pytest.raises(PolicyError, match="second look"):
        guard_of(policy="strictest", verify=False)


def _verifier(guard: FaceGuard) -> Any:
    return guard._run.stages.verifier


# ------------------------------------------------------------------------------------------------------- videos


def green_clip(path: Path, shown: Callable[[int], bool]) -> Path:
    return Clip([green_square(60 + 3 * i) if shown(i) else ground(320, 240) for i in range(40)]).write(path)


def green_left(path: Path) -> int:
    return sum(len(GreenFinder().detect(image)) for image in pictures(path))


@pytest.mark.parametrize("shown", [lambda i: True, lambda i: i < 6, lambda i: i > 36], ids=["all", "start", "end"])
def test_a_face_that_the_sweep_missed_is_found_in_the_written_video_and_covered(
    tmp_path: Path, shown: Callable[[int], bool]
) -> None:
    """FG-R06, FG-R07: also one that shows at the start or at the end alone."""
    source, target = green_clip(tmp_path / "in.mp4", shown), tmp_path / "out.mp4"
    assert green_left(source) > 0
    guard = guard_of(verify=GreenFinder())
    guard.redact_video(VideoJob(source, target))
    assert green_left(target) == 0
    (record,) = records_of(guard)
    assert record.result.redaction.parameters["second_look_added"] >= 1


def test_a_video_that_still_shows_a_face_is_withheld(tmp_path: Path) -> None:
    class Wanders(GreenFinder):
        def detect(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
            self.calls += 1
            return (face_at(10 + 60.0 * (self.calls % 5), 10, 20, 20),)

    source = green_clip(tmp_path / "in.mp4", lambda i: False)
    guard = guard_of(verify=Wanders())
    with pytest.raises(BareFaceError, match="nothing was released"):
        guard.redact_video(VideoJob(source, tmp_path / "out.mp4"))
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]
    assert [(r.result.action, r.result.error) for r in records_of(guard)] == [(Action.WITHHOLD, "BareFaceError")]


def test_faces_that_may_be_shown_and_zones_to_ignore_are_left_alone(tmp_path: Path) -> None:
    source = green_clip(tmp_path / "in.mp4", lambda i: True)
    kept = guard_of(GreenFinder(), estimator=FakeAgeEstimator([ADULT]), verify=GreenFinder())
    kept.redact_video(VideoJob(source, tmp_path / "kept.mp4"))
    ignored = guard_of(verify=GreenFinder())
    ignored.redact_video(VideoJob(source, tmp_path / "ignored.mp4", zones=Zones(never=(Zone(Box(0, 0, 320, 240)),))))
    for guard in (kept, ignored):
        assert records_of(guard)[0].result.redaction.parameters["second_look_added"] == 0
