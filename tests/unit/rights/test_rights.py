"""Requests are carried out in what was made before: found, covered or deleted, recorded; else said to be undone."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import ADULT, CHILD, FakeAgeEstimator, FakeDetector, face_at
from made_videos import Clip, ground, pictures
from numpy.typing import NDArray
from PIL import Image

from faceguard import Box, FaceGuard, SubjectRegion
from faceguard.audit.log import AuditLog
from faceguard.audit.record import Action
from faceguard.audit.verify import read_log, verify_log
from faceguard.errors import AuditWriteError, ConfigurationError
from faceguard.pipeline.made import MadeFace, MadeOutput
from faceguard.policy.load import load_policy
from faceguard.rights.carry_out import CarriedOut, Carrier, How, Outcome
from faceguard.rights.find import Finder
from faceguard.rights.index import Request, RightsIndex
from faceguard.types import Detection, DocumentRef, LinkMethod

NOTICE = Path(__file__).parents[3] / "examples" / "notice.toml"
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
LEFT, RIGHT = face_at(60, 80, 40, 50), face_at(220, 80, 40, 50)
HERS = SubjectRegion("ward-7", Box(50, 70, 120, 150))


def noise(path: Path, seed: int = 1) -> Path:
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (240, 320, 3), dtype=np.uint8)).save(path)
    return path


def pixels(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


class Desk:
    """An operator's folder: an index, a log, and a guard that shows everybody."""

    def __init__(self, folder: Path, faces: Sequence[Detection] = (LEFT, RIGHT), age: Any = ADULT) -> None:
        self.folder, self.log = folder, folder / "log.jsonl"
        self.index = RightsIndex(folder / "outputs.db")
        self.guard = FaceGuard(
            notice=NOTICE,
            purpose="in_store_safety",
            detector=FakeDetector(faces),
            estimator=FakeAgeEstimator([age]),
            audit=self.log,
            verify=False,
            index=self.index,
            clock=lambda: NOW,
        )

    def make(self, name: str = "out.png", subjects: Sequence[SubjectRegion] = (HERS,)) -> Path:
        self.guard.redact_image(noise(self.folder / "in.png"), self.folder / name, subjects=subjects, overwrite=True)
        return self.folder / name

    def carrier(self, *folders: Path, moment: datetime = NOW) -> Carrier:
        return Carrier(self.index, load_policy("jp-appi-2026"), AuditLog(self.log), moment, Finder(folders))

    def ask(self, key: str = "ward-7", kind: str = "cessation") -> Request:
        request = Request(f"r-{kind}", kind, self.index.hash_of(key), NOW, NOW + timedelta(days=14), "subject")
        self.index.add_request(request)
        return request

    def carry_out(self, *folders: Path, key: str = "ward-7", how: How = How.REDACT) -> CarriedOut:
        return self.carrier(*folders).carry_out(self.ask(key, "cessation" if how is How.REDACT else "erasure"), how)

    def last_record(self) -> Any:
        return list(read_log(self.log, keys=None, moment=NOW))[-1].record


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_the_face_is_covered_in_the_output_and_the_other_isn_t(desk: Desk) -> None:
    """FG-T02: a request re-redacts what was made, from the output itself."""
    out = desk.make()
    before = pixels(out)
    (desk.folder / "in.png").unlink()
    done = desk.carry_out()
    after = pixels(out)
    assert [one.outcome for one in done.handled] == [Outcome.REDACTED]
    assert np.ptp(after[85:125, 65:95].reshape(-1, 3), axis=0).max() == 0
    assert (after[80:130, 220:260] == before[80:130, 220:260]).all()
    assert desk.index.requests(only_open=True) == ()


def test_all_that_is_done_is_in_the_audit_log_with_its_reason(desk: Desk) -> None:
    """FG-T02, FG-D01"""
    desk.make()
    desk.carry_out()
    record = desk.last_record()
    assert record.result.action is Action.RELEASE
    assert "cessation request r-cessation" in record.result.operator_override.why
    desk.carry_out(how=How.DELETE)
    assert desk.last_record().result.action is Action.ERASE
    assert verify_log(desk.log, keys=None, moment=NOW).size == 3


