"""Sessions load once, late, and survive threads and forks."""

from __future__ import annotations

import multiprocessing
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from faceguard.errors import InferenceError, ModelNotFoundError
from faceguard.inference import session
from faceguard.inference.manifest import load_manifest
from faceguard.inference.session import Session, available_cores, get_session

MODEL = "yunet-2023mar"


def _picture() -> np.ndarray:
    return np.random.default_rng(7).integers(0, 255, (1, 64, 96, 3), np.uint8)


def test_outputs_come_in_the_order_of_the_manifest() -> None:
    scores, shapes = get_session(MODEL, threads=1).run(_picture())
    places = 8 * 12 + 4 * 6 + 2 * 3
    assert scores.shape == (1, places)
    assert shapes.shape == (1, 14, places)


def test_a_model_loads_once_for_each_thread_count() -> None:
    assert get_session(MODEL, threads=1) is get_session(MODEL, threads=1)
    assert get_session(MODEL) is get_session(MODEL, threads=available_cores())


def test_many_threads_share_one_session_and_get_the_same_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = session._Sessions()
    loads = []
    read = session.read_weights
    monkeypatch.setattr(session, "read_weights", lambda spec: loads.append(spec.id) or read(spec))
    barrier = threading.Barrier(8)

    def work(_: int) -> np.ndarray:
        barrier.wait(timeout=30)
        return sessions.get(MODEL, 1).run(_picture())[0]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(work, range(8)))
    assert loads == [MODEL]
    assert all(np.array_equal(answer, answers[0]) for answer in answers)


def _answer_in_child(connection: multiprocessing.connection.Connection) -> None:
    connection.send(float(get_session(MODEL, threads=2).run(_picture())[0].sum()))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_makes_its_own_sessions() -> None:
    expected = float(get_session(MODEL, threads=2).run(_picture())[0].sum())
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    child = context.Process(target=_answer_in_child, args=(theirs,))
    child.daemon = True
    child.start()
    assert ours.poll(60), "the child hangs"
    assert ours.recv() == pytest.approx(expected)
    child.join(30)
    assert child.exitcode == 0


def test_a_wrong_input_is_our_error() -> None:
    with pytest.raises(InferenceError, match=r"`yunet-2023mar` failed"):
        get_session(MODEL, threads=1).run(np.zeros((1, 2, 3), np.uint8))


def test_bytes_that_are_no_graph_are_our_error() -> None:
    with pytest.raises(InferenceError, match="can't be loaded"):
        Session(load_manifest().spec(MODEL), b"not a graph", threads=1)


def test_a_graph_with_other_outputs_than_the_manifest_says_is_refused() -> None:
    spec = load_manifest().spec(MODEL)
    other = spec.model_copy(update={"outputs": {"embedding": "float32 (N, 128)"}})
    with pytest.raises(InferenceError, match="not those of the manifest"):
        Session(other, session.read_weights(spec), threads=1)


def test_an_unknown_model_is_named() -> None:
    with pytest.raises(ModelNotFoundError):
        get_session("nonsense")


@pytest.mark.parametrize("threads", [0, -1])
def test_a_senseless_thread_count_is_the_callers_mistake(threads: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        get_session(MODEL, threads=threads)
