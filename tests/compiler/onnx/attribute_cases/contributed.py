# SPDX-License-Identifier: Apache-2.0
"""ONNX Runtime's own operators."""

from __future__ import annotations

from case_models import Case

from .short import c, contributed, f, i, w


def cases() -> list[Case]:
    """Of this group."""
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
