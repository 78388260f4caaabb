# SPDX-License-Identifier: Apache-2.0
"""Rewrites of ours, which come before TVM's importer: a file for each group of operators.

A rewrite takes a `Node` and emits the operators that stand in its place; it gives False where the
operator may stay as it is, and raises `Refusal` where it can be had in no way::

    @rewrites("IsInf")
    def is_inf(node: Node) -> bool | None:
        ...

Results may be rewritten again, so a rewrite must leave alone what it has made itself.
"""

from __future__ import annotations

import importlib
from typing import Any

from ..calls import DOMAIN
from .registry import Rewrite, registered

GROUPS = (
    "control",
    "determinant",
    "elementwise",
    "fixed_selection",
    "grid",
    "indices",
    "integer",
    "mean",
    "move",
    "normalization",
    "pool",
    "quantized",
    "recurrent",
    "reduce",
    "refused",
    "resize",
    "select",
    "sequence",
    "spectrum",
    "windows",
)

# What TVM's importer takes from onnxruntime's own operators; it looks at no domain.
_CONTRIBUTED = {"BiasGelu", "FastGelu", "Gelu", "SkipLayerNormalization"}
# Operators whose results have no fixed shape.
_AT_RUN_TIME = {"AllClassNMS"}


def rewrite_for(node: Any) -> Rewrite | None:
    """The rewrite of ours for an operator."""
    for group in GROUPS:
        importlib.import_module(f".{group}", __package__)
    domain = "" if node.domain == "ai.onnx" else node.domain
    return registered.get((domain, node.op_type))


def importable(node: Any) -> bool:
    """Whether TVM's importer may be handed an operator."""
    from tvm.relax.frontend.onnx.onnx_frontend import _get_convert_map

    if node.domain == DOMAIN:
        return True
    if node.domain == "com.microsoft":
        return node.op_type in _CONTRIBUTED
    return (
        node.domain in ("", "ai.onnx")
        and node.op_type in _get_convert_map()
        and node.op_type not in _AT_RUN_TIME
    )
