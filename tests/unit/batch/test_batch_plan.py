"""What is to be done follows from what was found and what the manifest knows, and from nothing else."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from faceguard.batch.discover import Found, Skip, Skipped
from faceguard.batch.manifest import Manifest, Row, open_manifest
from faceguard.batch.places import Place, stamp_at
from faceguard.batch.plan import Plan, Planner, Why, leaves
from faceguard.batch.task import Fault, Kind, State

RULES = "f" * 64
SOURCE, SAFE = b"a source", b"its output"
FOUND = Found("a.jpg", Kind.PICTURE, len(SOURCE), "stamp")


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    for folder, data in (("in", SOURCE), ("out", SAFE)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.jpg").write_bytes(data)
    return open_manifest(tmp_path / "manifest.sqlite")


@pytest.fixture
def done(tmp_path: Path, manifest: Manifest) -> Row:
    """The row of an item that was done, and of whose files nothing has changed."""
    return Row(
        "a.jpg",
        Kind.PICTURE,
        "a.jpg",
        "a.jpg",
        State.DONE,
        "stamp",
        len(SOURCE),
        source_sha256=hashlib.sha256(SOURCE).hexdigest(),
        fingerprint=RULES,
        output_stamp=stamp_at(str(tmp_path / "out" / "a.jpg")),
        output_sha256=hashlib.sha256(SAFE).hexdigest(),
        attempts=1,
    )


def planner(manifest: Manifest) -> Planner:
    root = manifest.path.parent
    return Planner(manifest, Place(str(root / "in")), Place(str(root / "out")), RULES)


def plan(planner: Planner, *found: Found | Skipped) -> tuple[dict[str, Why], Plan]:
    """As a batch does: what is planned is put into the manifest at once."""
    plan, to_do = Plan(number=7), {}
    for planned in planner.plan(iter(found), plan):
        planner.manifest.put(planned.row)
        to_do[planned.row.item] = planned.why
    return to_do, plan


def test_what_is_done_under_todays_rules_is_left_alone(manifest: Manifest, done: Row) -> None:
    manifest.put(done)
    to_do, counted = plan(planner(manifest), FOUND)
    assert (to_do, counted.up_to_date, counted.size) == ({}, 1, 0)
    assert manifest.get("a.jpg") == replace(done, seen=7)


PASSING = Fault("DecodeError", "the share was away", 4, is_system=True)
CHANGES: list[tuple[dict[str, object], Why | None]] = [
    ({"state": State.PLANNED, "attempts": 0}, Why.NEW),
    ({"state": State.RUNNING}, Why.UNFINISHED),
    ({"source_stamp": "another", "source_sha256": "0" * 64}, Why.CHANGED),
    ({"source_stamp": "another"}, None),  # touched: the content is the same
    ({"fingerprint": "0" * 64}, Why.STALE),
    ({"state": State.FAILED, "fault": Fault("WorkerDied", "killed")}, Why.FAILED),
    ({"state": State.REFUSED, "fault": Fault("AuditWriteError", "no rights", 5)}, Why.FAILED),
    ({"state": State.REFUSED, "fault": Fault("DecodeError", "cut", 4)}, None),  # trying again can't mend it
    ({"state": State.REFUSED, "fault": PASSING}, Why.FAILED),
    ({"output_stamp": "another"}, None),  # touched
    ({"output_stamp": "another", "output_sha256": "0" * 64}, Why.ALTERED),
    ({"target": "gone.jpg", "target_key": "gone.jpg"}, Why.VANISHED),
]


@pytest.mark.parametrize(("changes", "why"), CHANGES)
def test_each_reason_to_do_an_item_again(
    manifest: Manifest, done: Row, changes: dict[str, object], why: Why | None
) -> None:
    manifest.put(replace(done, **changes))  # type: ignore[arg-type]
    to_do, _ = plan(planner(manifest), FOUND)
    assert to_do == ({} if why is None else {"a.jpg": why})
    after = manifest.get("a.jpg")
    assert after is not None
    assert (after.state is State.PLANNED) == (why is not None)


def test_a_change_that_left_size_and_time_alone_is_found_by_reading_again(manifest: Manifest, done: Row) -> None:
    manifest.put(replace(done, source_sha256="0" * 64))
    assert plan(planner(manifest), FOUND)[0] == {}
    assert plan(replace(planner(manifest), trusts_stamps=False), FOUND)[0] == {"a.jpg": Why.CHANGED}


def test_two_items_never_share_an_output_whatever_their_order_and_letters(manifest: Manifest) -> None:
    names = ("b.png", "B.PNG", "b.bmp")
    plan(planner(manifest), *(Found(name, Kind.PICTURE, 1, "s") for name in names))
    keys = {row.target_key for row in manifest.rows()}
    assert len(keys) == len(names)
    before = {row.item: row.target for row in manifest.rows()}
    plan(planner(manifest), *(Found(name, Kind.PICTURE, 1, "s") for name in reversed(names)))
    assert {row.item: row.target for row in manifest.rows()} == before


def test_what_is_still_written_to_waits_and_what_runs_is_not_taken_twice(manifest: Manifest, done: Row) -> None:
    watching = replace(planner(manifest), is_first=False, is_settling=lambda found: found.item == "new.jpg")
    manifest.put(replace(done, state=State.RUNNING))
    to_do, counted = plan(watching, FOUND, Found("new.jpg", Kind.PICTURE, 1, "s"))
    assert (to_do, counted.settling) == ({}, 1)
    assert [row.state for row in manifest.rows()] == [State.RUNNING]


def test_a_folder_that_nobody_can_read_is_told(manifest: Manifest) -> None:
    _, counted = plan(planner(manifest), Skipped("closed", Skip.UNREADABLE), Skipped(".x", Skip.HIDDEN))
    assert counted.unreadable == ["closed"]
    assert counted.skipped == {Skip.UNREADABLE: 1, Skip.HIDDEN: 1}


def test_a_link_on_the_way_out_of_the_outputs_is_seen(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "sub").symlink_to(tmp_path)
    target = Place(str(tmp_path / "out"))
    assert leaves(target, target.at("sub/a.jpg"))
    assert not leaves(target, target.at("other/a.jpg"))
