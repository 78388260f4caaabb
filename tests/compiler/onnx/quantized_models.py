# SPDX-License-Identifier: Apache-2.0
"""Small networks with random weights, quantized by onnxruntime's own tool."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from typing import Any

import numpy as np


class Builder:
    """An ONNX graph under construction."""

    def __init__(self, seed: int = 0):
        self.random = np.random.default_rng(seed)
        self.nodes: list[Any] = []
        self.weights: dict[str, np.ndarray] = {}

    def constant(self, array: Any) -> str:
        """An initializer."""
        name = f"w{len(self.weights)}"
        self.weights[name] = np.asarray(array)
        return name

    def random_weights(self, *shape: int) -> str:
        """An initializer that keeps activations about as large as they are."""
        fan = max(int(np.prod(shape[1:])), 1)
        return self.constant(self.random.normal(0, 1.4 / fan**0.5, shape).astype(np.float32))

    def __call__(self, operator: str, *inputs: str, **attributes: Any) -> str:
        from onnx import helper

        name = f"{operator.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], name, **attributes))
        return name

    def save(self, path: pathlib.Path, shape: tuple[int, ...], *outputs: str) -> None:
        """Write a model with the input ``x`` of a shape."""
        import onnx
        from onnx import helper, numpy_helper

        kind = onnx.TensorProto.FLOAT
        graph = helper.make_graph(
            self.nodes,
            "net",
            [helper.make_tensor_value_info("x", kind, shape)],
            [helper.make_tensor_value_info(output, kind, None) for output in outputs],
            [numpy_helper.from_array(array, name) for name, array in self.weights.items()],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.save(onnx.shape_inference.infer_shapes(model), path)


def cnn(path: pathlib.Path) -> tuple[int, ...]:
    """Convolutions in one group, in two groups and depthwise, a residual, pools and a softmax."""
    b = Builder()

    def conv(x: str, channels: int, depth: int, size: int, **attributes: Any) -> str:
        weights = b.random_weights(channels, depth, size, size)
        bias = b.constant(b.random.normal(0, 0.1, channels).astype(np.float32))
        return b("Conv", x, weights, bias, kernel_shape=[size, size], **attributes)

    x = b("Relu", conv("x", 8, 3, 3, strides=[2, 2], pads=[1, 1, 1, 1]))
    x = b("Relu", conv(x, 8, 1, 3, group=8, pads=[1, 1, 1, 1]))
    y = conv(x, 8, 4, 3, group=2, dilations=[2, 2], pads=[2, 2, 2, 2])
    x = b("Relu", b("Add", x, y))
    x = b("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    y = b("HardSigmoid", conv(b("GlobalAveragePool", x), 8, 8, 1))
    x = b("Mul", x, y)
    x = b("Concat", x, b("Sigmoid", conv(x, 4, 8, 1)), axis=1)
    x = b("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = b("Flatten", x)
    x = b("Gemm", x, b.random_weights(10, 12 * 4), b.random_weights(10), transB=1)
    b.save(path, (1, 3, 16, 16), b("Softmax", x, axis=-1))
    return 1, 3, 16, 16


def operators(path: pathlib.Path) -> tuple[int, ...]:
    """One operator of each kind, all on the input, each with an output of its own."""
    b, shape = Builder(), (1, 4, 6, 6)

    def weights(*extents: int, **attributes: Any) -> tuple[str, str]:
        bias = b.constant(b.random.normal(0, 0.1, extents[0]).astype(np.float32))
        return b.random_weights(*extents), bias

    flat = b("Reshape", "x", b.constant(np.array([1, 144])))
    rows = b("Reshape", "x", b.constant(np.array([1, 4, 36])))
    size = {"kernel_shape": [3, 3]}

    def before_add(y: str) -> str:
        # onnxruntime's tool quantizes some operators only where one that it does quantize follows.
        return b("Add", y, y)

    deconv = b.constant(b.random.normal(0, 0.3, (4, 5, 3, 3)).astype(np.float32))
    size2 = b.constant(np.array([1, 1, 2, 1.5], np.float32))
    outputs = [
        b("Conv", "x", *weights(5, 4, 3, 3), auto_pad="SAME_UPPER", strides=[2, 2], **size),
        b("Conv", "x", *weights(8, 1, 3, 3), group=4, pads=[0, 1, 2, 1], **size),
        b("Conv", "x", *weights(6, 2, 3, 3), group=2, dilations=[2, 2], **size),
        b("Conv", rows, *weights(3, 4, 5), kernel_shape=[5], pads=[4, 0]),
        b("ConvTranspose", "x", deconv, strides=[2, 2], pads=[1, 1, 1, 1], output_padding=[1, 1]),
        b("Gemm", flat, *weights(7, 144), transB=1),
        b("MatMul", rows, b.random_weights(36, 5)),
        b("Add", "x", b("Relu", "x")),
        b("Mul", "x", b("Sigmoid", "x")),
        b("Sigmoid", "x"),
        before_add(b("Tanh", "x")),
        b("LeakyRelu", "x", alpha=0.2),
        before_add(b("HardSwish", "x")),
        b("Clip", "x", b.constant(np.float32(-0.5)), b.constant(np.float32(0.25))),
        b("MaxPool", "x", strides=[2, 2], pads=[1, 1, 1, 1], **size),
        b("AveragePool", "x", strides=[2, 2], pads=[1, 1, 1, 1], count_include_pad=1, **size),
        b("GlobalAveragePool", "x"),
        before_add(b("ReduceMean", "x", axes=[2, 3])),
        b("Softmax", "x", axis=-1),
        b("Concat", "x", b("Tanh", "x"), axis=1),
        b("Transpose", "x", perm=[0, 2, 3, 1]),
        b("Pad", "x", b.constant(np.array([0, 0, 1, 2, 0, 0, 0, 1]))),
        b("Slice", "x", *(b.constant(np.array(v)) for v in ([1], [5], [3], [2]))),
        b("Resize", "x", "", b.constant(np.array([1, 1, 2, 2], np.float32)), mode="nearest"),
        b("Resize", b("Relu", "x"), "", size2, mode="linear"),
        before_add(b("Div", "x", b("Clip", "x", *(b.constant(np.float32(v)) for v in (0.3, 1))))),
        before_add(b("LogSoftmax", b("Relu", "x"), axis=1)),
        b("MatMul", "x", b("Relu", "x")),
    ]
    b.save(path, shape, *outputs)
    return shape


def samples(shape: tuple[int, ...], count: int, seed: int = 1) -> np.ndarray:
    """Random inputs."""
    values = np.random.default_rng(seed).uniform(-1, 1, (count, *shape))
    return values.astype(np.float32)


def quantize(
    source: pathlib.Path,
    target: pathlib.Path,
    shape: tuple[int, ...],
    *,
    form: str = "QDQ",
    activations: str = "QInt8",
    weights: str = "QInt8",
    per_channel: bool = True,
) -> None:
    """Quantize a model as onnxruntime does, by the smallest and largest values on random inputs."""
    from onnxruntime import quantization as q

    class Reader(q.CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._samples: Iterator[np.ndarray] = iter(samples(shape, 16))

        def get_next(self) -> Any:
            sample = next(self._samples, None)
            return None if sample is None else {"x": sample}

    q.quantize_static(
        source,
        target,
        Reader(),
        quant_format=q.QuantFormat[form],
        activation_type=q.QuantType[activations],
        weight_type=q.QuantType[weights],
        per_channel=per_channel,
    )
