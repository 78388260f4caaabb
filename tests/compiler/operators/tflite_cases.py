# SPDX-License-Identifier: Apache-2.0
"""A small model around each operator of TensorFlow Lite Micro and each element type.

The operators are those that micro_mutable_op_resolver.h of TensorFlow Lite Micro has (read in
November 2026); the custom ones among them but one are refused by name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import flatbuffers
import numpy as np

from microtvm.compiler.operators import QuantizedTensor

from .tflite_file import ELEMENT_TYPES, ModelFile, Weights, one_operator

Maker = Callable[[str], bytes]

REAL = ("float32", "int8", "int16")
MOVED = ("float32", "int8", "int16", "int32")
COMPARED = ("float32", "int8", "int32")
NUMBERS = ("float32", "int8", "int16", "int32")
# With the type that models were quantized to before 2020.
OLD = "uint8"

# Custom operators: the audio front end's, and those of single accelerators and examples.
CUSTOM = (
    "CIRCULAR_BUFFER",
    "SignalDelay",
    "SignalEnergy",
    "SignalFftAutoScale",
    "SignalFilterBank",
    "SignalFilterBankLog",
    "SignalFilterBankSpectralSubtraction",
    "SignalFilterBankSquareRoot",
    "SignalFramer",
    "SignalIrfft",
    "SignalOverlapAdd",
    "SignalPCAN",
    "SignalRfft",
    "SignalStacker",
    "SignalWindow",
    "TFLM_DECODE",
    "ethos-u",
)

_SHAPE = (1, 4, 4, 2)


def tensor(
    dtype: str, shape: Sequence[int] = _SHAPE, scale: float = 0.05, zero: int = 3
) -> QuantizedTensor:
    """An activation; int16 ones have the zero point 0, as their specification demands."""
    if dtype not in ("int8", "uint8", "int16"):
        return QuantizedTensor(tuple(shape), dtype)
    if dtype == "int16":
        return QuantizedTensor(tuple(shape), dtype, scale / 256, 0)
    return QuantizedTensor(tuple(shape), dtype, scale, zero)


def _fixed(dtype: str, shape: Sequence[int], int8: tuple[float, int], int16: float) -> Any:
    """An output whose quantization the operator's specification fixes."""
    if dtype in ("int8", "uint8"):
        scale, zero = int8
        return QuantizedTensor(tuple(shape), dtype, scale, zero + 128 * (dtype == "uint8"))
    return tensor(dtype, shape) if dtype != "int16" else QuantizedTensor(tuple(shape), dtype, int16)


def _ints(*values: Any) -> np.ndarray:
    return np.array(values, np.int32)


def _weights(dtype: str, shape: Sequence[int], axis: int) -> np.ndarray | Weights:
    random = np.random.default_rng(7)
    if dtype == "float32":
        return random.uniform(-1, 1, shape).astype(np.float32)
    if dtype == "uint8":
        values = random.integers(0, 256, shape).astype(np.uint8)
        return Weights(values, np.full(1, 0.02, np.float32), axis, 120)
    values = random.integers(-127, 128, shape).astype(np.int8)
    return Weights(values, np.full(shape[axis], 0.02, np.float32), axis)


def _bias(dtype: str, count: int) -> np.ndarray | Weights:
    if dtype == "float32":
        return np.linspace(-1, 1, count).astype(np.float32)
    values = np.arange(-5, count - 5).astype(np.int64 if dtype == "int16" else np.int32)
    scale = tensor(dtype).scale * 0.02
    return Weights(values, np.full(1 if dtype == "uint8" else count, scale, np.float32), 0)


def _unary(operator: str, options: str | None = None, output: Any = None) -> Maker:
    def make(dtype: str) -> bytes:
        result = output(dtype) if output else tensor(dtype)
        return one_operator(operator, [tensor(dtype)], result, options)

    return make


def _positive(operator: str) -> Maker:
    """Of a function that is defined above zero."""
    return lambda dtype: one_operator(
        operator, [tensor(dtype, zero=-128 if dtype == "int8" else 0)], tensor(dtype)
    )


def _binary(operator: str, options: str, result: str | None = None, **fields: Any) -> Maker:
    def make(dtype: str) -> bytes:
        right = tensor(dtype, (1, 1, 4, 2), 0.04, 5 if dtype == OLD else -1)
        return one_operator(
            operator, [tensor(dtype), right], tensor(result or dtype), options, **fields
        )

    return make