def test_erasure_deletes_the_output_and_its_copies(desk: Desk) -> None:
    """FG-T02: derivatives too."""
    out = desk.make()
    (desk.folder / "copies").mkdir()
    copy = Path(shutil.copy(out, desk.folder / "copies" / "other-name.png"))
    assert desk.carry_out(desk.folder / "copies", how=How.DELETE).is_done
    assert not out.exists()
    assert not copy.exists()
    assert desk.index.outputs() == ()


def test_a_moved_output_is_found_by_its_digest(desk: Desk) -> None:
    out = desk.make()
    (desk.folder / "archive").mkdir()
    moved = out.rename(desk.folder / "archive" / "x.png")
    assert desk.carrier().carry_out(desk.ask(), How.REDACT).handled[0].outcome is Outcome.MISSING
    assert len(desk.index.requests(only_open=True)) == 1
    done = desk.carrier(desk.folder / "archive").carry_out(desk.index.requests()[0], How.REDACT)
    assert done.handled[0].outcome is Outcome.REDACTED
    assert np.ptp(pixels(moved)[85:125, 65:95].reshape(-1, 3), axis=0).max() == 0


@pytest.mark.parametrize("how", list(How))
def test_an_altered_output_is_not_taken_for_done(desk: Desk, how: How) -> None:
    """FG-T02: what can't be found is said, and the request stays open."""
    out = desk.make()
    Image.fromarray(pixels(out)).resize((160, 120)).save(out)
    done = desk.carry_out(how=how)
    assert done.handled[0].outcome is Outcome.ALTERED
    assert not done.is_done
    assert out.exists()
    assert len(desk.index.requests(only_open=True)) == 1


@pytest.mark.parametrize("how", list(How))
def test_a_copy_that_is_handled_doesn_t_settle_the_altered_one(desk: Desk, how: How) -> None:
    """FG-T02: both have to go; the copy does, and the request stays open for the other."""
    out = desk.make()
    (desk.folder / "copies").mkdir()
    copy = Path(shutil.copy(out, desk.folder / "copies" / "copy.png"))
    Image.fromarray(pixels(out)).resize((160, 120)).save(out)
    done = desk.carry_out(desk.folder / "copies", how=how)
    assert [(one.outcome, one.paths) for one in done.handled] == [(Outcome.ALTERED, (copy,))]
    assert len(desk.index.requests(only_open=True)) == 1
    assert len(desk.index.outputs()) == 1
    assert not copy.exists() or np.ptp(pixels(copy)[85:125, 65:95].reshape(-1, 3), axis=0).max() == 0


def test_an_output_without_the_person_is_left_alone(desk: Desk) -> None:
    out = desk.make(subjects=())
    before = out.read_bytes()
    assert desk.carry_out().handled == ()
    assert out.read_bytes() == before


def test_a_covered_face_needs_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path, age=CHILD)
    desk.make()
    assert desk.carry_out().handled[0].outcome is Outcome.ALREADY_COVERED


def test_who_is_in_a_picture_but_nobody_knows_where_is_covered_with_all_that_shows(desk: Desk) -> None:
    """FG-T02: doubt protects: a region that holds two faces links neither."""
    out = desk.make(subjects=(SubjectRegion("ward-7", Box(40, 60, 300, 160)),))
    assert desk.carry_out().is_done
    after = pixels(out)
    for left in (65, 225):
        assert np.ptp(after[85:125, left : left + 25].reshape(-1, 3), axis=0).max() == 0


def test_an_interrupted_rewrite_is_finished_and_not_taken_for_tampering(desk: Desk, monkeypatch: Any) -> None:
    """The index knows what the file was about to become."""
    desk.make()
    monkeypatch.setattr(RightsIndex, "rewritten", _power_fails)
    with pytest.raises(KeyboardInterrupt):
        desk.carry_out()
    monkeypatch.undo()
    (request,) = desk.index.requests(only_open=True)
    assert desk.carrier().carry_out(request, How.REDACT).handled[0].outcome is Outcome.REDACTED


def _power_fails(*_: object) -> None:
    raise KeyboardInterrupt


