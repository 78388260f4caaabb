# SPDX-License-Identifier: Apache-2.0
"""The graph and the parameters of a model that TVM compiled for its graph executor.

Source: TVM 0.18, ``src/runtime/graph_executor/graph_executor.h`` (the graph, as JSON),
``src/runtime/file_utils.cc`` and ``include/tvm/runtime/ndarray.h`` (parameters, as bytes).
"""

from __future__ import annotations

import dataclasses
import json
import math
import struct
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import MicroTVMError
from .rpc.datatypes import numpy_dtype
from .rpc.packets import DataType

_PARAMETERS_MAGIC = 0xF7E58D4F05049CB7
_ARRAY_MAGIC = 0xDD5E40F096B4A13F
_NO_OPERATION = "__nop"  # a reshape: its output lies where its input does


class GraphError(MicroTVMError):
    """What should be a graph or its parameters is not."""


@dataclasses.dataclass(frozen=True)
class Entry:
    """A tensor of the graph."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    storage: int
    """Tensors with the same number share memory, at different times."""

    @property
    def nbytes(self) -> int:
        """Size in bytes."""
        return math.prod(self.shape) * self.dtype.itemsize


@dataclasses.dataclass(frozen=True)
class Step:
    """A call of one of the model's functions."""

    function: str
    entries: tuple[int, ...]
    """Arguments: the inputs, then the outputs, by their number in `Graph.entries`."""
    flatten: bool
    """Whether the function takes them with a single axis."""


@dataclasses.dataclass(frozen=True)
class Graph:
    """What to call, in which order, on which tensors."""

    entries: tuple[Entry, ...]
    steps: tuple[Step, ...]
    inputs: dict[str, int]
    """Name to entry, in order; parameters are inputs too, unless they are linked into the code."""
    outputs: tuple[int, ...]


def parse_graph(text: str) -> Graph:
    """Read a graph.

    Raises
    ------
    GraphError
        It is none.
    """
    try:
        return _graph(json.loads(text))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise GraphError(f"this is no graph of TVM's graph executor: {error!r}") from error


def _graph(graph: dict[str, Any]) -> Graph:
    nodes, starts, attrs = graph["nodes"], graph["node_row_ptr"], graph["attrs"]
    entries = tuple(
        Entry(tuple(map(int, shape)), _dtype(dtype), int(storage))
        for shape, dtype, storage in zip(
            attrs["shape"][1], attrs["dltype"][1], attrs["storage_id"][1], strict=True
        )
    )
    steps = []
    for number, node in enumerate(nodes):
        if node["op"] == "null" or node["attrs"]["func_name"] == _NO_OPERATION:
            continue
        count = int(node["attrs"]["num_outputs"])
        inputs = (starts[index] + output for index, output, *_ in node["inputs"])
        outputs = (starts[number] + output for output in range(count))
        flatten = node["attrs"]["flatten_data"] == "1"
        steps.append(Step(node["attrs"]["func_name"], (*inputs, *outputs), flatten))
    inputs_by_name = {nodes[number]["name"]: starts[number] for number in graph["arg_nodes"]}
    heads = tuple(starts[index] + output for index, output, *_ in graph["heads"])
    used = (*inputs_by_name.values(), *heads, *(e for step in steps for e in step.entries))
    if not all(0 <= entry < len(entries) for entry in used):
        raise ValueError("a tensor that the graph does not describe")
    return Graph(entries, tuple(steps), inputs_by_name, heads)


def _dtype(name: str) -> np.dtype[Any]:
    return np.dtype(np.bool_ if name == "bool" else name)


def parse_parameters(data: bytes) -> dict[str, npt.NDArray[Any]]:
    """Read parameters as TVM's ``save_param_dict`` writes them.

    Raises
    ------
    GraphError
        They are damaged, or of a type NumPy does not have.
    """
    reader = _Reader(data)
    try:
        reader.expect(_PARAMETERS_MAGIC)
        names = [reader.take(reader.number()).decode("utf-8") for _ in range(reader.number())]
        if reader.number() != len(names):
            raise ValueError("names and arrays differ in number")
        return {name: reader.array() for name in names}
    except (struct.error, ValueError) as error:
        raise GraphError(f"these are no parameters as TVM writes them: {error}") from error


class _Reader:
    def __init__(self, data: bytes):
        self._data = data
        self._at = 0

    def take(self, size: int) -> bytes:
        piece = self._data[self._at : self._at + size]
        if len(piece) != size:
            raise ValueError(f"{size} bytes are wanted at byte {self._at}; {len(piece)} are there")
        self._at += size
        return piece

    def unpack(self, layout: str) -> tuple[int, ...]:
        return struct.unpack(layout, self.take(struct.calcsize(layout)))

    def number(self) -> int:
        return self.unpack("<Q")[0]

    def expect(self, magic: int) -> None:
        """A magic number, and one reserved behind it."""
        if self.unpack("<QQ")[0] != magic:
            raise ValueError(f"no magic number before byte {self._at}")

    def array(self) -> npt.NDArray[Any]:
        self.expect(_ARRAY_MAGIC)
        _, _, ndim, code, bits, lanes = self.unpack("<iiiBBH")
        shape = self.unpack(f"<{ndim}q")
        dtype = numpy_dtype(DataType(code, bits, lanes)).newbyteorder("<")
        return np.frombuffer(self.take(self.number()), dtype).reshape(shape)
