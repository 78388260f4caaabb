# SPDX-License-Identifier: Apache-2.0
"""Single ONNX operators with attributes, optional inputs and outputs away from their defaults.

    python tests/compiler/onnx/attribute_cases.py [--only TEXT]

compiles each alone, runs its C on the host and compares it with ONNX Runtime.
``test_attributes.py`` does the same with all of them in few models.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from case_models import Case, Data


def f(*shape: int, low: float = -3, high: float = 3) -> Data:
    """Floats."""
    return Data(shape, "float32", low, high)


def i(*shape: int, dtype: str = "int64", low: int = -3, high: int = 3) -> Data:
    """Integers."""
    return Data(shape, dtype, low, high)


def c(values: Any, dtype: str = "int64") -> np.ndarray:
    """A constant."""
    return np.array(values, dtype)


def w(*shape: int, dtype: str = "float32") -> np.ndarray:
    """Constant weights, the same for the same shape."""
    generator = np.random.default_rng(sum(shape))
    if dtype == "float32":
        return generator.normal(size=shape).astype(dtype)
    limits = np.iinfo(dtype)
    return generator.integers(max(limits.min, -128), min(limits.max, 256), shape, dtype)


def n(
    operator: str, *inputs: Any, opset: int = 21, outputs: Any = (True,), **attributes: Any
) -> Case:
    """A case of ONNX's own operators."""
    return Case(operator, inputs, attributes, opset, outputs)


def contributed(operator: str, *inputs: Any, outputs: Any = (True,), **attributes: Any) -> Case:
    """A case of ONNX Runtime's own operators."""
    return Case(operator, inputs, attributes, 21, outputs, "com.microsoft")


_REDUCTIONS = [
    "ReduceL1",
    "ReduceL2",
    "ReduceLogSum",
    "ReduceLogSumExp",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceProd",
    "ReduceSum",
    "ReduceSumSquare",
]
P = {"low": 0.1, "high": 3}


def _reductions() -> list[Case]:
    found = []
    for name in _REDUCTIONS:
        x = f(2, 3, 4, **P) if "Log" in name or "Prod" in name else f(2, 3, 4)
        if name != "ReduceSum":
            found += [
                n(name, x, opset=13, axes=[1, -1], keepdims=0),
                n(name, x, opset=13),
                n(name, x, opset=13, keepdims=0),
            ]
        for opset in (21,):
            found += [
                n(name, x, c([0, -1]), opset=opset, keepdims=0),
                n(name, x, c([1]), opset=opset, keepdims=1, noop_with_empty_axes=1),
                n(name, x, opset=opset, noop_with_empty_axes=1),
                n(name, x, c([]), opset=opset, noop_with_empty_axes=1),
                n(name, x, c([]), opset=opset, noop_with_empty_axes=0),
                n(name, x, opset=opset, keepdims=0),
            ]
    return found


def _pools() -> list[Case]:
    found = []
    for name in ("MaxPool", "AveragePool", "LpPool"):
        for opset in (13, 21):
            extra = {"p": 1} if name == "LpPool" else {}
            new = name == "MaxPool" or opset == 21
            found += [
                n(name, f(1, 2, 9), opset=opset, kernel_shape=[3], strides=[2], **extra),
                n(
                    name,
                    f(1, 2, 7, 8),
                    opset=opset,
                    kernel_shape=[3, 2],
                    strides=[2, 3],
                    pads=[1, 0, 2, 1],
                    **extra,
                ),
                n(
                    name,
                    f(1, 2, 7, 8),
                    opset=opset,
                    kernel_shape=[3, 2],
                    strides=[2, 2],
                    auto_pad="SAME_LOWER",
                    **extra,
                ),
                n(
                    name,
                    f(1, 2, 7, 8),
                    opset=opset,
                    kernel_shape=[3, 2],
                    strides=[2, 3],
                    auto_pad="SAME_UPPER",
                    **extra,
                ),
                n(
                    name,
                    f(1, 2, 7, 8),
                    opset=opset,
                    kernel_shape=[3, 2],
                    strides=[2, 2],
                    auto_pad="VALID",
                    **extra,
                ),
                n(
                    name,
                    f(1, 2, 5, 6, 5),
                    opset=opset,
                    kernel_shape=[3, 2, 2],
                    pads=[1, 0, 0, 1, 1, 0],
                    **extra,
                ),
            ]
            if name != "LpPool" or opset >= 18:
                found += [
                    n(
                        name,
                        f(1, 2, 7, 8),
                        opset=opset,
                        kernel_shape=[3, 3],
                        strides=[2, 3],
                        ceil_mode=1,
                        **extra,
                    ),
                    n(
                        name,
                        f(1, 2, 6, 6),
                        opset=opset,
                        kernel_shape=[3, 3],
                        strides=[2, 2],
                        pads=[1, 1, 1, 1],
                        ceil_mode=1,
                        **extra,
                    ),
                    n(
                        name,
                        f(1, 1, 5, 5),
                        opset=opset,
                        kernel_shape=[1, 1],
                        strides=[2, 3],
                        pads=[0, 0, 0, 0],
                        ceil_mode=1,
                        **extra,
                    ),
                ]
            if new and not (name == "LpPool" and opset < 18):
                found += [
                    n(
                        name,
                        f(1, 2, 9, 8),
                        opset=opset,
                        kernel_shape=[3, 2],
                        dilations=[2, 3],
                        strides=[1, 2],
                        **extra,
                    ),
                    n(
                        name,
                        f(1, 2, 9, 8),
                        opset=opset,
                        kernel_shape=[3, 2],
                        dilations=[2, 2],
                        pads=[1, 1, 1, 1],
                        ceil_mode=1,
                        strides=[2, 2],
                        **extra,
                    ),
                ]
    for opset in (13, 21):
        for ceil in (0, 1):
            found.append(
                n(
                    "AveragePool",
                    f(1, 2, 6, 7),
                    opset=opset,
                    kernel_shape=[3, 3],
                    strides=[2, 2],
                    pads=[1, 0, 1, 1],
                    ceil_mode=ceil,
                    count_include_pad=1,
                )
            )
        found.append(
            n(
                "AveragePool",
                f(1, 2, 6, 7),
                opset=opset,
                kernel_shape=[3, 3],
                auto_pad="SAME_LOWER",
                count_include_pad=1,
            )
        )
    found += [
        n(
            "MaxPool",
            i(1, 2, 7, 8, dtype="int8", low=-128, high=127),
            kernel_shape=[3, 2],
            pads=[1, 1, 1, 1],
        ),
        n(
            "MaxPool",
            i(1, 2, 7, 8, dtype="uint8", low=0, high=255),
            kernel_shape=[3, 2],
            pads=[1, 1, 1, 1],
            ceil_mode=1,
            strides=[2, 2],
        ),
        n("LpPool", f(1, 2, 7, 8), kernel_shape=[3, 2], p=3),
        n("LpPool", f(1, 2, 7, 8), kernel_shape=[3, 2], pads=[1, 1, 1, 1]),
        n("GlobalLpPool", f(1, 2, 7, 8), p=1),
        n("GlobalLpPool", f(1, 2, 7, 8), p=3),
        n("GlobalLpPool", f(1, 2, 7, 8)),
        n("GlobalAveragePool", f(1, 2, 7)),
        n("GlobalMaxPool", f(1, 2, 3, 4, 5)),
    ]
    return found


