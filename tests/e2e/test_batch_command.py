"""`faceguard batch` on a tree of good, odd and broken files, as a user types it, with kills and changes in between."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from made_pictures import quadrants, talkative_jpeg
from made_videos import Clip, walking_head
from PIL import Image

from faceguard.batch.manifest import open_manifest
from faceguard.batch.task import State
from faceguard.rights.index import RightsIndex

ROOT = Path(__file__).parents[2]
PHOTO = ROOT / "examples" / "photos" / "astronaut.jpg"
NOTICE = ROOT / "examples" / "notice.toml"
COMMAND = str(Path(sys.executable).with_name("faceguard"))
GOOD = {"face.jpg", "写真/☃ [red].png", "cam 1/talk.jpg", "cam 1/deep/anim.gif", "x.mp4"}
BROKEN = {"cut.jpg", "empty.png", "cam 1/lie.mp4"}


Undisturbed = tuple[Path, list[dict[str, Any]], dict[str, str]]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tree")
    for folder in ("写真", "cam 1/deep"):
        (root / folder).mkdir(parents=True)
    photo = PHOTO.read_bytes()
    (root / "face.jpg").write_bytes(photo)
    Image.fromarray(quadrants()).save(root / "写真/☃ [red].png")
    (root / "cam 1/talk.jpg").write_bytes(talkative_jpeg())
    Image.fromarray(quadrants()).save(root / "cam 1/deep/anim.gif")
    Clip(walking_head(6, width=160, height=120, size=60)).write(root / "x.mp4")
    (root / "cut.jpg").write_bytes(photo[:3000])
    (root / "empty.png").touch()
    (root / "cam 1/lie.mp4").write_bytes(b"not a video at all" * 50)
    (root / "notes.txt").write_text("notes", encoding="utf-8")
    return root


def command(source: Path | str, target: Path | str, *words: str | Path, purpose: str = "in_store_safety") -> list[str]:
    given = ["batch", source, "-o", target, "--notice", NOTICE, "--purpose", purpose, "--json", *words]
    return [COMMAND, *map(str, given)]


def batch(source: Path | str, target: Path | str, *words: str | Path, exits: int, **env: str) -> list[dict[str, Any]]:
    result = subprocess.run(
        command(source, target, *words),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, **env},
    )
    assert "Traceback" not in result.stdout + result.stderr
    assert result.returncode == exits, result.stdout + result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def digests(folder: Path) -> dict[str, str]:
    """Of every file of a folder, but for the manifest and the log."""
    files = (path for path in folder.rglob("*") if path.is_file() and ".faceguard" not in path.parts)
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if not path.name.startswith("faceguard-audit")
    }


def ended(events: list[dict[str, Any]]) -> dict[str, str]:
    return {event["item"]: event["state"] for event in events if event["event"] == "ended"}


def verify(log: Path) -> None:
    result = subprocess.run([COMMAND, "audit", "verify", str(log)], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.fixture(scope="module")
def undisturbed(
    tree: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[dict[str, Any]], dict[str, str]]:
    """The outputs of one run that nobody interrupts, what it said, and the digests."""
    target = tmp_path_factory.mktemp("safe") / "outputs"
    before = digests(tree)
    events = batch(tree, target, exits=6)
    assert digests(tree) == before, "a source was touched"
    return target, events, digests(target)


def test_good_files_are_done_broken_ones_refused_and_the_tree_is_mirrored(undisturbed: Undisturbed) -> None:
    """One corrupt file never stops the run; the exit code tells (checked by the fixture)."""
    target, events, outputs = undisturbed
    assert ended(events) == {**dict.fromkeys(GOOD, "done"), **dict.fromkeys(BROKEN, "refused")}
    assert set(outputs) == GOOD
    verify(target / "faceguard-audit.jsonl")


def test_every_done_item_has_its_record_with_the_digest_of_its_output(undisturbed: Undisturbed) -> None:
    """FG-D01: a done item is done only when its record is in the log."""
    target, _, outputs = undisturbed
    lines = (target / "faceguard-audit.jsonl").read_text(encoding="utf-8").splitlines()
    results = [json.loads(line)["record"]["result"] for line in lines]
    released = {result["output"]["sha256"] for result in results if result["action"] == "release"}
    assert released == set(outputs.values())


def test_a_rerun_has_nothing_to_do(undisturbed: Undisturbed, tree: Path) -> None:
    target, _, outputs = undisturbed
    events = batch(tree, target, exits=6)
    assert ended(events) == {}
    assert digests(target) == outputs


def test_only_what_is_new_changed_gone_or_altered_is_done_again(tree: Path, tmp_path: Path) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for name in ("a.png", "b.png", "c.png", "d.png"):
        Image.fromarray(quadrants()).save(source / name)
    batch(source, target, exits=0)
    Image.fromarray(quadrants(64, 96)).save(source / "a.png")  # changed
    (target / "b.png").unlink()  # gone
    (target / "c.png").write_bytes(b"bare?")  # altered
    os.utime(source / "d.png")  # touched, not changed
    Image.fromarray(quadrants()).save(source / "e.png")  # new
    events = batch(source, target, exits=0)
    assert set(ended(events)) == {"a.png", "b.png", "c.png", "e.png"}
    assert Image.open(target / "c.png").size == (96, 64)
    (source / "e.png").unlink()
    report = batch(source, target, exits=0)[-1]
    assert report["items"]["source_removed"] == 1
    assert (target / "e.png").exists()


def test_another_policy_makes_every_item_stale(tmp_path: Path) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    Image.fromarray(quadrants()).save(source / "a.png")
    batch(source, target, exits=0)
    planned = batch(source, target, "--policy", "strictest", "--dry-run", exits=0)
    assert [(each["item"], each["why"]) for each in planned if each["event"] == "would_do"] == [("a.png", "stale")]
    assert ended(batch(source, target, "--policy", "strictest", exits=0)) == {"a.png": "done"}
    assert ended(batch(source, target, "--policy", "strictest", exits=0)) == {}


def test_an_output_under_older_rules_goes_when_its_source_can_no_longer_be_handled(tmp_path: Path) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    Image.fromarray(quadrants()).save(source / "a.png")
    batch(source, target, exits=0)
    (source / "a.png").write_bytes(b"broken")
    assert ended(batch(source, target, exits=6)) == {"a.png": "refused"}
    assert digests(target) == {}


def test_a_dry_run_lists_and_estimates_and_makes_nothing(tree: Path, tmp_path: Path) -> None:
    events = batch(tree, tmp_path / "out", "--dry-run", "--exclude", "*.mp4", exits=0)
    listed = {event["item"] for event in events if event["event"] == "would_do"}
    assert listed == {name for name in GOOD | BROKEN if not name.endswith(".mp4")}
    assert events[-1]["estimate_s"] > 0
    assert list(tmp_path.iterdir()) == []


# ------------------------------------------------------------------------------------------------------ interrupted


def started(source: Path, target: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(source, target, *words), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


def until(process: subprocess.Popen[str], event: str, count: int) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        count -= json.loads(line)["event"] == event
        if not count:
            return
    raise AssertionError(f"it ended without enough `{event}`")


def workers_of(process: subprocess.Popen[str]) -> list[Any]:
    import psutil

    return psutil.Process(process.pid).children(recursive=True)


def test_killed_at_random_moments_it_goes_on_and_ends_as_if_undisturbed(
    tree: Path, tmp_path: Path, undisturbed: Undisturbed
) -> None:
    """One batch, killed again and again; `benchmarks/batch/kill.py` does it more often, on a larger tree."""
    target, chance = tmp_path / "out", random.Random(7)
    for event, count in (("planned", 1), ("started", 2), ("ended", 1)):
        process = started(tree, target)
        until(process, event, count)
        time.sleep(chance.uniform(0.0, 0.6))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        outputs = digests(target)
        assert {name: undisturbed[2].get(name) for name in outputs} == outputs, "something half-written, or bare"
    batch(tree, target, exits=6)
    assert digests(target) == undisturbed[2]
    assert decisions(target) == decisions(undisturbed[0])
    assert not list((target / ".faceguard").glob("staging/*"))
    verify(target / "faceguard-audit.jsonl")


def decisions(target: Path) -> dict[str, object]:
    """What became of each item, and what was decided in it."""
    with contextlib.closing(open_manifest(target / ".faceguard" / "manifest.sqlite")) as manifest:
        rows = list(manifest.rows())
    assert {row.item for row in rows if row.state is State.DONE} == GOOD
    codes = {row.item: None if row.fault is None else row.fault.code for row in rows}
    return {row.item: (row.state, row.output_sha256, row.tally.effects, codes[row.item]) for row in rows}


def test_workers_do_not_outlive_the_command(tree: Path, tmp_path: Path) -> None:
    process = started(tree, tmp_path / "out")
    until(process, "started", 2)
    workers = workers_of(process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    deadline = time.monotonic() + 20
    while any(worker.is_running() and worker.status() != "zombie" for worker in workers):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_killed_worker_fails_its_item_alone_and_the_rerun_does_it(
    tree: Path, tmp_path: Path, undisturbed: Undisturbed
) -> None:
    target = tmp_path / "out"
    process = started(tree, target)
    assert process.stdout is not None
    events, killed = [], None
    for line in process.stdout:
        events.append(json.loads(line))
        if killed is None and events[-1]["event"] == "started" and events[-1]["item"] == "face.jpg":
            killed = int(events[-1]["worker"])
            os.kill(killed, signal.SIGKILL)
    assert process.wait() == 6
    assert ended(events) == {**dict.fromkeys(GOOD, "done"), **dict.fromkeys(BROKEN, "refused"), "face.jpg": "failed"}
    assert ended(batch(tree, target, exits=6)) == {"face.jpg": "done"}
    assert digests(target) == undisturbed[2]


def test_ctrl_c_leaves_nothing_half_written_and_a_rerun_goes_on(
    tree: Path, tmp_path: Path, undisturbed: Undisturbed
) -> None:
    target = tmp_path / "out"
    process = started(tree, target)
    until(process, "ended", 1)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert set(digests(target)) <= GOOD
    assert not list((target / ".faceguard").glob("staging/*"))
    batch(tree, target, exits=6)
    assert digests(target) == undisturbed[2]


def test_a_second_run_on_the_same_outputs_is_refused(tree: Path, tmp_path: Path) -> None:
    process = started(tree, tmp_path / "out")
    try:
        until(process, "planned", 1)
        batch(tree, tmp_path / "out", exits=2)
    finally:
        process.kill()
        process.communicate()


# ---------------------------------------------------------------------------------------------------------- refused


@pytest.mark.parametrize("target", ["", "/", "/..", "/sub/.."])
def test_outputs_that_are_or_hold_the_source_are_refused(tmp_path: Path, target: str) -> None:
    source = tmp_path / "in"
    (source / "sub").mkdir(parents=True)
    Image.fromarray(quadrants()).save(source / "a.png")
    before = digests(tmp_path)
    batch(source, f"{source}{target}", exits=2)
    assert digests(tmp_path) == before


def test_without_a_notice_nothing_is_made(tree: Path, tmp_path: Path) -> None:
    """FG-N01: exit code 2, no output, no manifest, no log."""
    words = [COMMAND, "batch", str(tree), "-o", str(tmp_path / "out"), "--purpose", "publication"]
    result = subprocess.run(words, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "no handling notice" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_link_among_the_outputs_never_leads_back_into_the_source(tmp_path: Path) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    (source / "sub").mkdir(parents=True)
    Image.fromarray(quadrants()).save(source / "sub/a.png")
    target.mkdir()
    (target / "sub").symlink_to(source / "sub")
    before = digests(source)
    assert batch(source, target, "--overwrite", exits=6)
    assert digests(source) == before


def test_a_file_that_is_no_output_of_ours_is_not_replaced(tmp_path: Path) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    target.mkdir()
    Image.fromarray(quadrants()).save(source / "a.png")
    (target / "a.png").write_bytes(b"precious")
    batch(source, target, exits=6)
    assert (target / "a.png").read_bytes() == b"precious"
    batch(source, target, "--overwrite", exits=0)
    assert Image.open(target / "a.png").size == (96, 64)


def test_settings_may_stand_in_a_file_and_the_command_line_goes_over_them(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    for name in ("a.png", "b.png"):
        Image.fromarray(quadrants()).save(source / name)
    config = tmp_path / "batch.toml"
    config.write_text(
        f'source = "in"\noutput = "out"\nnotice = "{NOTICE}"\npurpose = "in_store_safety"\nexclude = ["a.*"]\n',
        encoding="utf-8",
    )
    run = [COMMAND, "batch", "--config", str(config)]
    first = subprocess.run(run, capture_output=True, check=False, cwd="/", text=True)
    assert first.returncode == 0, first.stdout + first.stderr
    assert set(digests(tmp_path / "out")) == {"b.png"}
    second = subprocess.run([*run, "--exclude", "b.*"], capture_output=True, check=False, cwd="/", text=True)
    assert second.returncode == 0, second.stdout + second.stderr
    assert set(digests(tmp_path / "out")) == {"a.png", "b.png"}
    config.write_text("soruce = 'in'\n", encoding="utf-8")
    wrong = subprocess.run([*run, str(source), "-o", "x"], capture_output=True, check=False, text=True)
    assert wrong.returncode == 2
    assert "soruce" in wrong.stderr


# ---------------------------------------------------------------------------------------------------- watch, report


def test_watching_takes_files_once_they_are_complete(tmp_path: Path) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    words = command(source, target, "--watch", "--watch-settle", "1", "--watch-idle-exit", "6")
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    data = talkative_jpeg()
    with (source / "slow.jpg").open("wb") as file:
        for start in range(0, len(data), len(data) // 3):
            file.write(data[start : start + len(data) // 3])
            file.flush()
            time.sleep(0.8)
    Image.fromarray(quadrants()).save(source / "quick.png")
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    assert ended([json.loads(line) for line in out.splitlines()]) == {"slow.jpg": "done", "quick.png": "done"}
    assert set(digests(target)) == {"slow.jpg", "quick.png"}


def test_ctrl_c_ends_watching_cleanly(tmp_path: Path) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    Image.fromarray(quadrants()).save(source / "a.png")
    process = subprocess.Popen(
        command(source, target, "--watch", "--watch-settle", "0.2"), stdout=subprocess.PIPE, text=True
    )
    until(process, "ended", 1)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert set(digests(target)) == {"a.png"}


def test_the_report_is_one_page_that_escapes_names_and_tells_no_small_number_of_people(tmp_path: Path) -> None:
    """FG-A08: ages are told as bands with small cells suppressed."""
    source, target = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    (source / "<script>alert(1)<").mkdir()
    (source / "<script>alert(1)<" / "x.jpg").write_bytes(b"broken")
    (source / "face.jpg").write_bytes(PHOTO.read_bytes())
    batch(source, target, "--report", tmp_path / "report.html", exits=6)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "http" not in page
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert report["faces"]["total"] is None
    assert set(report["faces"]["effects"].values()) == {None}
    assert report["items"]["done"] == 1
    assert [error["code"] for error in report["errors"]] == ["UnsupportedMediaError"]
    head = json.loads((target / "faceguard-audit.jsonl.head").read_text(encoding="utf-8"))
    assert report["audit"]["hash"] == head["hash"]


def test_a_report_that_can_not_be_written_hides_no_item_and_no_exit_code(tmp_path: Path) -> None:
    source, target, page = tmp_path / "in", tmp_path / "out", tmp_path / "report.html"
    source.mkdir()
    page.mkdir()
    (source / "x.jpg").write_bytes(b"broken")
    words = [word for word in command(source, target, "--report", page) if word != "--json"]
    result = subprocess.run(words, capture_output=True, text=True, check=False)
    assert result.returncode == 6
    assert "refused  x.jpg: UnsupportedMediaError" in result.stdout
    assert "warning: there is no new report" in result.stderr
    assert "error: 1 item is not done" in result.stderr
    (source / "x.jpg").unlink()
    assert subprocess.run(words, capture_output=True, check=False).returncode == 4, "all is done, but for the report"


def stale_policy(folder: Path) -> Path:
    """One of somebody's own, last looked at long ago."""
    path = folder / "old.toml"
    text = 'extends = ["strictest"]\npolicy_id = "old"\nversion = "1"\nlast_verified = 2020-01-01\n'
    path.write_text(text, encoding="utf-8")
    return path


