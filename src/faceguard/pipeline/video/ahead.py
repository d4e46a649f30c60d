"""Lets one stage of a pipeline run ahead of the next, in a thread of its own, by a bounded number of items."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class _Item(Generic[T]):
    value: T


@dataclass(frozen=True, slots=True)
class _End:
    error: BaseException | None


def run_ahead(source: Iterable[T], *, max_items: int, name: str) -> Generator[T, None, None]:
    """The items of `source`, in order; `source` runs in a thread called `name`, at most `max_items` ahead.

    What `source` raises is raised here. When the caller stops early or raises, the thread stops at its next item and
    has ended when this generator is closed; so nothing hangs and nothing goes on in secret.
    """
    items: queue.Queue[_Item[T] | _End] = queue.Queue(maxsize=max_items)
    stop = threading.Event()
    thread = threading.Thread(target=_feed, args=(source, items, stop), name=name, daemon=True)
    thread.start()
    try:
        while True:
            item = items.get()
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item.value
    finally:
        stop.set()
        thread.join()


def _feed(source: Iterable[T], items: queue.Queue[_Item[T] | _End], stop: threading.Event) -> None:
    error: BaseException | None = None
    try:
        for value in source:
            if not _put(items, _Item(value), stop):
                return
    except BaseException as raised:  # noqa: BLE001  handed on to the caller's thread
        error = raised
    finally:
        close = getattr(source, "close", None)
        if close is not None:
            close()
        _put(items, _End(error), stop)


def _put(items: queue.Queue[_Item[T] | _End], item: _Item[T] | _End, stop: threading.Event) -> bool:
    """Waits for room; False when the caller has gone."""
    while not stop.is_set():
        try:
            items.put(item, timeout=_POLL_S)
        except queue.Full:
            continue
        return True
    return False
