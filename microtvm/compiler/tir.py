# SPDX-License-Identifier: Apache-2.0
"""The few questions we ask TVM's tensor IR, in one place.

The IR's Python classes move between releases of TVM; what depends on their spelling is here.
"""

from __future__ import annotations

from typing import Any


def dtype_of(expression: Any) -> str:
    """Element type of a scalar expression, e.g. ``"float32"``; ``"bool"`` for conditions."""
    return str(expression.ty.dtype)


def load_source(load: Any) -> Any:
    """The buffer that a load reads."""
    return load.source


def aliased_buffer(declaration: Any) -> Any:
    """The buffer whose memory a DeclBuffer gives another view of."""
    return declaration.data.args[0]


def buffer_dtype(buffer: Any) -> str:
    """Element type of a buffer."""
    return str(buffer.dtype)


def buffer_elements(buffer: Any) -> int:
    """Number of elements of a buffer of constant shape."""
    count = 1
    for extent in buffer.shape:
        count *= int(extent)
    return count


def offset_variable(buffer: Any) -> Any:
    """The variable that says where in its memory a buffer begins; None if it is a constant."""
    offset = buffer.ty.elem_offset
    return offset if type(offset).__name__ == "Var" else None
