# SPDX-License-Identifier: Apache-2.0
"""Data types by the names DLPack and NumPy have for them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import MicroTVMError
from .packets import DataType

_BOOL = DataType(6, 8)
_TVM_BOOL = DataType(1, 1)  # what TVM 0.8 to 0.18 call it
_KINDS = {0: "i", 1: "u", 2: "f"}


def numpy_dtype(dtype: DataType) -> np.dtype[Any]:
    """Give NumPy's name for a DLPack data type.

    Raises
    ------
    MicroTVMError
        NumPy has none (bfloat16, vectors, types narrower than a byte).
    """
    if dtype in (_BOOL, _TVM_BOOL):
        return np.dtype(np.bool_)
    kind = _KINDS.get(dtype.code)
    if kind is None or dtype.lanes != 1 or dtype.bits not in (8, 16, 32, 64):
        raise MicroTVMError(
            f"NumPy has no type for code {dtype.code}, {dtype.bits} bits, {dtype.lanes} lanes"
        )
    return np.dtype(f"{kind}{dtype.bits // 8}")


def dlpack_dtype(dtype: npt.DTypeLike) -> DataType:
    """Give DLPack's name for a NumPy data type.

    Raises
    ------
    MicroTVMError
        DLPack has none for it.
    """
    given = np.dtype(dtype)
    if given.kind == "b":
        return _BOOL
    for code, kind in _KINDS.items():
        if given.kind == kind and given.itemsize <= 8:
            return DataType(code, 8 * given.itemsize)
    raise MicroTVMError(f"tensors of type {given} cannot be sent to a device")