def _convolutions() -> list[Case]:
    return [
        n("Conv", f(1, 4, 9), w(6, 2, 3), w(6), group=2, pads=[2, 1], strides=[2], dilations=[2]),
        n(
            "Conv",
            f(1, 4, 9, 8),
            w(6, 2, 3, 2),
            w(6),
            group=2,
            pads=[2, 1, 0, 1],
            strides=[2, 1],
            dilations=[2, 3],
        ),
        n("Conv", f(1, 4, 9, 8), w(4, 1, 3, 2), group=4, kernel_shape=[3, 2]),
        n("Conv", f(1, 4, 9, 8), w(8, 1, 3, 3), group=4, auto_pad="SAME_LOWER", strides=[2, 2]),
        n("Conv", f(1, 4, 9, 8), w(8, 4, 2, 3), auto_pad="SAME_UPPER", strides=[2, 3]),
        n("Conv", f(1, 4, 9, 8), w(8, 4, 2, 3), auto_pad="VALID", dilations=[2, 2]),
        n(
            "Conv",
            f(1, 2, 5, 6, 5),
            w(4, 1, 2, 3, 2),
            w(4),
            group=2,
            pads=[0, 1, 1, 1, 0, 0],
            strides=[1, 2, 1],
            dilations=[2, 1, 1],
        ),
        n("Conv", f(1, 4, 9, 8), f(8, 4, 2, 3), f(8)),
        n(
            "ConvTranspose",
            f(1, 4, 5),
            w(4, 3, 3),
            w(6),
            group=2,
            pads=[1, 0],
            strides=[2],
            output_padding=[1],
        ),
        n("ConvTranspose", f(1, 4, 5), w(4, 3, 3), group=2, strides=[2], dilations=[2]),
        n(
            "ConvTranspose",
            f(1, 4, 5, 4),
            w(4, 3, 3, 2),
            w(3),
            pads=[1, 0, 0, 1],
            strides=[2, 3],
            dilations=[2, 1],
            output_padding=[1, 2],
        ),
        n(
            "ConvTranspose",
            f(1, 4, 5, 4),
            w(4, 3, 3, 2),
            w(6),
            group=2,
            pads=[1, 0, 0, 1],
            strides=[2, 3],
            kernel_shape=[3, 2],
        ),
        n("ConvTranspose", f(1, 4, 5, 4), w(4, 3, 3, 2), strides=[2, 3], output_shape=[10, 13]),
        n(
            "ConvTranspose",
            f(1, 4, 5, 4),
            w(4, 3, 3, 2),
            strides=[2, 3],
            output_shape=[9, 10],
            auto_pad="SAME_UPPER",
        ),
        n(
            "ConvTranspose",
            f(1, 4, 5, 4),
            w(4, 3, 4, 4),
            strides=[2, 3],
            output_shape=[9, 10],
            auto_pad="SAME_LOWER",
        ),
        n("ConvTranspose", f(1, 4, 5, 4), w(4, 3, 3, 3), strides=[2, 2], auto_pad="SAME_UPPER"),
        n("ConvTranspose", f(1, 4, 5, 4), w(4, 3, 4, 3), strides=[2, 1], auto_pad="SAME_LOWER"),
        n("ConvTranspose", f(1, 4, 5, 4), w(4, 3, 2, 3), auto_pad="VALID"),
        n(
            "ConvTranspose",
            f(1, 4, 5, 4),
            w(4, 3, 2, 3),
            strides=[2, 2],
            output_padding=[1, 1],
            output_shape=[11, 10],
        ),
        n(
            "ConvTranspose",
            f(1, 2, 3, 4, 3),
            w(2, 2, 2, 3, 2),
            w(2),
            strides=[1, 2, 1],
            pads=[0, 1, 1, 1, 0, 0],
        ),
        n(
            "ConvTranspose",
            f(1, 2, 3, 4, 3),
            w(2, 2, 2, 3, 2),
            w(4),
            group=2,
            dilations=[1, 2, 1],
            output_padding=[0, 1, 0],
            strides=[1, 2, 1],
        ),
        n(
            "ConvInteger",
            i(1, 4, 9, 8, dtype="uint8", low=0, high=255),
            w(6, 2, 3, 2, dtype="uint8"),
            c(128, "uint8"),
            c(120, "uint8"),
            group=2,
            pads=[2, 1, 0, 1],
            strides=[2, 1],
            dilations=[2, 3],
            kernel_shape=[3, 2],
        ),
        n(
            "ConvInteger",
            i(1, 4, 9, 8, dtype="uint8", low=0, high=255),
            w(6, 4, 3, 2, dtype="uint8"),
            auto_pad="SAME_LOWER",
            strides=[2, 2],
        ),
        n(
            "ConvInteger",
            i(1, 4, 9, 8, dtype="uint8", low=0, high=255),
            w(6, 4, 3, 2, dtype="uint8"),
            c(9, "uint8"),
            auto_pad="SAME_UPPER",
            strides=[2, 3],
        ),
        n(
            "MatMulInteger",
            i(3, 4, dtype="uint8", low=0, high=255),
            w(4, 5, dtype="int8"),
            c(9, "uint8"),
            c(-3, "int8"),
        ),
        n(
            "MatMulInteger",
            i(3, 4, dtype="uint8", low=0, high=255),
            w(4, 5, dtype="uint8"),
            c(9, "uint8"),
            c([1, 2, 3, 4, 5], "uint8"),
        ),
        n(
            "MatMulInteger",
            i(3, 4, dtype="uint8", low=0, high=255),
            w(4, 5, dtype="uint8"),
            None,
            c([1, 2, 3, 4, 5], "uint8"),
        ),
        n(
            "QLinearConv",
            i(1, 4, 9, 8, dtype="uint8", low=0, high=255),
            c(0.1, "float32"),
            c(100, "uint8"),
            w(6, 2, 3, 2, dtype="int8"),
            c([0.1, 0.2, 0.3, 0.1, 0.2, 0.3], "float32"),
            c([0] * 6, "int8"),
            c(4, "float32"),
            c(128, "uint8"),
            w(6, dtype="int32"),
            group=2,
            pads=[2, 1, 0, 1],
            strides=[2, 1],
            dilations=[2, 3],
            kernel_shape=[3, 2],
        ),
        n(
            "QLinearConv",
            i(1, 4, 9, 8, dtype="uint8", low=0, high=255),
            c(0.1, "float32"),
            c(100, "uint8"),
            w(6, 4, 3, 2, dtype="int8"),
            c(0.1, "float32"),
            c(0, "int8"),
            c(4, "float32"),
            c(128, "uint8"),
            auto_pad="SAME_LOWER",
            strides=[2, 2],
        ),
        n(
            "QLinearMatMul",
            i(3, 4, dtype="uint8", low=0, high=255),
            c(0.1, "float32"),
            c(9, "uint8"),
            w(4, 5, dtype="int8"),
            c(0.2, "float32"),
            c(0, "int8"),
            c(2, "float32"),
            c(120, "uint8"),
            opset=13,
        ),
        n(
            "QLinearMatMul",
            i(3, 4, dtype="uint8", low=0, high=255),
            c(0.1, "float32"),
            c(9, "uint8"),
            w(4, 5, dtype="int8"),
            c(0.2, "float32"),
            c(0, "int8"),
            c(2, "float32"),
            c(120, "uint8"),
        ),
        n("Gemm", f(4, 3), w(5, 4), w(3, 5), transA=1, transB=1, alpha=0.5, beta=0.25),
        n("Gemm", f(3, 4), w(5, 4), w(5), transB=1, beta=2.0),
        n("Gemm", f(4, 3), w(4, 5), w(3, 1), transA=1, alpha=3.0),
        n("Gemm", f(3, 4), f(5, 4), None, transB=1, alpha=3.0),
        n("Gemm", f(3, 4), f(4, 5), f(1, 5), beta=0.0),
        n("Einsum", f(2, 3, 4), f(2, 4, 5), equation="bij,bjk->bik"),
        n("Einsum", f(2, 3, 4), f(2, 4, 5), equation="...ij, ...jk"),
        n("Einsum", f(3, 3), equation="ii->i"),
        n("Einsum", f(3, 4), equation="ij->"),
        n("Einsum", f(3, 4), f(4), f(3), equation="ij,j,i->i"),
    ]


