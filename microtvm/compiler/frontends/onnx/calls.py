# SPDX-License-Identifier: Apache-2.0
"""How operators of ours travel through an ONNX graph: as nodes that call them by number."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from ...dependencies import load
from ...operators import Operator, OperatorTable

# Domain and name of the nodes. Their attributes: the operator's number, and the result's shape.
DOMAIN, NAME = "microtvm", "MicrotvmOperator"


@contextlib.contextmanager
def understood(operators: Sequence[Operator], table: OperatorTable) -> Iterator[None]:
    """While it lasts, TVM's importer understands such nodes.

    Parameters
    ----------
    operators : sequence of Operator
        By number.
    table : OperatorTable
        Where those that are called are entered.
    """
    frontend: Any = load("tvm.relax.frontend.onnx.onnx_frontend", "read ONNX models")
    relax: Any = load("tvm.relax", "compile models")

    def convert(builder: Any, inputs: Any, attributes: Any, parameters: Any) -> Any:
        operator = operators[attributes["number"]]
        shape = tuple(attributes["shape"])
        result = builder.emit(table.call(operator, *inputs))
        return result if shape == operator.output.shape else relax.op.reshape(result, shape)

    class Converter:
        @staticmethod
        def get_converter(opset: int) -> Any:
            return convert

    known = frontend._get_convert_map
    frontend._get_convert_map = lambda: {**known(), NAME: Converter}
    try:
        yield
    finally:
        frontend._get_convert_map = known
