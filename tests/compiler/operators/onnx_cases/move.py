# SPDX-License-Identifier: Apache-2.0
"""Operators that only move elements, or make them of shapes."""

from __future__ import annotations

import numpy as np

from .model import Case, element, tried

_WITH_SHAPE: dict[str, list[int]] = {
    "CenterCropPad": [2, 4, 4, 8],
    "Expand": [2, 4, 6, 6],
    "Reshape": [0, -1, 9],
    "Tile": [1, 2, 1, 2],
    "Squeeze": [0],
    "Unsqueeze": [1, -1],
}


@tried(*_WITH_SHAPE)
def shaped(name: str, case: Case, dtype: str) -> Case:
    return case.ends(case.node(name, case.input(dtype), case.constant(_WITH_SHAPE[name])))


@tried("Col2Im")
def col2im(case: Case, dtype: str) -> Case:
    columns = case.input(dtype, (1, 8, 9))
    sizes = case.constant([4, 4]), case.constant([2, 2])
    return case.ends(case.node("Col2Im", columns, *sizes))


@tried("Concat")
def concat(case: Case, dtype: str) -> Case:
    values = case.input(dtype), case.input(dtype, (1, 2, 6, 6))
    return case.ends(case.node("Concat", *values, axis=1))


@tried("ConstantOfShape", parameter="T2")
def constant_of_shape(case: Case, dtype: str) -> Case:
    from onnx import numpy_helper

    value = numpy_helper.from_array(np.ones(1, dtype))
    filled = case.node("ConstantOfShape", case.constant([1, 2, 6, 6]), value=value)
    return case.ends(case.node("Concat", case.input(dtype), filled, axis=1))


@tried("DepthToSpace")
def depth_to_space(case: Case, dtype: str) -> Case:
    value = case.input(dtype, (1, 8, 2, 3))
    modes = [case.node("DepthToSpace", value, blocksize=2, mode=mode) for mode in ("DCR", "CRD")]
    return case.ends(*modes)


@tried("SpaceToDepth")
def space_to_depth(case: Case, dtype: str) -> Case:
    return case.ends(case.node("SpaceToDepth", case.input(dtype), blocksize=2))


@tried("EyeLike")
def eye(case: Case, dtype: str) -> Case:
    return case.ends(case.node("EyeLike", case.input(dtype, (3, 4)), k=1))


@tried("Flatten")
def flatten(case: Case, dtype: str) -> Case:
    return case.ends(case.node("Flatten", case.input(dtype), axis=2))


@tried("Gather")
def gather(case: Case, dtype: str) -> Case:
    """With indices that are known, negative ones among them, and ones that are not."""
    value = case.input(dtype)
    known = case.node("Gather", value, case.constant([[0, -1], [2, 1]]), axis=2)
    return case.ends(known, case.node("Gather", value, case.input("int32", (3,), 0, 3), axis=1))


@tried("GatherElements")
def gather_elements(case: Case, dtype: str) -> Case:
    indices = case.input("int64", (1, 2, 6, 6), -4, 3)
    return case.ends(case.node("GatherElements", case.input(dtype), indices, axis=1))


@tried("GatherND")
def gather_nd(case: Case, dtype: str) -> Case:
    value, known = case.input(dtype), case.constant([[[0, 1], [3, -2]]])
    batched = case.node("GatherND", value, known, batch_dims=1)
    return case.ends(batched, case.node("GatherND", value, case.constant([[0, 3], [0, 1]])))


@tried("OneHot", parameter="T3")
def one_hot(case: Case, dtype: str) -> Case:
    values = case.constant([0, 1] if dtype == "bool" else [2, 5], dtype)
    indices = case.input("int64", (2, 3), -4, 4)
    return case.ends(case.node("OneHot", indices, case.constant([5]), values, axis=1))


@tried("Pad")
def pad(case: Case, dtype: str) -> Case:
    value, extents = case.input(dtype), case.constant([0, 0, 1, 2, 0, 1, 0, 3])
    filled = case.node("Pad", value, extents, case.constant(1, dtype))
    modes = ["reflect", "edge"] + ["wrap"] * (case.opset >= 19)
    return case.ends(filled, *(case.node("Pad", value, extents, mode=mode) for mode in modes))


@tried("Range", parameter="T")
def range_(case: Case, dtype: str) -> Case:
    counted = case.node("Range", *(case.constant(number, dtype) for number in (1, 9, 2)))
    return case.ends(case.node("Concat", case.input(dtype, (3,)), counted, axis=0))


@tried("Resize")
def resize(case: Case, dtype: str) -> Case:
    """The nearest neighbour; where it can be, between neighbours too."""
    # Small, as onnx's reference evaluator takes milliseconds for each element.
    value, sizes = case.input(dtype, (1, 2, 3, 4), 0, 100), case.constant([1, 2, 5, 6])
    scales = case.constant([1, 1, 2, 1.5], "float32")
    ways = [case.node("Resize", value, "", scales, mode="nearest")]
    ways.append(case.node("Resize", value, "", "", sizes, mode="nearest"))
    if dtype.startswith("float"):
        ways.append(case.node("Resize", value, "", "", sizes, mode="linear"))
        ways.append(case.node("Resize", value, "", scales, mode="cubic"))
    return case.ends(*ways)


