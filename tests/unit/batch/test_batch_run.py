"""A batch notes what its engine tells: a worker's death at the last moment, and a disk that is full."""

from __future__ import annotations

import errno
import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import av
import pytest
from records import make_record

from faceguard.audit.log import AuditLog
from faceguard.audit.record import OutputEntry
from faceguard.batch.engine import Finished, Lost, Started
from faceguard.batch.run import Batch, open_batch
from faceguard.batch.settings import BatchSettings
from faceguard.batch.task import Outcome, State, Task
from faceguard.batch.worker import fault_of
from faceguard.errors import AuditWriteError, BatchError, ConfigurationError, DecodeError, EncodeError

NOTICE = Path(__file__).parents[3] / "examples" / "notice.toml"


class ScriptedEngine:
    """Ends each task as it is told to."""

    workers = 1

    def __init__(self, script: Callable[[Task], Any]) -> None:
        self.script = script
        self.begun: list[str] = []

    def run(self, work: Any, tasks: Iterable[Any]) -> Iterator[Any]:
        for task in tasks:
            self.begun.append(task.item)
            yield Started(task, "1")
            yield self.script(task)

    def close(self) -> None:
        """Nothing to end."""


@pytest.fixture
def batch(tmp_path: Path) -> Iterator[Batch]:
    source = tmp_path / "in"
    source.mkdir()
    for name, size in (("a.jpg", 30), ("b.jpg", 20), ("c.jpg", 10)):  # the largest is begun first
        (source / name).write_bytes(bytes(size))
    settings = BatchSettings(source=str(source), output=str(tmp_path / "out"), notice=NOTICE, purpose="in_store_safety")
    with open_batch(settings, threads=1) as opened:
        list(opened.make_plan())
        yield opened


def carry_out(batch: Batch, engine: Any) -> dict[str, State]:
    list(batch.carry_out(engine, batch.tasks()))
    return states(batch)


def states(batch: Batch) -> dict[str, State]:
    return {row.item: row.state for row in batch.manifest.rows()}


def release(batch: Batch, task: Task) -> None:
    """What a worker does before it tells: the record, then the output in place."""
    safe = f"safe {task.item}".encode()
    record = make_record(len(task.item))
    output = OutputEntry(media_type="image/jpeg", sha256=hashlib.sha256(safe).hexdigest(), size_bytes=len(safe))
    changes = {
        "timestamp": datetime.now(UTC) + timedelta(seconds=1),
        "result": record.result.model_copy(update={"output": output}),
    }
    AuditLog(batch.log).append(record.model_copy(update=changes))
    Path(task.target).write_bytes(safe)


def test_an_item_whose_worker_died_after_putting_the_output_in_place_is_done(batch: Batch) -> None:
    """Otherwise the next run would take its output for somebody else's file, and refuse it for ever."""

    def die(task: Task) -> Any:
        if task.item == "b.jpg":
            release(batch, task)
        return Lost(task, "its worker process died (SIGKILL)")

    assert carry_out(batch, ScriptedEngine(die)) == {
        "a.jpg": State.FAILED,
        "b.jpg": State.DONE,
        "c.jpg": State.FAILED,
    }


def test_a_full_disk_stops_the_run_and_leaves_the_rest_planned(batch: Batch) -> None:
    full = fault_of(
        _caused(EncodeError("`b.jpg` can't be written: no space left on device"), OSError(errno.ENOSPC, ""))
    )

    def end(task: Task) -> Any:
        if task.item == "a.jpg":
            release(batch, task)
            return Finished(task, Outcome(task.item, State.DONE))
        return Finished(task, Outcome(task.item, State.REFUSED, full))

    engine = ScriptedEngine(end)
    with pytest.raises(BatchError, match=r"disk is full.*run the same command again") as caught:
        carry_out(batch, engine)
    assert engine.begun == ["a.jpg", "b.jpg"]
    assert list(caught.value.errors) == ["b.jpg"]
    assert states(batch) == {"a.jpg": State.DONE, "b.jpg": State.PLANNED, "c.jpg": State.PLANNED}


def _caused(error: Exception, cause: Exception) -> Exception:
    try:
        raise error from cause
    except Exception as raised:  # noqa: BLE001
        return raised


def _sqlite_full() -> sqlite3.Error:
    """What SQLite raises on a full disk, made by a database that may not grow."""
    connection = sqlite3.connect(":memory:")
    connection.execute("PRAGMA max_page_count = 1")
    try:
        connection.execute("CREATE TABLE t (x)")
    except sqlite3.Error as error:
        return error
    raise AssertionError


@pytest.mark.parametrize(
    ("error", "is_full"),
    [
        (_caused(EncodeError("x"), OSError(errno.ENOSPC, "")), True),
        (_caused(AuditWriteError("x"), OSError(errno.EDQUOT, "")), True),
        (_caused(ConfigurationError("the index"), _sqlite_full()), True),
        (OSError(errno.ENOSPC, ""), True),
        (_caused(EncodeError("x"), OSError(errno.EACCES, "")), False),
        (_caused(ConfigurationError("the index"), sqlite3.OperationalError("locked")), False),
        (EncodeError("no space left"), False),
    ],
)
def test_a_full_disk_is_told_by_what_the_system_answered(error: Exception, is_full: bool) -> None:
    assert fault_of(error).is_disk_full is is_full


def test_what_the_system_answered_is_told_apart_from_what_is_wrong_with_a_file() -> None:
    """A share that was away for a moment must not rule a file out until it changes."""
    assert fault_of(_caused(DecodeError("x"), OSError(errno.EIO, ""))).is_system
    assert not fault_of(_caused(DecodeError("x"), OSError("image file is truncated"))).is_system
    assert not fault_of(_caused(DecodeError("x"), av.error.OSError(errno.EIO, ""))).is_system
    assert fault_of(_caused(EncodeError("x"), av.error.OSError(errno.ENOSPC, ""))).is_disk_full


def test_an_index_needs_outputs_that_it_can_find(tmp_path: Path) -> None:
    settings = BatchSettings(
        source=str(tmp_path),
        output="memory://out",
        state=tmp_path / "state",
        index=tmp_path / "index.db",
        notice=NOTICE,
        purpose="in_store_safety",
    )
    with pytest.raises(ConfigurationError, match="--index"), open_batch(settings, threads=1):
        pass
    assert list(tmp_path.iterdir()) == []