def test_the_rights_index_knows_outputs_by_their_places_once_each_and_an_old_policy_is_told_once(
    tmp_path: Path,
) -> None:
    """FG-T02, FG-P01: what `redact` takes, `batch` takes; several workers write to one index."""
    source, target, index = tmp_path / "in", tmp_path / "out", tmp_path / "index.db"
    source.mkdir()
    for name in ("a.png", "b.png", "c.png"):
        Image.fromarray(quadrants()).save(source / name)
    policy = stale_policy(tmp_path)
    words = command(source, target, "--index", index, "--policy", policy, "--verify", "--workers", "2")
    result = subprocess.run(words, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stderr.count("warning:") == 1
    known = {str(output.path.relative_to(target)): output.sha256 for output in RightsIndex(index).outputs()}
    assert known == digests(target)
    (target / "b.png").unlink()  # done again, as after an interruption
    batch(source, target, "--index", index, "--policy", policy, "--verify", exits=0)
    assert sorted(output.path.name for output in RightsIndex(index).outputs()) == ["a.png", "b.png", "c.png"]


def test_what_batch_can_not_keep_to_is_told_before_anything_is_made(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    Image.fromarray(quadrants()).save(tmp_path / "in/a.png")
    for words, told in (
        (["--policy", "strictest", "--no-verify"], "--no-verify"),
        (["--c2pa-key", str(NOTICE)], "--c2pa-cert"),
        (["--badges", str(NOTICE)], "badge"),
    ):
        result = subprocess.run(
            command(tmp_path / "in", tmp_path / "out", *words), capture_output=True, text=True, check=False
        )
        assert result.returncode == 2, (words, result.stderr)
        assert told in result.stderr
        assert not (tmp_path / "out").exists()
