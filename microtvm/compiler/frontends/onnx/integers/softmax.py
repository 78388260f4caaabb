# SPDX-License-Identifier: Apache-2.0
"""Softmax and its logarithm."""

from __future__ import annotations

import dataclasses

from ....operators import Operator
from ....operators.log_softmax import LogSoftmax
from ....operators.softmax import Softmax
from .layers import activation
from .registry import InFloat, integer
from .site import Site
from .tensors import Layout, Tensors


@integer("Softmax", "LogSoftmax")
def softmax(site: Site, tensors: Tensors) -> None:
    """Along the last axis; another one is moved there and back."""
    source = activation(site, 0)
    rank = len(source.shape)
    axis = site.attribute("axis", -1) % rank
    opset = site.attribute("opset", 13)  # onnxruntime's operator says which one it follows
    if opset < 13 or site.limits != (None, None):
        raise InFloat
    order = [*(i for i in range(rank) if i != axis), axis]
    shape = tuple(source.shape[i] for i in order)
    a, b = (dataclasses.replace(o.tensor, shape=shape) for o in (source, site.output))
    operator: Operator = Softmax(a, b) if site.kind == "Softmax" else LogSoftmax(a, b)
    if axis == rank - 1:
        result = tensors.call(operator, tensors.read(source))
        tensors.write(site.output, result)
    elif axis == 1 and rank in (3, 4):
        result = tensors.call(operator, tensors.read(source, Layout.LAST))
        tensors.write(site.output, result, Layout.LAST)
    else:
        turned = tensors.emit("Transpose", tensors.read(source), perm=order)
        back = [order.index(i) for i in range(rank)]
        result = tensors.emit("Transpose", tensors.call(operator, turned), perm=back)
        tensors.write(site.output, result)
