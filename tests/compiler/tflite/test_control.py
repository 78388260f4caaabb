# SPDX-License-Identifier: Apache-2.0
"""Control flow: Keras's LSTM and GRU as today's converter writes them (WHILE), IF and CALL."""

from __future__ import annotations

import numpy as np
import pytest

from microtvm.compiler import CompileError, compile
from microtvm.compiler.operators import QuantizedTensor
from tests.compiler.operators.tflite_file import Graph, ModelFile

_STEPS, _WIDTH, _CELLS = 4, 3, 5
_STATE = QuantizedTensor((1, _CELLS), "float32")
_INT = QuantizedTensor((), "int32")
_RESULTS = QuantizedTensor((1, _STEPS, _CELLS), "float32")


class _Cell:
    """Operators of a cell's step, float tensors of shape (1, cells)."""

    def __init__(self, graph: Graph):
        self.graph = graph
        self._random = np.random.default_rng(6)

    def apply(self, operator: str, *inputs: int, options: str | None = None) -> int:
        result = self.graph.tensor(_STATE)
        self.graph.operator(operator, inputs, [result], options, 1)
        return result

    def times(self, a: int, b: int) -> int:
        return self.apply("MUL", a, b, options="MulOptions")

    def plus(self, a: int, b: int) -> int:
        return self.apply("ADD", a, b, options="AddOptions")

    def dense(self, value: int, width: int) -> int:
        weights = self._random.uniform(-1, 1, (_CELLS, width)).astype(np.float32)
        bias = self._random.uniform(-1, 1, _CELLS).astype(np.float32)
        given = value, self.graph.tensor(weights), self.graph.tensor(bias)
        return self.apply("FULLY_CONNECTED", *given, options="FullyConnectedOptions")

    def gate(self, x: int, h: int, function: str) -> int:
        return self.apply(function, self.plus(self.dense(x, _WIDTH), self.dense(h, _CELLS)))


def _lstm(cell: _Cell, x: int, states: list[int]) -> list[int]:
    hidden, memory = states
    let_in, forget, let_out = (cell.gate(x, hidden, "LOGISTIC") for _ in range(3))
    candidate = cell.gate(x, hidden, "TANH")
    memory = cell.plus(cell.times(forget, memory), cell.times(let_in, candidate))
    return [cell.times(let_out, cell.apply("TANH", memory)), memory]


def _gru(cell: _Cell, x: int, states: list[int]) -> list[int]:
    """``reset_after=True``, Keras's default."""
    (hidden,) = states
    update, reset = (cell.gate(x, hidden, "LOGISTIC") for _ in range(2))
    recurrent = cell.times(reset, cell.dense(hidden, _CELLS))
    candidate = cell.apply("TANH", cell.plus(cell.dense(x, _WIDTH), recurrent))
    difference = cell.apply("SUB", hidden, candidate, options="SubOptions")
    return [cell.plus(candidate, cell.times(update, difference))]


def _loop(step, count: int) -> bytes:
    """A cell over a sequence: counter, results so far, states and sequence are carried."""
    file = ModelFile()
    graph, condition, body = file.graph(), file.graph(), file.graph()
    sequence = QuantizedTensor((1, _STEPS, _WIDTH), "float32")
    kinds = [_INT, _RESULTS, *[_STATE] * count, sequence]

    source = graph.tensor(sequence)
    given = [
        graph.tensor(np.array(0, np.int32)),
        graph.tensor(np.zeros(_RESULTS.shape, np.float32)),
    ]
    given += [graph.tensor(np.zeros(_STATE.shape, np.float32)) for _ in range(count)]
    ends = [graph.tensor(kind) for kind in kinds]
    numbers = {"condSubgraphIndex": 1, "bodySubgraphIndex": 2}
    graph.operator("WHILE", [*given, source], ends, "WhileOptions", 1, **numbers)
    graph.ends([source], ends[1:3])

    carried = [condition.tensor(kind) for kind in kinds]
    less = condition.tensor(QuantizedTensor((), "bool"))
    last = condition.tensor(np.array(_STEPS, np.int32))
    condition.operator("LESS", [carried[0], last], [less], "LessOptions", 1)
    condition.ends(carried, [less])

    carried = [body.tensor(kind) for kind in kinds]
    now, results, *states, whole = carried
    x = body.tensor(QuantizedTensor((1, _WIDTH), "float32"))
    body.operator("GATHER", [whole, now], [x], "GatherOptions", 1, axis=1)
    states = step(_Cell(body), x, states)
    row = body.tensor(QuantizedTensor((1, 1, _CELLS), "float32"))
    one = body.tensor(np.array(1, np.int32))
    zero = body.tensor(np.array(0, np.int32))
    body.operator("EXPAND_DIMS", [states[0], one], [row], "ExpandDimsOptions", 1)
    start = body.tensor(QuantizedTensor((3,), "int32"))
    body.operator("PACK", [zero, now, zero], [start], "PackOptions", 1, valuesCount=3)
    written = body.tensor(_RESULTS)
    body.operator(
        "DYNAMIC_UPDATE_SLICE", [results, row, start], [written], "DynamicUpdateSliceOptions", 1
    )
    following = body.tensor(_INT)
    body.operator("ADD", [now, one], [following], "AddOptions", 1)
    body.ends(carried, [following, written, *states, whole])
    return file.write()


