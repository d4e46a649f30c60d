"""Which videos are shared out is found out by workers, so that a file that kills its reader kills a worker alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from faceguard.batch.dividing import DividingEngine, can_be_cut, larger_than_their_share
from faceguard.batch.engine import Finished, Lost, Started
from faceguard.batch.run import open_batch
from faceguard.batch.segment_crew import MAX_TRIES, EngineCrew
from faceguard.batch.settings import BatchSettings
from faceguard.batch.task import Documents, Handling, Kind, Task
from faceguard.errors import RedactionError

NOTICE = Path(__file__).parents[3] / "examples" / "notice.toml"


def film(item: str) -> Task:
    documents = Documents(NOTICE, "in_store_safety")
    return Task(item, Kind.VIDEO, f"/in/{item}", f"/out/{item}", documents, Handling(), Path("/staging"))


class Inner:
    """Answers whether files can be cut as it is told, None for a worker that died of it; does everything else."""

    workers = 2

    def __init__(self, answers: dict[str, bool | None]) -> None:
        self.answers = answers
        self.done: list[str] = []

    def run(self, work: Any, tasks: Iterable[Any]) -> Iterator[Any]:
        for task in tasks:
            yield Started(task, "1")
            if work is can_be_cut:
                answer = self.answers[task.item]
                yield Lost(task, "SIGSEGV") if answer is None else Finished(task, answer)
            else:
                self.done.append(task.item)
                yield Finished(task, "by a worker")

    def close(self) -> None:
        """Nothing to end."""


def test_what_kills_a_worker_or_can_not_be_cut_is_done_by_one_worker_like_all_others() -> None:
    tasks = [film(item) for item in ("deadly.mp4", "short.mp4", "long.mp4", "small.mp4")]
    inner = Inner({"deadly.mp4": None, "short.mp4": False, "long.mp4": True})
    engine = DividingEngine(inner, lambda: tasks[:3])
    events = list(engine.run(lambda task, report: "shared out", tasks))
    ended = {event.task.item: event.result for event in events if isinstance(event, Finished)}
    assert inner.done == ["deadly.mp4", "short.mp4", "small.mp4"]
    assert ended == {**dict.fromkeys(inner.done, "by a worker"), "long.mp4": "shared out"}
    assert len([event for event in events if isinstance(event, Started)]) == len(tasks)


def test_only_a_video_that_would_be_the_last_one_running_is_asked_about(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    for name, size in (("long.mp4", 600), ("a.mp4", 200), ("b.mp4", 200), ("huge.jpg", 9000)):
        (source / name).write_bytes(bytes(size))
    settings = BatchSettings(source=str(source), output=str(tmp_path / "out"), notice=NOTICE, purpose="publication")
    with open_batch(settings, threads=1) as batch:
        list(batch.make_plan())
        assert [task.item for task in larger_than_their_share(batch, 2)()] == ["long.mp4"]
        assert larger_than_their_share(batch, 1)() == ()


def test_a_broken_video_is_left_to_whoever_tells_what_is_wrong_with_it(tmp_path: Path) -> None:
    (tmp_path / "x.mp4").write_bytes(b"no video")
    assert not can_be_cut(replace(film("x.mp4"), source=str(tmp_path / "x.mp4")), lambda progress: None)


@pytest.mark.parametrize(("code", "runs"), [("TimeLimit", 1), ("WorkerDied", MAX_TRIES)])
def test_a_segment_that_took_too_long_is_not_begun_again_and_one_whose_worker_died_is(code: str, runs: int) -> None:
    begun = []

    class Losing(Inner):
        def run(self, work: Any, tasks: Iterable[Any]) -> Iterator[Any]:
            begun.append(list(tasks))
            yield Lost(begun[-1][0], "gone", code=code)

    segments: list[Any] = [SimpleNamespace(number=2)]
    with pytest.raises(RedactionError, match="segment 3 could not be done: gone"):
        EngineCrew(Losing({})).carry_out(segments, lambda number, count: None)
    assert begun == [segments] * runs
