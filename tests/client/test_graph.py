# SPDX-License-Identifier: Apache-2.0
"""Graphs and parameters as TVM 0.8 to 0.18 write them."""

from __future__ import annotations

import json
import pathlib
import struct
from typing import Any

import numpy as np
import pytest

from microtvm.archive import ArchiveError, read_graph
from microtvm.graph import GraphError, parse_graph, parse_parameters
from tests.templates import tiny_model


def graph(**changes: Any) -> str:
    """x -> f -> reshape -> g(reshaped, p) -> y, where f gives two tensors."""
    node = {"num_outputs": "1", "num_inputs": "1", "flatten_data": "0"}
    return json.dumps(
        {
            "nodes": [
                {"op": "null", "name": "x", "inputs": []},
                {"op": "null", "name": "p", "inputs": []},
                {
                    "op": "tvm_op",
                    "name": "f",
                    "attrs": {**node, "func_name": "f", "num_outputs": "2"},
                    "inputs": [[0, 0, 0]],
                },
                {
                    "op": "tvm_op",
                    "name": "reshape_nop",
                    "attrs": {**node, "func_name": "__nop"},
                    "inputs": [[2, 1, 0]],
                },
                {
                    "op": "tvm_op",
                    "name": "g",
                    "attrs": {**node, "func_name": "g", "num_inputs": "2", "flatten_data": "1"},
                    "inputs": [[3, 0, 0], [1, 0, 0]],
                },
            ],
            "arg_nodes": [0, 1],
            "heads": [[4, 0, 0]],
            "node_row_ptr": [0, 1, 2, 4, 5, 6],
            "attrs": {
                "shape": ["list_shape", [[2, 3], [6], [1], [6], [3, 2], [6]]],
                "dltype": ["list_str", ["int8", "bool", "int32", "int8", "int8", "float32"]],
                "storage_id": ["list_int", [0, 1, 2, 3, 3, 4]],
            },
            **changes,
        }
    )


def test_a_graph_becomes_calls_on_tensors() -> None:
    parsed = parse_graph(graph())
    assert parsed.inputs == {"x": 0, "p": 1}
    assert parsed.outputs == (5,)
    calls = [(step.function, step.entries, step.flatten) for step in parsed.steps]
    assert calls == [("f", (0, 2, 3), False), ("g", (4, 1, 5), True)]
    assert [entry.nbytes for entry in parsed.entries] == [6, 6, 4, 6, 6, 24]
    assert [entry.storage for entry in parsed.entries] == [0, 1, 2, 3, 3, 4]
    assert parsed.entries[1].dtype == np.bool_


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        graph(heads=[[5, 0, 0]]),
        graph(heads=[[4, 1, 0]]),
        graph(arg_nodes=[-7]),
        graph(attrs={"shape": [0, [[1]]], "dltype": [0, ["float32"]], "storage_id": [0, []]}),
        graph(nodes=[{"op": "tvm_op"}]),
    ],
)
def test_what_is_no_graph(text: str) -> None:
    with pytest.raises(GraphError, match="no graph of TVM's graph executor"):
        parse_graph(text)


def saved(arrays: dict[str, np.ndarray[Any, Any]]) -> bytes:
    """Write parameters as TVM's ``save_param_dict`` does."""
    parts = [struct.pack("<QQQ", 0xF7E58D4F05049CB7, 0, len(arrays))]
    parts += [struct.pack("<Q", len(name)) + name.encode() for name in arrays]
    parts.append(struct.pack("<Q", len(arrays)))
    codes = {"i": 0, "u": 1, "f": 2}
    for array in arrays.values():
        kind = (codes[array.dtype.kind], 8 * array.itemsize, 1)
        parts.append(struct.pack("<QQ", 0xDD5E40F096B4A13F, 0))
        parts.append(struct.pack("<iiiBBH", 1, 0, array.ndim, *kind))
        parts.append(struct.pack(f"<{array.ndim}qQ", *array.shape, array.nbytes))
        parts.append(array.tobytes())
    return b"".join(parts)


def test_parameters() -> None:
    arrays = {
        "weights": np.arange(6, dtype=np.float32).reshape(2, 3),
        "": np.array(7, dtype=np.int64),
        "bias": np.zeros((0, 4), dtype=np.uint8),
    }
    read = parse_parameters(saved(arrays))
    assert list(read) == list(arrays)
    for name, array in arrays.items():
        assert read[name].dtype == array.dtype
        np.testing.assert_array_equal(read[name], array)


def test_damaged_parameters() -> None:
    data = saved({"weights": np.arange(6, dtype=np.float32)})
    for cut in (*range(0, len(data), 7), len(data) - 1):
        with pytest.raises(GraphError, match="no parameters as TVM writes them"):
            parse_parameters(data[:cut])
    with pytest.raises(GraphError, match="no magic number before byte 16"):
        parse_parameters(b"\x00" * 100)


@pytest.mark.parametrize("name", ["executor-config/graph/default.graph", "graph.json"])
def test_the_graph_in_an_archive(tmp_path: pathlib.Path, name: str) -> None:
    path = tmp_path / "model.tar"
    files = {"./metadata.json": b"{}", f"./{name}": b"the graph", "./parameters/p.params": b"p"}
    tiny_model.write_tar(path, files)
    if name.startswith("executor-config"):
        assert read_graph(path) == ("the graph", b"p")
    else:
        with pytest.raises(ArchiveError, match="holds no graph"):
            read_graph(path)