def _moves() -> list[Case]:
    x = f(2, 3, 4)
    found = [
        n("Concat", f(2, 3), f(2, 1), w(2, 2), axis=-1),
        n("Concat", f(2, 3), axis=0),
        n("Flatten", x, axis=0),
        n("Flatten", x, axis=2),
        n("Flatten", x, axis=-1),
        n("Flatten", x, axis=3),
        n("Transpose", x),
        n("Transpose", x, perm=[1, 2, 0]),
        n("Reshape", x, c([0, -1]), allowzero=0),
        n("Reshape", x, c([-1, 2, 0]), allowzero=0),
        n("Reshape", x, c([4, -1]), allowzero=1),
        n("Squeeze", f(1, 3, 1, 4)),
        n("Squeeze", f(1, 3, 1, 4), c([-2])),
        n("Squeeze", f(1, 3, 1, 4), opset=13),
        n("Unsqueeze", x, c([-1, 0])),
        n("Unsqueeze", x, c([3, 1])),
        n("Expand", f(3, 1), c([2, 1, 4])),
        n("Tile", x, c([1, 2, 3])),
        n("DepthToSpace", f(1, 8, 2, 3), blocksize=2, mode="CRD"),
        n("DepthToSpace", f(1, 8, 2, 3), blocksize=2, mode="DCR"),
        n("SpaceToDepth", f(1, 2, 4, 6), blocksize=2),
        n("Slice", f(6, 5, 4), c([1, -2]), c([100, -100]), c([0, -1]), c([2, -1])),
        n("Slice", f(6, 5, 4), c([1, 2]), c([3, 4])),
        n("Slice", f(6, 5, 4), c([-1]), c([np.iinfo(np.int64).min]), c([1]), c([-2])),
        n("Slice", f(6, 5, 4), c([1], "int32"), c([-1], "int32"), c([-1], "int32")),
        n("Split", f(7, 3), c([2, 5]), outputs=(True, True)),
        n("Split", f(2, 7), num_outputs=3, axis=-1, outputs=(True, True, True)),
        n("Split", f(7, 2), num_outputs=2, outputs=(True, True)),
        n("Split", f(2, 7), num_outputs=4, axis=1, outputs=(True, True, True, True)),
        n("Split", f(2, 6), opset=13, axis=1, outputs=(True, True, True)),
        n("Split", f(2, 6), c([1, 2, 3]), opset=13, axis=1, outputs=(True, True, True)),
        n("Shape", x, start=1),
        n("Shape", x, start=-2, end=-1),
        n("Shape", x, end=1),
        n("Size", x),
        n("Gather", f(5, 4), i(2, 3, low=-5, high=4)),
        n("Gather", f(5, 4), i(2, 3, low=-4, high=3), axis=-1),
        n("Gather", f(5, 4), i(2, 3, dtype="int32", low=-4, high=3), axis=1),
        n("Gather", f(5, 4), c([[-1, 2]]), axis=1),
        n("GatherElements", f(5, 4), i(2, 4, low=-5, high=4)),
        n("GatherElements", f(5, 4), i(5, 2, low=-4, high=3), axis=-1),
        n("GatherElements", f(5, 4), c([[-1, 2]] * 5), axis=1),
        n("GatherND", f(2, 3, 4), i(2, 1, low=-3, high=2), batch_dims=1),
        n("GatherND", f(2, 3, 4), i(2, 3, 1, low=-4, high=3), batch_dims=2),
        n("GatherND", f(2, 3, 4), i(5, 2, low=-2, high=1)),
        n("Trilu", f(2, 4, 5)),
        n("Trilu", f(4, 5), upper=0),
        n("Trilu", f(2, 4, 5), c(1), upper=0),
        n("Trilu", f(4, 5), c(-2), upper=1),
        n("Trilu", f(4, 5), c(9), upper=0),
        n("EyeLike", f(3, 4), k=1),
        n("EyeLike", f(3, 4), k=-1),
        n("EyeLike", f(3, 4), dtype=7),
        n("EyeLike", i(3, 4, dtype="int32"), dtype=1, k=1),
        n("CumSum", x, c(1), exclusive=1),
        n("CumSum", x, c(-1), reverse=1),
        n("CumSum", x, c(0), reverse=1, exclusive=1),
        n("CumSum", x, c([1]), opset=13),
        n("Compress", f(3, 6), c([True, False, True], "bool"), axis=0),
        n("ReverseSequence", f(4, 3, 2), c([4, 2, 1]), time_axis=0, batch_axis=1),
        n("ReverseSequence", f(3, 4, 2), c([4, 2, 1]), time_axis=1, batch_axis=0),
        n("OneHot", i(2, 3, low=-5, high=4), c(5), c([2, 7], "float32"), axis=0),
        n("OneHot", i(2, 3, low=-5, high=4), c(5), c([2, 7], "float32"), axis=-2),
        n("TopK", f(3, 6), c([2]), largest=0, outputs=(True, True)),
        n("TopK", f(6, 3), c([4]), axis=0, largest=1, sorted=1, outputs=(True, True)),
        n("Where", Data((3, 1), "bool"), f(1, 4), f(1)),
    ]
    for name in ("ArgMax", "ArgMin"):
        found += [
            n(name, i(3, 5, dtype="int32", low=0, high=2), axis=1, keepdims=0, select_last_index=1),
            n(name, i(3, 5, dtype="int8", low=0, high=2), axis=-1, select_last_index=1),
            n(name, f(3, 5, 2), axis=1),
            n(name, f(3, 5, 2), keepdims=0),
            n(name, f(3, 5, 2), opset=13, axis=-2),
        ]
    found += [
        n("ScatterElements", f(4, 5), i(2, 5, low=-4, high=3), f(2, 5), reduction="add"),
        n("ScatterElements", f(4, 5), i(2, 5, low=-4, high=3), f(2, 5), reduction="mul"),
        n("ScatterElements", f(4, 5), i(4, 2, low=-5, high=4), f(4, 2), reduction="max", axis=1),
        n("ScatterElements", f(4, 5), i(4, 2, low=-5, high=4), f(4, 2), reduction="min", axis=-1),
        n("ScatterElements", f(4, 5), c([[1, -2]] * 4), f(4, 2), axis=1),
        n("ScatterElements", f(4, 5), c([[1, -2]] * 4), f(4, 2), axis=1, opset=13),
        n("ScatterElements", f(4, 5), i(4, 2, low=-5, high=4), f(4, 2), reduction="add", axis=1),
        n("ScatterND", f(4, 5), c([[1], [-2]]), f(2, 5)),
        n("ScatterND", f(4, 5), c([[1], [-2]]), f(2, 5), opset=13),
        n("ScatterND", f(4, 5), i(3, 1, low=-4, high=3), f(3, 5), reduction="add"),
        n("ScatterND", f(4, 5), i(3, 2, low=-4, high=3), f(3), reduction="mul"),
        n("ScatterND", f(4, 5), i(3, 1, low=0, high=3), f(3, 5), reduction="max"),
        n("ScatterND", f(4, 5), i(3, 1, low=0, high=3), f(3, 5), reduction="min"),
        n("ScatterND", f(4, 5), i(3, 1, low=0, high=3), f(3, 5), reduction="min"),
        n("ScatterND", f(4, 5), i(3, 1, low=0, high=3), f(3, 5), reduction="add"),
    ]
    for opset in (13, 21):
        found += [
            n("Pad", f(3, 4), c([1, 0, 0, 2]), opset=opset),
            n("Pad", f(3, 4), c([1, 0, 0, 2]), c(2.5, "float32"), opset=opset),
            n("Pad", f(3, 4), c([1, -1, 0, 2]), c(2.5, "float32"), opset=opset),
            n("Pad", f(3, 4), c([1, 2, 0, 2]), opset=opset, mode="reflect"),
            n("Pad", f(3, 4), c([1, 2, 0, 2]), None, opset=opset, mode="edge"),
            n("Pad", f(3, 4), c([-1, 2, 0, -1]), opset=opset, mode="edge"),
            n("Pad", f(3, 4), c([-1, 2, 1, -1]), opset=opset, mode="reflect"),
            n("Pad", i(3, 4, dtype="int8"), c([1, 2, 0, 2]), c(7, "int8"), opset=opset),
            n("Pad", i(3, 4, dtype="int32"), c([1, 2, 0, 2]), opset=opset, mode="reflect"),
        ]
    found += [
        n("Pad", f(3, 4), c([1, 2, 0, 2]), mode="wrap"),
        n("Pad", f(3, 4), c([5, 7, 0, 2]), mode="wrap"),
        n("Pad", f(2, 3, 4), c([1, 2, 0, 2]), c(1.5, "float32"), c([-1, 0])),
        n("Pad", f(2, 3, 4), c([1, 2]), None, c([1]), mode="edge"),
        n("Pad", f(2, 3, 4), c([1, 2]), None, c([-2]), mode="reflect"),
        n("Pad", f(2, 3, 4), c([1, 2]), None, c([-2]), mode="wrap"),
    ]
    return found


