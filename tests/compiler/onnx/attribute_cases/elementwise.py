# SPDX-License-Identifier: Apache-2.0
"""Operators on single elements, and what picks or counts them."""

from __future__ import annotations

import numpy as np
from case_models import Case, Data

from .short import c, f, i, n, w


def cases() -> list[Case]:
    """Of this group."""
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
