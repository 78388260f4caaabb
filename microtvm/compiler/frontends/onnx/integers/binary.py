# SPDX-License-Identifier: Apache-2.0
"""Operators on two quantized tensors, element by element."""

from __future__ import annotations

from ....operators import Operator, QuantizedTensor
from ....operators.divide import Div
from ....operators.elementwise import Add, Extremum, Mul
from ....operators.prelu import Prelu
from .layers import activation, limits
from .lookup import rescaled
from .operand import Operand
from .registry import InFloat, integer
from .site import Site
from .tensors import Layout, Tensors


@integer("Add", "Sub", "Mul", "Div", "Max", "Min", "PRelu")
def binary(site: Site, tensors: Tensors) -> None:
    """With broadcasting; channels stay last where an operand has them there."""
    if len(site.inputs) not in (2, 3) or site.operand(2) is not None:
        raise InFloat
    operands = [activation(site, 0), activation(site, 1)]
    ranks = {len(operand.shape) for operand in operands}
    images = len(ranks) == 1 and len(site.output.shape) in (3, 4)
    moved = images and any(tensors.has(operand, Layout.LAST) for operand in operands)
    layout = Layout.LAST if moved else Layout.FILE
    a, b, y = (_placed(operand, layout) for operand in (*operands, site.output))
    bounds = limits(site)
    names = [tensors.read(operand, layout) for operand in operands]
    operator: Operator
    if site.kind in ("Max", "Min", "PRelu") and bounds != y.limits:
        raise InFloat
    if site.kind in ("Max", "Min"):
        # Rounding keeps order, so that either may come first.
        (name_a, a), (name_b, b) = (
            rescaled(tensors, name, tensor, y) for name, tensor in zip(names, (a, b), strict=True)
        )
        names = [name_a, name_b]
        operator = Extremum(a, b, y, largest=site.kind == "Max")
    elif site.kind == "PRelu":
        operator = Prelu(a, b, y)
    elif site.kind == "Mul":
        operator = Mul(a, b, y, bounds)
    elif site.kind == "Div":
        operator = Div(a, b, y, bounds)
    else:
        operator = Add(a, b, y, bounds, subtract=site.kind == "Sub")
    tensors.write(site.output, tensors.call(operator, *names), layout)


def _placed(operand: Operand, layout: Layout) -> QuantizedTensor:
    tensor, shape = operand.tensor, operand.shape
    if layout is Layout.FILE:
        return tensor
    moved = (shape[0], *shape[2:], shape[1])
    return QuantizedTensor(moved, tensor.dtype, tensor.scale, tensor.zero_point)
