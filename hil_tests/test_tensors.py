# SPDX-License-Identifier: Apache-2.0
"""Tensors to the board and back come unchanged."""

from __future__ import annotations

import numpy as np
import pytest

DTYPES = [
    *("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"),
    *("float16", "float32", "float64"),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [1, 3])
def test_every_dtype_and_odd_sizes(device, dtype, size):
    item = np.dtype(dtype).itemsize
    noise = np.random.default_rng(item * size).integers(0, 256, size * item, "uint8")
    sent = noise.astype("bool") if dtype == "bool" else noise.view(dtype)
    with device.session() as session:
        tensor = session.empty((size,), dtype)
        tensor.copyfrom(sent)
        got = tensor.numpy()
    assert got.dtype == sent.dtype
    assert got.tobytes() == sent.tobytes()
