"""RetinaFace MobileNetV2: the network of a frozen TensorFlow graph as ONNX, up to its heads.

The source goes on to priors, decoding and a suppression with a hard-coded score; those are left out. Normalisation is
folded in as far as it is exact, the heads of a level are one convolution, and the softmax over two classes is the
sigmoid of their difference. Layout goes from NHWC to NCHW, colours from red first to blue first.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
from numpy.typing import NDArray

from recipes.net import Net, detector_model
from recipes.tensorflow_graph import TfNode, read_graph

_SOURCE = "retinaface/src/frozen_graph.pb"
_ROOT = "RetinaFaceModel/"
_FEATURES = ("SSH_0/re_lu/Relu", "SSH_1/re_lu_1/Relu", "SSH_2/re_lu_2/Relu")
_PRIORS = 2
"""Boxes for each cell of a level."""

Weights = NDArray[np.float32]


def build(sources: Mapping[str, bytes]) -> onnx.ModelProto:
    graph = _Graph(read_graph(sources[_SOURCE]))
    levels = [graph.heads(level, graph.convert(_ROOT + name)) for level, name in enumerate(_FEATURES)]
    net = graph.net
    joined = net.op("Concat", levels, axis=2)
    face = net.op("Slice", [joined, *(net.integers(v) for v in (0, 1, 1))])
    net.op("Squeeze", [net.op("Sigmoid", [face]), net.integers(1)], "scores")
    net.op("Slice", [joined, *(net.integers(v) for v in (1, 15, 1))], "shapes")
    return detector_model(net, "retinaface_mobilenetv2")


class _Graph:
    """Walks the source from an output back to the picture, and writes each operator once."""

    def __init__(self, nodes: Mapping[str, TfNode]) -> None:
        self.nodes = nodes
        self.net = Net()
        # x / 127.5 - 1 by the source's constants; zero padding comes after it, so it can't all go into the weights.
        scaled = self.net.op("Div", [self.net.planes("image"), self.net.constant(np.array(127.5, np.float32))])
        picture = self.net.op("Sub", [scaled, self.net.constant(np.array(1.0, np.float32))])
        self.made = {f"{_ROOT}tf_op_layer_sub/sub": picture}

    def convert(self, name: str) -> str:
        if name not in self.made:
            self.made[name] = self._convert(self.nodes[name])
        return self.made[name]

    def _convert(self, node: TfNode) -> str:
        net = self.net
        match node.op:
            case "Identity":
                return self.convert(node.inputs[0])
            case "FusedBatchNormV3":
                return self._normalised_convolution(node)
            case "Relu6":
                limits = [net.constant(np.array(v, np.float32)) for v in (0.0, 6.0)]
                return net.op("Clip", [self.convert(node.inputs[0]), *limits])
            case "Relu":
                return net.op("Relu", [self.convert(node.inputs[0])])
            case "LeakyRelu":
                return net.op("LeakyRelu", [self.convert(node.inputs[0])], alpha=node.float("alpha"))
            case "AddV2":
                return net.op("Add", [self.convert(name) for name in node.inputs])
            case "ConcatV2":
                return net.op("Concat", [self.convert(name) for name in node.inputs[:-1]], axis=1)
            case "ResizeNearestNeighbor":
                # To the next level's size, which is twice this one's when the picture's sides divide by 32.
                scales = net.constant(np.array([1, 1, 2, 2], np.float32))
                attributes = {
                    "mode": "nearest",
                    "coordinate_transformation_mode": "asymmetric",
                    "nearest_mode": "floor",
                }
                return net.op("Resize", [self.convert(node.inputs[0]), "", scales], **attributes)
            case _:
                raise ValueError(f"{node.op} ({node.name}) has no translation")

    def _normalised_convolution(self, norm: TfNode) -> str:
        """Pad? -> Conv2D or DepthwiseConv2dNative -> FusedBatchNormV3, as one convolution."""
        conv = self.nodes[norm.inputs[0]]
        gain, shift, mean, variance = (self._constant(name).astype(np.float64) for name in norm.inputs[1:])
        scale = gain / np.sqrt(variance + norm.float("epsilon"))
        depthwise = conv.op == "DepthwiseConv2dNative"
        kernel = self._constant(conv.inputs[1]).transpose((2, 3, 0, 1) if depthwise else (3, 2, 0, 1))
        source = self.nodes.get(conv.inputs[0])
        padded = source is not None and source.op == "Pad"
        origin = source.inputs[0] if padded and source is not None else conv.inputs[0]
        if origin == f"{_ROOT}tf_op_layer_sub/sub":
            kernel = kernel[:, ::-1]
        stride = conv.ints("strides")[1]
        return self.net.conv(
            self.convert(origin),
            (kernel * scale[:, None, None, None]).astype(np.float32),
            (shift - mean * scale).astype(np.float32),
            stride=stride,
            pads=self._pads(conv, source if padded else None, kernel.shape[2], stride),
            group=kernel.shape[0] if depthwise else 1,
        )

    def _pads(self, conv: TfNode, pad: TfNode | None, size: int, stride: int) -> list[int]:
        """Top, left, bottom, right. SAME puts the odd row and column at the end; all our sides divide by 32."""
        if pad is not None:
            (top, bottom), (left, right) = self._constant(pad.inputs[1])[1:3].tolist()
            return [top, left, bottom, right]
        if conv.text("padding") == "VALID":
            return [0, 0, 0, 0]
        total = max(size - stride, 0)
        return [total // 2, total // 2, total - total // 2, total - total // 2]

    def _constant(self, name: str) -> NDArray[np.generic]:
        node = self.nodes[name]
        return self._constant(node.inputs[0]) if node.op == "Identity" else node.tensor()

    def heads(self, level: int, feature: str) -> str:
        """(N, 15, priors * cells): face against not (1), box (4), points (10); prior by prior, then cell by cell."""
        classes, class_bias = self._head("ClassHead", level, 6)
        boxes, box_bias = self._head("BboxHead", level, 0)
        points, point_bias = self._head("LandmarkHead", level, 3)
        kernel, bias = [], []
        for p in range(_PRIORS):
            kernel += [classes[2 * p + 1] - classes[2 * p], *boxes[4 * p : 4 * p + 4], *points[10 * p : 10 * p + 10]]
            bias += [class_bias[2 * p + 1] - class_bias[2 * p]]
            bias += [*box_bias[4 * p : 4 * p + 4], *point_bias[10 * p : 10 * p + 10]]
        raw = self.net.conv(feature, np.stack(kernel), np.array(bias, np.float32))
        apart = self.net.op("Reshape", [raw, self.net.integers(0, _PRIORS, 15, -1)])
        together = self.net.op("Transpose", [apart], perm=[0, 2, 1, 3])
        return self.net.op("Reshape", [together, self.net.integers(0, 15, -1)])

    def _head(self, kind: str, level: int, first: int) -> tuple[Weights, Weights]:
        number = first + level
        layer = f"{_ROOT}{kind}_{level}/conv2d{f'_{number}' if number else ''}"
        kernel = self._constant(f"{layer}/Conv2D/ReadVariableOp").transpose(3, 2, 0, 1)
        return kernel, self._constant(f"{layer}/BiasAdd/ReadVariableOp")
