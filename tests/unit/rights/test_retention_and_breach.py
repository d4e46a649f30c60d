"""Timers delete what is due and nothing else; a loss is told with numbers and deadlines."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fakes import ADULT, CHILD, FakeAgeEstimator, FakeDetector, face_at
from PIL import Image
from records import make_record

from faceguard import Box, FaceGuard, SubjectRegion
from faceguard.audit.log import AuditLog
from faceguard.audit.record import Action
from faceguard.audit.verify import read_log, verify_log
from faceguard.policy.load import PRESETS, load_policy
from faceguard.rights.breach import deadlines, report_breach
from faceguard.rights.carry_out import Carrier
from faceguard.rights.find import Finder
from faceguard.rights.index import RightsIndex
from faceguard.rights.retention import Kept, Retention

NOTICE = Path(__file__).parents[3] / "examples" / "notice.toml"
MADE = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
YEAR = timedelta(days=365)
POLICY = load_policy("jp-appi-2026")


def make(folder: Path, name: str = "out.png") -> RightsIndex:
    """An output with a child covered and two adults shown, one of them known."""
    index = RightsIndex(folder / "outputs.db")
    guard = FaceGuard(
        notice=NOTICE,
        purpose="in_store_safety",
        detector=FakeDetector([face_at(20, 20, 40, 40), face_at(120, 20, 40, 40), face_at(220, 20, 40, 40)]),
        estimator=FakeAgeEstimator([CHILD, ADULT, ADULT]),
        audit=folder / "log.jsonl",
        verify=False,
        index=index,
        clock=lambda: MADE,
    )
    Image.new("RGB", (320, 200), (90, 120, 60)).save(folder / "in.png")
    (folder / "out").mkdir(exist_ok=True)
    hers = SubjectRegion("ward-7", Box(110, 10, 170, 70))
    guard.redact_image(folder / "in.png", folder / "out" / name, subjects=(hers,))
    return index


def retention(folder: Path, index: RightsIndex, moment: datetime, *originals: Path) -> Retention:
    log = folder / "log.jsonl"
    return Retention(Carrier(index, POLICY, AuditLog(log), moment, Finder()), originals, log)


def test_an_output_goes_when_its_time_is_over_and_not_a_second_before(tmp_path: Path) -> None:
    """FG-T01: the retention timer."""
    index = make(tmp_path)
    early = retention(tmp_path, index, MADE + YEAR - timedelta(seconds=1))
    assert early.due() == ()
    assert early.run() == ()
    late = retention(tmp_path, index, MADE + YEAR)
    assert [due.key for due in late.due()] == ["retention.redacted_days"]
    assert (tmp_path / "out" / "out.png").exists()
    assert [one.problem for one in late.run()] == [None]
    assert not (tmp_path / "out" / "out.png").exists()
    records = list(read_log(tmp_path / "log.jsonl", keys=None, moment=MADE + YEAR))
    assert records[-1].record.result.action is Action.ERASE
    assert late.due() == ()


def test_an_altered_output_is_named_and_not_deleted(tmp_path: Path) -> None:
    """FG-T01: what isn't ours isn't deleted, and isn't said to be gone."""
    index = make(tmp_path)
    (tmp_path / "out" / "out.png").write_bytes(b"another picture")
    (removed,) = retention(tmp_path, index, MADE + YEAR).run()
    assert removed.problem == "altered"
    assert (tmp_path / "out" / "out.png").exists()


def test_originals_are_due_at_once_under_every_preset() -> None:
    """FG-T01: originals 0 by default."""
    assert all(load_policy(name).retention.originals_hours.value == 0 for name in PRESETS)


def test_originals_go_with_the_next_run(tmp_path: Path) -> None:
    """FG-T01"""
    index = make(tmp_path)
    spool = tmp_path / "spool"
    spool.mkdir()
    (spool / "camera.png").write_bytes(b"x")
    os.utime(spool / "camera.png", (MADE.timestamp(), MADE.timestamp()))
    (removed,) = retention(tmp_path, index, MADE, spool).run()
    assert (removed.due.kind, removed.problem) == (Kept.ORIGINALS, None)
    assert list(spool.iterdir()) == []


