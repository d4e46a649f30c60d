"""face-api's age network: a tiny Xception at 112 that answers with one number, from its quantised weights.

The package's network also has a sex head; it is not read here, so it can't be in the result (FG-A11). Weights stay the
bytes that they are in the package (value = byte * scale + least) and are widened when the session loads.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from recipes.net import Net

_MANIFEST = "model/age_gender_model-weights_manifest.json"
_WEIGHTS = "model/age_gender_model.bin"
_SIDE_PX = 112
# R, G, B means and the scale that the package's own wrapper applies.
_CHANNEL_MEANS_RGB = (122.782, 117.001, 104.298)
_PIXEL_RANGE = 255.0
_SAME_PADS = (0, 0, 1, 1)  # as TensorFlow pads an even size for a 3x3 window of stride 2


@dataclass(frozen=True)
class Weight:
    """An array as stored: floats, or bytes with `scale` and `least`."""

    values: NDArray[np.generic]
    scale: float = 1.0
    least: float = 0.0

    def place(self, net: Net, axes: tuple[int, ...]) -> str:
        """Name of the float32 tensor with these axes, in `net`."""
        stored = net.constant(self.values.transpose(axes))
        if self.values.dtype != np.uint8:
            return stored
        scale, least = (net.constant(np.array(value, np.float32)) for value in (self.scale, self.least))
        return net.op("Add", [net.op("Mul", [net.op("Cast", [stored], to=TensorProto.FLOAT), scale]), least])


Weights = Mapping[str, Weight]


def build(sources: Mapping[str, bytes]) -> onnx.ModelProto:
    weights = _read_weights(sources[_MANIFEST], sources[_WEIGHTS])
    net = Net()
    means = net.constant(np.array(_CHANNEL_MEANS_RGB[::-1], np.float32).reshape(1, 3, 1, 1))
    scale = net.constant(np.array(_PIXEL_RANGE, np.float32))
    planes = net.op("Div", [net.op("Sub", [net.planes("faces"), means]), scale])
    first = weights["entry_flow/conv_in/filters"]
    swapped = Weight(first.values[:, :, ::-1], first.scale, first.least)  # the kernel reads B, G, R instead of R, G, B
    tensor = _conv(net, planes, swapped, weights["entry_flow/conv_in/bias"], stride=2, pads=_SAME_PADS)
    tensor = _reduction(net, net.op("Relu", [tensor]), weights, "entry_flow/reduction_block_0", active=True)
    tensor = _reduction(net, tensor, weights, "entry_flow/reduction_block_1")
    for block in range(2):
        tensor = _main_block(net, tensor, weights, f"middle_flow/main_block_{block}")
    tensor = _reduction(net, tensor, weights, "exit_flow/reduction_block")
    tensor = net.op("Relu", [_separable(net, tensor, weights, "exit_flow/separable_conv")])
    pooled = net.op("Flatten", [net.op("GlobalAveragePool", [tensor])], axis=1)
    head = [weights["fc/age/weights"].place(net, (0, 1)), weights["fc/age/bias"].place(net, (0,))]
    net.op("Gemm", [pooled, *head], "age_years")
    return net.model(
        [helper.make_tensor_value_info("faces", TensorProto.UINT8, ["n", _SIDE_PX, _SIDE_PX, 3])],
        [helper.make_tensor_value_info("age_years", TensorProto.FLOAT, ["n", 1])],
        "age_face_api",
    )


def _read_weights(manifest: bytes, data: bytes) -> Weights:
    """Named arrays of a face-api weights file: little-endian, in the order of its manifest."""
    weights = {}
    offset = 0
    for group in json.loads(manifest):
        for entry in group["weights"]:
            quantised = entry.get("quantization")
            dtype = np.dtype(np.uint8 if quantised else "<f4")
            count = math.prod(entry["shape"])
            values = np.frombuffer(data, dtype, count, offset).reshape(entry["shape"])
            weights[entry["name"]] = (
                Weight(values, quantised["scale"], quantised["min"]) if quantised else Weight(values)
            )
            offset += dtype.itemsize * count
    if offset != len(data):
        raise ValueError(f"{len(data) - offset} bytes of weights are left over")
    return weights


def _reduction(net: Net, source: str, weights: Weights, name: str, *, active: bool = False) -> str:
    """Two separable convolutions and a max pool, beside a strided 1x1 convolution. `active`: `source` is past its
    ReLU."""
    tensor = source if active else net.op("Relu", [source])
    tensor = net.op("Relu", [_separable(net, tensor, weights, f"{name}/separable_conv0")])
    tensor = _separable(net, tensor, weights, f"{name}/separable_conv1")
    tensor = net.op("MaxPool", [tensor], kernel_shape=[3, 3], strides=[2, 2], pads=list(_SAME_PADS))
    beside = f"{name}/expansion_conv"
    shortcut = _conv(net, source, weights[f"{beside}/filters"], weights[f"{beside}/bias"], stride=2)
    return net.op("Add", [tensor, shortcut])


def _main_block(net: Net, source: str, weights: Weights, name: str) -> str:
    tensor = source
    for layer in range(3):
        tensor = _separable(net, net.op("Relu", [tensor]), weights, f"{name}/separable_conv{layer}")
    return net.op("Add", [tensor, source])


def _separable(net: Net, source: str, weights: Weights, name: str) -> str:
    """A 3x3 convolution of each channel, then a 1x1 across them."""
    depthwise = weights[f"{name}/depthwise_filter"]
    channels = depthwise.values.shape[2]
    kernel = depthwise.place(net, (2, 3, 0, 1))
    each = net.op("Conv", [source, kernel], kernel_shape=[3, 3], pads=[1, 1, 1, 1], group=channels)
    return _conv(net, each, weights[f"{name}/pointwise_filter"], weights[f"{name}/bias"])


def _conv(
    net: Net,
    source: str,
    kernel: Weight,
    bias: Weight,
    *,
    stride: int = 1,
    pads: tuple[int, int, int, int] = (0, 0, 0, 0),
) -> str:
    """A convolution; `kernel` is stored as (height, width, in, out)."""
    return net.op(
        "Conv",
        [source, kernel.place(net, (3, 2, 0, 1)), bias.place(net, (0,))],
        kernel_shape=list(kernel.values.shape[:2]),
        strides=[stride, stride],
        pads=list(pads),
    )
