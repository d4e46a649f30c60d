"""Writes ONNX graphs node by node: the few operators that the recipes need, with weights as initialisers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 18
IR_VERSION = 9  # read by every onnxruntime that the package allows


class Net:
    """A graph under construction. Methods append a node and return the name of its output."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initialisers: list[onnx.TensorProto] = []

    def op(self, kind: str, inputs: Sequence[str], output: str = "", **attributes: object) -> str:
        output = output or f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def constant(self, values: NDArray[np.generic]) -> str:
        name = f"w{len(self.initialisers)}"
        self.initialisers.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def integers(self, *values: int) -> str:
        return self.constant(np.array(values, np.int64))

    def conv(
        self,
        source: str,
        weights: NDArray[np.float32],
        bias: NDArray[np.float32],
        *,
        stride: int = 1,
        pads: Sequence[int] = (0, 0, 0, 0),
        group: int = 1,
    ) -> str:
        """A 2-D convolution. `weights` are (out, in / group, kh, kw); `pads` are top, left, bottom, right."""
        return self.op(
            "Conv",
            [source, self.constant(weights.astype(np.float32)), self.constant(bias.astype(np.float32))],
            kernel_shape=list(weights.shape[2:]),
            strides=[stride, stride],
            pads=list(pads),
            group=group,
        )

    def planes(self, image: str) -> str:
        """(N, H, W, 3) uint8 -> (N, 3, H, W) float32: bytes are moved, not floats."""
        return self.op("Cast", [self.op("Transpose", [image], perm=[0, 3, 1, 2])], to=TensorProto.FLOAT)

    def model(
        self,
        inputs: Sequence[onnx.ValueInfoProto],
        outputs: Sequence[onnx.ValueInfoProto],
        name: str,
    ) -> onnx.ModelProto:
        graph = helper.make_graph(self.nodes, name, list(inputs), list(outputs), self.initialisers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        model.producer_name = "faceguard"
        onnx.checker.check_model(model, full_check=True)
        return model


def detector_model(net: Net, name: str) -> onnx.ModelProto:
    """The shape that all our detectors share: BGR bytes in; `scores` and `shapes` of every place for a face out.

    `image`   uint8 (N, H, W, 3), blue first; H and W multiples of 32
    `scores`  float32 (N, A), 0..1
    `shapes`  float32 (N, 14, A): four values of the box, ten of the landmarks, as the network gives them
    """
    return net.model(
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["n", "h", "w", 3])],
        [
            helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", "a"]),
            helper.make_tensor_value_info("shapes", TensorProto.FLOAT, ["n", 14, "a"]),
        ],
        name,
    )