def _elementwise() -> list[Case]:
    x = f(3, 4)
    found = [
        n("Clip", x, c(-1, "float32")),
        n("Clip", x, None, c(1, "float32")),
        n("Clip", x),
        n("Clip", x, c(-1, "float32"), c(0.5, "float32")),
        n("Clip", x, f(low=-1, high=0), f(low=0, high=1)),
        n("Clip", x, c(1, "float32"), c(-1, "float32")),
        n("Clip", i(3, 4, dtype="int8", low=-128, high=127), c(-9, "int8"), c(99, "int8")),
        n("Clip", i(3, 4, dtype="int64", low=-128, high=127), c(-9)),
        n("Elu", x, alpha=0.3),
        n("Selu", x, alpha=1.2, gamma=2.0),
        n("LeakyRelu", x, alpha=0.3),
        n("LeakyRelu", x),
        n("ThresholdedRelu", x, alpha=0.3),
        n("ThresholdedRelu", x),
        n("HardSigmoid", x, alpha=0.3, beta=0.4),
        n("HardSigmoid", x),
        n("HardSwish", x),
        n("Shrink", x, lambd=1.0, bias=0.5),
        n("Shrink", x),
        n("Gelu", x, approximate="tanh"),
        n("Gelu", x),
        n("Celu", x, alpha=0.5),
        n("PRelu", f(1, 3, 2), w(3, 1)),
        n("PRelu", f(2, 3), w(3)),
        n("PRelu", f(2, 3), f(2, 3)),
        n("Mod", i(3, 4, dtype="int32", low=-9, high=9), c([3, -4, 5, -2], "int32")),
        n("Mod", i(3, 4, dtype="int32", low=-9, high=9), c([3, -4, 5, -2], "int32"), fmod=1),
        n("Mod", f(3, 4), w(4), fmod=1),
        n(
            "BitShift",
            i(3, 4, dtype="uint8", low=0, high=255),
            c([0, 1, 7, 3], "uint8"),
            direction="LEFT",
        ),
        n(
            "BitShift",
            i(3, 4, dtype="uint32", low=0, high=2**32 - 1),
            c([0, 1, 31, 3], "uint32"),
            direction="RIGHT",
        ),
        n("IsInf", x, detect_negative=0),
        n("IsInf", x, detect_positive=0),
        n("Cast", x, to=6),
        n("Cast", x, to=3),
        n("Cast", x, to=9),
        n("Cast", i(3, 4, low=-300, high=300), to=2),
        n("Cast", x, to=11),
        n("Cast", Data((3, 4), "bool"), to=1),
        n("Cast", x, to=10),
        n("CastLike", x, c(1, "int32")),
        n("CastLike", x, c(True, "bool")),
        n("Dropout", x, c(0.3, "float32"), c(False, "bool"), outputs=(True, True)),
        n("Dropout", x, seed=3),
        n("Dropout", x, c(0.3, "float32"), outputs=(True, True)),
        n("Hardmax", f(3, 5), axis=0),
        n("Hardmax", f(3, 5, 2), axis=-2),
        n("Hardmax", f(3, 5)),
        n("Hardmax", f(3, 5), axis=1, opset=13),
        n("Softmax", f(3, 5, 2), axis=0),
        n("Softmax", f(3, 5, 2), axis=-2),
        n("Softmax", f(3, 5, 2)),
        n("LogSoftmax", f(3, 5, 2), axis=0),
        n("LogSoftmax", f(3, 5, 2)),
        n("LogSoftmax", f(3, 5, 2), axis=-2),
    ]
    for name in ("Max", "Min", "Mean", "Sum"):
        found += [n(name, x), n(name, x, f(4), w(3, 1))]
    for name in ("QuantizeLinear", "DequantizeLinear"):
        q = name == "QuantizeLinear"
        for opset in (13, 21, 23):
            for dtype in ("int8", "uint8"):
                data = (
                    f(2, 3, 4, low=-40, high=40)
                    if q
                    else i(2, 3, 4, dtype=dtype, low=np.iinfo(dtype).min, high=np.iinfo(dtype).max)
                )
                found += [
                    n(name, data, c(0.25, "float32"), c(7, dtype), opset=opset),
                    n(name, data, c([0.25, 0.5, 0.3], "float32"), c([7, 0, 9], dtype), opset=opset),
                    n(
                        name,
                        data,
                        c([0.25, 0.5, 0.3, 0.1], "float32"),
                        c([7, 0, 9, 1], dtype),
                        axis=-1,
                        opset=opset,
                    ),
                    n(name, data, c([0.25, 0.5], "float32"), c([7, 0], dtype), axis=0, opset=opset),
                    n(name, data, c([0.25, 0.5], "float32"), axis=0, opset=opset)
                    if not q or dtype == "uint8"
                    else None,
                ]
        found.append(n(name, i(3, dtype="int32") if not q else f(3), c(0.5, "float32")))
    found += [
        n("QuantizeLinear", f(2, 3), c(0.25, "float32"), output_dtype=3),
        n("QuantizeLinear", f(2, 3), c(0.25, "float32"), output_dtype=5, axis=0),
        n("QuantizeLinear", f(2, 3), c(0.25, "float32"), c(3, "int8"), output_dtype=3, saturate=0),
        n("QuantizeLinear", f(2, 3), c(0.25, "float32"), c(3, "int16")),
        n("DynamicQuantizeLinear", f(3, 4), outputs=(True, True, True)),
        n("DynamicQuantizeLinear", f(3, 4, low=1, high=2), outputs=(True, True, True)),
    ]
    return [case for case in found if case is not None]