def _by_constant(operator: str, options: str) -> Maker:
    """Division, whose second operand must not be zero."""

    def make(dtype: str) -> bytes:
        values = np.array([[3, -7], [5, 2]], np.int32 if dtype == "int32" else np.float32)
        if dtype in ("int8", "uint8", "int16"):
            zero = 100 if dtype == OLD else 0
            scale = np.full(1, 0.05, np.float32)
            right: Any = Weights((values + zero).astype(dtype), scale, 0, zero)
        else:
            right = values
        return one_operator(
            operator, [tensor(dtype, (1, 4, 2, 2)), right], tensor(dtype, (1, 4, 2, 2)), options
        )

    return make


def _with(
    operator: str, shape: Sequence[int], options: str | None, *more: Any, **fields: Any
) -> Maker:
    """One tensor and constants."""
    return lambda dtype: one_operator(
        operator, [tensor(dtype), *more], tensor(dtype, shape), options, **fields
    )


def _reduce(operator: str) -> Maker:
    return _with(operator, (1, 4, 2), "ReducerOptions", _ints(1), keepDims=False)


def _pool(operator: str) -> Maker:
    size = {"strideH": 2, "strideW": 2, "filterHeight": 2, "filterWidth": 2}
    return _with(operator, (1, 2, 2, 2), "Pool2DOptions", padding=1, **size)


def _conv(dtype: str) -> bytes:
    return one_operator(
        "CONV_2D",
        [tensor(dtype), _weights(dtype, (3, 3, 3, 2), 0), _bias(dtype, 3)],
        tensor(dtype, (1, 4, 4, 3), 0.2),
        "Conv2DOptions",
        strideH=1,
        strideW=1,
    )


def _depthwise(dtype: str) -> bytes:
    return one_operator(
        "DEPTHWISE_CONV_2D",
        [tensor(dtype), _weights(dtype, (1, 3, 3, 4), 3), _bias(dtype, 4)],
        tensor(dtype, (1, 4, 4, 4), 0.2),
        "DepthwiseConv2DOptions",
        strideH=1,
        strideW=1,
        depthMultiplier=2,
    )


def _transpose_conv(dtype: str) -> bytes:
    return one_operator(
        "TRANSPOSE_CONV",
        [_ints(1, 8, 8, 3), _weights(dtype, (3, 3, 3, 2), 0), tensor(dtype), _bias(dtype, 3)],
        tensor(dtype, (1, 8, 8, 3), 0.2),
        "TransposeConvOptions",
        version=3,
        strideH=2,
        strideW=2,
    )


def _dense(dtype: str) -> bytes:
    weights = _weights(dtype, (5, 8), 0)
    if isinstance(weights, Weights):
        weights = Weights(weights.values, weights.scales[:1], 0, weights.zero_point)
    bias = _bias(dtype, 5)
    if isinstance(bias, Weights):
        bias = Weights(bias.values, bias.scales[:1], 0)
    inputs = [tensor(dtype, (2, 8)), weights, bias]
    return one_operator(
        "FULLY_CONNECTED", inputs, tensor(dtype, (2, 5), 0.2), "FullyConnectedOptions", 4
    )


def _cast(dtype: str) -> bytes:
    wanted = "float32" if dtype != "float32" else "int32"
    source = QuantizedTensor(_SHAPE, dtype)
    return one_operator(
        "CAST",
        [source],
        QuantizedTensor(_SHAPE, wanted),
        "CastOptions",
        inDataType=ELEMENT_TYPES[dtype],
        outDataType=ELEMENT_TYPES[wanted],
    )


def _split(dtype: str) -> bytes:
    halves = [tensor(dtype, (1, 4, 4, 1)), tensor(dtype, (1, 4, 4, 1))]
    return one_operator(
        "SPLIT", [_ints(3).reshape(()), tensor(dtype)], halves, "SplitOptions", numSplits=2
    )


def _split_v(dtype: str) -> bytes:
    parts = [tensor(dtype, (1, 1, 4, 2)), tensor(dtype, (1, 3, 4, 2))]
    given = [tensor(dtype), _ints(1, 3), _ints(1).reshape(())]
    return one_operator("SPLIT_V", given, parts, "SplitVOptions", numSplits=2)