@pytest.mark.parametrize(("step", "count"), [(_lstm, 2), (_gru, 1)], ids=["lstm", "gru"])
def test_recurrent_loops(checked, step, count):
    """All results and the last state."""
    compiled = checked(_loop(step, count))
    assert [tensor.shape for tensor in compiled.outputs] == [_RESULTS.shape, _STATE.shape]


def _counting(limit: int, given: bool = False) -> bytes:
    """A loop of no more than a counter, which starts as a constant or as the model's input."""
    file = ModelFile()
    graph, condition, body = file.graph(), file.graph(), file.graph()
    source, result = graph.tensor(_INT), graph.tensor(_INT)
    start = source if given else graph.tensor(np.array(0, np.int32))
    numbers = {"condSubgraphIndex": 1, "bodySubgraphIndex": 2}
    graph.operator("WHILE", [start], [result], "WhileOptions", 1, **numbers)
    graph.ends([source], [result])
    now, less = condition.tensor(_INT), condition.tensor(QuantizedTensor((), "bool"))
    last = condition.tensor(np.array(limit, np.int32))
    condition.operator("LESS", [now, last], [less], "LessOptions", 1)
    condition.ends([now], [less])
    now, following = body.tensor(_INT), body.tensor(_INT)
    body.operator("ADD", [now, body.tensor(np.array(1, np.int32))], [following], "AddOptions", 1)
    body.ends([now], [following])
    return file.write()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ((257,), "it takes more than 256 steps"),
        ((10, True), "its condition must depend on constants alone"),
    ],
    ids=["long", "on data"],
)
def test_loops_that_are_refused(tmp_path, require_module, content, reason):
    require_module("tvm", "compile models")
    require_module("ai_edge_litert", "make the model")
    path = tmp_path / "model.tflite"
    path.write_bytes(_counting(*content))
    with pytest.raises(CompileError, match=f"operator WHILE: .*{reason}"):
        compile(path)


def _called(condition: bool | None) -> bytes:
    """exp of the input through IF, where the condition is a constant, else through CALL."""
    file = ModelFile()
    graph, then = file.graph(), file.graph()
    source, result = graph.tensor(_STATE), graph.tensor(_STATE)
    if condition is None:
        graph.operator("CALL", [source], [result], "CallOptions", 1, subgraph=1)
    else:
        constant = graph.tensor(np.array([condition]))
        numbers = {"thenSubgraphIndex": 1, "elseSubgraphIndex": 2}
        graph.operator("IF", [constant, source], [result], "IfOptions", 1, **numbers)
        other = file.graph()
        given, made = other.tensor(_STATE), other.tensor(_STATE)
        other.operator("NEG", [given], [made], "NegOptions", 1)
        other.ends([given], [made])
    graph.ends([source], [result])
    given, made = then.tensor(_STATE), then.tensor(_STATE)
    then.operator("EXP", [given], [made], "ExpOptions", 1)
    then.ends([given], [made])
    return file.write()


@pytest.mark.parametrize("condition", [True, False])
def test_a_constant_condition_leaves_one_branch(checked, condition):
    compiled = checked(_called(condition))
    code = compiled.files["codegen/host/src/default_lib0.c"]
    assert (b"expf" in code) == condition


def test_a_call_is_its_subgraph(tmp_path, build, require_module):
    """LiteRT has no kernel for CALL; TensorFlow's own converter inlines it."""
    require_module("tvm", "compile models")
    require_module("ai_edge_litert", "make the model")
    path = tmp_path / "model.tflite"
    path.write_bytes(_called(None))
    x = np.linspace(-2, 2, _CELLS, dtype=np.float32).reshape(1, _CELLS)
    np.testing.assert_allclose(build(compile(path))(x)[0], np.exp(x), rtol=1e-6)


def test_a_branch_that_assigns_a_variable_is_refused(tmp_path, require_module):
    """Both branches are computed, so that its value would change in either case."""
    require_module("tvm", "compile models")
    require_module("ai_edge_litert", "make the model")
    file = ModelFile()
    graph = file.graph()
    condition = graph.tensor(QuantizedTensor((), "bool"))
    source, result = graph.tensor(_STATE), graph.tensor(_STATE)
    numbers = {"thenSubgraphIndex": 1, "elseSubgraphIndex": 2}
    graph.operator("IF", [condition, source], [result], "IfOptions", 1, **numbers)
    graph.ends([condition, source], [result])
    for assigns in (True, False):
        branch = file.graph()
        given, made = branch.tensor(_STATE), branch.tensor(_STATE)
        handle = branch.tensor(QuantizedTensor((), "resource"))
        branch.operator("VAR_HANDLE", [], [handle], "VarHandleOptions", 1, sharedName="v")
        branch.operator("READ_VARIABLE", [handle], [made], "ReadVariableOptions", 1)
        if assigns:
            branch.operator("ASSIGN_VARIABLE", [handle, given], [], "AssignVariableOptions", 1)
        branch.ends([given], [made])
    path = tmp_path / "model.tflite"
    path.write_bytes(file.write())
    with pytest.raises(CompileError, match="operator IF: a branch assigns a variable"):
        compile(path)
