"""faceres-deep: the age branch of HSE_FaceRec_tf (A. Savchenko, Apache-2.0), from its TensorFlow.js conversion.

MobileNet v1 at 224, a hidden layer, a softmax over the ages 1..100. The package's network also has a sex head and hands
out its pooled features; neither is read here, so neither can be in the result (FG-A09, FG-A11).

Big weights are stored as float16 and widened when the session loads: half the bytes, the same speed, and ages that
differ by 0.04 years on average.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from recipes.net import Net

_TOPOLOGY = "models/faceres-deep.json"
_WEIGHTS = "models/faceres-deep.bin"
_SIDE_PX = 224
_AGES = 100
# B, G, R means that the upstream training subtracted (HSE_FaceRec_tf, the VGGFace preprocessing).
_CHANNEL_MEANS = (103.939, 116.779, 123.68)
_BLOCKS = 13
_STRIDE_2_BLOCKS = frozenset({2, 4, 6, 12})

Weights = Mapping[str, NDArray[np.float32]]


def build(sources: Mapping[str, bytes]) -> onnx.ModelProto:
    weights = _read_weights(sources[_TOPOLOGY], sources[_WEIGHTS])
    net = Net()
    means = net.constant(np.array(_CHANNEL_MEANS, np.float32).reshape(1, 3, 1, 1))
    planes = net.op("Sub", [net.planes("faces"), means])
    kernel = weights["conv1/convolution/merged_input"].transpose(3, 2, 0, 1)
    tensor = _conv_relu6(net, planes, kernel, weights["conv1_bn/batchnorm_1/sub"], size=_SIDE_PX, stride=2)
    size = _SIDE_PX // 2
    for block in range(1, _BLOCKS + 1):
        stride = 2 if block in _STRIDE_2_BLOCKS else 1
        kernel, bias = _depthwise(weights, block)
        tensor = _conv_relu6(net, tensor, kernel, bias, size=size, stride=stride)
        size //= stride
        kernel = weights[f"conv_pw_{block}/convolution/merged_input"].transpose(3, 2, 0, 1)
        tensor = _conv_relu6(net, tensor, kernel, weights[f"conv_pw_{block}_bn/batchnorm_1/sub"], size=size)
    pooled = net.op("Flatten", [net.op("GlobalAveragePool", [tensor])], axis=1)
    hidden = net.op("Relu", [_dense(net, pooled, weights["feats/kernel"], weights["feats/bias"])])
    scores = _dense(net, hidden, weights["age_pred/kernel"], weights["age_pred/bias"])
    net.op("Softmax", [scores], "age_probabilities", axis=1)
    return net.model(
        [helper.make_tensor_value_info("faces", TensorProto.UINT8, ["n", _SIDE_PX, _SIDE_PX, 3])],
        [helper.make_tensor_value_info("age_probabilities", TensorProto.FLOAT, ["n", _AGES])],
        "age_faceres_deep",
    )


def _read_weights(topology: bytes, data: bytes) -> Weights:
    """Named arrays of a TensorFlow.js graph model: little-endian, in the order of its manifest."""
    weights = {}
    offset = 0
    for group in json.loads(topology)["weightsManifest"]:
        for entry in group["weights"]:
            dtype = {"float32": "<f4", "int32": "<i4"}[entry["dtype"]]
            count = math.prod(entry["shape"])
            weights[entry["name"]] = np.frombuffer(data, dtype, count, offset).reshape(entry["shape"])
            offset += 4 * count
    if offset != len(data):
        raise ValueError(f"{len(data) - offset} bytes of weights are left over")
    return weights


def _depthwise(weights: Weights, block: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Kernel `(C, 1, 3, 3)` and bias `(C,)` of one depthwise layer, its batch norm multiplied in."""
    kernel = weights[f"conv_dw_{block}/depthwise_kernel"][..., 0]  # (3, 3, C)
    factor = weights[f"conv_dw_{block}_bn/batchnorm_1/mul"].reshape(-1)
    return (kernel * factor).transpose(2, 0, 1)[:, None], weights[f"conv_dw_{block}_bn/batchnorm_1/sub"]


def _conv_relu6(
    net: Net, source: str, kernel: NDArray[np.float32], bias: NDArray[np.float32], *, size: int, stride: int = 1
) -> str:
    """A convolution with TensorFlow's SAME padding of a `size` x `size` input, then ReLU6."""
    side = kernel.shape[2]
    padding = max((math.ceil(size / stride) - 1) * stride + side - size, 0)
    before, after = padding // 2, padding - padding // 2
    summed = net.op(
        "Conv",
        [source, _half(net, kernel), net.constant(bias.reshape(-1))],
        kernel_shape=[side, side],
        strides=[stride, stride],
        pads=[before, before, after, after],
        group=len(kernel) if kernel.shape[1] == 1 else 1,
    )
    limits = [net.constant(np.array(value, np.float32)) for value in (0, 6)]
    return net.op("Clip", [summed, *limits])


def _dense(net: Net, source: str, kernel: NDArray[np.float32], bias: NDArray[np.float32]) -> str:
    return net.op("Gemm", [source, _half(net, kernel), net.constant(bias.reshape(-1))])


def _half(net: Net, values: NDArray[np.float32]) -> str:
    """A weight kept as float16."""
    return net.op("Cast", [net.constant(values.astype(np.float16))], to=TensorProto.FLOAT)