def _unpack(dtype: str) -> bytes:
    parts = [tensor(dtype, (1, 4, 4)), tensor(dtype, (1, 4, 4))]
    return one_operator("UNPACK", [tensor(dtype)], parts, "UnpackOptions", num=2, axis=3)


def _pad_value(dtype: str) -> bytes:
    pads = _ints([0, 0], [1, 2], [0, 1], [0, 0])
    like = tensor(dtype, zero=0)
    kind = np.dtype(dtype)
    value: Any = np.array([7], kind)
    if dtype in ("int8", "int16"):
        value = Weights(value, np.full(1, like.scale, np.float32), 0)
    padded = tensor(dtype, (1, 7, 5, 2), zero=0)
    return one_operator("PADV2", [like, pads, value], padded, "PadV2Options")


def _select(dtype: str) -> bytes:
    condition = QuantizedTensor(_SHAPE, "bool")
    both = [condition, tensor(dtype), tensor(dtype)]
    return one_operator("SELECT_V2", both, tensor(dtype), "SelectV2Options")


def _several(operator: str, options: str, shape: Sequence[int], **fields: Any) -> Maker:
    return lambda dtype: one_operator(
        operator, [tensor(dtype), tensor(dtype)], tensor(dtype, shape), options, **fields
    )


def _arg(operator: str, options: str) -> Maker:
    return lambda dtype: one_operator(
        operator,
        [tensor(dtype), _ints(3).reshape(())],
        tensor("int32", (1, 4, 4)),
        options,
        outputType=2,
    )


def _batch_matmul(dtype: str) -> bytes:
    both = [tensor(dtype, (2, 3, 4)), tensor(dtype, (2, 4, 5))]
    return one_operator("BATCH_MATMUL", both, tensor(dtype, (2, 3, 5), 0.2), "BatchMatMulOptions")


def _fill(dtype: str) -> bytes:
    return one_operator(
        "FILL", [_ints(2, 3), tensor(dtype, ())], tensor(dtype, (2, 3)), "FillOptions"
    )


def _prelu(dtype: str) -> bytes:
    alpha: Any = np.array([[[0.25, -0.5]]], np.float32)
    if dtype != "float32":
        alpha = Weights(np.array([[[25, -50]]], dtype), np.full(1, 0.01, np.float32), 0)
    return one_operator("PRELU", [tensor(dtype), alpha], tensor(dtype))


def _gather_nd(dtype: str) -> bytes:
    places = _ints([0, 1, 2], [0, 3, 0])
    return one_operator(
        "GATHER_ND", [tensor(dtype), places], tensor(dtype, (2, 2)), "GatherNdOptions"
    )


def _embedding(dtype: str) -> bytes:
    rows = _weights(dtype, (4, 3), 0)
    if isinstance(rows, Weights):
        rows = Weights(rows.values, rows.scales[:1], 0)
    return one_operator(
        "EMBEDDING_LOOKUP", [tensor("int32", (5,)), rows], tensor("float32", (5, 3))
    )


def _quantize(dtype: str) -> bytes:
    return one_operator("QUANTIZE", [tensor("float32")], tensor(dtype), "QuantizeOptions")


def _dequantize(dtype: str) -> bytes:
    return one_operator("DEQUANTIZE", [tensor(dtype)], tensor("float32"), "DequantizeOptions")


def _update(dtype: str) -> bytes:
    given = [tensor(dtype), tensor(dtype, (1, 2, 2, 1)), _ints(0, 1, 2, 1)]
    return one_operator("DYNAMIC_UPDATE_SLICE", given, tensor(dtype), "DynamicUpdateSliceOptions")


def _broadcast_args(dtype: str) -> bytes:
    """Its result is a shape, which another operator needs."""
    file = ModelFile()
    graph = file.graph()
    source = graph.tensor(tensor("float32", (1, 3)))
    shapes = [graph.tensor(np.array(s, dtype)) for s in ([2, 1, 3], [4, 1])]
    shape = graph.tensor(QuantizedTensor((3,), dtype))
    result = graph.tensor(tensor("float32", (2, 4, 3)))
    graph.operator("BROADCAST_ARGS", shapes, [shape])
    graph.operator("BROADCAST_TO", [source, shape], [result], "BroadcastToOptions")
    graph.ends([source], [result])
    return file.write()


