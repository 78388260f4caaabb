# SPDX-License-Identifier: Apache-2.0
"""How operators travel through TVM's graph: as calls of names that this table explains.

A call is `relax.call_dps_packed`, which TVM's passes leave alone, so that operators of ours and
TVM's kernels stand in one straight line and share one arena.
"""

from __future__ import annotations

from typing import Any

from ..dependencies import load
from .operator import Operator
from .requantize import Rounding

PREFIX = "microtvm."


class OperatorTable(dict[str, Operator]):
    """Operators of a model by the name under which its graph calls them.

    Attributes
    ----------
    rounding : {"single", "double"}
        How the model's operators shall requantize; frontends hand it to the operators they make.
    """

    def __init__(self, rounding: Rounding = "single"):
        super().__init__()
        self.rounding: Rounding = rounding

    def call(self, operator: Operator, *arguments: Any) -> Any:
        """A Relax expression for the operator on Relax expressions, one for each input.

        Emit it with ``BlockBuilder.emit``. Its type is that of ``operator.output``.
        """
        relax: Any = load("tvm.relax", "compile models")
        key = f"{PREFIX}{len(self)}.{operator.name}"
        self[key] = operator
        output = relax.TensorType(operator.output.shape, operator.output.dtype)
        return relax.call_dps_packed(key, relax.Tuple(list(arguments)), output)
