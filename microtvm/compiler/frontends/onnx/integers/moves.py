# SPDX-License-Identifier: Apache-2.0
"""Operators that move or choose elements, on the integers as they are."""

from __future__ import annotations

import dataclasses

import numpy as np

from ....operators.resize_bilinear import ResizeBilinear
from ..graph import Refusal
from ..rewrites.resize import places
from .layers import activation
from .lookup import rescaled, rounded
from .operand import Operand
from .registry import InFloat, integer
from .site import Site
from .tensors import Layout, Tensors, last


def _finish(
    site: Site, tensors: Tensors, source: Operand, name: str, layout: Layout = Layout.FILE
) -> None:
    """Give what was moved as the result, in the result's scale."""
    shape = site.output.shape
    placed = shape if layout is Layout.FILE else (shape[0], *shape[2:], shape[1])
    before = dataclasses.replace(source.tensor, shape=placed)
    tensors.write(site.output, rescaled(tensors, name, before, site.output.tensor)[0], layout)


def _plain(site: Site) -> Operand:
    if site.limits != (None, None) or site.index:
        raise InFloat
    return activation(site, 0)


@integer(
    "DepthToSpace",
    "Expand",
    "Flatten",
    "Gather",
    "Reshape",
    "Slice",
    "SpaceToDepth",
    "Squeeze",
    "Tile",
    "Unsqueeze",
)
def move(site: Site, tensors: Tensors) -> None:
    """Whatever ONNX does with a tensor of floats, on one of int8."""
    source = _plain(site)
    _finish(site, tensors, source, _same(site, tensors, tensors.read(source)))


def _same(site: Site, tensors: Tensors, data: str) -> str:
    """The node itself on other data."""
    return tensors.copy(site.node, [data, *site.names[1:]])


@integer("Transpose")
def transpose(site: Site, tensors: Tensors) -> None:
    """Nothing to do where it brings channels to where they are wanted."""
    source = _plain(site)
    rank = len(source.shape)
    order = list(site.attribute("perm", range(rank)[::-1]))
    if rank in (3, 4) and order == [0, rank - 1, *range(1, rank - 1)]:
        _finish(site, tensors, source, tensors.read(source), Layout.LAST)
    elif rank in (3, 4) and order == [0, *range(2, rank), 1]:
        _finish(site, tensors, source, tensors.read(source, Layout.LAST))
    else:
        _finish(site, tensors, source, _same(site, tensors, tensors.read(source)))


@integer("Split")
def split(site: Site, tensors: Tensors) -> None:
    """The slice that this output is: others may be quantized otherwise, or not at all."""
    if site.limits != (None, None):
        raise InFloat
    source = activation(site, 0)
    axis = site.attribute("axis", 0) % len(source.shape)
    extent = source.shape[axis]
    if 1 in site.constants:
        sizes = site.constants[1].reshape(-1).tolist()
    elif len(site.names) > 1 and site.names[1]:
        raise InFloat
    else:
        count = len(site.node.output)
        part = -(-extent // count)
        sizes = [part] * (count - 1) + [extent - part * (count - 1)]
    start = sum(sizes[: site.index])
    bounds = (start, start + sizes[site.index], axis)
    limits = [tensors.constant(np.array([bound], np.int64)) for bound in bounds]
    _finish(site, tensors, source, tensors.emit("Slice", tensors.read(source), *limits))


@integer("Pad")
def pad(site: Site, tensors: Tensors) -> None:
    """With a constant, which is quantized, or with elements of its own."""
    source = _plain(site)
    names = list(site.names)
    if site.attribute("mode", "constant") == "constant":
        value = np.zeros((), np.float32)
        if len(names) > 2 and names[2]:
            operand = site.operand(2)
            if operand is not None and operand.data is not None:
                value = (operand.data - operand.zero_points) * operand.scales
            elif 2 in site.constants:
                value = site.constants[2]
            else:
                raise InFloat
        filler = rounded(np.asarray(value, np.float32).reshape(()), source.tensor)
        names[2:3] = [tensors.constant(filler)]
    _finish(site, tensors, source, tensors.copy(site.node, [tensors.read(source), *names[1:]]))


@integer("Resize")
def resize(site: Site, tensors: Tensors) -> None:
    """To the nearest, or linearly between rows and columns."""
    mode = site.attribute("mode", "nearest")
    if mode == "nearest":
        move(site, tensors)
        return
    source = _plain(site)
    try:
        chosen = places(tensors.node(site.node))
    except Refusal:
        raise InFloat from None
    if mode != "linear" or len(source.shape) != 4 or not set(chosen) <= {2, 3}:
        raise InFloat
    if site.output.tensor.scale < source.tensor.scale * (1 - 1e-6):
        raise InFloat  # rounded in the source's steps, it would be quanta off
    rows, columns = (chosen.get(a, np.arange(source.shape[a])) for a in (2, 3))
    before, shape = last(source.tensor), last(site.output.tensor).shape
    operator = ResizeBilinear.at(before, dataclasses.replace(before, shape=shape), rows, columns)
    result = tensors.call(operator, tensors.read(source, Layout.LAST))
    _finish(site, tensors, source, result, Layout.LAST)


@integer("Concat")
def concat(site: Site, tensors: Tensors) -> None:
    """Of tensors in the result's scale; others are brought to it first."""
    if site.limits != (None, None):
        raise InFloat
    operands = [activation(site, index) for index in range(len(site.inputs))]
    rank = len(site.output.shape)
    axis = site.attribute("axis") % rank
    layout = Layout.FILE
    if rank in (3, 4) and any(tensors.has(operand, Layout.LAST) for operand in operands):
        layout = Layout.LAST
        axis = [0, rank - 1, *range(1, rank - 1)][axis]
    parts = []
    for operand in operands:
        name = tensors.read(operand, layout)
        shape = operand.shape
        if layout is Layout.LAST:
            shape = (shape[0], *shape[2:], shape[1])
        before = dataclasses.replace(operand.tensor, shape=shape)
        parts.append(rescaled(tensors, name, before, site.output.tensor)[0])
    tensors.write(site.output, tensors.emit("Concat", *parts, axis=axis), layout)