def _counted(dtype: str) -> bytes:
    """A resource variable to which every run adds its input; CALL_ONCE gives its first value."""
    kind = tensor(dtype, (4,))
    file = ModelFile()
    graph, first = file.graph(), file.graph()
    source, old, new = (graph.tensor(kind) for _ in range(3))
    handle = graph.tensor(QuantizedTensor((), "resource"))
    graph.operator("CALL_ONCE", [], [], "CallOnceOptions", 1, initSubgraphIndex=1)
    graph.operator("VAR_HANDLE", [], [handle], "VarHandleOptions", 1, sharedName="sum")
    graph.operator("READ_VARIABLE", [handle], [old], "ReadVariableOptions", 1)
    graph.operator("ADD", [source, old], [new], "AddOptions")
    graph.operator("ASSIGN_VARIABLE", [handle, new], [], "AssignVariableOptions", 1)
    graph.ends([source], [new])
    handle = first.tensor(QuantizedTensor((), "resource"))
    start = np.array([5, -3, 100, 7], dtype)
    scales = np.full(1, kind.scale, np.float32)
    quantized = Weights(start, scales, 0, kind.zero_point)
    value = first.tensor(start if dtype == "float32" else quantized)
    first.operator("VAR_HANDLE", [], [handle], "VarHandleOptions", 1, sharedName="sum")
    first.operator("ASSIGN_VARIABLE", [handle, value], [], "AssignVariableOptions", 1)
    first.ends([], [])
    return file.write()


def _if(dtype: str) -> bytes:
    """Twice the input, or the input by itself."""
    file = ModelFile()
    graph = file.graph()
    condition = graph.tensor(QuantizedTensor((1,), "bool"))
    source, result = graph.tensor(tensor(dtype)), graph.tensor(tensor(dtype))
    numbers = {"thenSubgraphIndex": 1, "elseSubgraphIndex": 2}
    graph.operator("IF", [condition, source], [result], "IfOptions", 1, **numbers)
    graph.ends([condition, source], [result])
    for operator in ("ADD", "MUL"):
        branch = file.graph()
        given, made = branch.tensor(tensor(dtype)), branch.tensor(tensor(dtype))
        branch.operator(operator, [given, given], [made], f"{operator.capitalize()}Options")
        branch.ends([given], [made])
    return file.write()


def _while(dtype: str) -> bytes:
    """Three times the input is doubled; the counter is a constant of the model."""
    file = ModelFile()
    graph, condition, body = file.graph(), file.graph(), file.graph()
    kinds = QuantizedTensor((), "int32"), tensor(dtype)
    zero, source = graph.tensor(np.array(0, np.int32)), graph.tensor(kinds[1])
    ends = [graph.tensor(kind) for kind in kinds]
    numbers = {"condSubgraphIndex": 1, "bodySubgraphIndex": 2}
    graph.operator("WHILE", [zero, source], ends, "WhileOptions", 1, **numbers)
    graph.ends([source], [ends[1]])
    step, _ = carried = [condition.tensor(kind) for kind in kinds]
    limit = condition.tensor(np.array(3, np.int32))
    less = condition.tensor(QuantizedTensor((), "bool"))
    condition.operator("LESS", [step, limit], [less], "LessOptions")
    condition.ends(carried, [less])
    step, value = (body.tensor(kind) for kind in kinds)
    one = body.tensor(np.array(1, np.int32))
    following = [body.tensor(kind) for kind in kinds]
    body.operator("ADD", [step, one], following[:1], "AddOptions")
    body.operator("ADD", [value, value], following[1:], "AddOptions")
    body.ends([step, value], following)
    return file.write()


