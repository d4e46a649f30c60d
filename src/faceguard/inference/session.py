"""ONNX Runtime on the CPU: one session for each model, thread count and process, made when first asked for.

Threads
    A session may be run by several threads at once. `threads` is how many cores one run may use; by default all that
    this process may run on (`os.sched_getaffinity`, so that a container's CPU set counts). With 1, work stays in the
    calling thread, which is what many workers side by side want. Threads of the pool sleep between runs instead of
    spinning: spinning wins a little latency but burns the cores that decoding and redaction need.

Forks
    A child process starts without sessions and makes its own: the threads of a parent's pool don't survive a fork. A
    child of a bare `os.fork` must leave with `os._exit`, as those of multiprocessing do: the runtime's exit handlers
    wait for the parent's threads.
"""

from __future__ import annotations

import ctypes
import os
import threading
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from faceguard.errors import InferenceError
from faceguard.inference.manifest import ModelSpec, load_manifest
from faceguard.inference.store import read_weights

_LOG_ERRORS_ONLY = 3


def available_cores() -> int:
    """How many cores this process may run on, at least 1."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return max(1, os.cpu_count() or 1)


class Session:
    """A verified model, ready to run. Made by `get_session`; safe to use from several threads."""

    def __init__(self, spec: ModelSpec, weights: bytes, *, threads: int) -> None:
        self.spec = spec
        self.threads = threads
        try:
            self._runtime = onnxruntime.InferenceSession(
                weights, _session_options(threads), providers=["CPUExecutionProvider"]
            )
            inputs = self._runtime.get_inputs()
            self._outputs = list(spec.outputs)
            if len(inputs) != 1 or {o.name for o in self._runtime.get_outputs()} != set(self._outputs):
                raise ValueError("the graph's inputs or outputs are not those of the manifest")
            self._input = inputs[0].name
        except Exception as error:  # onnxruntime raises many types, all meaning the same here
            raise InferenceError(
                f"the model `{spec.id}` can't be loaded ({error}); reinstall faceguard-sdk and check that "
                f"onnxruntime {onnxruntime.__version__} supports this machine",
                model=spec.id,
            ) from error

    def run(self, batch: NDArray[Any]) -> list[NDArray[Any]]:
        """The outputs, in the order of `spec.outputs`, for an input as `spec.input` says. Raises InferenceError."""
        try:
            outputs: list[NDArray[Any]] = self._runtime.run(self._outputs, {self._input: np.ascontiguousarray(batch)})
        except Exception as error:
            raise InferenceError(
                f"the model `{self.spec.id}` failed on an input of {batch.shape} {batch.dtype} ({error})",
                model=self.spec.id,
            ) from error
        return outputs


def _session_options(threads: int) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = _LOG_ERRORS_ONLY
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


class _Sessions:
    """The sessions of this process. The lock is held while a model loads, so that it loads once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: dict[tuple[str, int], Session] = {}

    def forget(self) -> None:
        """Starts afresh in a forked child. The parent's sessions are left alone for ever: to free one waits for
        threads that the child doesn't have."""
        for inherited in self._made.values():
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(inherited))
        self._lock = threading.Lock()
        self._made = {}

    def get(self, model_id: str, threads: int) -> Session:
        key = (model_id, threads)
        made = self._made.get(key)
        if made is not None:
            return made
        with self._lock:
            if key not in self._made:
                spec = load_manifest().spec(model_id)
                self._made[key] = Session(spec, read_weights(spec), threads=threads)
            return self._made[key]


_sessions = _Sessions()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_sessions.forget)


def get_session(model_id: str, *, threads: int | None = None) -> Session:
    """The session of `model_id`, loaded and verified on first use.

    `threads` as the module says; at least 1. Raises ModelNotFoundError, ModelIntegrityError or InferenceError.
    """
    if threads is not None and threads < 1:
        raise ValueError(f"threads must be at least 1, got {threads}")
    return _sessions.get(model_id, threads or available_cores())
