"""Videos through the whole sentence, with stages that do what they are told: a green square is the "face"."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from fakes import ADULT, CHILD, FakeAgeEstimator
from made_videos import Clip, ground, paste, pictures
from numpy.typing import NDArray

from faceguard import FaceGuard
from faceguard.audit.log import AppendReceipt, MemoryAuditLog
from faceguard.audit.record import AuditRecord
from faceguard.errors import (
    AuditWriteError,
    ConfigurationError,
    DecodeError,
    FaceguardError,
    InferenceError,
    NoticeError,
    RedactionError,
)
from faceguard.media.video_read import Damage
from faceguard.pipeline.video.job import Progress, VideoJob
from faceguard.pipeline.video.render import RenderSettings, TrackChoice
from faceguard.pipeline.video.sweep import SweepSettings
from faceguard.pipeline.video.zones import Zone, Zones
from faceguard.policy.notice import load_notice
from faceguard.redaction.planes import Canvas
from faceguard.redaction.solid import SolidRedactor
from faceguard.types import AgeAnswer, Box, Detection, Effect, FaceCrop, Landmarks, Region

NOTICE = Path(__file__).parents[4] / "examples" / "notice.toml"
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
GREEN = (0, 255, 0)
SIDE = 40


def is_green(image: NDArray[np.uint8]) -> NDArray[np.bool_]:
    blue, green, red = (image[..., i].astype(int) for i in range(3))
    return (green > 150) & (green - blue > 80) & (green - red > 80)


def green_count(image: NDArray[np.uint8]) -> int:
    return int(is_green(image).sum())


@dataclass
class GreenDetector:
    """Finds the green square, as a detector would find a face; `blind` says at which calls it finds nothing."""

    blind: Callable[[int], bool] = lambda call: False
    error_at: int | None = None
    calls: int = 0
    sizes: list[tuple[int, ...]] = field(default_factory=list)

    @property
    def model_ids(self) -> tuple[str, ...]:
        return ()

    def detect(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        self.calls += 1
        self.sizes.append(image.shape)
        if self.calls == self.error_at:
            raise InferenceError("the runtime failed")
        rows, columns = np.nonzero(is_green(image))
        if self.blind(self.calls) or len(rows) < 20:
            return ()
        x0, y0, x1, y1 = float(columns.min()), float(rows.min()), float(columns.max()) + 1, float(rows.max()) + 1
        return (Detection(Box(x0, y0, x1, y1), 0.95, _landmarks(x0, y0, x1 - x0, y1 - y0), "fake"),)


def _landmarks(x: float, y: float, w: float, h: float) -> Landmarks:
    points = ((0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8))
    return Landmarks(*((x + w * a, y + h * b) for a, b in points))


def scene(count: int = 45, step: float = 4.0, shown: Callable[[int], bool] = lambda i: True) -> list[NDArray[np.uint8]]:
    square = np.full((SIDE, SIDE, 3), GREEN, np.uint8)
    base = ground(320, 240)
    return [paste(base, square, round(30 + step * i), 100) if shown(i) else base for i in range(count)]


def guard_of(detector: GreenDetector, **settings: Any) -> FaceGuard:
    defaults: dict[str, Any] = {
        "notice": NOTICE,
        "purpose": "in_store_safety",
        "detector": detector,
        "estimator": FakeAgeEstimator([CHILD]),
        "clock": lambda: NOW,
    }
    return FaceGuard(**{**defaults, **settings})


def redact(source: Path, target: Path, detector: GreenDetector | None = None, **settings: Any) -> list[int]:
    """Green pixels left in each picture of the output."""
    guard_of(detector or GreenDetector(), **settings).redact_video(VideoJob(source, target))
    return [green_count(image) for image in pictures(target)]


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return Clip(scene()).write(tmp_path / "in.mp4")


# -------------------------------------------------------------------------------------------------- coverage


def test_a_moving_face_is_covered_in_every_picture(clip: Path, tmp_path: Path) -> None:
    assert min(green_count(image) for image in pictures(clip)) > 1000

    left = redact(clip, tmp_path / "out.mp4")

    assert len(left) == 45
    assert left == [0] * 45


@pytest.mark.parametrize("every", [2, 3])
def test_looks_that_find_nothing_leave_no_gap(every: int, clip: Path, tmp_path: Path) -> None:
    """FG-R06: detections dropped on some looks are covered all the same."""
    detector = GreenDetector(blind=lambda call: call > 1 and call % every == 0)

    assert redact(clip, tmp_path / "out.mp4", detector) == [0] * 45


def test_the_face_is_covered_before_the_detector_warms_up(clip: Path, tmp_path: Path) -> None:
    """FG-R06: no flash at the start, though the first looks find nothing."""
    assert redact(clip, tmp_path / "out.mp4", GreenDetector(blind=lambda call: call <= 3)) == [0] * 45


def test_the_face_is_covered_after_it_is_lost(clip: Path, tmp_path: Path) -> None:
    """FG-R06: lost for the last half second."""
    seen: list[int] = []
    counting = GreenDetector(blind=lambda call: seen.append(call) is not None)
    redact(clip, tmp_path / "count.mp4", counting)
    last = GreenDetector(blind=lambda call: call > len(seen) * 2 // 3)

    assert redact(clip, tmp_path / "out.mp4", last) == [0] * 45


def test_a_face_at_the_edge_is_covered_to_the_last_row_and_column(tmp_path: Path) -> None:
    square = np.full((SIDE, SIDE, 3), GREEN, np.uint8)
    source = Clip([paste(ground(320, 240), square, 300, 215)] * 12).write(tmp_path / "in.mp4")

    assert redact(source, tmp_path / "out.mp4") == [0] * 12


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_the_right_place_is_covered_in_turned_videos(degrees: int, tmp_path: Path) -> None:
    clip = Clip(scene(15), setup=lambda stream: stream.set_display_rotation(degrees)).write(tmp_path / "in.mp4")
    detector = GreenDetector()

    assert redact(clip, tmp_path / "out.mp4", detector) == [0] * 15
    upright = detector.sizes[0]
    assert (upright[0] > upright[1]) == (degrees in (90, 270))


def test_wide_pixels_are_made_square_for_the_detector(tmp_path: Path) -> None:
    def setup(stream: Any) -> None:
        stream.codec_context.sample_aspect_ratio = 2

    clip = Clip(scene(15), setup=setup).write(tmp_path / "in.mp4")
    detector = GreenDetector()

    assert redact(clip, tmp_path / "out.mp4", detector) == [0] * 15
    assert detector.sizes[0][1] / detector.sizes[0][0] == pytest.approx(640 / 240, abs=0.02)


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuvj420p", "yuv422p", "yuv444p", "yuv420p10le"])
def test_every_native_layout_is_covered(pix_fmt: str, tmp_path: Path) -> None:
    clip = Clip(scene(9), pix_fmt=pix_fmt).write(tmp_path / "in.mp4")

    assert redact(clip, tmp_path / "out.mp4") == [0] * 9
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.streams.video[0].codec_context.pix_fmt == pix_fmt


def test_both_of_two_video_tracks_are_covered(tmp_path: Path) -> None:
    source = tmp_path / "in.mkv"
    with av.open(str(source), "w") as out:
        streams = [out.add_stream("libx264", rate=30) for _ in range(2)]
        for stream in streams:
            stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for image in scene(12):
            for stream in streams:
                out.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        for stream in streams:
            out.mux(stream.encode(None))

    guard_of(GreenDetector()).redact_video(VideoJob(source, tmp_path / "out.mkv"))

    for index in (0, 1):
        assert [green_count(image) for image in pictures(tmp_path / "out.mkv", index)] == [0] * 12


# -------------------------------------------------------------------------------------------------- decisions


def test_an_adult_in_place_stays_visible(clip: Path, tmp_path: Path) -> None:
    left = redact(clip, tmp_path / "out.mp4", estimator=FakeAgeEstimator([ADULT]))

    assert min(left) > 1000


@dataclass
class FlickeringEstimator(FakeAgeEstimator):
    """Gives its answers crop by crop."""

    asked: int = 0

    def estimate(self, crops: Sequence[FaceCrop]) -> tuple[AgeAnswer, ...]:
        self.asked += len(crops)
        return tuple(self.answers[(self.asked - len(crops) + i) % len(self.answers)] for i in range(len(crops)))


@pytest.mark.parametrize("answers", [[ADULT, CHILD], [CHILD, ADULT]])
def test_one_flicker_of_adult_shows_nothing(answers: list[Any], clip: Path, tmp_path: Path) -> None:
    """FG-A10: a track takes the most protective answer of its life, from its first picture on."""
    assert redact(clip, tmp_path / "out.mp4", estimator=FlickeringEstimator(answers)) == [0] * 45


def test_a_face_of_unknown_age_is_covered(clip: Path, tmp_path: Path) -> None:
    """FG-A01"""
    assert redact(clip, tmp_path / "out.mp4", estimator=FakeAgeEstimator()) == [0] * 45


# -------------------------------------------------------------------------------------------------- fail closed


def test_nothing_is_opened_without_a_notice_that_names_tracking(tmp_path: Path) -> None:
    """FG-N01, FG-N03"""
    notice = load_notice(NOTICE)
    without = notice.model_copy(update={"functions": tuple(f for f in notice.functions if f.value != "tracking")})
    detector = GreenDetector()
    guard = guard_of(detector, notice=without)

    with pytest.raises(NoticeError, match="tracking"):
        guard.redact_video(VideoJob(tmp_path / "missing.mp4", tmp_path / "out.mp4"))
    assert detector.calls == 0


class BrokenSink:
    def append(self, record: AuditRecord) -> AppendReceipt:
        raise AuditWriteError("the disk is full")


class BrokenRedactor(SolidRedactor):
    def _cover(self, canvas: Canvas, regions: Sequence[Region]) -> None:
        raise ValueError("a bug")


class LazyRedactor(SolidRedactor):
    """Covers what it is asked for as a frame, for the check, and nothing in place."""

    def redact_into(self, canvas: Canvas, regions: Sequence[Region]) -> None:
        if canvas.planes[0].flags.owndata:
            super().redact_into(canvas, regions)


FAULTS: dict[str, tuple[dict[str, Any], type[FaceguardError]]] = {
    "the detector fails at the first look": ({"detector": GreenDetector(error_at=1)}, InferenceError),
    "the detector fails in the middle": ({"detector": GreenDetector(error_at=5)}, InferenceError),
    "the age model fails": ({"estimator": FakeAgeEstimator(error=InferenceError("no"))}, InferenceError),
    "the age model has a bug": ({"estimator": FakeAgeEstimator(error=KeyError("x"))}, RedactionError),
    "the redactor fails": ({"method": BrokenRedactor()}, RedactionError),
    "the redactor covers nothing": ({"method": LazyRedactor()}, RedactionError),
    "the record can't be written": ({"audit": BrokenSink()}, AuditWriteError),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_any_fault_ends_the_run_and_leaves_no_output(fault: str, clip: Path, tmp_path: Path) -> None:
    """FG-R07"""
    settings, expected = FAULTS[fault]
    guard = guard_of(**{"detector": GreenDetector(), **settings})

    with pytest.raises(expected):
        guard.redact_video(VideoJob(clip, tmp_path / "out.mp4"))

    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


def test_a_caller_that_stops_the_run_leaves_nothing(clip: Path, tmp_path: Path) -> None:
    """Ctrl-C while writing."""

    def stop(progress: Progress) -> None:
        if progress.stage == "render" and progress.frame == 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        guard_of(GreenDetector()).redact_video(VideoJob(clip, tmp_path / "out.mp4", on_progress=stop))

    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


def test_a_failure_is_recorded_without_its_message(clip: Path, tmp_path: Path) -> None:
    log = MemoryAuditLog()
    with pytest.raises(InferenceError):
        guard_of(GreenDetector(error_at=1), audit=log).redact_video(VideoJob(clip, tmp_path / "out.mp4"))

    result = log.entries[-1].record.result
    assert (result.action.value, result.error) == ("withhold", "InferenceError")


def test_the_input_is_never_the_output(clip: Path) -> None:
    with pytest.raises(FaceguardError, match="input itself"):
        guard_of(GreenDetector()).redact_video(VideoJob(clip, clip, overwrite=True))


def test_an_existing_output_is_kept(clip: Path, tmp_path: Path) -> None:
    (tmp_path / "out.mp4").write_bytes(b"mine")

    with pytest.raises(FaceguardError, match="exists"):
        guard_of(GreenDetector()).redact_video(VideoJob(clip, tmp_path / "out.mp4"))
    assert (tmp_path / "out.mp4").read_bytes() == b"mine"


def test_a_damaged_video_is_withheld_or_kept_in_part_and_marked(tmp_path: Path) -> None:
    whole = Clip(scene(60), container_options={"movflags": "+faststart"}).write(tmp_path / "whole.mp4").read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole[: len(whole) * 6 // 10])

    with pytest.raises(DecodeError):
        guard_of(GreenDetector()).redact_video(VideoJob(cut, tmp_path / "out.mp4"))
    log = MemoryAuditLog()
    tolerant = RenderSettings(damage=Damage.TOLERATE)
    guard_of(GreenDetector(), audit=log).redact_video(VideoJob(cut, tmp_path / "out.mp4", render=tolerant))

    assert 0 < len(pictures(tmp_path / "out.mp4")) < 60
    redaction = log.entries[-1].record.result.redaction
    assert redaction is not None
    assert redaction.parameters["partial"] is True


# -------------------------------------------------------------------------------------------------- the record


def test_the_record_names_spans_tracks_and_no_age(tmp_path: Path) -> None:
    """FG-D01, FG-D02"""
    clip = Clip(scene(30), audio_s=0.5).write(tmp_path / "in.mp4")
    log = MemoryAuditLog()
    job = VideoJob(clip, tmp_path / "out.mp4", render=RenderSettings(audio=TrackChoice.DROP))

    guard_of(GreenDetector(), audit=log).redact_video(job)

    record = log.entries[-1].record
    (face,) = record.input.faces
    assert (face.first_frame, face.last_frame) == (0, 27)
    assert record.input.asset.frames == 30
    assert record.result.redaction is not None
    assert record.result.redaction.parameters["tracks_dropped"] == 1
    assert "years" not in json.dumps(record.document()["input"]["faces"][0]["age"]).replace("_years", "")
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert [stream.type for stream in container.streams] == ["video"]


# ------------------------------------------------------------------------------------------------ zones and plan


def test_a_zone_is_covered_in_its_time_and_an_ignored_one_is_not_looked_at(tmp_path: Path) -> None:
    clip = Clip(scene(30, step=0)).write(tmp_path / "in.mp4")
    ignore = Zones(never=(Zone(Box(0, 80, 120, 160)),))
    cover = Zones(always=(Zone(Box(20, 90, 90, 150), 0.2, 0.5),), never=ignore.never)

    guard_of(GreenDetector()).redact_video(VideoJob(clip, tmp_path / "bare.mp4", zones=ignore))
    guard_of(GreenDetector()).redact_video(VideoJob(clip, tmp_path / "zone.mp4", zones=cover))

    assert min(green_count(image) for image in pictures(tmp_path / "bare.mp4")) > 1000
    left = [green_count(image) for image in pictures(tmp_path / "zone.mp4")]
    assert [i for i, count in enumerate(left) if count == 0] == list(range(6, 16))


def edited(plan: Path, **changes: Any) -> Path:
    document = json.loads(plan.read_text())
    document.update(changes)
    plan.write_text(json.dumps(document))
    return plan


WORD = {"who": "operator-3", "why": "seen by eye", "approved_by": "lead-1"}


def test_a_plan_is_rendered_as_it_was_analysed(clip: Path, tmp_path: Path) -> None:
    guard = guard_of(GreenDetector())
    guard.analyse_video(VideoJob(clip, None), tmp_path / "plan.json")
    blind = guard_of(GreenDetector(blind=lambda call: True))
    blind.render_video(VideoJob(clip, tmp_path / "out.mp4"), tmp_path / "plan.json")

    assert [green_count(image) for image in pictures(tmp_path / "out.mp4")] == [0] * 45


def test_edits_are_carried_out_and_recorded_as_an_override(clip: Path, tmp_path: Path) -> None:
    log = MemoryAuditLog()
    guard = guard_of(GreenDetector(), audit=log)
    guard.analyse_video(VideoJob(clip, None), tmp_path / "plan.json")
    zone = {"box": [0, 0, 320, 240], "start_s": 0.9, "end_s": 1.1}
    plan = edited(
        tmp_path / "plan.json",
        edits=[{"action": "drop_face", "face": 1, **WORD}, {"action": "cover_box", "zone": zone, **WORD}],
    )

    guard.render_video(VideoJob(clip, tmp_path / "out.mp4"), plan)

    left = [green_count(image) for image in pictures(tmp_path / "out.mp4")]
    assert [i for i, count in enumerate(left) if count == 0] == list(range(27, 34))
    override = log.entries[-1].record.result.operator_override
    assert override is not None
    assert (override.who, override.approved_by) == ("operator-3", "lead-1")
    assert "face 1 dropped" in override.why
    assert "box covered" in override.why


def test_a_person_can_cover_a_face_that_the_policy_would_show(clip: Path, tmp_path: Path) -> None:
    guard = guard_of(GreenDetector(), estimator=FakeAgeEstimator([ADULT]))
    plan = guard.analyse_video(VideoJob(clip, None), tmp_path / "plan.json")
    assert plan.faces[0].decision.effect is Effect.KEEP

    edit = edited(tmp_path / "plan.json", edits=[{"action": "cover_face", "face": 1, **WORD}])
    guard.render_video(VideoJob(clip, tmp_path / "out.mp4"), edit)

    assert [green_count(image) for image in pictures(tmp_path / "out.mp4")] == [0] * 45


def test_a_plan_holds_no_age_and_no_pixels(clip: Path, tmp_path: Path) -> None:
    """FG-A08, FG-A09"""
    guard_of(GreenDetector()).analyse_video(VideoJob(clip, None), tmp_path / "plan.json")

    (face,) = json.loads((tmp_path / "plan.json").read_text())["analysis"]["tracks"][0]["faces"]

    assert set(face) == {
        "face", "effect", "reasons", "age", "names", "detection", "sightings", "first_frame", "last_frame", "path",
    }  # fmt: skip
    assert set(face["age"]) <= {"status", "under_guardian_age", "unknown_reason"}


@pytest.mark.parametrize("change", ["effect", "age", "path"])
def test_an_analysis_changed_by_hand_is_refused(change: str, clip: Path, tmp_path: Path) -> None:
    guard = guard_of(GreenDetector())
    guard.analyse_video(VideoJob(clip, None), tmp_path / "plan.json")
    document = json.loads((tmp_path / "plan.json").read_text())
    face = document["analysis"]["tracks"][0]["faces"][0]
    face.update({"effect": "keep"} if change == "effect" else {})
    face.update({"age": {"status": "adult_clear", "under_guardian_age": False}} if change == "age" else {})
    face.update({"path": face["path"][:1]} if change == "path" else {})
    (tmp_path / "plan.json").write_text(json.dumps(document))

    with pytest.raises(ConfigurationError, match="by hand"):
        guard.render_video(VideoJob(clip, tmp_path / "out.mp4"), tmp_path / "plan.json")
    assert not (tmp_path / "out.mp4").exists()


def test_a_plan_for_another_file_or_policy_is_refused(clip: Path, tmp_path: Path) -> None:
    guard = guard_of(GreenDetector())
    guard.analyse_video(VideoJob(clip, None), tmp_path / "plan.json")
    other = Clip(scene(20)).write(tmp_path / "other.mp4")

    with pytest.raises(ConfigurationError, match="another file"):
        guard.render_video(VideoJob(other, tmp_path / "out.mp4"), tmp_path / "plan.json")
    with pytest.raises(ConfigurationError, match="another policy"):
        guard_of(GreenDetector(), policy="jp-appi-current").render_video(
            VideoJob(clip, tmp_path / "out.mp4"), tmp_path / "plan.json"
        )


def test_an_edit_of_an_unknown_face_or_without_a_reason_is_refused(clip: Path, tmp_path: Path) -> None:
    guard = guard_of(GreenDetector())
    guard.analyse_video(VideoJob(clip, None), tmp_path / "plan.json")

    for edit in ({"action": "drop_face", "face": 99, **WORD}, {"action": "drop_face", "face": 1, "who": "me"}):
        with pytest.raises(ConfigurationError):
            guard.render_video(VideoJob(clip, tmp_path / "out.mp4"), edited(tmp_path / "plan.json", edits=[edit]))


@dataclass
class CrowdDetector(GreenDetector):
    """Three faces at once, and none of them at some looks."""

    def detect(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        self.calls += 1
        if self.blind(self.calls):
            return ()
        return tuple(
            Detection(Box(x, 60.0, x + 30, 95.0), 0.95, _landmarks(x, 60, 30, 35), "fake") for x in (40.0, 140.0, 240.0)
        )


HOLDING = """extends = ["jp-appi-2026"]
policy_id = "crowds"
version = "1"
last_verified = 2026-11-22
[redaction.when_tracking_lost]
value = "hold"
basis = ["product"]
source = ["faceguard"]
in_force_from = 2026-11-22
"""


def whole_pictures(folder: Path, policy: str | Path, *, cover_when_lost: bool) -> list[int]:
    """The pictures that are covered whole, of a video whose crowd is lost half way."""
    clip = Clip([ground(320, 240)] * 60).write(folder / "in.mp4")
    detector = CrowdDetector(blind=lambda call: 5 <= call <= 8)
    job = VideoJob(clip, folder / "out.mp4", sweep=SweepSettings(cover_when_lost=cover_when_lost))
    guard_of(detector, policy=policy).redact_video(job)
    return [i for i, image in enumerate(pictures(folder / "out.mp4")) if image.std() < 3]


@pytest.mark.parametrize(("held_by_policy", "asked_for"), [(True, False), (False, True), (True, True)])
def test_the_whole_picture_is_covered_while_a_crowd_is_lost_if_policy_or_caller_asks_for_it(
    held_by_policy: bool, asked_for: bool, tmp_path: Path
) -> None:
    """FG-R06: the policy's word is the least."""
    (tmp_path / "crowds.toml").write_text(HOLDING)
    policy = tmp_path / "crowds.toml" if held_by_policy else "jp-appi-2026"

    whole = whole_pictures(tmp_path, policy, cover_when_lost=asked_for)

    assert 3 <= len(whole) < 50
    assert whole == list(range(whole[0], whole[-1] + 1))


def test_nothing_is_covered_whole_if_nobody_asks_for_it(tmp_path: Path) -> None:
    assert whole_pictures(tmp_path, "jp-appi-2026", cover_when_lost=False) == []