def _svdf(dtype: str) -> bytes:
    """Six filters of rank 2 over five steps of four numbers."""
    file = ModelFile()
    graph = file.graph()
    random = np.random.default_rng(3)
    filters, steps, width = 6, 5, 4
    feature, time = (random.uniform(-1, 1, (filters, n)) for n in (width, steps))
    source = graph.tensor(tensor(dtype, (1, width)))
    if dtype == "float32":
        weights = [graph.tensor(w.astype(np.float32)) for w in (feature, time)]
        bias = graph.tensor(np.array([0.1, -0.2, 0.3], np.float32))
    else:
        ints = np.rint(feature * 127).astype(np.int8), np.rint(time * 127).astype(np.int16)
        scales = np.full(1, 1 / 127, np.float32)
        weights = [graph.tensor(Weights(w, scales, 0)) for w in ints]
        sums = np.full(1, 0.01 / 127, np.float32)
        bias = graph.tensor(Weights(np.array([100, -200, 300], np.int32), sums, 0))
    state = QuantizedTensor((1, filters * steps), "float32")
    if dtype == "int8":
        state = QuantizedTensor(state.shape, "int16", 0.01)
    memory = graph.tensor(state, variable=True)
    result = graph.tensor(tensor(dtype, (1, filters // 2)))
    given = [source, *weights, bias, memory]
    graph.operator("SVDF", given, [result], "SVDFOptions", 3, rank=2, fusedActivationFunction=1)
    graph.ends([source], [result])
    return file.write()


def detection(dtype: str = "float32", background: int = 1, **options: Any) -> bytes:
    """A detector's end: 30 anchors, four classes and maybe a background; options that are None are
    left out."""
    from flatbuffers import flexbuffers

    values = {
        "max_detections": 6,
        "max_classes_per_detection": 1,
        "num_classes": 4,
        "nms_score_threshold": -0.9,
        "nms_iou_threshold": 0.5,
        **dict.fromkeys(("y_scale", "x_scale"), 10.0),
        **dict.fromkeys(("h_scale", "w_scale"), 5.0),
        **options,
    }
    anchors = np.random.default_rng(3).uniform(0.1, 0.4, (30, 4)).astype(dtype)
    shapes = [(1, 30, 4), (1, 30, 4 + background)], [(1, 6, 4), (1, 6), (1, 6), (1,)]
    given, results = ([tensor(dtype, shape) for shape in row] for row in shapes)
    content = flexbuffers.Dumps({k: v for k, v in values.items() if v is not None})
    name = "TFLite_Detection_PostProcess"
    return one_operator(name, [*given, anchors], results, version=1, customOptions=list(content))


def _lstm(dtype: str) -> bytes:
    """Three steps of four numbers, five cells."""
    steps, width, cells = 3, 4, 5
    file = ModelFile()
    graph = file.graph()
    random = np.random.default_rng(4)

    def constant(*shape: int) -> int:
        real = random.uniform(-1, 1, shape)
        if dtype == "float32":
            return graph.tensor(real.astype(np.float32))
        if len(shape) == 1:
            scales = np.full(1, source.scale / 127, np.float32)
            return graph.tensor(Weights(np.rint(real * 1000).astype(np.int32), scales, 0))
        scales = np.full(1, 1 / 127, np.float32)
        return graph.tensor(Weights(np.rint(real * 127).astype(np.int8), scales, 0))

    source = tensor(dtype, (1, steps, width))
    hidden = QuantizedTensor((1, cells), dtype, 1 / 128, 0)
    cell = hidden if dtype == "float32" else QuantizedTensor((1, cells), "int16", 2**-11)
    given = [graph.tensor(source)]
    given += [constant(cells, width) for _ in range(4)]
    given += [constant(cells, cells) for _ in range(4)]
    given += [-1, -1, -1]
    given += [constant(cells) for _ in range(4)]
    given += [-1, -1, graph.tensor(hidden, variable=True), graph.tensor(cell, variable=True)]
    given += [-1, -1, -1, -1]
    result = graph.tensor(QuantizedTensor((1, steps, cells), dtype, 1 / 128, 0))
    options = "UnidirectionalSequenceLSTMOptions"
    graph.operator(
        "UNIDIRECTIONAL_SEQUENCE_LSTM", given, [result], options, 1, fusedActivationFunction=4
    )
    if dtype == "int8":
        graph.intermediates([(1 / 4096, 0)] * 4 + [(hidden.scale, hidden.zero_point)])
    graph.ends(given[:1], [result])
    return file.write()


_RESIZED = (1, 8, 8, 2)

# Operator, the element types that it is tried with, and what makes the model.
CASES: dict[str, tuple[tuple[str, ...], Maker]] = {
    "ABS": (NUMBERS, _unary("ABS", "AbsOptions")),
    "ADD": ((*NUMBERS, OLD), _binary("ADD", "AddOptions")),
    "ADD_N": (("float32", "int32"), _several("ADD_N", "AddNOptions", _SHAPE)),
    "ARG_MAX": (NUMBERS, _arg("ARG_MAX", "ArgMaxOptions")),
    "ARG_MIN": (NUMBERS, _arg("ARG_MIN", "ArgMinOptions")),
    "ASSIGN_VARIABLE": (REAL, _counted),
    "AVERAGE_POOL_2D": ((*REAL, OLD), _pool("AVERAGE_POOL_2D")),
    "BATCH_MATMUL": (REAL, _batch_matmul),
    "BATCH_TO_SPACE_ND": (
        MOVED,
        lambda d: one_operator(
            "BATCH_TO_SPACE_ND",
            [tensor(d, (4, 2, 2, 2)), _ints(2, 2), _ints([0, 1], [0, 0])],
            tensor(d, (1, 3, 4, 2)),
            "BatchToSpaceNDOptions",
        ),
    ),
    "BROADCAST_ARGS": (("int32",), _broadcast_args),
    "BROADCAST_TO": (
        (*MOVED, "bool"),
        _with("BROADCAST_TO", (3, 4, 4, 2), "BroadcastToOptions", _ints(3, 4, 4, 2)),
    ),
    "CALL_ONCE": (REAL, _counted),
    "CAST": (("float32", "int8", "int16", "int32", "bool"), _cast),
    "CEIL": (("float32",), _unary("CEIL")),
    "CONCATENATION": (
        (*MOVED, OLD),
        _several("CONCATENATION", "ConcatenationOptions", (1, 4, 4, 4), axis=3),
    ),
    "CONV_2D": ((*REAL, OLD), _conv),
    "COS": (("float32",), _unary("COS", "CosOptions")),
    "CUMSUM": (
        ("float32", "int8", "int32"),
        _with("CUMSUM", _SHAPE, "CumsumOptions", _ints(1).reshape(())),
    ),
    "DEPTHWISE_CONV_2D": ((*REAL, OLD), _depthwise),
    "DEPTH_TO_SPACE": (
        MOVED,
        lambda d: one_operator(
            "DEPTH_TO_SPACE",
            [tensor(d, (1, 2, 2, 8))],
            tensor(d),
            "DepthToSpaceOptions",
            blockSize=2,
        ),
    ),
    "DEQUANTIZE": (("int8", "int16", "uint8"), _dequantize),
    "DIV": ((*NUMBERS, OLD), _by_constant("DIV", "DivOptions")),
    "DYNAMIC_UPDATE_SLICE": (MOVED, _update),
    "ELU": (REAL, _unary("ELU")),
    "EMBEDDING_LOOKUP": (("float32", "int8"), _embedding),
    "EQUAL": ((*COMPARED, "bool"), _binary("EQUAL", "EqualOptions", "bool")),
    "EXP": (REAL, _unary("EXP", "ExpOptions")),
    "EXPAND_DIMS": (
        MOVED,
        _with("EXPAND_DIMS", (1, 1, 4, 4, 2), "ExpandDimsOptions", _ints(1)),
    ),
    "FILL": ((*MOVED, "bool"), _fill),
    "FLOOR": (("float32",), _unary("FLOOR")),
    "FLOOR_DIV": (("float32", "int32"), _by_constant("FLOOR_DIV", "FloorDivOptions")),
    "FLOOR_MOD": (("float32", "int32"), _by_constant("FLOOR_MOD", "FloorModOptions")),
    "FULLY_CONNECTED": ((*REAL, OLD), _dense),
    "GATHER": (MOVED, _with("GATHER", (1, 3, 4, 2), "GatherOptions", _ints(3, 0, 1), axis=1)),
    "GATHER_ND": (MOVED, _gather_nd),
    "GREATER": (NUMBERS, _binary("GREATER", "GreaterOptions", "bool")),
    "GREATER_EQUAL": (COMPARED, _binary("GREATER_EQUAL", "GreaterEqualOptions", "bool")),
    "HARD_SWISH": ((*REAL, OLD), _unary("HARD_SWISH", "HardSwishOptions")),
    "IF": (("float32", "int8", "int32"), _if),
    "L2_NORMALIZATION": (
        ("float32", "int8"),
        _unary(
            "L2_NORMALIZATION",
            "L2NormOptions",
            lambda d: _fixed(d, _SHAPE, (1 / 128, 0), 1 / 32768),
        ),
    ),
    "L2_POOL_2D": (("float32",), _pool("L2_POOL_2D")),
    "LEAKY_RELU": (
        (*REAL, OLD),
        lambda d: one_operator(
            "LEAKY_RELU", [tensor(d)], tensor(d), "LeakyReluOptions", alpha=0.25
        ),
    ),
    "LESS": (COMPARED, _binary("LESS", "LessOptions", "bool")),
    "LESS_EQUAL": (COMPARED, _binary("LESS_EQUAL", "LessEqualOptions", "bool")),
    "LOG": (REAL, _positive("LOG")),
    "LOGICAL_AND": (("bool",), _binary("LOGICAL_AND", "LogicalAndOptions")),
    "LOGICAL_NOT": (("bool",), _unary("LOGICAL_NOT", "LogicalNotOptions")),
    "LOGICAL_OR": (("bool",), _binary("LOGICAL_OR", "LogicalOrOptions")),
    "LOGISTIC": (
        (*REAL, OLD),
        _unary("LOGISTIC", None, lambda d: _fixed(d, _SHAPE, (1 / 256, -128), 1 / 32768)),
    ),
    "LOG_SOFTMAX": (
        ("float32", "int8", OLD),
        _unary(
            "LOG_SOFTMAX",
            "LogSoftmaxOptions",
            lambda d: _fixed(d, _SHAPE, (16 / 256, 127), 1 / 2048),
        ),
    ),
    "MAXIMUM": ((*NUMBERS, OLD), _several("MAXIMUM", "MaximumMinimumOptions", _SHAPE)),
    "MAX_POOL_2D": ((*REAL, OLD), _pool("MAX_POOL_2D")),
    "MEAN": ((*NUMBERS, OLD), _reduce("MEAN")),
    "MINIMUM": ((*NUMBERS, OLD), _several("MINIMUM", "MaximumMinimumOptions", _SHAPE)),
    "MIRROR_PAD": (
        MOVED,
        _with(
            "MIRROR_PAD",
            (1, 7, 5, 2),
            "MirrorPadOptions",
            _ints([0, 0], [1, 2], [0, 1], [0, 0]),
        ),
    ),
    "MUL": ((*NUMBERS, OLD), _binary("MUL", "MulOptions")),
    "NEG": (("float32", "int32"), _unary("NEG", "NegOptions")),
    "NOT_EQUAL": ((*COMPARED, "bool"), _binary("NOT_EQUAL", "NotEqualOptions", "bool")),
    "PACK": (
        (*MOVED, OLD),
        _several("PACK", "PackOptions", (1, 2, 4, 4, 2), axis=1, valuesCount=2),
    ),
    "PAD": (
        (*MOVED, OLD),
        _with("PAD", (1, 7, 5, 2), "PadOptions", _ints([0, 0], [1, 2], [0, 1], [0, 0])),
    ),
    "PADV2": (MOVED, _pad_value),
    "PRELU": (("float32", "int8"), _prelu),
    "QUANTIZE": (("int8", "int16", "uint8"), _quantize),
    "READ_VARIABLE": (REAL, _counted),
    "REDUCE_ALL": (("bool",), _reduce("REDUCE_ALL")),
    "REDUCE_MAX": (NUMBERS, _reduce("REDUCE_MAX")),
    "REDUCE_MIN": (NUMBERS, _reduce("REDUCE_MIN")),
    "RELU": ((*REAL, OLD), _unary("RELU")),
    "RELU6": ((*REAL, OLD), _unary("RELU6")),
    "RESHAPE": ((*MOVED, OLD, "bool"), _with("RESHAPE", (8, 4), "ReshapeOptions", _ints(8, 4))),
    "RESIZE_BILINEAR": (
        (*REAL, OLD),
        _with(
            "RESIZE_BILINEAR", _RESIZED, "ResizeBilinearOptions", _ints(8, 8), halfPixelCenters=True
        ),
    ),
    "RESIZE_NEAREST_NEIGHBOR": (
        (*MOVED, OLD),
        _with("RESIZE_NEAREST_NEIGHBOR", _RESIZED, "ResizeNearestNeighborOptions", _ints(8, 8)),
    ),
    "REVERSE_V2": (MOVED, _with("REVERSE_V2", _SHAPE, "ReverseV2Options", _ints(1))),
    "ROUND": (("float32",), _unary("ROUND")),
    "RSQRT": (("float32", "int8"), _positive("RSQRT")),
    "SELECT_V2": (MOVED, _select),
    "SHAPE": (
        ("float32", "int8"),
        lambda d: one_operator(
            "SHAPE", [tensor(d)], tensor("int32", (4,)), "ShapeOptions", outType=2
        ),
    ),
    "SIN": (("float32",), _unary("SIN")),
    "SLICE": (
        (*MOVED, OLD),
        _with("SLICE", (1, 2, 3, 2), "SliceOptions", _ints(0, 1, 0, 0), _ints(1, 2, 3, 2)),
    ),
    "SOFTMAX": (
        (*REAL, OLD),
        lambda d: one_operator(
            "SOFTMAX",
            [tensor(d)],
            _fixed(d, _SHAPE, (1 / 256, -128), 1 / 32768),
            "SoftmaxOptions",
            beta=1.0,
        ),
    ),
    "SPACE_TO_BATCH_ND": (
        MOVED,
        _with(
            "SPACE_TO_BATCH_ND",
            (4, 2, 2, 2),
            "SpaceToBatchNDOptions",
            _ints(2, 2),
            _ints([0, 0], [0, 0]),
        ),
    ),
    "SPACE_TO_DEPTH": (
        MOVED,
        _with("SPACE_TO_DEPTH", (1, 2, 2, 8), "SpaceToDepthOptions", blockSize=2),
    ),
    "SPLIT": ((*MOVED, OLD), _split),
    "SPLIT_V": (MOVED, _split_v),
    "SQRT": (("float32",), _positive("SQRT")),
    "SQUARE": (("float32",), _unary("SQUARE", "SquareOptions")),
    "SQUARED_DIFFERENCE": (
        ("float32", "int8", "int32"),
        _binary("SQUARED_DIFFERENCE", "SquaredDifferenceOptions"),
    ),
    "SQUEEZE": ((*MOVED, OLD), _with("SQUEEZE", (4, 4, 2), "SqueezeOptions", squeezeDims=[0])),
    "STRIDED_SLICE": (
        (*MOVED, OLD),
        _with(
            "STRIDED_SLICE",
            (1, 2, 3, 2),
            "StridedSliceOptions",
            _ints(0, 0, 1, 0),
            _ints(1, 4, 4, 2),
            _ints(1, 2, 1, 1),
        ),
    ),
    "SUB": ((*NUMBERS, OLD), _binary("SUB", "SubOptions")),
    "SUM": ((*NUMBERS, OLD), _reduce("SUM")),
    "SVDF": (("float32", "int8"), _svdf),
    "TANH": (
        (*REAL, OLD),
        _unary("TANH", None, lambda d: _fixed(d, _SHAPE, (1 / 128, 0), 1 / 32768)),
    ),
    "TFLite_Detection_PostProcess": (("float32",), detection),
    "TRANSPOSE": (
        (*MOVED, OLD),
        _with("TRANSPOSE", (1, 2, 4, 4), "TransposeOptions", _ints(0, 3, 1, 2)),
    ),
    "TRANSPOSE_CONV": ((*REAL, OLD), _transpose_conv),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": (("float32", "int8"), _lstm),
    "UNPACK": (MOVED, _unpack),
    "VAR_HANDLE": (REAL, _counted),
    "WHILE": (("float32", "int8", "int32"), _while),
    "ZEROS_LIKE": (("float32", "int32"), _unary("ZEROS_LIKE", "ZerosLikeOptions")),
}

for _name in CUSTOM:
    CASES[_name] = (("float32",), _unary(_name))


def model(operator: str, dtype: str) -> tuple[bytes, str]:
    """A case's model, of the first version of the operator that LiteRT takes, and an empty text.

    Where it takes none, what it says to the last of them.
    """
    from ai_edge_litert import schema_py_generated as schema
    from ai_edge_litert.interpreter import Interpreter

    content, said = CASES[operator][1](dtype), ""
    if not hasattr(schema.BuiltinOperator, operator):  # a custom one
        return content, ""
    for version in range(1, 8):
        tree = schema.ModelT.InitFromPackedBuf(content)
        for code in tree.operatorCodes:
            if code.builtinCode == getattr(schema.BuiltinOperator, operator):
                code.version = version
        builder = flatbuffers.Builder(1024)
        builder.Finish(tree.Pack(builder), b"TFL3")
        candidate = bytes(builder.Output())
        try:
            Interpreter(model_content=candidate).allocate_tensors()
        except (RuntimeError, ValueError) as error:
            said = said or str(error).strip().splitlines()[0]
        else:
            return candidate, ""
    return content, said
