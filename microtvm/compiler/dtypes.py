# SPDX-License-Identifier: Apache-2.0
"""The element types a model may use, in C, in NumPy and in DLPack."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .errors import CompileError


@dataclass(frozen=True)
class ElementType:
    """One element type.

    Attributes
    ----------
    c : str
        C type of a value in an expression.
    storage : str
        C type of a value in memory; differs from ``c`` for bool only, because a bool read from
        bytes that are neither 0 nor 1 is undefined behaviour.
    dlpack_code : int
        DLPack's DLDataTypeCode.
    bits : int
    """

    c: str
    storage: str
    dlpack_code: int
    bits: int


_INT, _UINT, _FLOAT, _BOOL = 0, 1, 2, 6

ELEMENT_TYPES = {
    "bool": ElementType("bool", "uint8_t", _BOOL, 8),
    "int8": ElementType("int8_t", "int8_t", _INT, 8),
    "int16": ElementType("int16_t", "int16_t", _INT, 16),
    "int32": ElementType("int32_t", "int32_t", _INT, 32),
    "int64": ElementType("int64_t", "int64_t", _INT, 64),
    "uint8": ElementType("uint8_t", "uint8_t", _UINT, 8),
    "uint16": ElementType("uint16_t", "uint16_t", _UINT, 16),
    "uint32": ElementType("uint32_t", "uint32_t", _UINT, 32),
    "uint64": ElementType("uint64_t", "uint64_t", _UINT, 64),
    # Needs a compiler that knows _Float16; C11 itself has no such type.
    "float16": ElementType("_Float16", "_Float16", _FLOAT, 16),
    "float32": ElementType("float", "float", _FLOAT, 32),
    "float64": ElementType("double", "double", _FLOAT, 64),
}


def element_type(dtype: str) -> ElementType:
    """Look up an element type by NumPy's name.

    Raises
    ------
    CompileError
        If no board could hold it, e.g. bfloat16 or complex64.
    """
    try:
        return ELEMENT_TYPES[dtype]
    except KeyError:
        raise CompileError(
            f"tensors of type {dtype} cannot be compiled; the types that can are "
            f"{', '.join(ELEMENT_TYPES)}"
        ) from None


def itemsize(dtype: str) -> int:
    """Bytes of one element."""
    return element_type(dtype).bits // 8


def numpy_dtype(dtype: str) -> np.dtype:
    """NumPy's type of that name."""
    element_type(dtype)
    return np.dtype(dtype)
