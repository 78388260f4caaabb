# SPDX-License-Identifier: Apache-2.0
"""A tensor of integers and the real numbers that they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ....operators import QuantizedTensor
from ..graph import Graph


@dataclass(frozen=True)
class Operand:
    """What the file says of a quantized tensor.

    Attributes
    ----------
    name : str
        Of the tensor of integers.
    shape : tuple of int
    dtype : str
    scales : float32 array, one for the tensor or one for each slice along ``axis``
    zero_points : int64 array, as many
    axis : int
    data : array, optional
        The value of a constant.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    scales: np.ndarray
    zero_points: np.ndarray
    axis: int
    data: np.ndarray | None

    @property
    def is_activation(self) -> bool:
        """Whether it is of eight bits and quantized as a whole."""
        return self.dtype in ("int8", "uint8") and self.scales.size == 1

    @property
    def shift(self) -> int:
        """What its integers lose where uint8 becomes int8."""
        return 128 if self.dtype == "uint8" else 0

    @property
    def tensor(self) -> QuantizedTensor:
        """An activation as operators of ours see it: in int8."""
        zero_point = int(self.zero_points[0]) - self.shift
        return QuantizedTensor(self.shape, "int8", float(self.scales[0]), zero_point)

    def along(self, values: np.ndarray) -> np.ndarray:
        """Scales or zero points, shaped to broadcast against the tensor."""
        if values.size == 1:
            return values.reshape(())
        extents = [1] * len(self.shape)
        extents[self.axis] = values.size
        return values.reshape(extents)


def operand_of(graph: Graph, names: Sequence[str], node: Any) -> Operand | None:
    """What a Quantize- or DequantizeLinear says of a tensor.

    Parameters
    ----------
    graph : Graph
    names : sequence of str
        The tensor of integers, its scale and perhaps its zero point.
    node : onnx.NodeProto
        Which has the axis.

    Returns
    -------
    Operand or None
        None where scales are computed, or go with blocks of a tensor.
    """
    attributes = {a.name: a.i for a in node.attribute}
    if attributes.get("block_size", 0):
        return None
    return operand(graph, names, attributes.get("axis", 1))


def operand(graph: Graph, names: Sequence[str], axis: int) -> Operand | None:
    """The same where the axis is known."""
    name = names[0]
    scales = graph.constants.get(names[1])
    has_zero = len(names) > 2 and names[2] != ""
    zero_points = graph.constants.get(names[2]) if has_zero else np.zeros(1, np.int64)
    if scales is None or zero_points is None or name not in graph.shapes:
        return None
    shape = graph.shapes[name]
    dtype = graph.dtypes.get(name, graph.dtypes.get(names[2], "") if has_zero else "")
    flat = scales.astype(np.float32).reshape(-1)
    if scales.ndim > 1 or scales.dtype != np.float32 or not (flat > 0).all():
        return None
    zeros = np.broadcast_to(zero_points.astype(np.int64).reshape(-1), flat.shape)
    axis = axis % len(shape) if shape else 0
    if flat.size > 1 and (not shape or shape[axis] != flat.size):
        return None
    return Operand(name, shape, dtype, flat, zeros, axis, graph.constants.get(name))