@tried("ReverseSequence")
def reverse_sequence(case: Case, dtype: str) -> Case:
    lengths = case.constant([2, 4, 1])
    value = case.input(dtype, (4, 3, 2))
    return case.ends(case.node("ReverseSequence", value, lengths))


@tried("ScatterElements")
def scatter_elements(case: Case, dtype: str) -> Case:
    """Onto places of which none comes twice, known and not known."""
    value, updates = case.input(dtype, (4, 5)), case.input(dtype, (2, 5))
    known = case.constant([[0, 1, 2, 3, 0], [3, 2, -3, 0, 1]])
    ends = [case.node("ScatterElements", value, known, updates)]
    single = case.input(dtype, (1, 5))
    ends.append(case.node("ScatterElements", value, case.input("int64", (1, 5), -4, 3), single))
    if case.opset >= 16 and dtype != "bool":
        kinds = ["add", "mul"] + ["max", "min"] * (case.opset >= 18)
        ends += [
            case.node("ScatterElements", value, known, updates, reduction=kind) for kind in kinds
        ]
    return case.ends(*ends)


@tried("ScatterND")
def scatter_nd(case: Case, dtype: str) -> Case:
    value, updates = case.input(dtype, (4, 5)), case.input(dtype, (2, 5))
    known = case.constant([[3], [1]])
    ends = [case.node("ScatterND", value, known, updates)]
    single = case.input(dtype, (1, 5))
    ends.append(case.node("ScatterND", value, case.input("int64", (1, 1), 0, 3), single))
    if case.opset >= 16 and dtype != "bool":
        kinds = ["add", "mul"] + ["max", "min"] * (case.opset >= 18)
        ends += [case.node("ScatterND", value, known, updates, reduction=kind) for kind in kinds]
    return case.ends(*ends)


@tried("Shape", "Size")
def extents(name: str, case: Case, dtype: str) -> Case:
    """Of a tensor, and that of what is computed from it as a shape."""
    value = case.input(dtype)
    return case.ends(case.node(name, value), case.node("Identity", value))


@tried("Slice")
def slice_(case: Case, dtype: str) -> Case:
    value = case.input(dtype)
    bounds = [case.constant(c) for c in ([1, -1], [1000, -6], [1, 2], [1, -2])]
    return case.ends(case.node("Slice", value, bounds[0], bounds[1], bounds[2], bounds[3]))


@tried("Split")
def split(case: Case, dtype: str) -> Case:
    parts = case.node("Split", case.input(dtype), case.constant([1, 2, 3]), outputs=3, axis=2)
    return case.ends(*parts)


@tried("Transpose")
def transpose(case: Case, dtype: str) -> Case:
    return case.ends(case.node("Transpose", case.input(dtype), perm=[0, 2, 3, 1]))


@tried("Trilu")
def trilu(case: Case, dtype: str) -> Case:
    value = case.input(dtype)
    lower = case.node("Trilu", value, case.constant(-1), upper=0)
    return case.ends(case.node("Trilu", value), lower)


@tried("AffineGrid")
def affine_grid(case: Case, dtype: str) -> Case:
    theta, size = case.input(dtype, (1, 2, 3)), case.constant([1, 2, 3, 4])
    return case.ends(case.node("AffineGrid", theta, size, align_corners=1))


@tried("GridSample")
def grid_sample(case: Case, dtype: str) -> Case:
    grid = case.input("float32" if dtype != "float16" else dtype, (1, 3, 3, 2), -1.2, 1.2)
    value = case.input(dtype)
    names = ("bilinear", "nearest") if case.opset < 20 else ("linear", "nearest")
    ways = [case.node("GridSample", value, grid, mode=mode) for mode in names]
    return case.ends(*ways)


@tried("BlackmanWindow", "HammingWindow", "HannWindow", parameter="T2")
def window(name: str, case: Case, dtype: str) -> Case:
    size = case.constant(7)  # none of whose weights is an integer but for rounding
    weights = case.node(name, size, output_datatype=element(dtype))
    return case.ends(case.node("Concat", case.input(dtype, (4,)), weights, axis=0))


@tried("MelWeightMatrix", parameter="T3")
def mel(case: Case, dtype: str) -> Case:
    numbers = [case.constant(n) for n in (8, 16, 8192)]
    numbers += [case.constant(n, "float32") for n in (0.0, 4096.0)]
    weights = case.node("MelWeightMatrix", *numbers, output_datatype=element(dtype))
    return case.ends(case.node("Concat", case.input(dtype, (1, 8)), weights, axis=0))