def _normalizations() -> list[Case]:
    found = []
    for opset in (13, 21):
        found += [
            n(
                "BatchNormalization",
                f(2, 3, 4, 2),
                w(3),
                w(3),
                w(3),
                np.abs(w(3)) + 1,
                opset=opset,
                epsilon=0.1,
                momentum=0.5,
            )
        ]
        found += [n("BatchNormalization", f(2, 3), w(3), w(3), w(3), np.abs(w(3)) + 1, opset=opset)]
    found += [
        n("InstanceNormalization", f(2, 3, 4, 2), w(3), w(3), epsilon=0.1),
        n("InstanceNormalization", f(2, 3, 4), w(3), w(3)),
        n("LayerNormalization", f(2, 3, 4), w(4), w(4), epsilon=0.1, outputs=(True, True, True)),
        n("LayerNormalization", f(2, 3, 4), w(3, 4), None, axis=1),
        n("LayerNormalization", f(2, 3, 4), w(3, 4), w(3, 4), axis=-2),
        n("LayerNormalization", f(2, 3, 4), w(4), axis=2, stash_type=1),
        n("LayerNormalization", f(2, 3, 4), w(2, 3, 4), axis=0, outputs=(True, False, True)),
        n("GroupNormalization", f(2, 6, 4), w(6), w(6), num_groups=3, epsilon=0.1),
        n("RMSNormalization", f(2, 3, 4), w(4), opset=23, epsilon=0.1),
        n("RMSNormalization", f(2, 3, 4), w(3, 4), opset=23, axis=1),
        n("LRN", f(1, 6, 3, 3), size=3, alpha=0.5, beta=0.6, bias=2.0),
        n("MeanVarianceNormalization", f(2, 3, 4, 2)),
        n("MeanVarianceNormalization", f(2, 3, 4), axes=[0, 2]),
        n("LpNormalization", f(3, 4), axis=0, p=1),
        n("LpNormalization", f(3, 4)),
        n("LpNormalization", f(3, 4), p=1, opset=13),
    ]
    return [case for case in found if case is not None]


