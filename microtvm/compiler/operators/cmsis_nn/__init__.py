# SPDX-License-Identifier: Apache-2.0
"""Operators that call CMSIS-NN, Arm's kernels, release 7: a file for each family.

They give the same integers as ours, or are not taken. CMSIS-NN rounds twice, as TensorFlow Lite
Micro does, unless it is compiled with CMSIS_NN_USE_SINGLE_ROUNDING: that is one choice for a whole
program, so that an operator which rounds in the other way keeps its own kernel.

Additions, products and softmax keep theirs too: CMSIS-NN has TensorFlow Lite Micro's forms of them,
which are not LiteRT's.
"""

from __future__ import annotations

from typing import Literal

from ..conv2d import Conv2D
from ..dense import Dense
from ..depthwise import Depthwise
from ..operator import Operator
from ..operator_table import OperatorTable
from ..pool import Pool2D
from ..requantize import Rounding
from .call import CmsisCall
from .conv2d import CmsisConv2D
from .dense import CmsisDense
from .depthwise import CmsisDepthwise
from .pool import CmsisPool2D

__all__ = ["RELEASE", "CmsisCall", "Kernels", "cmsis_nn_form", "cmsis_nn_forms"]

Kernels = Literal["own", "cmsis-nn"]
RELEASE = 7
_FORMS: dict[type[Operator], type[CmsisCall]] = {
    Conv2D: CmsisConv2D,
    Dense: CmsisDense,
    Depthwise: CmsisDepthwise,
    Pool2D: CmsisPool2D,
}


def cmsis_nn_form(operator: Operator, rounding: Rounding) -> Operator:
    """The operator as a call of CMSIS-NN; itself where there is none that is exactly the same.

    Parameters
    ----------
    operator : Operator
    rounding : {"single", "double"}
        How CMSIS-NN will be compiled.
    """
    form = _FORMS.get(type(operator))
    if form is None:
        return operator
    call = form.of(operator)
    return call if call.is_exact(rounding) else operator


def cmsis_nn_forms(operators: OperatorTable) -> OperatorTable:
    """A table with the same names, whose operators call CMSIS-NN where they can."""
    result = OperatorTable(operators.rounding)
    for name, operator in operators.items():
        result[name] = cmsis_nn_form(operator, operators.rounding)
    return result