def test_without_a_record_the_old_output_stays(desk: Desk) -> None:
    """FG-D01: recorded before released."""
    out = desk.make()
    before = out.read_bytes()

    class FullDisk:
        def append(self, record: object) -> Any:
            raise AuditWriteError("the disk is full")

    carrier = Carrier(desk.index, load_policy("jp-appi-2026"), FullDisk(), NOW, Finder())
    for how in How:
        assert carrier.carry_out(desk.ask(kind=f"k-{how}"), how).handled[0].outcome is Outcome.FAILED
    assert out.read_bytes() == before


def test_when_the_index_can_t_take_an_output_it_isn_t_released(tmp_path: Path) -> None:
    """FG-T02: an output that nobody could find again is not made."""

    class Broken:
        def add(self, made: MadeOutput) -> None:
            raise ConfigurationError("the index is gone")

    desk = Desk(tmp_path)
    guard = FaceGuard(
        notice=NOTICE,
        purpose="in_store_safety",
        detector=FakeDetector([LEFT]),
        estimator=FakeAgeEstimator([ADULT]),
        verify=False,
        index=Broken(),
        clock=lambda: NOW,
    )
    with pytest.raises(ConfigurationError, match="index is gone"):
        guard.redact_image(noise(tmp_path / "in.png"), tmp_path / "out.png")
    assert not (tmp_path / "out.png").exists()
    assert desk.index.outputs() == ()


def test_a_video_is_covered_in_every_frame_that_shows_the_face(tmp_path: Path) -> None:
    """FG-T02: the track is covered in all frames, and stays a playable video of as many."""
    from faceguard.pipeline.video.job import VideoJob
    from faceguard.redaction.solid import SolidRedactor
    from faceguard.rights.index import IndexedFace
    from faceguard.rights.recover import cover_again

    desk = Desk(tmp_path, faces=[face_at(100, 60, 60, 70)])
    source = Clip([ground(320, 240)] * 30).write(tmp_path / "in.mp4")
    desk.guard.redact_video(VideoJob(source, tmp_path / "out.mp4"))
    (output,) = desk.index.outputs()
    (face,) = [IndexedFace(f.number, "x", "track", f.shown, f.possible_minor, f.place) for f in output.faces]
    assert face.shown
    cover_again(tmp_path / "out.mp4", output, [face], SolidRedactor(), lambda *_: None)
    frames = pictures(tmp_path / "out.mp4")
    assert len(frames) == 30
    assert all(np.std(frame[75:115, 115:145].astype(float)) < 3 for frame in frames)
    assert all(np.std(frame[180:230].astype(float)) > 10 for frame in frames)


def test_the_index_doesn_t_name_anybody(desk: Desk) -> None:
    """FG-D02: people are named by a keyed hash, and the key isn't in the index."""
    desk.make()
    data = desk.index.path.read_bytes()
    secret = desk.index.path.with_name("outputs.db.key")
    assert b"ward-7" not in data
    assert secret.read_bytes().strip() not in data
    assert secret.stat().st_mode & 0o077 == desk.index.path.stat().st_mode & 0o077 == 0


def test_an_index_without_its_secret_is_refused(desk: Desk) -> None:
    """A new secret would find nobody, and the request would look done."""
    desk.make()
    desk.index.path.with_name("outputs.db.key").unlink()
    with pytest.raises(ConfigurationError, match="secret"):
        RightsIndex(desk.index.path)


def test_a_face_that_may_be_hers_is_covered_with_the_one_that_is(desk: Desk) -> None:
    """FG-T02: what is known of one face doesn't settle whose the other is."""
    face = {"frame": 0, "box": [0, 0, 9, 9]}
    made = MadeOutput(
        path=desk.folder / "out.png",
        sha256="a" * 64,
        media_type="image/png",
        record_id="r",
        moment=NOW,
        policy=DocumentRef("p", "1", "b" * 64),
        notice=DocumentRef("n", "1", "c" * 64),
        purpose="in_store_safety",
        disclosure="in_place",
        faces=(
            MadeFace(1, True, False, face, "ward-7", LinkMethod.REGION),
            MadeFace(2, True, False, face, possible_subjects=("ward-7",)),
            MadeFace(3, True, False, face, "guest-4", LinkMethod.REGION),
        ),
    )
    desk.index.add(made)
    (output,) = desk.index.outputs(desk.index.hash_of("ward-7"))
    assert [one.number for one in output.may_show(desk.index.hash_of("ward-7"))] == [1, 2]
