"""The pool: every task ends exactly once, whatever its worker does, and memory stays under what was said."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
from batch_work import die_at_three, double, hold, own_id, raise_at_three, sleep_at_three, tell_and_take_long

from faceguard.batch.engine import Finished, Lost, Started, TimeLimits
from faceguard.batch.local import LocalEngine
from faceguard.batch.serial import SerialEngine
from faceguard.batch.task import Progress


@pytest.fixture
def engine() -> Iterator[LocalEngine]:
    engine = LocalEngine(2)
    yield engine
    engine.close()


def results(events: list[Any]) -> dict[int, Any]:
    ended = [each for each in events if isinstance(each, Finished | Lost)]
    assert len({each.task for each in ended}) == len(ended)
    return {each.task: each.result if isinstance(each, Finished) else each for each in ended}


def test_each_task_ends_once_with_its_own_result(engine: LocalEngine) -> None:
    events = list(engine.run(double, range(20)))
    assert results(events) == {task: 2 * task for task in range(20)}
    assert sum(isinstance(each, Started) for each in events) == 20
    assert any(isinstance(each, Progress) for each in events)


def test_a_worker_that_is_killed_loses_its_task_alone_and_is_replaced(engine: LocalEngine) -> None:
    ended = results(list(engine.run(die_at_three, range(8))))
    assert isinstance(ended.pop(3), Lost)
    assert ended == {task: task for task in range(8) if task != 3}


def test_what_the_work_raises_is_told_and_the_worker_goes_on(engine: LocalEngine) -> None:
    ended = results(list(engine.run(raise_at_three, range(5))))
    lost = ended.pop(3)
    assert isinstance(lost, Lost)
    assert "KeyError" in lost.reason
    assert len(ended) == 4


def test_workers_live_on_from_one_run_to_the_next(engine: LocalEngine) -> None:
    first = set(results(list(engine.run(own_id, range(4)))).values())
    assert set(results(list(engine.run(own_id, range(4)))).values()) <= first


def test_tasks_are_taken_only_when_a_worker_is_free(engine: LocalEngine) -> None:
    taken: list[int] = []

    def endless() -> Iterator[int]:
        for task in range(1_000_000):
            taken.append(task)
            yield task

    events = engine.run(own_id, endless())
    for event in events:
        if isinstance(event, Finished):
            break
    assert len(taken) <= 3
    events.close()  # type: ignore[attr-defined]


def test_closing_ends_the_workers_at_once(engine: LocalEngine) -> None:
    events = engine.run(hold, [1, 1])
    started = [next(events), next(events)]
    events.close()  # type: ignore[attr-defined]
    for each in started:
        assert isinstance(each, Started)
        with pytest.raises(ProcessLookupError):
            os.kill(int(each.worker), 0)


def test_tasks_that_are_too_much_together_are_done_one_after_the_other() -> None:
    """FG: no more memory than stated. A worker without a task holds about 100 MB here."""
    engine = LocalEngine(2, max_bytes=900_000_000)
    try:
        ended = results(list(engine.run(hold, [500, 501])))
    finally:
        engine.close()
    assert ended == {500: 500, 501: 501}


def test_a_task_that_is_too_much_alone_is_lost_and_the_others_are_done() -> None:
    engine = LocalEngine(2, max_bytes=500_000_000)
    try:
        ended = results(list(engine.run(hold, [900, 1, 2])))
    finally:
        engine.close()
    lost = ended.pop(900)
    assert isinstance(lost, Lost)
    assert lost.code == "MemoryLimit"
    assert ended == {1: 1, 2: 2}


def test_a_worker_that_tells_of_nothing_is_ended_with_what_it_started_and_the_others_go_on() -> None:
    """A decoder that hangs must not hold its worker for ever."""
    engine = LocalEngine(2, limits=TimeLimits(stall_s=2.0))
    try:
        events = list(engine.run(sleep_at_three, range(6)))
    finally:
        engine.close()
    ended = results(events)
    lost = ended.pop(3)
    assert isinstance(lost, Lost)
    assert (lost.code, "2 s" in lost.reason, "--stall-timeout" in lost.reason) == ("TimeLimit", True, True)
    assert ended == {task: task for task in (0, 1, 2, 4, 5)}
    (sleeper,) = {int(each.item) for each in events if isinstance(each, Progress)}
    assert not psutil.pid_exists(sleeper) or psutil.Process(sleeper).status() == psutil.STATUS_ZOMBIE


def test_work_that_goes_on_is_not_ended_for_being_long_unless_that_is_asked_for() -> None:
    stalls, items = TimeLimits(stall_s=1.5), TimeLimits(item_s=1.5)
    ended = {}
    for limits in (stalls, items):
        engine = LocalEngine(1, limits=limits)
        try:
            ended[limits] = results(list(engine.run(tell_and_take_long, [4.0, 0.2])))
        finally:
            engine.close()
    assert ended[stalls] == {4.0: 4.0, 0.2: 0.2}
    assert isinstance(ended[items][4.0], Lost)
    assert "--item-timeout" in ended[items][4.0].reason
    assert ended[items][0.2] == 0.2


@pytest.mark.parametrize("make", [lambda: LocalEngine(1), SerialEngine])
def test_none_means_nothing_to_do_just_now(make: Any) -> None:
    engine = make()
    try:
        ended = results(list(engine.run(double, [1, None, 2])))
    finally:
        engine.close()
    assert ended == {1: 2, 2: 4}


def test_the_serial_engine_tells_of_what_is_raised() -> None:
    assert isinstance(results(list(SerialEngine().run(raise_at_three, [3])))[3], Lost)
