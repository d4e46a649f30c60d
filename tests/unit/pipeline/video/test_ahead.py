"""One stage ahead of the next: in order, bounded, and never hanging (a callback that raises ends a video)."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from faceguard.pipeline.video.ahead import run_ahead


def workers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "test-ahead"]


def test_items_come_in_order_from_another_thread() -> None:
    names: set[str] = set()

    def source() -> Iterator[int]:
        for i in range(50):
            names.add(threading.current_thread().name)
            yield i

    assert list(run_ahead(source(), max_items=3, name="test-ahead")) == list(range(50))
    assert names == {"test-ahead"}
    assert workers() == []


def test_the_source_runs_no_further_ahead_than_allowed() -> None:
    made: list[int] = []

    def source() -> Iterator[int]:
        for i in range(100):
            made.append(i)
            yield i

    items = run_ahead(source(), max_items=4, name="test-ahead")
    next(items)
    time.sleep(0.3)
    assert len(made) <= 7
    items.close()


def test_an_error_of_the_source_is_raised_after_what_came_before_it() -> None:
    def source() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    items = run_ahead(source(), max_items=4, name="test-ahead")
    assert next(items) == 1
    with pytest.raises(ValueError, match="broken"):
        next(items)
    assert workers() == []


def test_a_caller_that_leaves_stops_the_source() -> None:
    closed: list[bool] = []

    def source() -> Iterator[int]:
        try:
            while True:
                yield 0
        finally:
            closed.append(True)

    items = run_ahead(source(), max_items=2, name="test-ahead")
    next(items)
    items.close()

    assert closed == [True]
    assert workers() == []
