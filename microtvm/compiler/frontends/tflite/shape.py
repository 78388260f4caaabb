# SPDX-License-Identifier: Apache-2.0
"""Shapes, which are all known when a model is compiled."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...dependencies import load
from .context import OperatorContext
from .registry import converter


@converter("SHAPE")
def shape(context: OperatorContext) -> Any:
    relax: Any = load("tvm.relax", "compile models")
    dtype = context.outputs[0].dtype
    return relax.const(np.array(context.input(0).shape, dtype), dtype)


@converter("RANK")
def rank(context: OperatorContext) -> Any:
    relax: Any = load("tvm.relax", "compile models")
    return relax.const(np.array(len(context.input(0).shape), "int32"), "int32")
