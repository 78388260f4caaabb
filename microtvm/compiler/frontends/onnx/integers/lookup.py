# SPDX-License-Identifier: Apache-2.0
"""Functions of one number, by a table."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from ....operators import QuantizedTensor
from ....operators.lookup import Lookup
from .layers import activation
from .registry import InFloat, integer
from .site import FUNCTION, Site
from .tensors import Layout, Tensors


def rounded(values: np.ndarray, output: QuantizedTensor) -> np.ndarray:
    """Real numbers as the integers of a tensor, halves to even, as onnxruntime rounds."""
    steps = np.rint(values.astype(np.float32) / np.float32(output.scale))
    if np.isnan(steps).any():
        raise InFloat
    clipped: np.ndarray = np.clip(steps + output.zero_point, *output.limits)
    return clipped.astype(output.dtype)


def rescaling(input: QuantizedTensor, output: QuantizedTensor) -> Lookup | None:
    """From one scale to another; None where they are the same."""
    if (input.scale, input.zero_point) == (output.scale, output.zero_point):
        return None
    return Lookup("requantize", input, output, rounded(_reals(input), output))


def rescaled(
    tensors: Tensors, name: str, input: QuantizedTensor, like: QuantizedTensor
) -> tuple[str, QuantizedTensor]:
    """A tensor in the scale of another one, and what it is then."""
    output = dataclasses.replace(like, shape=input.shape)
    change = rescaling(input, output)
    return (name if change is None else tensors.call(change, name)), output


def _reals(tensor: QuantizedTensor) -> np.ndarray:
    low, high = tensor.limits
    steps = np.arange(low, high + 1) - tensor.zero_point
    reals: np.ndarray = np.float32(tensor.scale) * steps.astype(np.float32)
    return reals


@integer(FUNCTION)
def function(site: Site, tensors: Tensors) -> None:
    """The table comes of onnx's reference evaluator."""
    source = activation(site, 0)
    layout = Layout.LAST if tensors.has(source, Layout.LAST) else Layout.FILE
    if not site.nodes:
        operator = rescaling(source.tensor, site.output.tensor)
    else:
        table = rounded(_evaluate(site, tensors, _reals(source.tensor)), site.output.tensor)
        name = site.nodes[-1].op_type.lower() if len(site.nodes) == 1 else "function"
        operator = Lookup(name, source.tensor, site.output.tensor, table)
    data = tensors.read(source, layout)
    shape = source.shape
    if layout is Layout.LAST:
        shape = (shape[0], *shape[2:], shape[1])
    result = data if operator is None else tensors.call(operator, data, shape=shape)
    tensors.write(site.output, result, layout)


def _evaluate(site: Site, tensors: Tensors, values: np.ndarray) -> np.ndarray:
    produced = {name for node in site.nodes for name in node.output}
    known: dict[str, Any] = {}
    for node in site.nodes:
        for name in node.input:
            if name and name not in produced:
                constant = tensors.known(name)
                known[name] = values if constant is None else constant
    results: np.ndarray = tensors.evaluate(site.nodes, known, site.names[0])
    if results.shape != values.shape:
        raise InFloat
    return results
