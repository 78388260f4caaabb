# SPDX-License-Identifier: Apache-2.0
"""Operators that run in integers, a file for each family.

An `Operator` says what it computes (in NumPy, the oracle of its tests) and prints the C that
computes it. It knows nothing of model formats: frontends make operators and place them in the
graph with `OperatorTable.call`, between whatever TVM's own kernels compute.
"""

from __future__ import annotations

from .operator import Constant, Operator
from .operator_table import OperatorTable
from .tensor import QuantizedTensor

__all__ = ["Constant", "Operator", "OperatorTable", "QuantizedTensor"]
