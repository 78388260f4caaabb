# SPDX-License-Identifier: Apache-2.0
"""What the file says of a tensor."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import CompileError

# TensorType of schema.fbs, by number.
_DTYPES = {
    0: "float32",
    1: "float16",
    2: "int32",
    3: "uint8",
    4: "int64",
    6: "bool",
    7: "int16",
    9: "int8",
    10: "float64",
    12: "uint64",
    15: "uint32",
    16: "uint16",
}
_ACTIVATIONS = ("int8", "uint8", "int16")


@dataclass(frozen=True)
class Tensor:
    """A tensor of a subgraph; known by its index, since names may be empty or come twice.

    Attributes
    ----------
    index : int
        In its subgraph.
    name : str
    shape : tuple of int
    dtype : str
        NumPy's name; ``"type N"`` for what NumPy has no name for (strings, resources).
    scales : array of float32
        Empty without quantization, one for the tensor, or one for each slice along ``axis``.
    zero_points : array of int64
        As many as scales.
    axis : int
        The quantized dimension, corrected where the file names one that cannot be.
    data : array or None
        The value of a constant, else None.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: str
    scales: np.ndarray
    zero_points: np.ndarray
    axis: int
    data: np.ndarray | None

    @property
    def quantized(self) -> bool:
        """Whether its integers stand for real numbers: it has a scale."""
        return self.scales.size > 0

    @property
    def quantized_activation(self) -> bool:
        """Whether it is quantized in a type that activations have (int8, uint8, int16)."""
        return self.quantized and self.dtype in _ACTIVATIONS

    @property
    def scale(self) -> float:
        """The one scale of a tensor that is quantized as a whole.

        Raises
        ------
        CompileError
            If it has none, or one per slice.
        """
        return float(self._single(self.scales))

    @property
    def zero_point(self) -> int:
        """The one zero point of a tensor that is quantized as a whole."""
        return int(self._single(self.zero_points))

    def _single(self, values: np.ndarray) -> Any:
        if values.size != 1:
            raise CompileError(
                f"tensor {self.index} ({self.name!r}) has {values.size} scales where one is needed"
            )
        return values[0]

    def same_quantization(self, other: Tensor) -> bool:
        """Whether equal integers stand for equal numbers in both."""
        return (
            self.dtype == other.dtype
            and np.array_equal(self.scales, other.scales)
            and np.array_equal(self.zero_points, other.zero_points)
        )

    def dequantized(self) -> np.ndarray:
        """The numbers that a constant's integers stand for, as float32."""
        assert self.data is not None
        along = [1] * self.data.ndim
        if self.scales.size > 1:
            along[self.axis] = self.scales.size
        centred = self.data.astype(np.int64) - self.zero_points.reshape(along)
        return np.ascontiguousarray(centred.astype(np.float32) * self.scales.reshape(along))


def describe(model: Any, subgraph: Any, index: int) -> Tensor:
    """Tensor ``index`` of a subgraph, read from the flatbuffer."""
    tensor = subgraph.Tensors(index)
    name = _name(tensor)
    shape = tuple(int(extent) for extent in tensor.ShapeAsNumpy()) if tensor.ShapeLength() else ()
    dtype = _DTYPES.get(tensor.Type(), f"type {tensor.Type()}")
    scales, zero_points, axis = _quantization(tensor, shape)
    return Tensor(
        index, name, shape, dtype, scales, zero_points, axis, _data(model, tensor, shape, dtype)
    )


def _name(tensor: Any) -> str:
    text: str = (tensor.Name() or b"").decode(errors="replace")
    return text


def _quantization(tensor: Any, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray, int]:
    quantization = tensor.Quantization()
    empty = np.zeros(0, np.float32), np.zeros(0, np.int64), 0
    if quantization is None or not quantization.ScaleLength():
        return empty
    scales = np.atleast_1d(quantization.ScaleAsNumpy()).astype(np.float32)
    if not scales.any():
        return empty  # a zero scale quantizes nothing
    if not np.isfinite(scales).all() or (scales < 0).any():
        raise CompileError(f"tensor {_name(tensor)!r} has a scale that is no positive number")
    zero_points = np.zeros(scales.size, np.int64)
    if quantization.ZeroPointLength():
        stored = np.atleast_1d(quantization.ZeroPointAsNumpy()).astype(np.int64)
        zero_points = np.broadcast_to(stored, scales.shape) if stored.size == 1 else stored
    axis = int(quantization.QuantizedDimension())
    if scales.size > 1 and not (axis < len(shape) and shape[axis] == scales.size):
        # Converters give a bias its weights' axis.
        fitting = [i for i, extent in enumerate(shape) if extent == scales.size]
        if len(fitting) != 1 or zero_points.size != scales.size:
            raise CompileError(
                f"tensor {_name(tensor)!r} of shape {shape} has "
                f"{scales.size} scales on axis {axis}, which fit no axis"
            )
        axis = fitting[0]
    return scales, zero_points, axis


def _data(model: Any, tensor: Any, shape: tuple[int, ...], dtype: str) -> np.ndarray | None:
    """The constant in the tensor's buffer; a buffer without bytes is none, but for no elements."""
    if dtype.startswith("type "):
        return None
    buffer = model.Buffers(tensor.Buffer()) if tensor.Buffer() < model.BuffersLength() else None
    stored = buffer.DataAsNumpy() if buffer is not None and buffer.DataLength() else None
    if 0 in shape:
        return np.zeros(shape, dtype)
    if stored is None:
        return None
    if tensor.Sparsity() is not None:
        return None  # DENSIFY unpacks it
    expected = math.prod(shape) * np.dtype(dtype).itemsize
    if stored.nbytes != expected:
        raise CompileError(
            f"tensor {_name(tensor)!r} has {stored.nbytes} bytes of data; its type {dtype} and "
            f"shape {shape} need {expected}"
        )
    return np.frombuffer(stored.tobytes(), dtype).reshape(shape)


def axis_of(axis: int, rank: int) -> int:
    """An axis counted from the front.

    Raises
    ------
    CompileError
        If a tensor of that rank has no such axis.
    """
    if not -rank <= axis < rank:
        raise CompileError(f"there is no axis {axis} in a tensor of {rank} axes")
    return axis % rank


def type_number(dtype: str) -> int:
    """The number of a TensorType of schema.fbs."""
    return next(number for number, name in _DTYPES.items() if name == dtype)
