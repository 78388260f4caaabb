# SPDX-License-Identifier: Apache-2.0
"""Operators that make fewer numbers of many."""

from __future__ import annotations

from .model import SHAPE, Case, tried

_AXES_ARE_ATTRIBUTE = 18  # before, but for ReduceSum


@tried("ArgMax", "ArgMin")
def arg(name: str, case: Case, dtype: str) -> Case:
    value = case.input(dtype)
    last = case.node(name, value, axis=-1, keepdims=0, select_last_index=1)
    return case.ends(case.node(name, value, axis=1), last)


@tried(
    *("ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean"),
    *("ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare"),
)
def reduce(name: str, case: Case, dtype: str) -> Case:
    """Over one axis and over all."""
    extents: tuple[float | None, float | None] = (None, None)
    if name in ("ReduceLogSum", "ReduceL2", "ReduceLogSumExp", "ReduceProd"):
        extents = (1, 3)  # logarithms are of what is positive
    elif not dtype.startswith("float") and name not in ("ReduceMax", "ReduceMin"):
        extents = (-1000, 1000)  # sums that leave their type are held in it by one runtime only
    value = case.input(dtype, SHAPE, *extents)
    if case.opset >= _AXES_ARE_ATTRIBUTE or name == "ReduceSum":
        some = case.node(name, value, case.constant([1, -1]), keepdims=0)
    else:
        some = case.node(name, value, axes=[1, -1], keepdims=0)
    if name == "ReduceProd":  # of few: that of all leaves every type
        return case.ends(some)
    return case.ends(some, case.node(name, value))


@tried("CumSum")
def cumulative(case: Case, dtype: str) -> Case:
    value, axis = case.input(dtype), case.constant(2, "int32")
    other = case.node("CumSum", value, axis, exclusive=1, reverse=1)
    return case.ends(case.node("CumSum", value, axis), other)


@tried("GlobalAveragePool", "GlobalLpPool", "GlobalMaxPool")
def whole(name: str, case: Case, dtype: str) -> Case:
    return case.ends(case.node(name, case.input(dtype)))


@tried("TopK")
def top(case: Case, dtype: str) -> Case:
    value, count = case.input(dtype), case.constant([3])
    least = case.node("TopK", value, count, outputs=2, axis=1, largest=0)
    return case.ends(*case.node("TopK", value, count, outputs=2), *least)


@tried("Det")
def determinant(case: Case, dtype: str) -> Case:
    return case.ends(case.node("Det", case.input(dtype, (2, 3, 3))))


@tried("NonZero", "Unique")
def some(name: str, case: Case, dtype: str) -> Case:
    return case.ends(case.node(name, case.input(dtype, (2, 3))))


@tried("Compress")
def compress(case: Case, dtype: str) -> Case:
    """Which elements are kept is known, as it is in a model for a board."""
    kept = case.constant([True, False, True, True], "bool")
    return case.ends(case.node("Compress", case.input(dtype), kept, axis=1))
