# SPDX-License-Identifier: Apache-2.0
"""Convolutions as audio and vision models have them: causal, dilated, per channel, hybrid."""

from __future__ import annotations

import numpy as np
import pytest

from microtvm.compiler.operators import QuantizedTensor
from tests.compiler.operators.tflite_cases import tensor
from tests.compiler.operators.tflite_file import Graph, ModelFile, Weights, one_operator

_RANDOM = np.random.default_rng(12)
_VALID = 1  # Padding of schema.fbs


def _weights(dtype: str, shape: tuple[int, ...], axis: int, scales: int) -> np.ndarray | Weights:
    if dtype == "float32":
        return _RANDOM.uniform(-1, 1, shape).astype(np.float32)
    values = _RANDOM.integers(-127, 128, shape).astype(np.int8)
    return Weights(values, np.linspace(0.005, 0.03, scales).astype(np.float32), axis)


def _bias(dtype: str, scales: np.ndarray, count: int, axis: int = 0) -> np.ndarray | Weights:
    if dtype == "float32":
        return np.linspace(-1, 1, count).astype(np.float32)
    return Weights(np.arange(-50, 50 * count - 50, 50).astype(np.int32), scales, axis)


def _pad(graph: Graph, source: int, result: int, front: int) -> None:
    amounts = graph.tensor(np.array([[0, 0], [front, 0], [0, 0], [0, 0]], np.int32))
    graph.operator("PAD", [source, amounts], [result], "PadOptions", 2)


@pytest.mark.parametrize("dtype", ["float32", "int8"])
@pytest.mark.parametrize("dilation", [1, 3])
def test_causal(checked, dtype, dilation):
    """Keras's ``padding="causal"``: zeros before the first step, then no padding."""
    steps, width, size, channels = 10, 4, 3, 6
    front = dilation * (size - 1)
    kind = tensor(dtype, (1, steps, 1, width))
    file = ModelFile()
    graph = file.graph()
    source = graph.tensor(kind)
    padded = graph.tensor(tensor(dtype, (1, steps + front, 1, width)))
    weights = _weights(dtype, (channels, size, 1, width), 0, channels)
    scales = weights.scales * np.float32(kind.scale) if isinstance(weights, Weights) else None
    result = graph.tensor(tensor(dtype, (1, steps, 1, channels), 0.2))
    _pad(graph, source, padded, front)
    graph.operator(
        "CONV_2D",
        [padded, graph.tensor(weights), graph.tensor(_bias(dtype, scales, channels))],
        [result],
        "Conv2DOptions",
        3,
        padding=_VALID,
        strideH=1,
        strideW=1,
        dilationHFactor=dilation,
    )
    graph.ends([source], [result])
    compiled = checked(file.write())
    if dtype == "int8":
        assert all(layer.integers for layer in compiled.layers)


@pytest.mark.parametrize("scales", [1, 4])
def test_depthwise_weights_have_scales_on_the_last_axis(checked, scales):
    source = tensor("int8", (1, 6, 6, 2))
    weights = _weights("int8", (1, 3, 3, 4), 3, scales)
    bias = _bias("int8", weights.scales * np.float32(source.scale), 4)
    checked(
        one_operator(
            "DEPTHWISE_CONV_2D",
            [source, weights, bias],
            tensor("int8", (1, 6, 6, 4), 0.2),
            "DepthwiseConv2DOptions",
            3,
            strideH=1,
            strideW=1,
            depthMultiplier=2,
        )
    )


def test_a_bias_may_name_its_weights_axis(checked):
    """person_detect's biases say that they are quantized along axis 3; they have one."""
    source = tensor("int8", (1, 6, 6, 4))
    weights = _weights("int8", (1, 3, 3, 4), 3, 4)
    content = one_operator(
        "DEPTHWISE_CONV_2D",
        [source, weights, _bias("int8", weights.scales * np.float32(source.scale), 4)],
        tensor("int8", (1, 6, 6, 4), 0.2),
        "DepthwiseConv2DOptions",
        3,
        strideH=1,
        strideW=1,
        depthMultiplier=1,
    )
    compiled = checked(content)
    from ai_edge_litert import schema_py_generated as schema

    tree = schema.ModelT.InitFromPackedBuf(content)
    tree.subgraphs[0].tensors[2].quantization.quantizedDimension = 3
    moved = _packed(tree)
    # LiteRT takes no such file, TensorFlow Lite Micro does: the code must be that of axis 0.
    assert _code(moved) == compiled.files["codegen/host/src/default_lib0.c"]


def _packed(tree: object) -> bytes:
    import flatbuffers

    builder = flatbuffers.Builder(1024)
    builder.Finish(tree.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _code(content: bytes) -> bytes:
    import pathlib
    import tempfile

    from microtvm.compiler import compile

    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "model.tflite"
        path.write_bytes(content)
        return compile(path).files["codegen/host/src/default_lib0.c"]


@pytest.mark.parametrize("scales", [1, 3])
def test_hybrid_weights(checked, scales):
    """Float in and out, weights of int8."""
    weights = _weights("int8", (3, 3, 3, 2), 0, scales)
    given = [QuantizedTensor((1, 5, 5, 2), "float32"), weights]
    given.append(np.linspace(-1, 1, 3).astype(np.float32))
    output = QuantizedTensor((1, 5, 5, 3), "float32")
    compiled = checked(
        one_operator("CONV_2D", given, output, "Conv2DOptions", 5, strideH=1, strideW=1)
    )
    assert compiled.inputs[0].dtype == compiled.outputs[0].dtype == "float32"


@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_transposed_in_one_dimension(checked, dtype):
    """Conv1DTranspose: a height of 1, and a length that strides do not divide."""
    source = tensor(dtype, (1, 1, 5, 2))
    weights = _weights(dtype, (3, 1, 4, 2), 0, 3)
    given = [np.array([1, 1, 10, 3], np.int32), weights, source]
    checked(
        one_operator(
            "TRANSPOSE_CONV",
            given,
            tensor(dtype, (1, 1, 10, 3), 0.2),
            "TransposeConvOptions",
            1 if dtype == "float32" else 2,
            strideH=1,
            strideW=2,
        )
    )
