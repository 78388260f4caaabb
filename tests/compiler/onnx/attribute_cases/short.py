# SPDX-License-Identifier: Apache-2.0
"""Short words for cases and what goes into them."""

from __future__ import annotations

from typing import Any

import numpy as np
from case_models import Case, Data

# For what wants positive numbers.
P = {"low": 0.1, "high": 3}


def f(*shape: int, low: float = -3, high: float = 3) -> Data:
    """Floats."""
    return Data(shape, "float32", low, high)


def i(*shape: int, dtype: str = "int64", low: int = -3, high: int = 3) -> Data:
    """Integers."""
    return Data(shape, dtype, low, high)


def c(values: Any, dtype: str = "int64") -> np.ndarray:
    """A constant."""
    return np.array(values, dtype)


def w(*shape: int, dtype: str = "float32") -> np.ndarray:
    """Constant weights, the same for the same shape."""
    generator = np.random.default_rng(sum(shape))
    if dtype == "float32":
        return generator.normal(size=shape).astype(dtype)
    limits = np.iinfo(dtype)
    return generator.integers(max(limits.min, -128), min(limits.max, 256), shape, dtype)


def n(
    operator: str, *inputs: Any, opset: int = 21, outputs: Any = (True,), **attributes: Any
) -> Case:
    """A case of ONNX's own operators."""
    return Case(operator, inputs, attributes, opset, outputs)


def contributed(operator: str, *inputs: Any, outputs: Any = (True,), **attributes: Any) -> Case:
    """A case of ONNX Runtime's own operators."""
    return Case(operator, inputs, attributes, 21, outputs, "com.microsoft")
