# SPDX-License-Identifier: Apache-2.0
"""Operators that move data."""

from __future__ import annotations

import numpy as np
from case_models import Case, Data

from .short import c, f, i, n, w


def cases() -> list[Case]:
    """Of this group."""
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