def _images() -> list[Case]:
    e = None
    found = []
    for coordinates in [
        "half_pixel",
        "half_pixel_symmetric",
        "pytorch_half_pixel",
        "align_corners",
        "asymmetric",
    ]:
        for mode in ("nearest", "linear", "cubic"):
            found.append(
                n(
                    "Resize",
                    f(1, 2, 4, 5),
                    e,
                    c([1, 1, 1.7, 0.8], "float32"),
                    mode=mode,
                    coordinate_transformation_mode=coordinates,
                )
            )
            found.append(
                n(
                    "Resize",
                    f(1, 2, 4, 5),
                    e,
                    e,
                    c([1, 2, 7, 3]),
                    mode=mode,
                    coordinate_transformation_mode=coordinates,
                )
            )
    for near in ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]:
        found.append(
            n(
                "Resize",
                f(1, 2, 4, 5),
                e,
                c([1, 1, 2, 2], "float32"),
                mode="nearest",
                nearest_mode=near,
                coordinate_transformation_mode="asymmetric",
            )
        )
    found += [
        n(
            "Resize",
            f(1, 2, 4, 5),
            e,
            c([1, 1, 2, 1.5], "float32"),
            mode="cubic",
            cubic_coeff_a=-0.5,
            exclude_outside=1,
        ),
        n(
            "Resize",
            f(1, 2, 4, 5),
            e,
            c([0.5, 0.6], "float32"),
            mode="linear",
            antialias=1,
            axes=[2, 3],
        ),
        n(
            "Resize",
            f(1, 2, 4, 5),
            c([0.1, 0.2, 0.9, 1.2], "float32"),
            e,
            c([3, 4]),
            mode="linear",
            coordinate_transformation_mode="tf_crop_and_resize",
            extrapolation_value=9.0,
            axes=[2, 3],
        ),
        n(
            "Resize",
            f(1, 2, 4, 5),
            c([0, 0, 0.1, 0.2, 1, 1, 0.9, 1.2], "float32"),
            e,
            c([1, 2, 3, 4]),
            mode="nearest",
            coordinate_transformation_mode="tf_crop_and_resize",
            extrapolation_value=9.0,
        ),
        n(
            "Resize",
            f(1, 2, 4, 5),
            e,
            e,
            c([7, 8]),
            mode="linear",
            axes=[3, 2],
            keep_aspect_ratio_policy="not_larger",
        ),
        n(
            "Resize",
            f(1, 2, 4, 5),
            e,
            e,
            c([7, 8]),
            mode="nearest",
            axes=[2, 3],
            keep_aspect_ratio_policy="not_smaller",
        ),
        n("Resize", f(1, 2, 4, 5), e, c([1, 1, 2, 2], "float32"), opset=13, mode="linear"),
    ]
    boxes = np.array([[1, 1, 6, 5], [0, 2, 3.5, 7], [-1, -1, 8, 8]], "float32")
    batch = c([0, 1, 0])
    for opset in (13, 21):
        extra = {"coordinate_transformation_mode": "output_half_pixel"} if opset >= 16 else {}
        found += [
            n(
                "RoiAlign",
                f(2, 2, 8, 8),
                boxes,
                batch,
                opset=opset,
                output_height=3,
                output_width=2,
                sampling_ratio=2,
                spatial_scale=0.5,
                **extra,
            ),
            n("RoiAlign", f(2, 2, 8, 8), boxes, batch, opset=opset),
            n(
                "RoiAlign",
                f(2, 2, 8, 8),
                boxes,
                batch,
                opset=opset,
                output_height=2,
                output_width=2,
                spatial_scale=0.5,
            ),
        ]
    found.append(
        n(
            "RoiAlign",
            f(2, 2, 8, 8),
            f(3, 4, low=0, high=7),
            i(3, low=0, high=1),
            output_height=2,
            output_width=2,
            sampling_ratio=2,
        )
    )
    rois = np.array([[0, 1, 1, 6, 5], [1, 0, 2, 3, 7], [0, 2, 2, 9, 9]], "float32")
    found += [
        n("MaxRoiPool", f(2, 2, 8, 8), rois, pooled_shape=[2, 3], spatial_scale=0.5),
        n("MaxRoiPool", f(2, 2, 8, 8), rois, pooled_shape=[2, 2]),
    ]
    for mode in ("linear", "nearest", "cubic"):
        for padding in ("zeros", "border", "reflection"):
            for align in (0, 1):
                found.append(
                    n(
                        "GridSample",
                        f(1, 2, 4, 5),
                        f(1, 3, 4, 2, low=-1.4, high=1.4),
                        mode=mode,
                        padding_mode=padding,
                        align_corners=align,
                    )
                )
    for mode in ("linear", "nearest"):
        for padding in ("zeros", "border", "reflection"):
            found.append(
                n(
                    "GridSample",
                    f(1, 2, 4, 5, 3),
                    f(1, 3, 4, 2, 3, low=-1.4, high=1.4),
                    mode=mode,
                    padding_mode=padding,
                    align_corners=int(mode == "linear"),
                )
            )
    indices = c([[[[0, 3], [8, 11]]]])
    found += [
        n("MaxUnpool", f(1, 1, 2, 2), indices, kernel_shape=[2, 2], strides=[2, 2]),
        n("MaxUnpool", f(1, 1, 2, 2), c([[[[0, 3], [4, 8]]]]), kernel_shape=[2, 2]),
        n(
            "Col2Im",
            f(1, 12, 12),
            c([5, 5]),
            c([2, 2]),
            pads=[0, 1, 1, 0],
            dilations=[2, 1],
            strides=[1, 2],
        ),
        n("DFT", f(1, 8, 2), c(6), c(1), inverse=1),
        n("DFT", f(1, 8, 1), None, c(1), onesided=1),
        n("STFT", f(1, 16, 1), c(4), w(8), c(8), onesided=0),
        n("AffineGrid", f(1, 2, 3), c([1, 1, 4, 5]), align_corners=1),
        n("AffineGrid", f(2, 3, 4), c([2, 1, 2, 3, 4]), align_corners=1),
        n("CenterCropPad", f(5, 6), c([3, 9])),
        n("CenterCropPad", f(5, 6, 2), c([4]), axes=[1]),
    ]
    return [case for case in found if case is not None]


_GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}


def _cell(
    name: str, extras: str = "", opset: int = 21, outputs: Any = None, **attributes: Any
) -> Case:
    """RNN, GRU or LSTM; ``extras`` are some of bias, lengths, state, peepholes."""
    hidden, gates = 3, _GATES[name]
    d = 2 if attributes.get("direction") == "bidirectional" else 1
    state = f(d, 2, hidden) if "state" in extras else None
    inputs = [
        f(4, 2, 2),
        w(d, gates * hidden, 2) * np.float32(0.5),
        w(d, gates * hidden, hidden) * np.float32(0.5),
        w(d, 2 * gates * hidden) if "bias" in extras else None,
        c([4, 2], "int32") if "lengths" in extras else None,
        state,
    ]
    if name == "LSTM":
        inputs += [state, w(d, 3 * hidden) if "peepholes" in extras else None]
    while inputs[-1] is None:
        inputs.pop()
    asked = outputs or (True, True, True)[: 3 if name == "LSTM" else 2]
    return n(name, *inputs, hidden_size=hidden, opset=opset, outputs=asked, **attributes)


def _recurrent() -> list[Case]:
    found = []
    for name in _GATES:
        own = {"RNN": 1, "GRU": 2, "LSTM": 3}[name]  # activations that it has
        first = ["LeakyRelu", "Tanh", "Affine"][:own]
        second = ["HardSigmoid", "ScaledTanh", "Tanh"][:own]
        third = ["Softsign", "HardSigmoid", "Relu"][:own]
        alphas, betas = [0.25, 0.7][:own], [0.4, 0.6][:own]
        found += [
            _cell(name, "bias state", clip=0.3, outputs=(True,)),
            _cell(name, "bias lengths state", direction="reverse"),
            _cell(name, "bias lengths state", direction="bidirectional", opset=13),
            _cell(name, "bias", activations=third),
            _cell(name, "bias", direction="bidirectional", activations=first + third)
            if name != "LSTM"
            else _cell(name, activations=first, activation_alpha=[0.2, 0.7], activation_beta=[0.1]),
            _cell(name, "bias", activations=second, activation_alpha=alphas, activation_beta=betas),
        ]
    return [
        *found,
        _cell("GRU", "bias state", linear_before_reset=1),
        _cell("GRU", "bias", direction="bidirectional", linear_before_reset=1, clip=0.5),
        _cell("LSTM", "bias state peepholes", outputs=(True, False, True)),
        _cell("LSTM", "bias", input_forget=1),
        _cell("LSTM", "lengths peepholes", direction="bidirectional"),
    ]


