# SPDX-License-Identifier: Apache-2.0
"""Resize and Upsample: along each axis, a sum of a few gathered slices with constant weights.

TVM's resize has no fractional scales, no antialiasing, no exclusion of what lies outside and no
choice of axes. Shapes are fixed here, so all that Resize defines comes down to indices and weights
that are known when compiling. Formulas are those of ONNX's operator document.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..graph import Node, Refusal
from .registry import rewrites


@dataclass
class _Axis:
    """Resizing along one axis: ``before`` elements to ``after``."""

    before: int
    after: int
    scale: float
    start: float
    end: float


@rewrites("Resize")
def resize(node: Node) -> bool | None:
    """Any mode, with sizes or scales that are constant."""
    mode = node.attribute("mode", "nearest")
    dtype = node.dtype(0)
    if mode not in ("nearest", "linear", "cubic"):
        raise Refusal(f"the mode {mode} is not known")
    if mode != "nearest" and not dtype.startswith("float"):
        raise Refusal(f"the mode {mode} of {dtype} is not known")
    result = node.input(0)
    outside = None
    rank = len(node.shape(0))
    for axis, facts in _axes(node).items():
        if facts.before == facts.after and facts.scale == 1 and not _cropped(node):
            continue
        positions = np.array([_source(node, facts, x) for x in range(facts.after)])
        extents = [1] * rank
        extents[axis] = facts.after
        if _cropped(node):
            beyond = ((positions < 0) | (positions > facts.before - 1)).reshape(extents)
            outside = beyond if outside is None else outside | beyond
        if mode == "nearest":
            index = np.clip(_nearest(node, positions), 0, facts.before - 1)
            result = node.emit("Gather", result, node.value(index, "int64"), axis=axis)
            continue
        taps = [_taps(node, mode, facts, position) for position in positions]
        terms = []
        for tap in range(max(len(row) for row in taps)):
            chosen = [row[tap] if tap < len(row) else (row[-1][0], 0.0) for row in taps]
            index = np.array([i for i, _ in chosen])
            weight = np.array([w for _, w in chosen]).reshape(extents)
            if not weight.any():
                continue
            part = node.emit("Gather", result, node.value(index, "int64"), axis=axis)
            terms.append(node.emit("Mul", part, node.value(weight, dtype)))
        result = terms[0]
        for term in terms[1:]:
            result = node.emit("Add", result, term)
    if outside is not None and outside.any():
        fill = node.value(node.attribute("extrapolation_value", 0.0), dtype)
        result = node.emit("Where", node.value(outside), fill, result)
    node.give(result)
    return None


def places(node: Node) -> dict[int, np.ndarray]:
    """Where the elements of the result lie in the operand, by axis: what needs no more than that.

    Raises
    ------
    Refusal
        If the node cannot be understood, or places are not all.
    """
    if _cropped(node) or node.attribute("antialias", 0):
        raise Refusal("more than places decides")
    return {
        axis: np.array([_source(node, facts, x) for x in range(facts.after)])
        for axis, facts in _axes(node).items()
        if facts.before != facts.after or facts.scale != 1
    }


def _cropped(node: Node) -> bool:
    return bool(
        node.attribute("coordinate_transformation_mode", "half_pixel") == "tf_crop_and_resize"
    )


def _axes(node: Node) -> dict[int, _Axis]:
    """What is resized, by axis."""
    shape = node.shape(0)
    axes = [a % len(shape) for a in node.attribute("axes") or range(len(shape))]
    scales = node.required_constant(2, "scales") if node.has_input(2) else np.zeros(0)
    sizes = node.required_constant(3, "sizes") if node.has_input(3) else np.zeros(0)
    roi = node.required_constant(1, "roi") if node.has_input(1) and _cropped(node) else None
    if sizes.size:
        after = [int(s) for s in sizes]
        factors = [s / shape[a] for s, a in zip(after, axes, strict=True)]
        policy = node.attribute("keep_aspect_ratio_policy", "stretch")
        if policy != "stretch":
            factor = (min if policy == "not_larger" else max)(factors)
            after = [math.floor(factor * shape[a] + 0.5) for a in axes]
            factors = [factor] * len(axes)
    elif scales.size:
        factors = [float(s) for s in scales]
        after = [math.floor(s * shape[a]) for s, a in zip(factors, axes, strict=True)]
    else:
        raise Refusal("neither sizes nor scales are given")
    result = {}
    for index, axis in enumerate(axes):
        start, end = (0.0, 1.0) if roi is None else (roi[index], roi[len(axes) + index])
        result[axis] = _Axis(shape[axis], after[index], factors[index], float(start), float(end))
    return result


def _source(node: Node, axis: _Axis, x: int) -> float:
    """Where an element of the result lies in the operand."""
    mode = node.attribute("coordinate_transformation_mode", "half_pixel")
    length = axis.scale * axis.before  # of the result, fractional with scales
    if mode == "half_pixel":
        return (x + 0.5) / axis.scale - 0.5
    if mode == "half_pixel_symmetric":
        adjustment = axis.after / length
        centre = axis.before / 2
        return centre * (1 - adjustment) + (x + 0.5) / axis.scale - 0.5
    if mode == "pytorch_half_pixel":
        return (x + 0.5) / axis.scale - 0.5 if length > 1 else 0.0
    if mode == "align_corners":
        return x * (axis.before - 1) / (length - 1) if length != 1 else 0.0
    if mode == "asymmetric":
        return x / axis.scale
    if mode == "tf_crop_and_resize":
        if axis.after > 1:
            step = (axis.end - axis.start) * (axis.before - 1) / (axis.after - 1)
            return axis.start * (axis.before - 1) + x * step
        return 0.5 * (axis.start + axis.end) * (axis.before - 1)
    raise Refusal(f"the coordinate_transformation_mode {mode} is not known")


def _nearest(node: Node, positions: np.ndarray) -> np.ndarray:
    mode = node.attribute("nearest_mode", "round_prefer_floor")
    if mode == "round_prefer_floor":
        return np.asarray(np.ceil(positions - 0.5))
    if mode == "round_prefer_ceil":
        return np.asarray(np.floor(positions + 0.5))
    if mode == "floor":
        return np.asarray(np.floor(positions))
    if mode == "ceil":
        return np.asarray(np.ceil(positions))
    raise Refusal(f"the nearest_mode {mode} is not known")


def _taps(node: Node, mode: str, axis: _Axis, position: float) -> list[tuple[int, float]]:
    """Indices and weights whose sum is the result there."""
    stretch = 1.0
    if node.attribute("antialias", 0):
        stretch = min(1.0, axis.scale)
    reach = (1 if mode == "linear" else 2) / stretch
    first, last = math.ceil(position - reach), math.floor(position + reach)
    alpha = node.attribute("cubic_coeff_a", -0.75)
    found = []
    for index in range(first, last + 1):
        distance = abs(index - position) * stretch
        weight = max(0.0, 1 - distance) if mode == "linear" else _cubic(distance, alpha)
        inside = 0 <= index < axis.before
        if node.attribute("exclude_outside", 0) and not inside:
            continue
        if weight:
            found.append((min(max(index, 0), axis.before - 1), weight))
    total = sum(weight for _, weight in found)
    if not found or total == 0:
        return [(min(max(round(position), 0), axis.before - 1), 1.0)]
    merged: dict[int, float] = {}
    for index, weight in found:
        merged[index] = merged.get(index, 0.0) + weight / total
    return sorted(merged.items())


def _cubic(distance: float, a: float) -> float:
    if distance <= 1:
        return (a + 2) * distance**3 - (a + 3) * distance**2 + 1
    if distance < 2:
        return a * distance**3 - 5 * a * distance**2 + 8 * a * distance - 4 * a
    return 0.0
