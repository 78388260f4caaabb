# SPDX-License-Identifier: Apache-2.0
"""What LiteRT answers for a model that is made here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def answer(model: bytes, arrays: Sequence[np.ndarray], reference: bool = False) -> np.ndarray:
    """LiteRT's output: by default with XNNPACK, or of its reference kernels."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    kind = OpResolverType.BUILTIN_REF if reference else OpResolverType.AUTO
    interpreter = Interpreter(model_content=model, experimental_op_resolver_type=kind)
    interpreter.allocate_tensors()
    for detail, array in zip(interpreter.get_input_details(), arrays, strict=True):
        interpreter.set_tensor(detail["index"], array)
    interpreter.invoke()
    result: np.ndarray = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    return result