def _attention() -> list[Case]:
    q, k, v = f(1, 2, 3, 4), f(1, 2, 5, 4), f(1, 2, 5, 4)
    three = (f(1, 3, 8), f(1, 5, 8), f(1, 5, 8))
    heads = {"q_num_heads": 2, "kv_num_heads": 2}
    found = [
        n("Attention", q, k, v, opset=23),
        n("Attention", q, k, v, opset=23, scale=0.3, softcap=2.0),
        n("Attention", q, k, v, opset=23, is_causal=1),
        n("Attention", f(1, 4, 3, 4), k, v, opset=23),
        n("Attention", q, k, v, f(3, 5), opset=23),
        n("Attention", q, k, v, c(np.tri(3, 5), "bool"), opset=23),
        n("Attention", *three, opset=23, **heads),
    ]
    for mode in range(4):
        found.append(
            n(
                "Attention",
                q,
                k,
                v,
                f(3, 5),
                opset=23,
                softcap=1.5,
                qk_matmul_output_mode=mode,
                outputs=(True, False, False, True),
            )
        )
    return found


def _contributed() -> list[Case]:
    q = i(2, 3, 4, dtype="uint8", low=0, high=255)
    s, z = c(0.1, "float32"), c(100, "uint8")
    image = i(1, 2, 6, 7, dtype="uint8", low=0, high=255)
    return [
        contributed("BiasGelu", f(2, 4), w(4)),
        contributed("FastGelu", f(2, 4), w(4)),
        contributed("FastGelu", f(2, 4)),
        contributed("Gelu", f(2, 4)),
        contributed(
            "SkipLayerNormalization", f(1, 2, 4), f(1, 2, 4), w(4), w(4), w(4), epsilon=0.1
        ),
        contributed(
            "QLinearAdd", q, s, z, q, c(0.2, "float32"), z, c(0.3, "float32"), c(90, "uint8")
        ),
        contributed(
            "QLinearMul", q, s, z, q, c(0.2, "float32"), z, c(2, "float32"), c(90, "uint8")
        ),
        contributed("QLinearSigmoid", q, s, z, c(1 / 256, "float32"), c(0, "uint8")),
        contributed("QLinearLeakyRelu", q, s, z, c(0.08, "float32"), c(20, "uint8"), alpha=0.3),
        Case(
            "QLinearSoftmax",
            (q, s, z, c(1 / 256, "float32"), c(0, "uint8")),
            {"axis": 1, "opset": 13},
            21,
            (True,),
            "com.microsoft",
        ),
        contributed(
            "QLinearAveragePool",
            image,
            s,
            z,
            s,
            z,
            kernel_shape=[3, 2],
            pads=[1, 0, 1, 1],
            strides=[2, 1],
            count_include_pad=1,
        ),
        contributed(
            "QLinearAveragePool",
            image,
            s,
            z,
            s,
            z,
            kernel_shape=[3, 2],
            strides=[2, 3],
            ceil_mode=1,
        ),
        contributed(
            "QLinearAveragePool", image, s, z, s, z, kernel_shape=[3, 2], auto_pad="SAME_LOWER"
        ),
        contributed("QLinearGlobalAveragePool", image, s, z, s, z),
        contributed("QLinearConcat", s, z, q, c(0.2, "float32"), z, q, s, z, axis=1),
        contributed(
            "QGemm",
            i(4, 3, dtype="uint8", low=0, high=255),
            s,
            z,
            w(5, 4, dtype="uint8"),
            s,
            z,
            w(5, dtype="int32"),
            c(3, "float32"),
            z,
            transA=1,
            transB=1,
            alpha=0.5,
        ),
        contributed(
            "QGemm",
            i(3, 4, dtype="uint8", low=0, high=255),
            s,
            z,
            w(4, 5, dtype="uint8"),
            s,
            z,
            transA=0,
        ),
        contributed(
            "QuantizeLinear", f(2, 3), c([0.1, 0.2, 0.3], "float32"), c([1, 2, 3], "uint8"), axis=1
        ),
        contributed(
            "QuantizeLinear", f(2, 3), c([0.1, 0.2], "float32"), c([1, 2], "uint8"), axis=0
        ),
        contributed(
            "DequantizeLinear",
            i(2, 3, dtype="int8"),
            c([0.1, 0.2], "float32"),
            c([1, 2], "int8"),
            axis=0,
        ),
    ]


def fewest() -> list[Case]:
    """Those that show an attribute, a mode, an input or an output that none before them does."""
    seen: set[tuple[Any, ...]] = set()
    found = []
    for case in cases():
        own = (case.domain, case.operator)
        shown: set[tuple[Any, ...]] = {
            (*own, k, v if isinstance(v, str) else "") for k, v in case.away().items()
        }
        shown |= {(*own, "input", k) for k, given in enumerate(case.inputs) if given is not None}
        shown |= {(*own, "output", k) for k, asked in enumerate(case.outputs) if asked}
        if shown - seen:
            seen |= shown
            found.append(case)
    return found


def cases() -> list[Case]:
    """All of them."""
    groups = (
        _reductions,
        _pools,
        _convolutions,
        _moves,
        _elementwise,
        _normalizations,
        _images,
        _recurrent,
        _attention,
        _contributed,
    )
    return [case for group in groups for case in group()]
