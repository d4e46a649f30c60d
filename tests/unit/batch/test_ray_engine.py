"""The engine of a cluster, on a real one: two nodes of this machine, with workers and a node that are killed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ray.cluster_utils import Cluster
from ray_clusters import NODE, two_nodes
from worker_tasks import Note, raise_error, write_note

from faceguard.batch.engine import Finished, Lost, Started
from faceguard.batch.ray_engine import RayEngine
from faceguard.batch.task import Progress


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with two_nodes() as found:
        yield found


@pytest.fixture(scope="module")
def engine(cluster: Cluster) -> Iterator[RayEngine]:
    found = RayEngine(cluster.address)
    yield found
    found.close()


def kinds(events: list[Any], kind: type) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def test_every_task_is_done_once_and_every_node_works(engine: RayEngine, tmp_path: Path) -> None:
    def until_both_work() -> Iterator[Note]:
        for number in range(3000):
            yield Note(number, tmp_path)
            if len({path.name.partition("-")[2] for path in tmp_path.iterdir()}) == 2:
                return

    events = list(engine.run(write_note, until_both_work()))

    done = [event.result[0] for event in kinds(events, Finished)]
    assert engine.workers == 2
    assert sorted(done) == list(range(len(done)))
    assert len(list(tmp_path.iterdir())) == len(done)
    assert len({event.result[1] for event in kinds(events, Finished)}) == 2


def test_a_worker_takes_the_next_task_only_when_it_is_free(engine: RayEngine, tmp_path: Path) -> None:
    taken = []

    def plan() -> Iterator[Note]:
        for number in range(20):
            taken.append(number)
            yield Note(number, tmp_path)

    ahead = [len(taken) - done for done, _ in enumerate(kinds_of(engine.run(write_note, plan()), Finished))]

    assert len(ahead) == 20
    assert max(ahead) <= engine.workers + 1


def kinds_of(events: Iterator[Any], kind: type) -> Iterator[Any]:
    return (event for event in events if isinstance(event, kind))


def test_a_task_whose_worker_is_killed_is_done_by_another(engine: RayEngine, tmp_path: Path) -> None:
    notes = [Note(number, tmp_path, dies=number == 3) for number in range(8)]
    events = list(engine.run(write_note, notes))

    begun = Counter(event.task.number for event in kinds(events, Started))
    assert sorted(event.result[0] for event in kinds(events, Finished)) == list(range(8))
    assert begun[3] == 2
    assert kinds(events, Lost) == []


def test_what_work_raises_is_told_and_the_others_go_on(engine: RayEngine, tmp_path: Path) -> None:
    events = list(engine.run(raise_error, [Note(1, tmp_path), Note(2, tmp_path)]))

    lost = kinds(events, Lost)
    assert sorted(event.task.number for event in lost) == [1, 2]
    assert all(event.code == "WorkerError" and "nothing about" in event.reason for event in lost)


def test_progress_comes_from_the_workers(engine: RayEngine, tmp_path: Path) -> None:
    events = list(engine.run(write_note, [Note(number, tmp_path, takes_s=2.0) for number in range(2)]))

    assert {event.stage for event in kinds(events, Progress)} == {"write"}


def test_tasks_of_a_node_that_dies_move_to_the_others(cluster: Cluster, engine: RayEngine, tmp_path: Path) -> None:
    engine.close()  # its workers hold the cores of the other nodes
    node = cluster.add_node(**NODE)
    wider = RayEngine(cluster.address, workers=3)
    done = []
    for event in wider.run(write_note, (Note(number, tmp_path) for number in range(120))):
        if isinstance(event, Finished):
            done.append(event.result[0])
            if len(done) == 30:
                cluster.remove_node(node, allow_graceful=False)
    wider.close()

    assert sorted(done) == list(range(120))
