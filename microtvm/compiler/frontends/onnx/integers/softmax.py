# SPDX-License-Identifier: Apache-2.0
"""Softmax."""

from __future__ import annotations

from ....operators.softmax import Softmax
from .layers import activation
from .registry import InFloat, integer
from .site import Site
from .tensors import Tensors


@integer("Softmax")
def softmax(site: Site, tensors: Tensors) -> None:
    """Along the last axis."""
    source = activation(site, 0)
    rank = len(source.shape)
    opset = site.attribute("opset", 13)  # onnxruntime's operator says which one it follows
    if site.attribute("axis", -1) % rank != rank - 1 or opset < 13:
        raise InFloat
    if site.limits != (None, None):
        raise InFloat
    operator = Softmax(source.tensor, site.output.tensor)
    tensors.write(site.output, tensors.call(operator, tensors.read(source)))
