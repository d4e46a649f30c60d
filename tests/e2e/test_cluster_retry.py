"""An item that is begun again on a cluster, after its worker died with the output already in place."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from faceguard.audit.verify import read_log, verify_log
from faceguard.batch.cluster import LOGS_NAME, Apart, join_worker_logs
from faceguard.batch.task import Documents, Handling, Kind, State, Task
from faceguard.batch.worker import carry_out

ROOT = Path(__file__).parents[2]


def test_it_is_not_done_twice_and_its_record_reaches_the_one_log(tmp_path: Path) -> None:
    state, log = tmp_path / "state", tmp_path / "log.jsonl"
    logs = state / LOGS_NAME / "apart-1"
    documents = Documents(notice=ROOT / "examples" / "notice.toml", purpose="publication", audit=log)
    task = Task(
        "face.jpg",
        Kind.PICTURE,
        str(ROOT / "examples" / "photos" / "astronaut.jpg"),
        str(tmp_path / "out" / "face.jpg"),
        documents,
        Handling(),
        tmp_path / "staging",
    )
    work = Apart(carry_out, logs, datetime.now(UTC))

    first = work(task, lambda progress: None)
    (logs / "dead-1.jsonl").write_bytes(next(logs.glob("*.jsonl")).read_bytes()[:40])  # another died while writing
    again = work(task, lambda progress: None)

    assert (first.state, again.state) == (State.DONE, State.DONE)
    assert (again.record_id, again.output_sha256) == (first.record_id, first.output_sha256)
    assert not log.exists()
    assert join_worker_logs(state, log, None) == 1
    assert join_worker_logs(state, log, None) == 0
    assert [e.record.decision_id for e in read_log(log, keys=None, moment=datetime.now(UTC))] == [first.record_id]
    verify_log(log, keys=None, moment=datetime.now(UTC))


def test_an_older_output_of_the_same_name_is_no_reason_to_leave_it_out(tmp_path: Path) -> None:
    """What was released before the run began may be stale."""
    logs = tmp_path / LOGS_NAME / "apart-1"
    documents = Documents(notice=ROOT / "examples" / "notice.toml", purpose="publication")
    source, target = ROOT / "examples" / "photos" / "astronaut.jpg", tmp_path / "out" / "face.jpg"
    task = Task(
        "face.jpg", Kind.PICTURE, str(source), str(target), documents, Handling(), tmp_path / "s", overwrite=True
    )

    first = Apart(carry_out, logs, datetime.now(UTC))(task, lambda progress: None)
    second = Apart(carry_out, logs, datetime.now(UTC))(task, lambda progress: None)

    assert (first.state, second.state) == (State.DONE, State.DONE)
    assert second.record_id != first.record_id