def test_nothing_but_the_output_is_left_of_an_original(tmp_path: Path) -> None:
    """FG-T01: no command keeps originals: beside the input, the output, the log and the index there is nothing."""
    make(tmp_path)
    found = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    allowed = {"in.png", "out/out.png", "outputs.db", "outputs.db.key"}
    assert {name for name in found if not name.startswith("log.jsonl")} == allowed


def test_old_segments_of_the_log_go_whole_and_the_rest_still_verifies(tmp_path: Path) -> None:
    """FG-T01: decisions."""
    index, log = make(tmp_path), tmp_path / "log.jsonl"
    writer = AuditLog(log, max_bytes=4_000)
    for number in range(12):
        writer.append(make_record(number))
    moment = MADE + 4 * YEAR
    kept = retention(tmp_path, index, moment)
    due = [one for one in kept.due() if one.kind is Kept.DECISIONS]
    assert due
    assert all(one.problem is None for one in kept.run())
    assert not any(Path(one.name).exists() for one in due)
    assert verify_log(log, keys=None, moment=moment).size >= 13


def test_a_lost_folder_is_told_with_people_and_minors(tmp_path: Path) -> None:
    """The breach helper: which assets, how many people, how many possible minors, which known people."""
    index = make(tmp_path)
    make(tmp_path, "second.png")
    (tmp_path / "out" / "foreign.png").write_bytes(b"not ours")
    report = report_breach(index, POLICY, lost=[tmp_path / "out"], noticed_at=MADE)
    assert (len(report.assets), report.shown, report.covered) == (2, 4, 2)
    assert report.possible_minors_shown == 0
    assert report.subjects == (index.hash_of("ward-7"),)
    assert [path.name for path in report.unknown] == ["foreign.png"]


def test_a_folder_that_is_gone_is_known_by_its_place_and_a_copy_by_its_digest(tmp_path: Path) -> None:
    index = make(tmp_path)
    (tmp_path / "stick").mkdir()
    (tmp_path / "out" / "out.png").rename(tmp_path / "stick" / "renamed.png")
    (tmp_path / "out").rmdir()
    assert len(report_breach(index, POLICY, lost=[tmp_path / "out"], noticed_at=MADE).assets) == 1
    assert len(report_breach(index, POLICY, lost=[tmp_path / "stick"], noticed_at=MADE).assets) == 1
    assert report_breach(index, POLICY, lost=[tmp_path / "elsewhere"], noticed_at=MADE).assets == ()


def test_outputs_are_found_by_the_time_they_were_made(tmp_path: Path) -> None:
    index = make(tmp_path)
    day = timedelta(days=1)
    found = report_breach(index, POLICY, since=MADE - day, until=MADE + day, noticed_at=MADE)
    assert len(found.assets) == 1
    assert report_breach(index, POLICY, since=MADE + day, noticed_at=MADE).assets == ()


@pytest.mark.parametrize("preset", PRESETS)
def test_deadlines_are_the_policy_s(preset: str) -> None:
    policy = load_policy(preset)
    first, final, *_ = deadlines(policy, MADE)
    assert first.due_at == MADE + timedelta(hours=policy.breach.preliminary_hours.value)
    assert final.due_at == MADE + timedelta(days=policy.breach.final_days.value)


def test_in_japan_the_first_report_is_due_on_the_third_day() -> None:
    """Three to five days; the early end."""
    assert deadlines(POLICY, MADE)[0].due_at == datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


def test_in_japan_a_wrongful_leak_has_sixty_days_for_the_final_report() -> None:
    """And only there: no other authority of the presets has that rule."""
    (due,) = [one.due_at for one in deadlines(POLICY, MADE) if one.what == "final_report_wrongful"]
    assert due == datetime(2027, 1, 21, 9, 0, tzinfo=UTC)
    assert all(one.what != "final_report_wrongful" for one in deadlines(load_policy("eu-gdpr"), MADE))
