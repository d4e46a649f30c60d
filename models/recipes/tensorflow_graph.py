"""Reads a frozen TensorFlow GraphDef without TensorFlow: protobuf's wire format and the few fields that are needed.

Field numbers are those of tensorflow/core/framework/{graph,node_def,attr_value,tensor,tensor_shape}.proto.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

_DTYPES = {1: np.dtype("<f4"), 3: np.dtype("<i4"), 9: np.dtype("<i8")}


@dataclass
class TfNode:
    """One node: operator, inputs by name, attributes as undecoded AttrValue messages."""

    name: str = ""
    op: str = ""
    inputs: list[str] = field(default_factory=list)
    attributes: dict[str, bytes] = field(default_factory=dict)

    def ints(self, key: str) -> list[int]:
        """A `list(int)` attribute, such as strides."""
        packed = _message(_message(self.attributes[key])[1][0])[3][0]
        values, at = [], 0
        while at < len(packed):
            value, at = _varint(packed, at)
            values.append(value)
        return values

    def float(self, key: str) -> float:
        return float(struct.unpack("<f", _message(self.attributes[key])[4][0])[0])

    def text(self, key: str) -> str:
        return bytes(_message(self.attributes[key])[2][0]).decode()

    def tensor(self) -> NDArray[np.generic]:
        """The value of a Const node."""
        tensor = _message(_message(self.attributes["value"])[8][0])
        dtype = _DTYPES[tensor[1][0]]
        sizes = [_message(dim).get(1, [0])[0] for dim in _message(tensor[2][0]).get(2, [])] if 2 in tensor else []
        if 4 in tensor:
            return np.frombuffer(tensor[4][0], dtype).reshape(sizes)
        return np.full(sizes, struct.unpack("<f", tensor[5][0])[0] if 5 in tensor else tensor[7][0], dtype)


def read_graph(data: bytes) -> dict[str, TfNode]:
    """All nodes by name, in the order of the file."""
    nodes = {}
    for raw in _message(data)[1]:
        fields = _message(raw)
        node = TfNode(
            name=fields[1][0].decode(),
            op=fields[2][0].decode(),
            inputs=[name.decode() for name in fields.get(3, [])],
            attributes={entry[1][0].decode(): entry[2][0] for entry in map(_message, fields.get(5, [])) if 2 in entry},
        )
        nodes[node.name] = node
    return nodes


def _message(data: bytes) -> dict[int, list]:
    """Field number -> its values, undecoded."""
    fields: dict[int, list] = {}
    for number, value in _fields(data):
        fields.setdefault(number, []).append(value)
    return fields


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, at = _varint(data, at)
            yield number, value
        elif kind in {1, 2, 5}:
            size, at = _varint(data, at) if kind == 2 else ({1: 8, 5: 4}[kind], at)
            yield number, data[at : at + size]
            at += size
        else:
            raise ValueError(f"wire type {kind} at byte {at}")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value, shift = 0, 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at
