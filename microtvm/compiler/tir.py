# SPDX-License-Identifier: Apache-2.0
"""The few questions we ask TVM's tensor IR, in one place.

The IR's Python classes move between releases of TVM; what depends on their spelling is here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

# Where expressions hold their operands.
_PARTS = ("a", "b", "value", "condition", "true_value", "false_value", "args", "indices")


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


def walk(expression: Any) -> Iterator[Any]:
    """An expression and all that it is made of."""
    yield expression
    for name in _PARTS:
        part = getattr(expression, name, None)
        if part is None or isinstance(part, (int, float, str)):
            continue
        for operand in part if name in ("args", "indices") else (part,):
            yield from walk(operand)


def variables(expression: Any) -> set[int]:
    """Hashes of the variables in an expression."""
    return {hash(e) for e in walk(expression) if type(e).__name__ == "Var"}


def is_load_of(expression: Any, buffer: Any) -> bool:
    """Whether an expression is an element of a buffer."""
    node = type(expression).__name__
    return node in ("TensorLoad", "BufferLoad") and hash(load_source(expression)) == hash(buffer)


def is_conditional(expression: Any) -> bool:
    """Whether an expression is a call of ``if_then_else``."""
    name = getattr(getattr(expression, "op", None), "name", "")
    return type(expression).__name__ == "Call" and str(name).endswith("if_then_else")
